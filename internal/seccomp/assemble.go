package seccomp

import (
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
)

// maxInstructions is the kernel's limit for one filter (BPF_MAXINSNS).
const maxInstructions = 4096

// label is the place of an instruction, counted from the end of the program.
type label int

// assembler holds the program's instructions in reverse: the last one first. Jumps only ever go forward, to
// instructions that are in place already, so their length is known when they are written.
type assembler struct {
	code []unix.SockFilter
	done map[decision]label
}

// assemble lays out a decision as a program.
func assemble(d decision) ([]unix.SockFilter, error) {
	a := &assembler{done: map[decision]label{}}
	a.fallInto(a.place(d))
	if len(a.code) > maxInstructions {
		return nil, fmt.Errorf("seccomp profile needs %d BPF instructions, the kernel takes %d; use fewer rules that compare arguments: %w",
			len(a.code), maxInstructions, errdefs.ErrInvalidArgument)
	}
	slices.Reverse(a.code)
	return a.code, nil
}

// place emits a decision, or finds where it was emitted before.
func (a *assembler) place(d decision) label {
	if at, ok := a.done[d]; ok {
		return at
	}
	at := d.emit(a)
	a.done[d] = at
	return at
}

func (v verdict) emit(a *assembler) label {
	return a.add(unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: uint32(v)})
}

func (s *search) emit(a *assembler) label {
	a.fallInto(a.bisect(s.line))
	return a.load(s.word)
}

func (m *masked) emit(a *assembler) label {
	no, yes := a.place(m.no), a.place(m.yes)
	a.fallInto(a.branch(unix.BPF_JEQ, m.value, yes, no))
	a.add(unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: m.mask})
	return a.load(m.word)
}

// bisect emits a binary search for the loaded word.
func (a *assembler) bisect(line []span) label {
	switch {
	case len(line) == 1:
		return a.place(line[0].to)
	case len(line) == 3 && line[0].to == line[2].to && line[2].from == line[1].from+1:
		other, match := a.place(line[0].to), a.place(line[1].to)
		return a.branch(unix.BPF_JEQ, line[1].from, match, other)
	}
	middle := len(line) / 2
	above, below := a.bisect(line[middle:]), a.bisect(line[:middle])
	return a.branch(unix.BPF_JGE, line[middle].from, above, below)
}

// branch emits a comparison of the accumulator with k.
func (a *assembler) branch(compare uint16, k uint32, yes, no label) label {
	yes = a.near(yes)
	no = a.near(no)
	return a.add(unix.SockFilter{
		Code: unix.BPF_JMP | compare | unix.BPF_K,
		Jt:   uint8(a.distance(yes)), Jf: uint8(a.distance(no)), K: k,
	})
}

// near returns a label that does what the given one does and that the instruction after next still reaches:
// a branch holds its distances in 8 bits. A far verdict is repeated, anything else is reached by a long jump.
func (a *assembler) near(to label) label {
	if a.distance(to) < 255 {
		return to
	}
	if in := a.code[to]; in.Code == unix.BPF_RET|unix.BPF_K {
		at := a.add(in)
		a.done[verdict(in.K)] = at
		return at
	}
	return a.jump(to)
}

// fallInto makes the label the next instruction to be executed after the one emitted next.
func (a *assembler) fallInto(to label) {
	if a.distance(to) != 0 {
		a.jump(to)
	}
}

// distance is how many instructions one emitted now has to skip to get to the label.
func (a *assembler) distance(to label) int { return len(a.code) - 1 - int(to) }

func (a *assembler) load(word uint32) label {
	return a.add(unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: word})
}

func (a *assembler) jump(to label) label {
	return a.add(unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(a.distance(to))})
}

func (a *assembler) add(in unix.SockFilter) label {
	a.code = append(a.code, in)
	return label(len(a.code) - 1)
}
