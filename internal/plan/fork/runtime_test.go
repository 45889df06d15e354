package fork_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"tug/internal/plan"
	"tug/internal/plan/fork"
)

// A call of a runtime of the host is an ordinary child, in the mount namespace that the container has its bundle in.
func TestARuntimeIsCalled(t *testing.T) {
	p, err := plan.Runtime(&plan.Command{Args: []string{"/bin/sh", "-c", "exit $CODE"}, Env: []string{"CODE=7"}})
	if err != nil {
		t.Fatal(err)
	}
	mounts, err := os.Open("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	defer mounts.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	fd := int(null.Fd())
	regs := fork.Registers{plan.Mounts: int(mounts.Fd()), plan.Stdin: fd, plan.Stdout: fd, plan.Stderr: fd}
	s, err := fork.Start(p, &regs)
	if err != nil {
		t.Fatal(err)
	}
	var ws unix.WaitStatus
	if _, err := unix.Wait4(s.Pid, &ws, 0, nil); err != nil || ws.ExitStatus() != 7 {
		t.Errorf("it ended with %d, %v", ws.ExitStatus(), err)
	}
}
