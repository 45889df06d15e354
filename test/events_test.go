package test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What ended without a daemon is told by the next.
func TestADaemonTellsOfTheEndsThatItHasMissed(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	output(t, d.docker("run", "-d", "--name", "stays", "busybox", "sleep", "1000"))
	output(t, d.docker("run", "-d", "--name", "ends", "--label", "a=b", "busybox", "sleep", "1000"))
	pid := pidOf(t, d.docker, "ends")
	d.end(syscall.SIGKILL)
	syscall.Kill(atoi(t, pid), syscall.SIGKILL)
	eventually(t, "the container ends", func() bool {
		_, err := os.Stat("/proc/" + pid)
		return err != nil
	})
	if err := d.start(); err != nil {
		t.Fatal(err)
	}
	past := func() string {
		return output(t, d.docker("events", "--since", "1h", "--until", "0s", "--filter", "type=container",
			"--format", "{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.a}} {{.Actor.Attributes.exitCode}}"))
	}
	eventually(t, "the end is told", func() bool { return past() != "" })
	if got := past(); got != "die ends b 137" {
		t.Errorf("told is %q", got)
	}
}

// Health is tested on by the next daemon, from where the last has left it.
func TestHealthIsTestedOnByTheNextDaemon(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	check := []string{"--health-interval", "100ms", "--health-retries", "1", "--health-cmd", "test ! -e /bad", "--stop-timeout", "0"}
	output(t, d.docker(append(append([]string{"run", "-d", "--name", "well"}, check...), "busybox", "sleep", "1000")...))
	output(t, d.docker(append(append([]string{"run", "-d", "--name", "again", "--tmpfs", "/tmp", "--annotation", "tug.health-action=restart"},
		strings.Split(strings.Replace(strings.Join(check, "|"), "/bad", "/tmp/bad", 1), "|")...), "busybox", "sleep", "1000")...))
	health := func(name string) string {
		return output(t, d.docker("inspect", "-f", "{{.State.Status}} {{.State.Health.Status}} {{.RestartCount}}", name))
	}
	for _, name := range []string{"well", "again"} {
		eventually(t, name+" is healthy", func() bool { return health(name) == "running healthy 0" })
	}
	lastCheck := func() time.Time {
		var log []struct{ End time.Time }
		if err := json.Unmarshal([]byte(output(t, d.docker("inspect", "-f", "{{json .State.Health.Log}}", "well"))), &log); err != nil || len(log) == 0 {
			t.Fatalf("the log of checks: %v, %v", log, err)
		}
		return log[len(log)-1].End
	}
	known := lastCheck()
	eventually(t, "a check changes nothing", func() bool { return lastCheck().After(known) })
	known = lastCheck()
	d.end(syscall.SIGKILL)
	if err := d.start(); err != nil {
		t.Fatal(err)
	}
	if got := lastCheck(); got.Before(known) {
		t.Errorf("the next daemon's last check is of %s, that of the one before was shown as of %s", got, known)
	}
	if got := health("well"); got != "running healthy 0" {
		t.Errorf("what was healthy is %s", got)
	}
	output(t, d.docker("exec", "well", "touch", "/bad"))
	eventually(t, "what is unhealthy now is found", func() bool { return health("well") == "running unhealthy 0" })
	output(t, d.docker("exec", "again", "touch", "/tmp/bad"))
	eventually(t, "what is unhealthy is started again", func() bool { return health("again") == "running healthy 1" })
}

// However many read, each sees every event once, in one order.
func TestAllReadersOfEventsSeeTheSame(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	const readers, containers = 4, 10
	var seen [readers][]string
	done := make(chan error, readers)
	for i := range readers {
		cmd := d.docker("events", "--since", "1h", "--format", "{{.TimeNano}} {{.Type}} {{.Action}} {{.Actor.ID}}")
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			lines := bufio.NewScanner(pipe)
			for ended := 0; ended < containers && lines.Scan(); {
				seen[i] = append(seen[i], lines.Text())
				if strings.Contains(lines.Text(), " destroy ") {
					ended++
				}
			}
			cmd.Process.Kill()
			cmd.Wait()
			done <- lines.Err()
		}()
	}
	started := make(chan error, containers)
	for i := range containers {
		go func() { started <- d.docker("run", "--rm", "--name", fmt.Sprint("short", i), "busybox", "true").Run() }()
	}
	for range containers {
		if err := <-started; err != nil {
			t.Error(err)
		}
	}
	for range readers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	want := strings.Join(seen[0], "\n")
	for i := range seen {
		if got := strings.Join(seen[i], "\n"); got != want {
			t.Errorf("reader %d saw\n%s\nbut the first saw\n%s", i, got, want)
		}
	}
	if n := strings.Count(want, " start "); n != containers {
		t.Errorf("%d starts were seen", n)
	}
}
