package idmap

import (
	"os"
	"testing"
)

func TestBaseOfAProcessOfTheHostIsItsOwnRoot(t *testing.T) {
	if base, err := BaseOf(os.Getpid()); base != 0 || err != nil {
		t.Errorf("BaseOf = %d, %v", base, err)
	}
	if _, err := BaseOf(1 << 30); err == nil {
		t.Error("a process that is not there has a user namespace")
	}
}
