package main

import (
	"strings"
	"testing"
)

const explanations = `
# how tug is
## It is so,
## for a reason.
row run/*
- a
+ b*

row ps/all in tug
- c
- d
`

func TestAnExplanationIsOfItsDifferenceOnly(t *testing.T) {
	all, err := parseExplanations(strings.NewReader(explanations))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		d     difference
		world string
		want  bool
	}{
		{difference{Row: "run/echo", Minus: []string{"a"}, Plus: []string{"b and more"}}, "tugd", true},
		{difference{Row: "run/echo", Minus: []string{"a"}}, "tugd", false},
		{difference{Row: "ps/echo", Minus: []string{"a"}, Plus: []string{"b"}}, "tugd", false},
		{difference{Row: "ps/all", Minus: []string{"c", "d"}}, "tug", true},
		{difference{Row: "ps/all", Minus: []string{"c", "d"}}, "tugd", false},
		{difference{Row: "ps/all", Minus: []string{"c"}}, "tug", false},
	} {
		reason, ok := explain(all, c.d, c.world)
		if ok != c.want || ok && reason != "It is so, for a reason." {
			t.Errorf("%+v in %s: %v, %q", c.d, c.world, ok, reason)
		}
	}
}

func TestAnExplanationReadsAsItIsWritten(t *testing.T) {
	all, err := parseExplanations(strings.NewReader(explanations))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := all[0].String()+"\n"+all[1].String(), explanations[strings.Index(explanations, "row"):]; got != want {
		t.Errorf("%s\nis not\n%s", got, want)
	}
}

func TestAnExplanationNeedsAReason(t *testing.T) {
	for _, file := range []string{"row a\n- b", "## why\n- b", "## why\nrow a\nb"} {
		if _, err := parseExplanations(strings.NewReader(file)); err == nil {
			t.Errorf("%q was taken", file)
		}
	}
}
