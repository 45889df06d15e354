package plan

import (
	"encoding/binary"
	"errors"
	"syscall"
)

// wire is the version of the encoding: the daemon and the shim of another version refuse each other's plans.
const wire = 1

// Encode gives the plan as bytes for the shim.
func (p *Plan) Encode() []byte {
	b := make([]byte, 0, len(p.Arena)+64*len(p.Steps))
	u := func(n uint64) { b = binary.AppendUvarint(b, n) }
	flag := func(f bool) uint64 {
		if f {
			return 1
		}
		return 0
	}
	b = append(b, wire)
	u(flag(p.Forks))
	u(uint64(len(p.Steps)))
	for i := range p.Steps {
		s := &p.Steps[i]
		b = append(b, byte(s.Stage), byte(s.Out), s.SkipOK, s.SkipErr, byte(flag(s.Fork)))
		u(uint64(s.Call))
		for _, a := range s.Args {
			b = append(b, byte(a.Kind))
			u(a.N)
		}
		u(uint64(len(s.Patches)))
		for _, q := range s.Patches {
			b = append(b, byte(q.Kind), byte(q.Reg))
			u(uint64(q.Offset))
		}
		u(uint64(len(s.Allow)))
		for _, e := range s.Allow {
			u(uint64(e))
		}
		for _, text := range []string{s.Note, s.Warning} {
			u(uint64(len(text)))
			b = append(b, text...)
		}
	}
	u(uint64(len(p.Relocs)))
	for _, r := range p.Relocs {
		u(uint64(r.At))
		u(uint64(r.To))
	}
	u(uint64(len(p.Arena)))
	return append(b, p.Arena...)
}

// minStep is the size in bytes of the shortest step: five fields of a byte, the call, six arguments of two bytes, four lengths.
const minStep = 22

var errTorn = errors.New("the plan is torn")

// decoder reads an encoded plan; after a fault it gives zeros.
type decoder struct {
	b   []byte
	all string // the same, from the beginning: texts are parts of it
	err error
}

func (d *decoder) u() uint64 {
	n, k := binary.Uvarint(d.b)
	if k <= 0 {
		d.b, d.err = nil, errTorn
		return 0
	}
	d.b = d.b[k:]
	return n
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.b, d.err = nil, errTorn
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

// text reads a string of n bytes.
func (d *decoder) text(n uint64) string {
	at := len(d.all) - len(d.b)
	return d.all[at : at+len(d.bytes(n))]
}

func (d *decoder) byte() byte {
	if c := d.bytes(1); c != nil {
		return c[0]
	}
	return 0
}

// count reads a number of things that follow, each of at least so many bytes.
func (d *decoder) count(size uint64) int {
	n := d.u()
	if n > uint64(len(d.b))/size {
		d.err = errTorn
		return 0
	}
	return int(n)
}

// Decode reads what Encode gave, and checks that no argument points outside the arena and no register is unknown.
func Decode(data []byte) (*Plan, error) {
	d := &decoder{b: data, all: string(data)}
	if v := d.byte(); v != wire {
		return nil, errors.New("the plan is of another version of tug: restart tugd")
	}
	p := &Plan{Forks: d.u() != 0}
	p.Steps = make([]Step, d.count(minStep))
	for i := range p.Steps {
		s := &p.Steps[i]
		s.Stage, s.Out, s.SkipOK, s.SkipErr = Stage(d.byte()), Reg(d.byte()), d.byte(), d.byte()
		flags := d.byte()
		s.Fork = flags&1 != 0
		s.Call = uintptr(d.u())
		for j := range s.Args {
			s.Args[j] = Arg{ArgKind(d.byte()), d.u()}
		}
		if n := d.count(3); n > 0 {
			s.Patches = make([]Patch, n)
		}
		for j := range s.Patches {
			s.Patches[j] = Patch{PatchKind(d.byte()), Reg(d.byte()), uint32(d.u())}
		}
		if n := d.count(1); n > 0 {
			s.Allow = make([]syscall.Errno, n)
		}
		for j := range s.Allow {
			s.Allow[j] = syscall.Errno(d.u())
		}
		s.Note = d.text(d.u())
		s.Warning = d.text(d.u())
	}
	p.Relocs = make([]Reloc, d.count(2))
	for i := range p.Relocs {
		p.Relocs[i] = Reloc{uint32(d.u()), uint32(d.u())}
	}
	p.Arena = append([]byte(nil), d.bytes(d.u())...)
	if d.err != nil {
		return nil, d.err
	}
	return p, p.check()
}

// check finds what would make the loop after fork read or write outside the plan.
func (p *Plan) check() error {
	size := uint64(len(p.Arena))
	if size > 0 && p.Arena[size-1] != 0 {
		return errTorn // a string could run on
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Stage > First {
			return errTorn
		}
		for _, a := range s.Args {
			if a.Kind > Register || a.Kind == Pointer && a.N >= size || a.Kind == Register && a.N >= Regs {
				return errTorn
			}
		}
		for _, q := range s.Patches {
			if q.Kind > PatchDec || uint64(q.Offset)+FDWidth > size {
				return errTorn
			}
		}
	}
	for _, r := range p.Relocs {
		if uint64(r.At)+8 > size || uint64(r.To) >= size {
			return errTorn
		}
	}
	return nil
}
