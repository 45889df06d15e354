package api

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// docker runs the real docker CLI against a socket.
func docker(t *testing.T, socket, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	path, err := exec.LookPath("docker")
	if err != nil {
		t.Skip("needs the docker CLI on PATH")
	}
	cmd := exec.Command(path, append([]string{"-H", "unix://" + socket}, args...)...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=/usr/bin:/bin"}
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestDockerRunGivesOutputAndExitCode(t *testing.T) {
	fake := newFake()
	fake.process = func(_ io.Reader, out io.Writer) int {
		io.WriteString(out, "hello from a container\n")
		return 7
	}
	out, errs, code := docker(t, serve(t, fake), "", "run", "--rm", "--name", "web", "busybox", "true")
	if out != "hello from a container\n" || code != 7 {
		t.Errorf("got %q, exit code %d, and on stderr %q", out, code, errs)
	}
}

func TestDockerRunPassesStandardInputToItsEnd(t *testing.T) {
	fake := newFake()
	fake.process = func(in io.Reader, out io.Writer) int {
		all, _ := io.ReadAll(in)
		out.Write(bytes.ToUpper(all))
		return 0
	}
	input := strings.Repeat("many bytes\n", 50_000)
	out, errs, code := docker(t, serve(t, fake), input, "run", "-i", "--rm", "busybox", "tr", "a-z", "A-Z")
	if out != strings.ToUpper(input) || code != 0 {
		t.Errorf("got %d bytes of %d, exit code %d, and on stderr %q", len(out), len(input), code, errs)
	}
}

func TestDockerRunEndsThoughInputWasNotRead(t *testing.T) {
	fake := newFake()
	fake.process = func(_ io.Reader, out io.Writer) int {
		io.WriteString(out, "done\n")
		return 0
	}
	input := strings.Repeat("x", 4<<20)
	out, errs, code := docker(t, serve(t, fake), input, "run", "-i", "--rm", "busybox", "true")
	if out != "done\n" || code != 0 {
		t.Errorf("got %q, exit code %d, and on stderr %q", out, code, errs)
	}
}

func TestDockerRunDetached(t *testing.T) {
	fake := newFake()
	out, errs, code := docker(t, serve(t, fake), "", "run", "-d", "--name", "web", "-p", "8080:80", "nginx")
	if len(strings.TrimSpace(out)) != 64 || code != 0 {
		t.Errorf("got %q, exit code %d, and on stderr %q", out, code, errs)
	}
	if got := fake.created[0].Host.PortBindings["80/tcp"]; len(got) != 1 || got[0].HostPort != "8080" {
		t.Errorf("published ports: %v", got)
	}
}
