package test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminal is a command that runs in a terminal of its own, as under a person's hands.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	done chan struct{} // closed when all that it showed has been read

	mu    sync.Mutex
	shown bytes.Buffer
}

func inTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 33, Cols: 111})
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, cmd: cmd, pty: master, done: make(chan struct{})}
	go x.read()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		master.Close()
		<-x.done
	})
	return x
}

func (x *terminal) read() {
	defer close(x.done)
	buf := make([]byte, 4096)
	for {
		n, err := x.pty.Read(buf)
		x.mu.Lock()
		x.shown.Write(buf[:n])
		x.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (x *terminal) text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.shown.String()
}

// expect waits until what was shown since the last call matches.
func (x *terminal) expect(pattern string) {
	x.t.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		x.mu.Lock()
		at := re.FindIndex(x.shown.Bytes())
		if at != nil {
			x.shown.Next(at[1])
		}
		x.mu.Unlock()
		if at != nil {
			return
		}
		if time.Now().After(deadline) {
			x.t.Fatalf("the terminal never showed %q, but:\n%s", pattern, x.text())
		}
	}
}

func (x *terminal) typed(keys string) {
	x.t.Helper()
	if _, err := x.pty.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// exits waits for the command's end and checks its status.
func (x *terminal) exits(status int) {
	x.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- x.cmd.Wait() }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		x.t.Fatalf("the command does not end; the terminal shows:\n%s", x.text())
	}
	if got := x.cmd.ProcessState.ExitCode(); got != status {
		x.t.Errorf("exit status %d, want %d; the terminal shows:\n%s", got, status, x.text())
	}
}

type cli = func(...string) *exec.Cmd

func TestTerminalOfRunHasTheSizeOfThePersonsAndFollowsIt(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		x := inTerminal(t, cli("run", "--rm", "-it", "debian", "bash", "--norc"))
		x.expect(`# $`)
		x.typed("tty; stty size; test -t 2 && echo $TERM-terminal\r")
		x.expect(`/dev/pts/0\r\n33 111\r\nxterm-terminal\r\n`)
		if err := pty.Setsize(x.pty, &pty.Winsize{Rows: 44, Cols: 122}); err != nil {
			t.Fatal(err)
		}
		x.typed("until [ \"$(stty size)\" = '44 122' ]; do sleep 0.01; done; echo resized to $(stty size)\r")
		x.expect(`resized to 44 122\r\n`)
		x.typed("exit 17\r")
		x.exits(17)
	})
}

func TestCtrlCInATerminalGoesToTheContainersProcess(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		x := inTerminal(t, cli("run", "--rm", "-it", "debian", "bash", "--norc"))
		x.expect(`# $`)
		x.typed("sleep 1000\r")
		x.expect(`sleep 1000\r\n`)
		time.Sleep(100 * time.Millisecond) // for the shell to start it
		x.typed("\x03")
		x.expect(`\^C`)
		x.typed("echo status $?\r")
		x.expect(`status 130`)
		x.typed("\x04")
		x.exits(0)
	})
}

func TestDetachKeysLeaveTheContainerRunning(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		name := "detach"
		x := inTerminal(t, cli("run", "-it", "--name", name, "busybox", "sh"))
		x.expect(`# `)
		x.typed("echo before $((40+2))\r")
		x.expect(`before 42`)
		x.typed("\x10\x11")
		x.exits(0)
		if got := output(t, cli("inspect", "-f", "{{.State.Status}}", name)); got != "running" {
			t.Errorf("detached from, the container is %s", got)
		}
		x = inTerminal(t, cli("attach", "--detach-keys", "ctrl-a,x", name))
		x.typed("echo again $((40+2))\r")
		x.expect(`again 42`)
		x.typed("\x01x")
		x.exits(1) // as docker attach says it

		x = inTerminal(t, cli("attach", name))
		x.typed("exit 5\r")
		x.exits(5)
		output(t, cli("rm", name))
	})
}

func TestTerminalOfExec(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		name := "exec-terminal"
		output(t, cli("run", "-d", "--name", name, "debian", "sleep", "1000"))
		defer cli("rm", "-f", name).Run()
		x := inTerminal(t, cli("exec", "-it", name, "bash", "--norc"))
		x.expect(`# $`)
		x.typed("tty; stty size\r")
		x.expect(`/dev/pts/0\r\n33 111\r\n`)
		if err := pty.Setsize(x.pty, &pty.Winsize{Rows: 20, Cols: 70}); err != nil {
			t.Fatal(err)
		}
		x.typed("until [ \"$(stty size)\" = '20 70' ]; do sleep 0.01; done; echo resized $((1+1))\r")
		x.expect(`resized 2`)
		x.typed("sleep 1000\r")
		x.expect(`sleep 1000\r\n`)
		x.typed("\x10\x11") // leaves the shell to itself
		x.exits(1)
	})
}

// Ctrl+C at a run without -t: the kernel sends SIGINT to the command line, which passes it on.
func TestCtrlCInTheForegroundIsPassedOn(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		x := inTerminal(t, cli("run", "--rm", "busybox", "sh", "-c", "trap 'echo caught; exit 130' INT; echo ready; while :; do sleep 0.05; done"))
		x.expect(`ready`)
		x.typed("\x03")
		x.expect(`caught`)
		x.exits(130)
	})
}

func TestSignalsToTheCommandLineArePassedOn(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		for signal, status := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGHUP: 129, syscall.SIGUSR1: 138, syscall.SIGINT: 130} {
			x := inTerminal(t, cli("run", "--rm", "--init", "busybox", "sh", "-c", "echo ready; exec sleep 1000"))
			x.expect(`ready`)
			x.cmd.Process.Signal(signal)
			x.exits(status)
		}
		x := inTerminal(t, cli("run", "--name", "left-alone", "busybox", "sh", "-c", "echo ready; exec sleep 1000"))
		x.expect(`ready`)
		x.cmd.Process.Kill()
		x.exits(-1)
		if got := output(t, cli("inspect", "-f", "{{.State.Status}}", "left-alone")); got != "running" {
			t.Errorf("its command line was killed, and the container is %s", got)
		}
		output(t, cli("rm", "-f", "left-alone"))
	})
}

func TestTerminalIsNeededForItsFlag(t *testing.T) {
	clis(t, func(t *testing.T, cli cli) {
		cmd := cli("run", "--rm", "-it", "busybox", "true")
		r, w, err := os.Pipe() // neither a terminal nor /dev/null
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		cmd.Stdin = r
		out, err := cmd.CombinedOutput()
		if err == nil || !regexp.MustCompile("not a (TTY|terminal)").Match(out) {
			t.Errorf("run -it without a terminal: %v: %s", err, out)
		}
	})
}
