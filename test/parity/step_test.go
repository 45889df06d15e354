package main

import (
	"testing"
)

func TestAStepIsWhatIsSeenOfIt(t *testing.T) {
	for command, want := range map[string]seen{
		"echo out; echo err >&2; exit 3": {3, "out\n", "err\n"},
		"kill -9 $$":                     {Exit: 137},
		"pwd":                            {0, "/\n", ""},
	} {
		got, err := step{Command: command}.run(t.Context(), "/", nil)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", command, got, err)
		}
	}
}

func TestAStepAtATerminalIsTypedTo(t *testing.T) {
	s := step{
		Command: `stty -echo; printf 'first? '; read a; printf 'second? '; read b; echo "$a and $b"; exit 4`,
		Tty:     true, Typed: []typed{{"first? ", "one\r"}, {"second? ", "two\r"}},
	}
	got, err := s.run(t.Context(), "/", []string{"PATH=/bin:/usr/bin"})
	if want := (seen{Exit: 4, Stdout: "first? second? one and two\r\n"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}
