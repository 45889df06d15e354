package crash

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestContainersGoOnWithoutTheDaemon(t *testing.T) {
	d := newDaemon(t, "busybox", "nginx")
	web, page := freePort(t), freePort(t)
	d.must("run", "-d", "--name", "web", "-p", fmt.Sprint(web, ":80"), "nginx")
	d.run("count", "-p", fmt.Sprint(page, ":80"))
	d.run("brief", "--rm")
	d.must("exec", "-d", "count", "sleep", "1000")
	d.eventually("nginx serves", func() bool { _, err := fetch(web); return err == nil })
	pids := map[string]int{"web": d.pid("web"), "count": d.pid("count"), "brief": d.pid("brief")}
	started := d.inspect("count", "{{.State.StartedAt}}")

	d.kill()
	for name, pid := range pids {
		if !lives(pid) {
			t.Errorf("%s ended with the daemon", name)
		}
	}
	if text, err := fetch(web); err != nil || !strings.Contains(text, "nginx") {
		t.Errorf("the published port of nginx without a daemon: %q, %v", text, err)
	}
	if text, err := fetch(page); text != "count" {
		t.Errorf("the published port of count without a daemon: %q, %v", text, err)
	}

	d.start()
	for name, pid := range pids {
		if now := d.pid(name); now != pid || d.inspect(name, "{{.State.Status}}") != "running" {
			t.Errorf("%s is process %d now, was %d, and %s", name, now, pid, d.inspect(name, "{{.State.Status}}"))
		}
	}
	if now := d.inspect("count", "{{.State.StartedAt}}"); now != started {
		t.Errorf("count started at %s, now it says %s", started, now)
	}
	d.goesOn("count", 1)
	d.goesOn("brief", 1)
	if text, err := fetch(page); text != "count" {
		t.Errorf("the published port of count with the next daemon: %q, %v", text, err)
	}
	if out, err := d.docker("run", "-d", "--rm", "-p", fmt.Sprint(page, ":80"), "nginx"); err == nil || !strings.Contains(err.Error(), "already allocated") {
		t.Errorf("the published port was given to another container: %s, %v", out, err)
	}
	if top := d.must("top", "count"); !strings.Contains(top, "sleep 1000") {
		t.Errorf("the exec is gone:\n%s", top)
	}
	if out := d.must("exec", "count", "echo", "hello"); out != "hello" {
		t.Errorf("an exec after the restart says %q", out)
	}
	d.must("stop", "count", "brief")
	if code := d.inspect("count", "{{.State.ExitCode}}"); code != "7" {
		t.Errorf("count ended with %s, not 7", code)
	}
	if d.inspect("brief", "{{.ID}}") != "" {
		t.Error("a container with --rm was not removed at its end")
	}
	if _, err := fetch(page); err != errRefused {
		t.Errorf("the port of an ended container answers: %v", err)
	}
}

func TestClientsOfAKilledDaemonEndAndTheirContainersGoOn(t *testing.T) {
	d := newDaemon(t, "busybox")
	foreground := d.command(append([]string{"run"}, counterArgs("fore")...)...)
	out, err := foreground.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := foreground.Start(); err != nil {
		t.Fatal(err)
	}
	out.Read(make([]byte, 1)) // it writes
	in := d.command("exec", "-i", "fore", "cat")
	stdin, err := in.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Start(); err != nil {
		t.Fatal(err)
	}
	d.eventually("the exec runs", func() bool { said, _ := d.docker("top", "fore"); return strings.Contains(said, "cat") })
	d.kill()
	if foreground.Wait() == nil {
		t.Error("docker run ended well though its daemon was killed")
	}
	in.Wait()
	stdin.Close()
	d.start()
	d.goesOn("fore", 1)
	d.eventually("the exec, whose input has ended, is gone", func() bool { return !strings.Contains(d.must("top", "fore"), "cat") })
}

func TestEndsWithoutADaemonAreToldByTheNext(t *testing.T) {
	d := newDaemon(t, "busybox")
	for _, name := range []string{"usr1", "killed", "frozen"} {
		d.run(name)
	}
	d.run("brief", "--rm")
	d.run("again", "--restart", "on-failure")
	d.run("always", "--restart", "always")
	d.run("stopped", "--restart", "unless-stopped")
	d.must("stop", "stopped")
	d.must("pause", "frozen")
	pids := map[string]int{}
	for _, name := range []string{"usr1", "killed", "brief", "again", "always"} {
		pids[name] = d.pid(name)
	}
	d.kill()
	for name, pid := range pids {
		signal := syscall.SIGUSR1
		if name == "killed" {
			signal = syscall.SIGKILL
		}
		d.killProcess(pid, signal)
	}
	d.start()
	for name, want := range map[string]string{"usr1": "exited 3", "killed": "exited 137", "brief": "", "frozen": "paused 0", "stopped": "exited 7"} {
		if got := d.inspect(name, "{{.State.Status}} {{.State.ExitCode}}"); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	for _, name := range []string{"again", "always"} {
		d.eventually(name+" is started again", func() bool { return d.inspect(name, "{{.State.Status}}") == "running" })
		d.goesOn(name, 2)
	}
	d.must("unpause", "frozen")
	d.goesOn("frozen", 1)
	d.must("start", "usr1")
	d.goesOn("usr1", 2)
}

func TestTheNextDaemonKnowsTwentyContainersAtOnce(t *testing.T) {
	const count = 20
	d := newDaemon(t, "busybox")
	for i := range count {
		d.run(fmt.Sprint("c", i))
	}
	ended := []int{d.pid("c0"), d.pid("c1")}
	d.kill()
	for _, pid := range ended {
		d.killProcess(pid, syscall.SIGUSR1)
	}
	begin := time.Now()
	d.start()
	var list []struct{ State, Status string }
	answer, err := d.http.Get("http://d/v1.44/containers/json?all=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	states := map[string]int{}
	for _, c := range list {
		states[c.State]++
	}
	if states["running"] != count-len(ended) || states["exited"] != len(ended) {
		t.Errorf("the first answer tells of %v", states)
	}
	t.Logf("%d containers, of which %d had ended, were known %s after the daemon's start", count, len(ended), took.Round(time.Millisecond))
}

func TestAfterAReboot(t *testing.T) {
	d := newDaemon(t, "busybox")
	port := freePort(t)
	d.run("runs", "-p", fmt.Sprint(port, ":80"))
	d.run("always", "--restart", "always")
	d.run("brief", "--rm", "-v", "/data")
	d.run("ended", "-v", "/data")
	d.must("stop", "ended")
	d.kill()
	d.reboot()
	d.start()
	for name, want := range map[string]string{"runs": "exited 137", "ended": "exited 7", "brief": ""} {
		if got := d.inspect(name, "{{.State.Status}} {{.State.ExitCode}}"); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if volumes := d.volumes(); len(volumes) != 1 {
		t.Errorf("the volumes are %v, not that of one container", volumes)
	}
	d.eventually("it is started again", func() bool { return d.inspect("always", "{{.State.Status}}") == "running" })
	d.goesOn("always", 2)
	d.must("start", "runs", "ended")
	d.goesOn("runs", 2)
	if page, err := fetch(port); page != "runs" {
		t.Errorf("the port leads to %q, %v", page, err)
	}
}

// reboot takes away what a reboot takes: processes, packet rules, interfaces, cgroups, and the folder for the time until then.
func (d *daemon) reboot() {
	d.t.Helper()
	d.clear()
	if err := os.RemoveAll(filepath.Join(d.dir, "run")); err != nil {
		d.t.Fatal(err)
	}
}
