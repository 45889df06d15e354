package crash

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Every step of a start, an end and a removal is one at which the daemon can be killed: here the kill comes a little
// later each time.
const steps = 16

// moments are times in the course of a command, the client's own start left out, and a few shortly after its end.
func (d *daemon) moments(args ...string) (list []time.Duration) {
	d.t.Helper()
	begin := time.Now()
	d.must(args...)
	took := time.Since(begin)
	for i := range steps {
		list = append(list, took*time.Duration(30+100*i/steps)/100)
	}
	return list
}

// killDuring kills the daemon the given time after it was asked to do something, starts it again, and tells whether the
// client was told that it was done.
func (d *daemon) killDuring(after time.Duration, args ...string) (done bool) {
	d.t.Helper()
	told := make(chan error, 1)
	begin := time.Now()
	go func() { told <- d.command(args...).Run() }()
	time.Sleep(time.Until(begin.Add(after)))
	d.kill()
	err := <-told
	d.start()
	return err == nil
}

func TestKilledAtAnyStepOfAStart(t *testing.T) {
	d := newDaemon(t, "busybox")
	port := freePort(t)
	publish := []string{"-p", fmt.Sprint(port, ":80")}
	acknowledged, running := 0, 0
	d.must(append([]string{"create"}, counterArgs("victim", publish...)...)...)
	moments := d.moments("start", "victim")
	d.must("rm", "-f", "victim")
	for _, moment := range moments {
		d.must(append([]string{"create"}, counterArgs("victim", publish...)...)...)
		done := d.killDuring(moment, "start", "victim")
		switch state := d.inspect("victim", "{{.State.Status}}"); {
		case state == "running":
			d.goesOn("victim", 1)
			running++
		case done || state != "created":
			t.Errorf("killed after %s (start acknowledged: %t): the container is %q", moment, done, state)
		}
		if done {
			acknowledged++
		}
		d.must("rm", "-f", "victim")
		// Neither its name nor its port is taken by a ghost.
		d.run("victim", publish...)
		if page, err := fetch(port); page != "victim" {
			t.Errorf("killed after %s: the port leads to %q, %v", moment, page, err)
		}
		d.must("rm", "-f", "victim")
	}
	t.Logf("of %d starts %d were acknowledged, and %d ran on", steps, acknowledged, running)
}

func TestKilledAtAnyStepOfACreation(t *testing.T) {
	d := newDaemon(t, "busybox")
	args := append([]string{"create"}, counterArgs("victim", "-v", "/data", "-v", "/more")...)
	moments := d.moments(args...)
	d.must("rm", "-v", "victim")
	acknowledged := 0
	for _, moment := range moments {
		done := d.killDuring(moment, args...)
		if state := d.inspect("victim", "{{.State.Status}}"); state != "created" && (done || state != "") {
			t.Errorf("killed after %s (acknowledged: %t): the container is %q", moment, done, state)
		} else if state == "created" {
			d.must("start", "victim")
			d.goesOn("victim", 1)
			d.must("rm", "-fv", "victim")
			acknowledged++
		}
		if volumes := d.volumes(); len(volumes) > 0 {
			t.Fatalf("killed after %s: its volumes are left: %s", moment, volumes)
		}
	}
	t.Logf("of %d creations %d were there", steps, acknowledged)
}

// volumes are the folders of all volumes.
func (d *daemon) volumes() []string {
	list, _ := filepath.Glob(filepath.Join(d.dir, "data/volumes/*"))
	return list
}

func TestKilledAtAnyStepOfAnEnd(t *testing.T) {
	d := newDaemon(t, "busybox")
	port := freePort(t)
	acknowledged := 0
	d.run("victim")
	moments := d.moments("stop", "victim")
	d.must("rm", "victim")
	for _, moment := range moments {
		d.run("victim", "-p", fmt.Sprint(port, ":80"))
		d.run("brief", "--rm")
		pid := d.pid("brief")
		brief := make(chan struct{})
		go func() {
			time.Sleep(moment)
			syscall.Kill(pid, syscall.SIGUSR1)
			close(brief)
		}()
		if d.killDuring(moment, "stop", "victim") {
			acknowledged++
		}
		<-brief
		d.eventually("the container with --rm is removed", func() bool { return d.inspect("brief", "{{.ID}}") == "" })
		// The signal may not have been sent, or the container may be about to end.
		d.docker("stop", "victim")
		if state := d.inspect("victim", "{{.State.Status}} {{.State.ExitCode}}"); state != "exited 7" {
			t.Errorf("killed after %s: the container is %q", moment, state)
		}
		d.must("start", "victim")
		d.goesOn("victim", 2)
		d.must("rm", "-f", "victim")
	}
	t.Logf("of %d stops %d were acknowledged", steps, acknowledged)
}

func TestKilledAtAnyStepOfARemoval(t *testing.T) {
	d := newDaemon(t, "busybox")
	port := freePort(t)
	acknowledged := 0
	d.run("victim", "-v", "/data")
	for _, moment := range d.moments("rm", "-fv", "victim") {
		d.run("victim", "-p", fmt.Sprint(port, ":80"), "-v", "/data")
		done := d.killDuring(moment, "rm", "-fv", "victim")
		if done {
			acknowledged++
		}
		if there := d.inspect("victim", "{{.ID}}") != ""; there && done {
			t.Errorf("killed after %s: the removed container is there again", moment)
		} else if there {
			d.must("rm", "-fv", "victim")
		}
		if volumes := d.volumes(); len(volumes) > 0 {
			t.Fatalf("killed after %s: its volume is left: %s", moment, volumes)
		}
	}
	t.Logf("of %d removals %d were acknowledged", steps, acknowledged)
}
