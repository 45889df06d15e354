package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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

func TestShimsKilledAtAnyStepOfAStart(t *testing.T) {
	d := newDaemon(t, "busybox")
	port := freePort(t)
	publish := []string{"-p", fmt.Sprint(port, ":80")}
	survived := 0
	d.must(append([]string{"create"}, counterArgs("victim", publish...)...)...)
	moments := d.moments("start", "victim")
	d.must("rm", "-f", "victim")
	for _, moment := range moments {
		d.must(append([]string{"create"}, counterArgs("victim", publish...)...)...)
		told := make(chan error, 1)
		begin := time.Now()
		go func() { told <- d.command("start", "victim").Run() }()
		time.Sleep(time.Until(begin.Add(moment)))
		killed := d.shims()
		for _, pid := range killed {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		started := <-told == nil
		if started && d.survives("victim", killed) {
			survived++
			d.goesOn("victim", 1)
		} else {
			d.eventually("the victim has no process", func() bool { return len(d.processesOf("victim")) == 0 })
			if state := d.inspect("victim", "{{.State.Status}} {{.State.ExitCode}}"); strings.HasSuffix(state, " 0") {
				t.Errorf("killed after %s: the container is %q", moment, state)
			}
			d.must("start", "victim")
			d.goesOn("victim", 2)
		}
		if page, err := fetch(port); page != "victim" {
			t.Errorf("killed after %s: the port leads to %q, %v", moment, page, err)
		}
		d.must("rm", "-f", "victim")
	}
	t.Logf("of %d starts %d had no shim yet that could be killed", steps, survived)
}

// survives tells whether a container was started in a shim that is none of the killed.
func (d *daemon) survives(name string, killed []int) bool {
	d.t.Helper()
	for _, pid := range killed {
		d.eventually("the killed are gone", func() bool { return !lives(pid) })
	}
	alive := false
	d.eventually("the container has ended, or a shim", func() bool {
		pid, _ := strconv.Atoi(d.inspect(name, "{{.State.Pid}}"))
		alive = pid != 0 && slices.Contains(d.shims(), parent(pid))
		return alive || pid == 0
	})
	return alive
}

func TestAShimKilledWhileItExecutesLeavesNothing(t *testing.T) {
	d := newDaemon(t, "busybox")
	d.run("victim")
	moments := d.moments("exec", "victim", "true")
	d.must("rm", "-f", "victim")
	for _, moment := range moments {
		d.run("victim")
		shim := d.shim("victim")
		told := make(chan error, 1)
		begin := time.Now()
		go func() { told <- d.command("exec", "victim", "sleep", "1000").Run() }()
		time.Sleep(time.Until(begin.Add(moment)))
		d.killProcess(shim, syscall.SIGKILL)
		if <-told == nil {
			t.Error("an exec whose shim was killed ended well")
		}
		if code := d.must("wait", "victim"); code != "137" {
			t.Errorf("exit code %s", code)
		}
		d.eventually("the victim has no process", func() bool { return len(d.processesOf("victim")) == 0 })
		d.must("rm", "victim")
	}
}

func TestReadyShimsEndWithTheirDaemon(t *testing.T) {
	d := newDaemon(t, "busybox")
	d.run("stays")
	d.eventually("shims are ready", func() bool { return len(d.shims()) >= 5 })
	shim := d.shim("stays")
	d.kill()
	d.eventually("only the shim with a container lives on", func() bool { s := d.shims(); return len(s) == 1 && s[0] == shim })
	d.start()
	// Two of the new ones are for containers that are not on the bridge.
	d.eventually("their interfaces are gone, and new ones are ready", func() bool { return len(d.interfaces()) == 5 && len(d.shims()) == 7 })
	d.goesOn("stays", 1)
}

func TestARestartPolicyOutlivesAKilledShim(t *testing.T) {
	d := newDaemon(t, "busybox")
	d.run("again", "--restart", "on-failure:3")
	for i := range 2 {
		shim := d.shim("again")
		if i == 1 {
			d.kill()
		}
		d.killProcess(shim, syscall.SIGKILL)
		if i == 1 {
			d.start()
		}
		d.eventually("it is started again", func() bool { return d.inspect("again", "{{.State.Status}}") == "running" })
		d.goesOn("again", 2+i)
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
	if err := syscall.Kill(d.shim("other"), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	d.must("rm", "-f", "other")
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
