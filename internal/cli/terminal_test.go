//go:build !windows

package cli_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// screen is a tug of its own with a terminal.
type screen struct {
	t    *testing.T
	cmd  *exec.Cmd
	keys *os.File

	mu    sync.Mutex
	shown bytes.Buffer
	done  chan struct{}
}

// open starts a command line on a terminal of 24 lines of 80 characters.
func (d *daemon) open(args ...string) *screen {
	d.t.Helper()
	cmd := d.command(args...)
	keys, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		d.t.Fatal(err)
	}
	s := &screen{t: d.t, cmd: cmd, keys: keys, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		chunk := make([]byte, 4096)
		for {
			n, err := keys.Read(chunk)
			s.mu.Lock()
			s.shown.Write(chunk[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	d.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = keys.Close()
	})
	return s
}

// command is this test's binary as tug.
func (d *daemon) command(args ...string) *exec.Cmd {
	home := d.t.TempDir()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asTug+"=1", "TUG_HOST=unix://"+d.socket, "TUG_CONFIG="+home, "DOCKER_CONFIG="+home, "NORAW=")
	return cmd
}

// await waits until what reports true.
func await(t *testing.T, what string, reports func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if reports() {
			return
		}
	}
	t.Fatal("waited in vain for " + what)
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

func (s *screen) awaitText(text string) {
	s.t.Helper()
	await(s.t, text, func() bool { return strings.Contains(s.text(), text) })
}

func (s *screen) press(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.keys, keys); err != nil {
		s.t.Fatal(err)
	}
}

// exit waits for the end and gives the exit code.
func (s *screen) exit() int {
	s.t.Helper()
	<-s.done
	return exitCode(s.t, s.cmd.Wait())
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		return exit.ExitCode()
	}
	return 0
}

func TestTerminalIsRawAndFollowsTheWindow(t *testing.T) {
	d := newDaemon(t)
	d.container(func(p *process) int {
		_, _ = p.Write([]byte("ready\r\n"))
		got := make([]byte, 2)
		_, _ = io.ReadFull(p.conn, got) // ctrl-c is a character here, not a signal
		_, _ = p.Write([]byte("got " + string(got[1:]) + "\r\n"))
		_ = p.line()
		return 7
	})
	s := d.open("run", "-it", "image")
	s.awaitText("ready\r\n")
	await(t, "the size", func() bool { return slices.Contains(d.log(), "POST /containers/c0ffee/resize?h=24&w=80") })
	if err := pty.Setsize(s.keys, &pty.Winsize{Rows: 40, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	await(t, "the new size", func() bool { return slices.Contains(d.log(), "POST /containers/c0ffee/resize?h=40&w=100") })
	s.press("\x03x")
	s.awaitText("got x\r\n")
	s.press("end\n")
	if code := s.exit(); code != 7 {
		t.Errorf("exit code %d: %q", code, s.text())
	}
	for _, line := range d.log() {
		if strings.Contains(line, "/kill") {
			t.Errorf("a signal was sent: %q", line)
		}
	}
}

func TestDetachKeysLeaveTheContainerRunning(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		keys string
	}{
		{"default", []string{"run", "-it", "image"}, "\x10\x11"},
		{"given", []string{"run", "-it", "--detach-keys", "ctrl-a,d", "image"}, "\x01d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDaemon(t)
			p := d.container(func(p *process) int {
				_, _ = p.Write([]byte("ready\r\n"))
				_ = p.input()
				return 0
			})
			s := d.open(c.args...)
			s.awaitText("ready")
			s.press(c.keys)
			if code := s.exit(); code != 0 {
				t.Errorf("exit code %d: %q", code, s.text())
			}
			<-p.starts
		})
	}
}

func TestConfiguredDetachKeys(t *testing.T) {
	d := newDaemon(t)
	d.container(func(p *process) int {
		_, _ = p.Write([]byte("ready\r\n"))
		_ = p.input()
		return 0
	})
	cmd := d.command("run", "-it", "image")
	folder := t.TempDir()
	if err := os.WriteFile(folder+"/config.json", []byte(`{"detachKeys":"ctrl-x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, "TUG_CONFIG="+folder)
	keys, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	shown := make([]byte, 64)
	for read := 0; !bytes.Contains(shown[:read], []byte("ready")); {
		n, err := keys.Read(shown[read:])
		if err != nil {
			t.Fatal(err)
		}
		read += n
	}
	if _, err := keys.Write([]byte("\x18")); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd.Wait()); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestSignalsGoToTheContainer(t *testing.T) {
	d := newDaemon(t)
	asked := make(chan string, 8)
	p := d.container(func(p *process) int {
		p.stdout("ready\n")
		for _, want := range []string{"HUP", "USR1", "TERM"} {
			if got := <-asked; got != want {
				return 1
			}
			p.stdout(want + "\n")
		}
		return 9
	})
	d.on("POST /containers/{}/kill", answerSignal(asked))
	cmd := d.command("run", "image")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	<-p.starts
	expect := func(line string) {
		t.Helper()
		got := make([]byte, len(line))
		if _, err := io.ReadFull(out, got); err != nil || string(got) != line {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	expect("ready\n")
	for _, s := range []struct {
		name   string
		signal syscall.Signal
	}{{"HUP", syscall.SIGHUP}, {"USR1", syscall.SIGUSR1}, {"TERM", syscall.SIGTERM}} {
		if s.name == "USR1" { // the window's size is nothing to a container without a terminal
			_ = cmd.Process.Signal(syscall.SIGWINCH)
		}
		if err := cmd.Process.Signal(s.signal); err != nil {
			t.Fatal(err)
		}
		expect(s.name + "\n")
	}
	if code := exitCode(t, cmd.Wait()); code != 9 {
		t.Errorf("exit code %d", code)
	}
}

func TestSignalEndsACommandThatHasNobodyToPassItTo(t *testing.T) {
	d := newDaemon(t)
	d.on("GET /containers/{}/json", answer(200, map[string]any{"Id": "c0ffee", "Config": map[string]any{"Tty": true}}))
	d.on("GET /containers/{}/logs", streamForever("line\n"))
	cmd := d.command("logs", "-f", "c")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	if _, err := io.ReadFull(out, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd.Wait()); code != 130 {
		t.Errorf("exit code %d", code)
	}
}
