package test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Containers, what is attached to them and their restart policies go on while the daemon is being replaced.
func TestTheDaemonIsRestartedUnderRunningContainers(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	attached := d.docker("run", "--name", "counts", "busybox", "sh", "-c", "i=0; while [ ! -e /stop ]; do i=$((i+1)); echo $i; sleep 0.05; done; exit 6")
	if err := attached.Start(); err != nil {
		t.Fatal(err)
	}
	defer attached.Wait()
	output(t, d.docker("run", "-d", "--name", "ends", "busybox", "sh", "-c", "echo words; sleep 0.3; exit 9"))
	output(t, d.docker("run", "-d", "--name", "always", "--restart", "always", "busybox", "sh", "-c", "echo ran; exec sleep 1000"))
	eventually(t, "the container counts", func() bool { return output(t, d.docker("logs", "counts")) != "" })
	pid, always := pidOf(t, d.docker, "counts"), pidOf(t, d.docker, "always")

	d.end(syscall.SIGTERM)
	if _, err := os.Stat("/proc/" + pid); err != nil {
		t.Errorf("the container has ended with the daemon: %v", err)
	}
	syscall.Kill(atoi(t, always), syscall.SIGKILL)
	eventually(t, "a container ends without a daemon", func() bool {
		_, err := os.Stat("/proc/" + always)
		return err != nil
	})
	if err := d.start(); err != nil {
		t.Fatal(err)
	}
	if got := pidOf(t, d.docker, "counts"); got != pid {
		t.Errorf("the container's process was %s and is %s", pid, got)
	}
	if got := output(t, d.docker("wait", "ends")); got != "9" {
		t.Errorf("what ended meanwhile ended with %s", got)
	}
	if got := output(t, d.docker("logs", "ends")); got != "words" {
		t.Errorf("and said %q", got)
	}
	eventually(t, "the policy starts a container again that ended without a daemon", func() bool {
		return output(t, d.docker("inspect", "-f", "{{.State.Running}}", "always")) == "true" &&
			strings.Count(output(t, d.docker("logs", "always")), "ran") == 2
	})
	output(t, d.docker("exec", "counts", "touch", "/stop"))
	if got := output(t, d.docker("wait", "counts")); got != "6" {
		t.Errorf("the container that went on ended with %s", got)
	}
}

func TestADaemonWithTheHostsUsers(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t, "--userns", "host", "--warm-slots", "0")
	output(t, d.docker("run", "-d", "--name", "root", "busybox", "sleep", "1000"))
	if got := uids(t, pidOf(t, d.docker, "root")); got != "0\t0\t0\t0" {
		t.Errorf("with --userns=host, root in the container is %s", got)
	}
	dir := t.TempDir()
	if got := output(t, d.docker("run", "--rm", "-v", dir+":/b", "busybox", "sh", "-c", "ping -c 1 -w 2 127.0.0.1 >/dev/null && touch /b/x && stat -c %u /b/x")); got != "0" {
		t.Errorf("the file's owner is %s", got)
	}
}

func TestADaemonWithoutABridgeMakesNone(t *testing.T) {
	t.Parallel()
	var table string
	t.Cleanup(func() { // when the daemon, which would put its table back, has ended
		if err := removeNetwork(table); err != nil {
			t.Error(err)
		}
	})
	d := privateDaemon(t, "--bridge", "none")
	if got := output(t, d.docker("run", "--rm", "--network", "none", "busybox", "ls", "/sys/class/net")); got != "lo" {
		t.Errorf("without a network, a container has the interfaces %s", got)
	}
	if got := output(t, d.docker("run", "--rm", "--network", "host", "busybox", "sh", "-c", "echo /sys/class/net/*")); strings.Contains(got, d.name) {
		t.Errorf("among the host's interfaces is a bridge of this daemon: %s", got)
	}
	table = output(t, d.docker("info", "-f", "{{.ID}}"))[:12]
}

// A daemon removes what another has made for containers that it has found running.
func TestAGroupOfOnesOwnGoesWithItsLastContainer(t *testing.T) {
	t.Parallel()
	d := privateDaemon(t)
	groups := func() []string {
		var list []string
		for _, pattern := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
			found, err := filepath.Glob(pattern + d.name + "/team")
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, found...)
		}
		return list
	}
	for _, name := range []string{"one", "two"} {
		output(t, d.docker("run", "-d", "--name", name, "--cgroup-parent", "/"+d.name+"/team/a", "busybox", "sleep", "1000"))
	}
	output(t, d.docker("rm", "-f", "one"))
	if len(groups()) == 0 {
		t.Error("the second container's group is gone")
	}
	d.end(syscall.SIGKILL)
	if err := d.start(); err != nil {
		t.Fatal(err)
	}
	output(t, d.docker("rm", "-f", "two"))
	if left := groups(); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}
