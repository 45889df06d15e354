package seccomp

import (
	"math"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// interpret reads a profile rule by rule, without compiling anything: what the compiler's programs are held against.
func interpret(p *specs.LinuxSeccomp, a *abi, c call) verdict {
	otherwise, _ := verdictOf(p.DefaultAction, p.DefaultErrnoRet)
	newest, any, this := uint32(0), false, false
	var conditional *verdict
	for _, s := range p.Syscalls {
		v, _ := verdictOf(s.Action, s.ErrnoRet)
		for _, name := range s.Names {
			named := func(n uint32) bool { // notes that the profile names the call, and says whether it is the one in question
				if a.unordered == 0 || n < a.unordered {
					newest, any = max(newest, n), true
				}
				this = this || n == c.nr
				return n == c.nr && v != otherwise
			}
			if n, ok := a.number(name); ok && named(n) {
				if len(s.Args) == 0 {
					return v
				}
				if holds(s.Args, c, a.narrow, false) && conditional == nil {
					conditional = &v
				}
			}
			if via, which, mux := multiplexed(name); mux && a.name == specs.ArchX86 {
				n, _ := a.number(via)
				if named(n) && meets(c.args[0], which, true) && holds(s.Args, c, true, true) && conditional == nil {
					conditional = &v
				}
			}
		}
	}
	switch {
	case conditional != nil:
		return *conditional
	case any && !this && c.nr > newest && otherwise != allow:
		return noSuchCall
	}
	return otherwise
}

// holds reads a rule's conditions; what is said of a hidden first argument is taken as true.
func holds(args []specs.LinuxSeccompArg, c call, narrow, hidden bool) bool {
	count := map[uint]int{}
	met, twice := 0, false
	for _, arg := range args {
		count[arg.Index]++
		twice = twice || count[arg.Index] > 1
		if hidden && arg.Index == 0 || meets(c.args[arg.Index], arg, narrow) {
			met++
		}
	}
	if twice {
		return met > 0
	}
	return met == len(args)
}

func meets(value uint64, c specs.LinuxSeccompArg, narrow bool) bool {
	one, two := c.Value, c.ValueTwo
	if narrow {
		value, one, two = value&math.MaxUint32, one&math.MaxUint32, two&math.MaxUint32
	}
	switch c.Op {
	case specs.OpEqualTo:
		return value == one
	case specs.OpNotEqual:
		return value != one
	case specs.OpLessThan:
		return value < one
	case specs.OpLessEqual:
		return value <= one
	case specs.OpGreaterThan:
		return value > one
	case specs.OpGreaterEqual:
		return value >= one
	case specs.OpMaskedEqual:
		return value&one == two&one
	}
	panic("operator")
}

// Any profile on any call decides as the plain reading does, on all ABIs.
func TestProgramsAgreeWithPlainReading(t *testing.T) {
	values := rapid.OneOf(
		rapid.SampledFrom([]uint64{0, 1, 2, 3, 1<<32 - 1, 1 << 32, 1<<32 + 1, 5 << 32, 5<<32 + 2, 1<<63 - 1, 1 << 63, math.MaxUint64 - 1, math.MaxUint64}),
		rapid.Uint64(), rapid.Uint64Max(8),
	)
	argument := rapid.Custom(func(t *rapid.T) specs.LinuxSeccompArg {
		return specs.LinuxSeccompArg{
			Index: rapid.SampledFrom([]uint{0, 0, 0, 1, 5}).Draw(t, "index"),
			Value: values.Draw(t, "value"), ValueTwo: values.Draw(t, "two"),
			Op: rapid.SampledFrom([]specs.LinuxSeccompOperator{
				specs.OpEqualTo, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual,
				specs.OpGreaterThan, specs.OpGreaterEqual, specs.OpMaskedEqual,
			}).Draw(t, "op"),
		}
	})
	names := []string{"read", "socket", "semop", "clone", "newfstatat", "execve", "fadvise64_64", "set_tls", "accept4", "nonsense"}
	actions := []specs.LinuxSeccompAction{specs.ActAllow, specs.ActErrno, specs.ActTrap, specs.ActKillProcess}
	entry := rapid.Custom(func(t *rapid.T) specs.LinuxSyscall {
		return specs.LinuxSyscall{
			Names:  rapid.SliceOfN(rapid.SampledFrom(names), 1, 4).Draw(t, "names"),
			Action: rapid.SampledFrom(actions).Draw(t, "action"),
			Args:   rapid.SliceOfN(argument, 0, 4).Draw(t, "args"),
		}
	})
	type host struct {
		machine string
		abi     abi
	}
	var hosts []host
	for _, m := range []string{"amd64", "arm64"} {
		all, _ := abis(m)
		for _, a := range all {
			hosts = append(hosts, host{m, a})
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := &specs.LinuxSeccomp{
			DefaultAction: rapid.SampledFrom(actions).Draw(rt, "default"),
			Architectures: []specs.Arch{specs.ArchX86, specs.ArchX32, specs.ArchARM},
			Syscalls:      rapid.SliceOfN(entry, 0, 12).Draw(rt, "rules"),
		}
		h := hosts[rapid.IntRange(0, len(hosts)-1).Draw(rt, "host")]
		m := compiled(t, p, h.machine)
		for range 40 {
			var nr uint32
			name := rapid.SampledFrom(append(names, "socketcall", "ipc", "")).Draw(rt, "name")
			if n, ok := h.abi.number(name); ok {
				nr = n
			} else {
				nr = h.abi.base + rapid.Uint32Max(600).Draw(rt, "number")
			}
			c := call{audit: h.abi.audit, nr: nr}
			for i := range c.args {
				c.args[i] = values.Draw(rt, "argument")
				if h.abi.narrow && h.abi.audit == unix.AUDIT_ARCH_I386 {
					c.args[i] &= math.MaxUint32 // the kernel reports no more
				}
			}
			if got, want := m.run(t, c), interpret(p, &h.abi, c); got != want {
				rt.Fatalf("%s %q %#v: got %#x, want %#x", h.abi.name, name, c, got, want)
			}
		}
	})
}
