package engine

import (
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
)

// TestNamespacesOfAProcess are those that it does not share with the engine.
func TestNamespacesOfAProcess(t *testing.T) {
	if list, err := namespacesOf(os.Getpid()); err != nil || len(list) > 0 {
		t.Errorf("its own: %v, %v", list, err)
	}
	cmd := exec.Command("sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	list, err := namespacesOf(cmd.Process.Pid)
	want := []specs.LinuxNamespace{{Type: specs.UTSNamespace}, {Type: specs.IPCNamespace}}
	if err != nil || !slices.Equal(list, want) {
		t.Errorf("got %v, %v", list, err)
	}
}

// TestAnExecBelievesTheProcess, and not what a container that was joined by its name has become.
func TestAnExecBelievesTheProcess(t *testing.T) {
	e := shelf(t, map[string]container.HostConfig{"owner": {Privileged: true}})
	joiner := &container.Record{ID: "j", Host: container.HostConfig{NetworkMode: "container:owner", PidMode: "container:gone"}}
	if r := e.asItRuns(joiner, 3_000_000); !e.isolated(&r.Host) {
		t.Error("it has a user namespace, whatever its owner has by now")
	}
	if r := e.asItRuns(joiner, 0); e.isolated(&r.Host) {
		t.Error("it has none, whatever its owner has by now")
	}
	if joiner.Host.PidMode != "container:gone" {
		t.Error("the record was changed")
	}
}
