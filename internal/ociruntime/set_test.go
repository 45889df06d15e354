package ociruntime

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/containerd/errdefs"
)

// program makes a program in PATH and gives its path.
func program(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWellKnownRuntimesNeedNoConfiguration(t *testing.T) {
	path := program(t, "runc")
	var s Set
	if r, err := s.Get("runc"); err != nil || r.Path != path {
		t.Errorf("got %+v, %v", r, err)
	}
	for _, name := range []string{"crun", "runsc", "sh", "/bin/sh", "../runc"} {
		if _, err := s.Get(name); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if names := namesOf(s.List()); !slices.Equal(names, []string{"tug", "runc"}) {
		t.Errorf("listed: %v", names)
	}
}

func TestTheBuiltInRuntimeIsTheDefault(t *testing.T) {
	var s Set
	for _, name := range []string{"", "tug"} {
		if r, err := s.Get(name); err != nil || r.Name != BuiltIn || r.Path != "" {
			t.Errorf("%q: %+v, %v", name, r, err)
		}
	}
	if s.Default() != BuiltIn {
		t.Errorf("default %s", s.Default())
	}
}

func TestConfiguredRuntimesComeFirst(t *testing.T) {
	program(t, "runc")
	mine := Runtime{Name: "runc", Path: "/bin/sh", Args: []string{"--debug"}}
	s, err := NewSet([]Runtime{mine, {Name: "another", Path: "/bin/sh"}}, "another")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Get("runc"); err != nil || r.Path != "/bin/sh" || r.Args[0] != "--debug" {
		t.Errorf("got %+v, %v", r, err)
	}
	if names := namesOf(s.List()); !slices.Equal(names, []string{"tug", "another", "runc"}) || s.Default() != "another" {
		t.Errorf("listed: %v, default %s", names, s.Default())
	}
}

func TestRuntimesThatCannotBe(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, c := range map[string]struct {
		list      []Runtime
		byDefault string
	}{
		"reserved":            {[]Runtime{{Name: "tug", Path: "/bin/sh"}}, ""},
		"two words":           {[]Runtime{{Name: "a b", Path: "/bin/sh"}}, ""},
		"no name":             {[]Runtime{{Path: "/bin/sh"}}, ""},
		"no path":             {[]Runtime{{Name: "a"}}, ""},
		"twice":               {[]Runtime{{Name: "a", Path: "/bin/sh"}, {Name: "a", Path: "/bin/sh"}}, ""},
		"cgroups by systemd":  {[]Runtime{{Name: "a", Path: "/bin/sh", Args: []string{"--systemd-cgroup"}}}, ""},
		"another state":       {[]Runtime{{Name: "a", Path: "/bin/sh", Args: []string{"--root=/x"}}}, ""},
		"unknown default":     {nil, "runc"},
		"no program, default": {[]Runtime{{Name: "a", Path: "/nothere"}}, "a"},
	} {
		if _, err := NewSet(c.list, c.byDefault); !errdefs.IsInvalidArgument(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func namesOf(list []Runtime) (names []string) {
	for _, r := range list {
		names = append(names, r.Name)
	}
	return names
}
