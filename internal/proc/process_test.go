package proc

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
)

func TestAProcessIsRead(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	p, err := Read(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	// Just after the fork it may still have its parent's name and arguments.
	if p.Pid != cmd.Process.Pid || p.Tid != p.Pid || p.Parent != os.Getpid() || p.Threads != 1 || p.UIDs[1] != uint32(os.Geteuid()) {
		t.Errorf("%+v", p)
	}
	if own, err := Read(os.Getpid()); err != nil || !strings.Contains(own.Command[0], "proc.test") || own.Resident == 0 || own.Started == 0 {
		t.Errorf("%+v, %v", own, err)
	}
	if threads, err := ReadThreads(os.Getpid()); err != nil || len(threads) < 2 || threads[0].Pid != os.Getpid() || threads[0].Tid == threads[1].Tid {
		t.Errorf("%+v, %v", threads, err)
	}
	if own, err := Read(os.Getpid()); err != nil || own.Link("exe") == "" || own.Attribute("comm") != "proc.test" || own.Attribute("nosuch") != "" {
		t.Error(own, err)
	}
}

func TestANameMayHaveAnyCharacters(t *testing.T) {
	var p Process
	err := p.parseStat("42 (a) b (c) R 1 2 3 34816 5 4194560 7 0 9 0 100 200 0 0 20 -5 3 0 500 4096 1 0 1000 3048 0 0 0 0 0 0 0 0 0 0 17 1 2 0 0\n")
	if err != nil || p.Comm != "a) b (c" || p.State != 'R' || p.Tid != 42 || p.Parent != 1 || p.Terminal != 34816 || p.Nice != -5 {
		t.Errorf("%+v: %v", p, err)
	}
	if p.User != time.Second || p.System != 2*time.Second || p.Started != 5*time.Second || p.CodeSize != 2048 || p.Processor != 1 || p.Policy != 0 {
		t.Errorf("%+v", p)
	}
	for _, bad := range []string{"", "1 (x", "1 )x( R", "1 (x) R 1 2"} {
		if err := p.parseStat(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestProcessesThatHaveEndedAreNotFound(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(cmd.Process.Pid); !errdefs.IsNotFound(err) {
		t.Error(err)
	}
	if _, err := ReadThreads(cmd.Process.Pid); !errdefs.IsNotFound(err) {
		t.Error(err)
	}
}

func FuzzParseProcess(f *testing.F) {
	f.Add("42 (x) R 1 2 3 4 5", "Uid:\t0\t0\t0\t0\nVmRSS:\t 5 kB\n")
	f.Fuzz(func(_ *testing.T, stat, status string) {
		var p Process
		_ = p.parseStat(stat)
		p.parseStatus(status)
	})
}
