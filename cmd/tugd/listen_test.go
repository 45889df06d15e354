package main

import (
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"tug/internal/proc"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// TestSocketIsForRootAndItsGroup holds that nobody else on the host reaches the API.
func TestSocketIsForRootAndItsGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "sock")
	c := &config{Hosts: list{"unix://" + path}, Group: "0"}
	listeners, err := c.listen(quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer listeners[0].Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if _, err := c.listen(quiet()); err == nil || !strings.Contains(err.Error(), "another daemon") {
		t.Errorf("a second daemon: %v", err)
	}
}

// TestSocketThatADaemonLeftIsReplaced lets a daemon start after one that was killed.
func TestSocketThatADaemonLeftIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sock")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	c := &config{Hosts: list{"unix://" + path}}
	listeners, err := c.listen(quiet())
	if err != nil {
		t.Fatal(err)
	}
	listeners[0].Close()
}

// TestNetworkIsServedOnLoopbackAlone refuses to give root to whoever reaches a port.
func TestNetworkIsServedOnLoopbackAlone(t *testing.T) {
	for address, ok := range map[string]bool{
		"tcp://127.0.0.1:0": true, "tcp://localhost:0": true, "tcp://[::]:0": false, "tcp://0.0.0.0:0": false, "tcp://:0": false,
		"tcp://192.0.2.1:0": false, "tcp://example.org:0": false, "tcp://127.0.0.1": false, "http://127.0.0.1:0": false, "/run/sock": false, "fd://": false,
	} {
		c := &config{Hosts: list{address}}
		listeners, err := c.listen(quiet())
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		for _, l := range listeners {
			l.Close()
		}
	}
}

// TestFailedListenClosesTheOthers leaves no socket of a daemon that does not come up.
func TestFailedListenClosesTheOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sock")
	c := &config{Hosts: list{"unix://" + path, "tcp://0.0.0.0:0"}}
	if _, err := c.listen(quiet()); err == nil {
		t.Fatal("it listens")
	}
	if _, err := net.Dial("unix", path); err == nil {
		t.Error("the first socket is still served")
	}
}

func TestPidFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "pid")
	release, err := writePid(path)
	if err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(path); string(data) != strconv.Itoa(os.Getpid()) {
		t.Errorf("got %q", data)
	}
	release()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
	// One of a process that is no daemon is taken over, whatever it says.
	for _, left := range []string{"1", "999999999", "nonsense", ""} {
		if err := os.WriteFile(path, []byte(left), 0o644); err != nil {
			t.Fatal(err)
		}
		release, err := writePid(path)
		if err != nil {
			t.Errorf("left with %q: %v", left, err)
			continue
		}
		release()
	}
}

// TestADaemonThatWasKilledIsWaitedFor: it may be seen for as long as the disk has something of it, and is no daemon that runs.
func TestADaemonThatWasKilledIsWaitedFor(t *testing.T) {
	dying := func(pid int) bool {
		p, err := proc.Read(pid)
		if err != nil {
			t.Fatal(err)
		}
		return isDying(p)
	}
	if dying(os.Getpid()) {
		t.Error("this process has been killed, it says")
	}
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait() // which the signal ends with an error
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// It is left as it is until somebody waits for it.
	if err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if !dying(cmd.Process.Pid) {
		t.Error("a process that was killed goes on, it says")
	}
}
