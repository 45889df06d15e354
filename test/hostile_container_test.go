package test

import (
	"strings"
	"testing"
)

// TestAForkBombIsHeldByItsLimit lets a container fork without end below a limit of processes: it takes as many as it may have
// and no more, others go on, and it can be removed.
func TestAForkBombIsHeldByItsLimit(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		d := forDocker
		if strings.HasSuffix(t.Name(), "/tug") {
			d = forTug
		}
		beside := d.bystander(t)
		output(t, cli("run", "-d", "--name", "bomb", "--pids-limit", "40", "busybox", "sh", "-c", "sh -c 'while :; do sleep 1000 & done' & exec sleep 1000")) // a shell that cannot fork ends
		count := func() int { return strings.Count(output(t, cli("top", "bomb", "-o", "pid")), "\n") }
		eventually(t, "the limit is reached", func() bool { return count() >= 35 })
		if n := count(); n > 40 {
			t.Errorf("there are %d processes", n)
		}
		beside.isUnhurt(t)
		output(t, cli("rm", "-f", "bomb"))
		beside.isUnhurt(t)
	})
}

// TestWhoIgnoresTheSignalHoldsUpNobody stops a container that will not end: until its time is over everything else works, also a
// kill, which ends both.
func TestWhoIgnoresTheSignalHoldsUpNobody(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		d := forDocker
		if strings.HasSuffix(t.Name(), "/tug") {
			d = forTug
		}
		beside := d.bystander(t)
		output(t, cli("run", "-d", "--name", "stubborn", "busybox", "sh", "-c", "trap 'echo no' TERM; while :; do sleep 0.05; done"))
		stop := cli("stop", "-t", "600", "stubborn")
		if err := stop.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it has been asked", func() bool { return strings.Contains(output(t, cli("logs", "stubborn")), "no") })
		beside.isUnhurt(t)
		if got := output(t, cli("inspect", "-f", "{{.State.Status}}", "stubborn")); got != "running" {
			t.Errorf("it is %s", got)
		}
		output(t, cli("kill", "stubborn"))
		if err := stop.Wait(); err != nil {
			t.Error(err)
		}
		if got := output(t, cli("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "stubborn")); got != "exited 137" {
			t.Errorf("it is %s", got)
		}
		output(t, cli("rm", "stubborn"))
	})
}
