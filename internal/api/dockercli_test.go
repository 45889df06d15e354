package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
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
	fake.runs(func(_ io.Reader, out io.Writer) int {
		io.WriteString(out, "hello from a container\n")
		return 7
	})
	out, errs, code := docker(t, serve(t, fake), "", "run", "--rm", "--name", "web", "busybox", "true")
	if out != "hello from a container\n" || code != 7 {
		t.Errorf("got %q, exit code %d, and on stderr %q", out, code, errs)
	}
}

func TestDockerRunPassesStandardInputToItsEnd(t *testing.T) {
	fake := newFake()
	fake.runs(func(in io.Reader, out io.Writer) int {
		all, _ := io.ReadAll(in)
		out.Write(bytes.ToUpper(all))
		return 0
	})
	input := strings.Repeat("many bytes\n", 50_000)
	out, errs, code := docker(t, serve(t, fake), input, "run", "-i", "--rm", "busybox", "tr", "a-z", "A-Z")
	if out != strings.ToUpper(input) || code != 0 {
		t.Errorf("got %d bytes of %d, exit code %d, and on stderr %q", len(out), len(input), code, errs)
	}
}

func TestDockerRunEndsThoughInputWasNotRead(t *testing.T) {
	fake := newFake()
	fake.runs(func(_ io.Reader, out io.Writer) int {
		io.WriteString(out, "done\n")
		return 0
	})
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

func TestDockerShowsContainers(t *testing.T) {
	fake := newFake()
	hold := make(chan struct{})
	defer close(hold)
	fake.runs(func(io.Reader, io.Writer) int { <-hold; return 0 })
	socket := serve(t, fake)
	docker(t, socket, "", "run", "-d", "--name", "web", "-p", "8080:80", "--label", "tier=front", "nginx", "sleep", "1 d")
	docker(t, socket, "", "create", "--name", "job", "nginx")

	out, errs, _ := docker(t, socket, "", "ps", "--format", "{{.Names}} {{.State}} {{.Image}} {{.Networks}} {{.Labels}}")
	if out != "web running nginx bridge tier=front\n" {
		t.Errorf("ps: %q %q", out, errs)
	}
	out, errs, _ = docker(t, socket, "", "ps", "-aq", "--no-trunc", "--filter", "status=created")
	if out != fmt.Sprintf("%064x\n", 2) {
		t.Errorf("ps with a filter: %q %q", out, errs)
	}
	out, errs, _ = docker(t, socket, "", "inspect", "-f", "{{.Name}} {{.State.Status}} {{.NetworkSettings.IPAddress}} {{.HostConfig.ShmSize}}", "web")
	if out != "/web running 172.17.0.2 67108864\n" {
		t.Errorf("inspect: %q %q", out, errs)
	}
	if _, errs, code := docker(t, socket, "", "ps", "--filter", "colour=red"); code != 1 || !strings.Contains(errs, "invalid filter 'colour'") {
		t.Errorf("ps with a filter that is none: exit code %d, %q", code, errs)
	}
	if _, errs, code := docker(t, socket, "", "inspect", "nobody"); code != 1 || !strings.Contains(errs, "o such object: nobody") {
		t.Errorf("inspect of nobody: exit code %d, %q", code, errs)
	}
	out, errs, _ = docker(t, socket, "", "network", "inspect", "bridge", "-f", "{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}")
	if out != "web 172.17.0.2/16\n" {
		t.Errorf("network inspect: %q %q", out, errs)
	}
}

func TestDockerExec(t *testing.T) {
	fake := newFake()
	hold := make(chan struct{})
	defer close(hold)
	fake.runs(func(io.Reader, io.Writer) int { <-hold; return 0 })
	socket := serve(t, fake)
	docker(t, socket, "", "run", "-d", "--name", "web", "nginx")

	fake.runs(func(in io.Reader, out io.Writer) int {
		all, _ := io.ReadAll(in)
		out.Write(bytes.ToUpper(all))
		return 3
	})
	out, errs, code := docker(t, socket, "some input", "exec", "-i", "web", "tr", "a-z", "A-Z")
	if out != "SOME INPUT" || code != 3 {
		t.Errorf("got %q, exit code %d, %q", out, code, errs)
	}
	out, errs, code = docker(t, socket, "", "exec", "web", "missing")
	if code != 127 || !strings.Contains(out+errs, `exec: "missing": executable file not found in $PATH`) {
		t.Errorf("missing program: %q %q, exit code %d", out, errs, code)
	}
	if _, errs, code = docker(t, socket, "", "exec", "-d", "web", "true"); code != 0 {
		t.Errorf("detached: exit code %d, %q", code, errs)
	}
}

func TestDockerImages(t *testing.T) {
	fake := newFake()
	socket := serve(t, fake)
	for _, tt := range []struct {
		args []string
		want string // somewhere in the output
		code int
	}{
		{[]string{"images"}, "nginx", 0},
		{[]string{"image", "inspect", "-f", "{{.Config.Cmd}} {{.Os}}/{{.Architecture}}", "nginx"}, "[nginx] linux/amd64", 0},
		{[]string{"history", "nginx"}, "CMD nginx", 0},
		{[]string{"pull", "nginx"}, "Status: Image is up to date for nginx:latest", 0},
		{[]string{"pull", "debian:12"}, "the registry went away", 1},
		{[]string{"pull", "nothing"}, "No such image: docker.io/library/nothing:latest", 1},
		{[]string{"push", "nginx"}, "Pushed", 0},
		{[]string{"tag", "nginx", "example.org/my/web:2"}, "", 0},
		{[]string{"rmi", "example.org/my/web:2"}, "Untagged: example.org/my/web:2", 0},
		{[]string{"image", "prune", "-f", "-a"}, "Total reclaimed space", 0},
		{[]string{"save", "nginx"}, "archive of nginx", 0},
		{[]string{"load"}, "Loaded image: nginx:latest", 0},
		{[]string{"import", "-", "my/root"}, "sha256:", 0},
		{[]string{"network", "ls", "--filter", "type=custom", "--format", "{{.Name}}"}, "backend", 0},
		{[]string{"info", "--format", "{{.ServerVersion}} {{.Driver}}"}, "1.2.3 overlay2", 0},
		{[]string{"info"}, "Registry Mirrors:\n  http://127.0.0.1:5000/", 0},
		{[]string{"version", "--format", "{{.Server.APIVersion}} {{.Server.MinAPIVersion}}"}, "1.56 1.24", 0},
	} {
		out, errs, code := docker(t, socket, "input", tt.args...)
		if code != tt.code || !strings.Contains(out+errs, tt.want) {
			t.Errorf("docker %s: exit code %d, %q %q, want %d and %q", strings.Join(tt.args, " "), code, out, errs, tt.code, tt.want)
		}
	}
	for _, call := range []string{
		"tag nginx example.org/my/web:2",
		"remove image example.org/my/web:2 force=false noprune=false",
		`import 5 docker.io/my/root:latest "Imported from -" [] `,
		"load 5 quiet=true",
	} {
		if !slices.Contains(fake.called, call) {
			t.Errorf("the engine was not asked to %s, but to\n%s", call, strings.Join(fake.called, "\n"))
		}
	}
}
