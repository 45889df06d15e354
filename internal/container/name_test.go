package container

import (
	"strings"
	"testing"

	"github.com/containerd/errdefs"
)

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{
		"web": true, "/web": true, "a1": true, "web.1_x-y": true, "": false, "a": false, "-web": false, ".web": false,
		"we b": false, "../x": false, "web/x": false, "wéb": false, "web\n": false, "//web": false,
	} {
		if err := CheckName(name); (err == nil) != ok || err != nil && !errdefs.IsInvalidArgument(err) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestNewIDReadsAsNoNumber(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" || strings.Trim(id[:12], "0123456789") == "" || seen[id] {
			t.Fatalf("got %s", id)
		}
		seen[id] = true
	}
}

func TestRandomNamesAreNames(t *testing.T) {
	for attempt := range 50 {
		if err := CheckName(RandomName(attempt)); err != nil {
			t.Error(err)
		}
	}
}
