package seccomp

import (
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// rule is what a profile says of one system call of one ABI. All conditions must hold.
type rule struct {
	verdict    verdict
	conditions []specs.LinuxSeccompArg
}

// rulebook is a profile as one ABI sees it.
type rulebook struct {
	rules  map[uint32][]rule // by number, in the profile's order; an entry for every call that it names
	newest uint32            // newest call that the profile names, also in rules that only repeat the default
	empty  bool              // it names none by which age could be told
}

// clause is one entry of a profile, checked and translated.
type clause struct {
	names []string
	rules []rule // none if it decides what is decided without it
}

// clauses checks a profile's rules. runc's reading: several conditions on the same argument are alternatives, not to be
// met together, and a rule that repeats the default is none.
func clauses(p *specs.LinuxSeccomp, otherwise verdict) ([]clause, error) {
	out := make([]clause, 0, len(p.Syscalls))
	for _, s := range p.Syscalls {
		if len(s.Names) == 0 {
			return nil, fmt.Errorf("seccomp rule without names of system calls: %w", errdefs.ErrInvalidArgument)
		}
		v, err := verdictOf(s.Action, s.ErrnoRet)
		if err != nil {
			return nil, fmt.Errorf("seccomp rule for %s: %w", s.Names[0], err)
		}
		c := clause{names: s.Names}
		var seen [6]bool
		alternatives := false
		for _, arg := range s.Args {
			if err := checkArg(s.Names[0], arg); err != nil {
				return nil, err
			}
			alternatives = alternatives || seen[arg.Index]
			seen[arg.Index] = true
		}
		switch {
		case v == otherwise:
		case alternatives:
			for _, arg := range s.Args {
				c.rules = append(c.rules, rule{v, []specs.LinuxSeccompArg{arg}})
			}
		default:
			c.rules = []rule{{v, s.Args}}
		}
		out = append(out, c)
	}
	return out, nil
}

// read collects an ABI's rules. Names that it does not have are passed over.
func read(clauses []clause, a *abi) rulebook {
	book := rulebook{rules: map[uint32][]rule{}, newest: a.base, empty: true}
	for _, c := range clauses {
		for _, name := range c.names {
			if n, ok := a.number(name); ok {
				book.add(a, n, c.rules...)
			}
			if a.name != specs.ArchX86 {
				continue
			}
			if via, which, ok := multiplexed(name); ok {
				n, _ := a.number(via)
				book.add(a, n)
				for _, r := range c.rules {
					book.add(a, n, rule{r.verdict, throughMultiplexer(r.conditions, which)})
				}
			}
		}
	}
	return book
}

// add notes that the profile names a call, and what it says of it.
func (b *rulebook) add(a *abi, n uint32, rules ...rule) {
	if a.unordered == 0 || n < a.unordered {
		b.newest, b.empty = max(b.newest, n), false
	}
	b.rules[n] = append(b.rules[n], rules...)
}

// throughMultiplexer replaces what a rule says of the first argument.
func throughMultiplexer(conditions []specs.LinuxSeccompArg, which specs.LinuxSeccompArg) []specs.LinuxSeccompArg {
	rest := slices.DeleteFunc(slices.Clone(conditions), func(c specs.LinuxSeccompArg) bool { return c.Index == 0 })
	return append([]specs.LinuxSeccompArg{which}, rest...)
}

// decide makes the decision for one system call. As with libseccomp a rule without conditions stands above those with some, wherever it
// is, and the first of several counts. Among rules with conditions, the first that holds.
func decide(rules []rule, narrow bool, otherwise decision) decision {
	for _, r := range rules {
		if len(r.conditions) == 0 {
			return r.verdict
		}
	}
	d := otherwise
	for end := len(rules); end > 0; {
		begin := end - 1
		for begin > 0 && mergeable(rules[begin-1], rules[end-1]) {
			begin--
		}
		d = decideGroup(rules[begin:end], narrow, d)
		end = begin
	}
	return d
}

// decideGroup decides one rule, or several that differ in the values of one argument.
func decideGroup(group []rule, narrow bool, otherwise decision) decision {
	if len(group) > 1 {
		var set []interval
		for _, r := range group {
			set = append(set, matching(r.conditions[0], narrow)...)
		}
		return member(group[0].conditions[0].Index, set, narrow, group[0].verdict, otherwise)
	}
	var d decision = group[0].verdict
	for _, c := range slices.Backward(group[0].conditions) {
		d = compare(c, narrow, d, otherwise)
	}
	return d
}

// mergeable says whether two rules are one question about the values of one argument.
func mergeable(a, b rule) bool {
	if len(a.conditions) != 1 || len(b.conditions) != 1 || a.verdict != b.verdict {
		return false
	}
	x, y := a.conditions[0], b.conditions[0]
	return x.Index == y.Index && x.Op != specs.OpMaskedEqual && y.Op != specs.OpMaskedEqual
}
