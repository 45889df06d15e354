package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestAContainerEndsWithItsShim(t *testing.T) {
	d := newDaemon(t, "busybox")
	port := freePort(t)
	publish := []string{"-p", fmt.Sprint(port, ":80")}
	for _, daemon := range []string{"with", "without"} {
		name := daemon + "-daemon"
		d.run(name, publish...)
		d.run("brief", "--rm")
		d.must("exec", "-d", name, "sleep", "1000")
		pid, shim, brief := d.pid(name), d.shim(name), d.shim("brief")
		if daemon == "without" {
			d.kill()
		}
		d.killProcess(shim, syscall.SIGKILL)
		d.killProcess(brief, syscall.SIGKILL)
		if daemon == "without" {
			d.start()
		}
		if code := d.must("wait", name); code != "137" {
			t.Errorf("%s: exit code %s", name, code)
		}
		d.eventually("its process is gone", func() bool { return !lives(pid) })
		if state := d.inspect(name, "{{.State.Status}} {{.State.ExitCode}}"); state != "exited 137" {
			t.Errorf("%s: recorded as %s", name, state)
		}
		d.eventually("the container with --rm is removed", func() bool { return d.inspect("brief", "{{.ID}}") == "" })
		d.lines(name, 1)
		if _, err := fetch(port); err != errRefused {
			t.Errorf("%s: its port still answers: %v", name, err)
		}
		d.must("start", name)
		d.goesOn(name, 2)
		d.must("rm", "-f", name)
	}
}

func TestStartsWorkThoughReadyShimsWereKilled(t *testing.T) {
	d := newDaemon(t, "busybox")
	var idle []int
	d.eventually("shims are ready", func() bool { idle = d.shims(); return len(idle) >= 4 })
	for _, pid := range idle {
		d.killProcess(pid, syscall.SIGKILL)
	}
	for i := range 6 {
		d.run(fmt.Sprint("c", i))
	}
}

func TestAHangingShimHoldsNobodyUp(t *testing.T) {
	d := newDaemon(t, "busybox")
	d.run("hangs")
	d.run("other")
	shim := d.shim("hangs")
	if err := syscall.Kill(shim, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	d.kill()
	d.start()
	d.goesOn("other", 1)
	if state := d.inspect("hangs", "{{.State.Status}}"); state != "running" {
		t.Errorf("a container whose shim hangs is %s", state)
	}
	if err := syscall.Kill(shim, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	d.goesOn("hangs", 1)
	d.must("stop", "hangs")
	if code := d.inspect("hangs", "{{.State.ExitCode}}"); code != "7" {
		t.Errorf("it ended with %s, not 7", code)
	}
}

// shims are the processes of all shims of the daemon.
func (d *daemon) shims() (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		if strings.HasPrefix(string(args), "tug-shim\x00"+d.dir) {
			pid, _ := strconv.Atoi(filepath.Base(dir))
			pids = append(pids, pid)
		}
	}
	return pids
}
