package seccomp

import (
	"fmt"
	"math"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// interval is an inclusive range of argument values.
type interval struct{ first, last uint64 }

// compare decides whether one argument meets a condition. On a 32-bit ABI only the lower word counts, of the argument and of
// the profile's values, as with libseccomp: there -1 is 0xffffffff.
func compare(c specs.LinuxSeccompArg, narrow bool, yes, no decision) decision {
	if c.Op == specs.OpMaskedEqual {
		mask, value := c.Value, c.ValueTwo
		d := newMasked(wordArgLow(c.Index), uint32(mask), uint32(value), yes, no)
		if narrow {
			return d
		}
		return newMasked(wordArgHigh(c.Index), uint32(mask>>32), uint32(value>>32), d, no)
	}
	return member(c.Index, matching(c, narrow), narrow, yes, no)
}

// matching lists the values that meet a condition that is not masked.
func matching(c specs.LinuxSeccompArg, narrow bool) []interval {
	v, top := c.Value, uint64(math.MaxUint64)
	if narrow {
		v, top = v&math.MaxUint32, math.MaxUint32
	}
	var below, above []interval
	if v > 0 {
		below = []interval{{0, v - 1}}
	}
	if v < top {
		above = []interval{{v + 1, top}}
	}
	equal := interval{v, v}
	switch c.Op {
	case specs.OpEqualTo:
		return []interval{equal}
	case specs.OpNotEqual:
		return slices.Concat(below, above)
	case specs.OpLessThan:
		return below
	case specs.OpLessEqual:
		return []interval{{0, v}}
	case specs.OpGreaterThan:
		return above
	case specs.OpGreaterEqual:
		return []interval{{v, top}}
	}
	return nil // checkArg has seen to it
}

// union sorts intervals and joins those that overlap or touch.
func union(set []interval) []interval {
	slices.SortFunc(set, func(a, b interval) int {
		if a.first < b.first {
			return -1
		}
		return 1
	})
	var joined []interval
	for _, i := range set {
		end := len(joined) - 1
		if end >= 0 && (joined[end].last == math.MaxUint64 || i.first <= joined[end].last+1) {
			joined[end].last = max(joined[end].last, i.last)
			continue
		}
		joined = append(joined, i)
	}
	return joined
}

// edge is where, on the line of 64-bit values, the decision changes.
type edge struct {
	at uint64
	to decision
}

// member decides whether an argument is in a set: first by its upper word and, where that leaves it open, by its lower.
func member(index uint, set []interval, narrow bool, yes, no decision) decision {
	edges := []edge{{0, no}}
	for _, i := range union(set) {
		edges = append(edges, edge{i.first, yes})
		if i.last < math.MaxUint64 {
			edges = append(edges, edge{i.last + 1, no})
		}
	}
	if narrow {
		edges = slices.DeleteFunc(edges, func(e edge) bool { return e.at > math.MaxUint32 })
		return newSearch(wordArgLow(index), lowerLine(edges, no))
	}
	var upper []span
	before := no
	for len(edges) > 0 {
		word := edges[0].at >> 32
		n := 1
		for n < len(edges) && edges[n].at>>32 == word {
			n++
		}
		upper = decideFrom(upper, uint32(word), newSearch(wordArgLow(index), lowerLine(edges[:n], before)))
		before = edges[n-1].to
		if word < math.MaxUint32 {
			upper = decideFrom(upper, uint32(word+1), before)
		}
		edges = edges[n:]
	}
	return newSearch(wordArgHigh(index), upper)
}

// lowerLine is the line of lower words for edges that have one upper word.
func lowerLine(edges []edge, before decision) []span {
	line := []span{{0, before}}
	for _, e := range edges {
		line = decideFrom(line, uint32(e.at), e.to)
	}
	return line
}

// decideFrom changes what a line decides from a number on, which is not below any number of the line.
func decideFrom(line []span, from uint32, to decision) []span {
	if end := len(line) - 1; end >= 0 && line[end].from == from {
		line[end].to = to
		return line
	}
	return append(line, span{from, to})
}

// checkArg refuses a condition that means nothing.
func checkArg(name string, c specs.LinuxSeccompArg) error {
	if c.Index > 5 {
		return fmt.Errorf("seccomp rule for %s compares argument %d, a system call has arguments 0 to 5: %w", name, c.Index, errdefs.ErrInvalidArgument)
	}
	switch c.Op {
	case specs.OpEqualTo, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpGreaterThan, specs.OpGreaterEqual, specs.OpMaskedEqual:
		return nil
	}
	return fmt.Errorf("seccomp rule for %s: unknown operator %q: %w", name, c.Op, errdefs.ErrInvalidArgument)
}
