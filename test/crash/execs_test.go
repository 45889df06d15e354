package crash

import (
	"fmt"
	"testing"
)

// execState is what inspect tells of an exec.
type execState struct {
	ContainerID   string
	Running       bool
	ExitCode      *int
	Pid           int
	OpenStdin     bool
	ProcessConfig struct {
		Entrypoint string
		Arguments  []string
	}
}

func (s execState) String() string {
	end := "no exit code"
	if s.ExitCode != nil {
		end = fmt.Sprintf("exit code %d", *s.ExitCode)
	}
	return fmt.Sprintf("running: %t, %s, %s %q", s.Running, end, s.ProcessConfig.Entrypoint, s.ProcessConfig.Arguments)
}

func TestTheNextDaemonKnowsTheExecsOfTheLast(t *testing.T) {
	d := newDaemon(t, "busybox")
	d.run("box")
	start := func(command string) (id string) {
		var made struct{ ID string }
		if err := d.ask("POST", "/containers/box/exec", map[string]any{"Cmd": []string{"sh", "-c", command}}, &made); err != nil {
			t.Fatal(err)
		}
		if err := d.ask("POST", "/exec/"+made.ID+"/start", map[string]any{"Detach": true}, nil); err != nil {
			t.Fatal(err)
		}
		return made.ID
	}
	look := func(id string) (s execState) {
		if err := d.ask("GET", "/exec/"+id+"/json", nil, &s); err != nil {
			t.Error(err)
		}
		return s
	}
	stays, ends := start("sleep 1000; exit 4"), start("trap 'exit 5' TERM; touch /trapped; while :; do sleep 0.01; done")
	d.eventually("the signal is expected", func() bool { _, err := d.docker("exec", "box", "test", "-e", "/trapped"); return err == nil })
	pid, ending := look(stays).Pid, look(ends).Pid
	d.kill()
	d.killProcess(ending, 15)
	d.start()
	if got, want := look(stays).String(), `running: true, no exit code, sh ["-c" "sleep 1000; exit 4"]`; got != want {
		t.Errorf("the one that runs on: %s, not %s", got, want)
	}
	if now := look(stays); now.Pid != pid || now.ContainerID != d.inspect("box", "{{.ID}}") {
		t.Errorf("it is process %d in %s, and was %d", now.Pid, now.ContainerID, pid)
	}
	if got := look(ends); got.Running || got.ExitCode == nil || *got.ExitCode != 5 {
		t.Errorf("the one that has ended: %s", got)
	}
	d.killProcess(pid, 9)
	d.eventually("the end of the other is told", func() bool { s := look(stays); return s.ExitCode != nil && *s.ExitCode == 137 && !s.Running })
	d.kill()
	d.start()
	if err := d.ask("GET", "/exec/"+stays+"/json", nil, nil); !refused(err, 404) {
		t.Errorf("an exec whose end was told before the daemon was killed: %v", err)
	}
}
