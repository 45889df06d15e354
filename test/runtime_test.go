package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// needsRuntime skips a test where a runtime is not installed.
func needsRuntime(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("needs " + name)
	}
	return path
}

// TestSessionsThroughRunc runs the scripts once more with a daemon whose containers are handed to runc.
func TestSessionsThroughRunc(t *testing.T) {
	needsRuntime(t, "runc")
	d := privateDaemon(t, "--default-runtime", "runc")
	d.ports = "298"
	files, err := filepath.Glob("scripts/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	session(t, d, filepath.Join(filepath.Dir(forTug.bin), "alias"), files...)
}

// A runtime that changes the owner of its standard streams, as crun does, does not get the host's null device in hand.
func TestARuntimeDoesNotGetTheHostsNullDevice(t *testing.T) {
	runc := needsRuntime(t, "runc")
	wrapped := filepath.Join(t.TempDir(), "grabber")
	script := "#!/bin/sh\nchown 4711:4711 /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2\nexec " + runc + ` "$@"` + "\n"
	if err := os.WriteFile(wrapped, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	d := privateDaemon(t, "--add-runtime", "grabber="+wrapped)
	before, err := os.Stat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"run", "-d", "--name", "grabbed", "--runtime", "grabber", "busybox", "sleep", "1000"},
		{"run", "-dt", "--name", "terminal", "--runtime", "grabber", "busybox", "sleep", "1000"},
		{"exec", "grabbed", "true"},
		{"exec", "-d", "-t", "terminal", "true"},
		{"kill", "-s", "HUP", "grabbed"},
		{"rm", "-f", "grabbed", "terminal"},
	} {
		output(t, d.tug(args...))
		if after, err := os.Stat(os.DevNull); err != nil || owner(after) != owner(before) {
			t.Errorf("%s: /dev/null belongs to %d, %v", strings.Join(args, " "), owner(after), err)
		}
	}
}

// owner is the user that a file belongs to.
func owner(info os.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }
