package fork

import (
	"unsafe"

	"tug/internal/plan"
)

// op is a step with its addresses filled in.
type op struct {
	call            uintptr
	args            [6]uintptr
	register        [6]bool // the argument is what a register holds
	patches         []patch
	allow           []Errno
	out             plan.Reg
	skipOK, skipErr uint8
	fork            bool
}

type patch struct {
	kind plan.PatchKind
	reg  plan.Reg
	at   unsafe.Pointer
}

// loaded is a plan in memory, ready to be carried out. Nothing in it moves: it lives on the heap until Start is over.
type loaded struct {
	ops   []op
	regs  [plan.Regs]uintptr
	arena []byte
}

func load(p *plan.Plan, preset *Registers) *loaded {
	l := &loaded{ops: make([]op, len(p.Steps)), arena: p.Arena}
	for i, fd := range preset {
		l.regs[i] = uintptr(fd)
	}
	for _, r := range p.Relocs {
		*(*uintptr)(l.at(r.At)) = uintptr(l.at(r.To))
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		o := &l.ops[i]
		o.call, o.allow, o.out, o.skipOK, o.skipErr, o.fork = s.Call, s.Allow, s.Out, s.SkipOK, s.SkipErr, s.Fork
		for j, a := range s.Args {
			switch a.Kind {
			case plan.Pointer:
				o.args[j] = uintptr(l.at(uint32(a.N)))
			default:
				o.args[j], o.register[j] = uintptr(a.N), a.Kind == plan.Register
			}
		}
		for _, q := range s.Patches {
			o.patches = append(o.patches, patch{q.Kind, q.Reg, l.at(q.Offset)})
		}
	}
	return l
}

func (l *loaded) at(offset uint32) unsafe.Pointer { return unsafe.Pointer(&l.arena[offset]) }

func (l *loaded) patch(o *op) {
	for _, q := range o.patches {
		n := l.regs[q.reg]
		switch q.kind {
		case plan.Patch32:
			*(*uint32)(q.at) = uint32(n)
		case plan.Patch64:
			*(*uint64)(q.at) = uint64(n)
		default:
			decimal((*[plan.FDWidth]byte)(q.at), n)
		}
	}
}

func (l *loaded) arguments(o *op) (a [6]uintptr) {
	for j := range a {
		a[j] = o.args[j]
		if o.register[j] {
			a[j] = l.regs[a[j]]
		}
	}
	return a
}
