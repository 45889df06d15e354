package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// A difference is a place where two worlds show different things: lines of the first that are not in the other, and the
// other way round.
type difference struct {
	Row         string
	Step        int // from 1; 0: after the row
	Stream      string
	Minus, Plus []string
}

// compare tells where what was seen of a row in another world differs from what was seen in the first.
func compare(r row, first, other result, otherWorld world) (all []difference) {
	normal, otherNormal := newNormaliser(worlds[0], r.Masks), newNormaliser(otherWorld, r.Masks)
	for i := range r.Steps {
		a, b := first.Seen[i], other.Seen[i]
		add := func(stream string, hunks []difference) {
			for _, h := range hunks {
				h.Row, h.Step, h.Stream = r.Name, i+1, stream
				all = append(all, h)
			}
		}
		if a.Exit != b.Exit {
			add("exit", []difference{{Minus: []string{fmt.Sprint("exit code ", a.Exit)}, Plus: []string{fmt.Sprint("exit code ", b.Exit)}}})
		}
		add("stdout", compareOutput(a.Stdout, b.Stdout, normal, otherNormal))
		add("stderr", compareLines(normal.lines(a.Stderr), otherNormal.lines(b.Stderr)))
	}
	for _, left := range other.Left {
		all = append(all, difference{Row: r.Name, Stream: "tidying", Plus: []string{otherNormal.word(left)}})
	}
	return all
}

// compareOutput compares values if both texts are JSON, and else lines.
func compareOutput(a, b string, normal, otherNormal normaliser) []difference {
	if x, ok := parseValues(a); ok {
		if y, ok := parseValues(b); ok {
			return compareValues(normal.flat(x), otherNormal.flat(y))
		}
	}
	return compareLines(normal.lines(a), otherNormal.lines(b))
}

// compareLines gives each run of lines that differ.
func compareLines(a, b []string) (hunks []difference) {
	if slices.Equal(a, b) {
		return nil
	}
	join := func(lines []string) []byte {
		if len(lines) == 0 {
			return nil
		}
		return []byte(strings.Join(lines, "\n") + "\n")
	}
	text := strings.TrimSuffix(string(diff.Diff("-", join(a), "+", join(b))), "\n")
	var h difference
	end := func() {
		if h.Minus != nil || h.Plus != nil {
			hunks = append(hunks, h)
		}
		h = difference{}
	}
	for _, line := range strings.Split(text, "\n")[3:] { // after the names of the files
		switch {
		case strings.HasPrefix(line, "-"):
			if h.Plus != nil {
				end()
			}
			h.Minus = append(h.Minus, line[1:])
		case strings.HasPrefix(line, "+"):
			h.Plus = append(h.Plus, line[1:])
		default:
			end()
		}
	}
	end()
	return hunks
}
