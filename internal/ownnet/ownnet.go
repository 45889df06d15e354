// Package ownnet is for tests that make links, addresses and packet rules: it runs them in a network namespace of
// their own. The machine's is never touched, and what the tests leave behind is gone with their process.
package ownnet

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// inside is set in the environment of the process that has the namespace.
const inside = "TUG_TEST_NAMESPACE"

// Main is what a TestMain calls. It does not return.
func Main(m *testing.M) {
	if os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Env = append(os.Environ(), inside+"=1")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := c.Run()
	if c.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "these tests need root, for a network namespace of their own:", err)
		os.Exit(1)
	}
	os.Exit(c.ProcessState.ExitCode())
}
