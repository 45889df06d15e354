package undo_test

import (
	"errors"
	"testing"

	"tug/internal/undo"
)

// use does three things and ends with the error; it gives what was taken back.
func use(end error) string {
	taken := ""
	func() (err error) {
		var s undo.Stack
		defer s.OnError(&err)
		for _, step := range []string{"a", "b", "c"} {
			s.Add(func() { taken += step })
		}
		return end
	}()
	return taken
}

func TestStepsAreTakenBackInReverse(t *testing.T) {
	if taken := use(errors.New("no")); taken != "cba" {
		t.Errorf("after an error: %q", taken)
	}
	if taken := use(nil); taken != "" {
		t.Errorf("after a success: %q", taken)
	}
}
