package test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var serial atomic.Int32 // tells apart what one test process makes

func needsEngine(t *testing.T) {
	t.Helper()
	inputs.Do(lookAtInputs)
	if whyNot != "" {
		t.Skip(whyNot)
	}
}

var inputs sync.Once

// lookAtInputs tells the go command, which keeps the results of tests, what these depend on besides their own code: it
// takes notice of the variables and folders that a test reads.
func lookAtInputs() {
	os.Getenv("TUG_TEST_REGISTRY")
	for _, folder := range []string{"../cmd", "../internal", "scripts"} {
		filepath.WalkDir(folder, func(string, fs.DirEntry, error) error { return nil })
	}
}

func selfPid() string { return strconv.Itoa(os.Getpid()) }

// ownPrefix begins the names of all links and cgroups of this test's daemons.
func ownPrefix() string { return "tg" + strconv.Itoa(os.Getpid()%100000) }

// clis are the two command lines, each with the daemon that it speaks to.
func clis(t *testing.T, f func(t *testing.T, cli func(...string) *exec.Cmd)) {
	needsEngine(t)
	t.Run("docker", func(t *testing.T) {
		if whyNoDocker != "" {
			t.Skip(whyNoDocker)
		}
		t.Parallel()
		f(t, forDocker.docker)
	})
	t.Run("tug", func(t *testing.T) { t.Parallel(); f(t, forTug.tug) })
}

// output runs a command that must succeed and returns what it printed, without the last line's end.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, out, stderr.Bytes())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
