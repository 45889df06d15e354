package plan

import (
	"encoding/binary"
	"errors"
	"syscall"
)

// builder collects steps and the memory that they point to. It remembers strings, so that each is kept once.
type builder struct {
	p       Plan
	stage   Stage
	strings map[string]uint32
	next    Reg
	err     error
}

func newBuilder() *builder {
	b := &builder{strings: map[string]uint32{}, next: firstFree}
	b.p.Steps = make([]Step, 0, 768)
	b.p.Arena = make([]byte, 8, 32<<10) // offset 0 is no place, so that a missing string shows
	return b
}

// reg gives a register that no other step uses.
func (b *builder) reg() Reg {
	if int(b.next) >= Regs-1 {
		b.fail(errors.New("too many mounts: the plan has no register left"))
		return b.next
	}
	b.next++
	return b.next - 1
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// block puts data into the arena at an address fit for any integer.
func (b *builder) block(data []byte) uint32 {
	for len(b.p.Arena)%8 != 0 {
		b.p.Arena = append(b.p.Arena, 0)
	}
	at := uint32(len(b.p.Arena))
	b.p.Arena = append(b.p.Arena, data...)
	return at
}

// words puts 64-bit integers into the arena.
func (b *builder) words(ws ...uint64) uint32 {
	data := make([]byte, 0, 8*len(ws))
	for _, w := range ws {
		data = binary.NativeEndian.AppendUint64(data, w)
	}
	return b.block(data)
}

// text puts a string, ended by a zero byte, into the arena.
func (b *builder) text(s string) uint32 {
	if at, ok := b.strings[s]; ok {
		return at
	}
	for i := range len(s) {
		if s[i] == 0 {
			b.fail(errors.New("a string with a zero byte in it cannot be given to the kernel: " + s[:i]))
		}
	}
	at := uint32(len(b.p.Arena))
	b.p.Arena = append(append(b.p.Arena, s...), 0)
	b.strings[s] = at
	return at
}

// vector puts a list of strings into the arena as execve(2) wants it: pointers, ended by a null one.
func (b *builder) vector(list []string) uint32 {
	offsets := make([]uint32, len(list))
	for i, s := range list {
		offsets[i] = b.text(s)
	}
	at := b.words(make([]uint64, len(list)+1)...)
	for i, to := range offsets {
		b.p.Relocs = append(b.p.Relocs, Reloc{At: at + uint32(8*i), To: to})
	}
	return at
}

// str is a pointer to a string.
func (b *builder) str(s string) Arg { return ptr(b.text(s)) }

func ptr(offset uint32) Arg { return Arg{Pointer, uint64(offset)} }
func val(n uint64) Arg      { return Arg{Value, n} }
func num(n int) Arg         { return Arg{Value, uint64(int64(n))} }
func from(r Reg) Arg        { return Arg{Register, uint64(r)} }

// call adds a system call and returns its step, to be refined until the next one is added.
func (b *builder) call(note string, nr uintptr, args ...Arg) *Step {
	s := Step{Stage: b.stage, Call: nr, Note: note}
	copy(s.Args[:], args)
	b.p.Steps = append(b.p.Steps, s)
	return &b.p.Steps[len(b.p.Steps)-1]
}

func (s *Step) out(r Reg) *Step { s.Out = r; return s }

func (s *Step) allow(errs ...syscall.Errno) *Step { s.Allow = append(s.Allow, errs...); return s }

func (s *Step) patch(k PatchKind, r Reg, offset uint32) *Step {
	s.Patches = append(s.Patches, Patch{k, r, offset})
	return s
}

// mark is the number of steps so far; skipFrom tells how many have come since.
func (b *builder) mark() int { return len(b.p.Steps) }

func (b *builder) skipFrom(mark int) uint8 {
	n := len(b.p.Steps) - mark
	if n > 255 {
		b.fail(errors.New("a path with too many components"))
	}
	return uint8(n)
}
