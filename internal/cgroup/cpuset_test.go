package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
)

func TestListsOfProcessors(t *testing.T) {
	for text, want := range map[string][]int{"": nil, "0": {0}, "0-2,4": {0, 1, 2, 4}, " 1,0 ": {1, 0}} {
		if got, err := parseList(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"x", "-1", "3-1", "1-", "0-999999999", "0;1", "1--2"} {
		if got, err := parseList(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

// A container that asks for a processor that is not there is told so before it is made.
func TestProcessorsThatTheHostLacks(t *testing.T) {
	dir := t.TempDir()
	for file, text := range map[string]string{"cpuset.cpus": "0-3", "cpuset.mems": "0"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := &Host{hierarchies: []hierarchy{{dir: dir, controllers: []string{"cpuset"}}}}
	for _, ok := range [][2]string{{"", ""}, {"0", "0"}, {"1-3", ""}} {
		if err := h.CheckCpuset(ok[0], ok[1]); err != nil {
			t.Errorf("%q: %v", ok, err)
		}
	}
	for words, asked := range map[string][2]string{
		"Requested CPUs are not available - requested 2-4, available: 0-3":     {"2-4", ""},
		"Requested memory nodes are not available - requested 1, available: 0": {"0", "1"},
		"Invalid value abc for cpuset cpus":                                    {"abc", ""},
	} {
		if err := h.CheckCpuset(asked[0], asked[1]); !errdefs.IsInvalidArgument(err) || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v", asked, err)
		}
	}
}
