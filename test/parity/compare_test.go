package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheSameIsNoDifference(t *testing.T) {
	r := row{Name: "a", Steps: []step{{}, {}}}
	first := result{Seen: []seen{{0, "Up 2 seconds\n", ""}, {0, `[{"Id": "0123456789ab"}]`, ""}}}
	other := result{Seen: []seen{{0, "Up 3 seconds\n", ""}, {0, `[{"Id": "ba9876543210"}]`, ""}}}
	if got := compare(r, first, other, worlds[1]); got != nil {
		t.Errorf("%+v", got)
	}
}

func TestADifferenceSaysWhere(t *testing.T) {
	r := row{Name: "a", Steps: []step{{}, {}}}
	first := result{Seen: []seen{{0, "one\ntwo\nthree\nfour\n", ""}, {1, `{"A": 1, "B": [], "C": {"D": "x"}}`, "no\n"}}}
	other := result{Seen: []seen{{0, "one\nzwei\nthree\n", ""}, {2, `{"A": 2, "B": null, "C": {"E": "x"}}`, ""}}, Left: []string{"a container"}}
	want := []difference{
		{Row: "a", Step: 1, Stream: "stdout", Minus: []string{"two"}, Plus: []string{"zwei"}},
		{Row: "a", Step: 1, Stream: "stdout", Minus: []string{"four"}},
		{Row: "a", Step: 2, Stream: "exit", Minus: []string{"exit code 1"}, Plus: []string{"exit code 2"}},
		{Row: "a", Step: 2, Stream: "stdout", Minus: []string{".A: 1"}, Plus: []string{".A: 2"}},
		{Row: "a", Step: 2, Stream: "stdout", Minus: []string{".B: []"}, Plus: []string{".B: null"}},
		{Row: "a", Step: 2, Stream: "stdout", Minus: []string{`.C.D: "x"`}},
		{Row: "a", Step: 2, Stream: "stdout", Plus: []string{`.C.E: "x"`}},
		{Row: "a", Step: 2, Stream: "stderr", Minus: []string{"no"}},
		{Row: "a", Stream: "tidying", Plus: []string{"a container"}},
	}
	if diff := cmp.Diff(want, compare(r, first, other, worlds[1])); diff != "" {
		t.Error(diff)
	}
}

func TestNumbersOfTheMachineAreComparedWithZeroOnly(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`{"State": {"Pid": 12}}`, `{"State": {"Pid": 13}}`, true},
		{`{"State": {"Pid": 12}}`, `{"State": {"Pid": 0}}`, false},
		{`{"State": {"ExitCode": 12}}`, `{"State": {"ExitCode": 13}}`, false},
		{`{"a": 1}` + "\n" + `{"a": 2}`, `{"a": 1}` + "\n" + `{"a": 2}`, true},
		{`[{"Destination": "/a"}, {"Destination": "/b"}]`, `[{"Destination": "/b"}, {"Destination": "/a"}]`, true},
		{`{"a": 1}`, `no JSON`, false},
	} {
		n := newNormaliser(worlds[0], nil)
		if got := compareOutput(c.a, c.b, n, n); (got == nil) != c.same {
			t.Errorf("%s and %s: %+v", c.a, c.b, got)
		}
	}
}
