package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// buildxProgram builds docker's client of BuildKit from the module that go.mod names, once for all tests.
var buildxProgram = sync.OnceValues(func() (string, error) {
	program := filepath.Join(filepath.Dir(forDocker.bin), "buildx")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "github.com/docker/buildx/cmd/buildx")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return program, nil
})

// installBuildx makes it a plugin of the docker command line in a session.
func installBuildx(e *testscript.Env) error {
	program, err := buildxProgram()
	if err != nil {
		return fmt.Errorf("build buildx: %w\n%s", err, program)
	}
	config := filepath.Join(e.WorkDir, ".docker")
	if err := os.MkdirAll(filepath.Join(config, "cli-plugins"), 0o755); err != nil {
		return err
	}
	e.Setenv("DOCKER_CONFIG", config)
	return os.Symlink(program, filepath.Join(config, "cli-plugins", "docker-buildx"))
}

// buildx is a command of buildx for a daemon, with the builder that speaks to it as to Docker.
func (d *daemon) buildx(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := buildxProgram()
	if err != nil {
		t.Fatalf("build buildx: %v\n%s", err, program)
	}
	cmd := d.command(program, args...)
	cmd.Env = append(cmd.Env, "BUILDX_CONFIG="+filepath.Join(d.dir, "buildx"), "BUILDX_NO_DEFAULT_ATTESTATIONS=1")
	return cmd
}

// said runs a command that must succeed, and gives what it writes.
func said(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

// buildContext is a folder with files.
func buildContext(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestBuildxBuilds builds as most people do: the image is there at once, and is what the Dockerfile says.
func TestBuildxBuilds(t *testing.T) {
	needsEngine(t)
	d := forDocker
	dir := buildContext(t, map[string]string{
		"Dockerfile": "FROM busybox AS first\nRUN echo made >/made && id -u >/id\n" +
			"FROM busybox\nCOPY --from=first /made /id /\nCOPY context /context\nRUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/quick touch /cache/a /quick/a\n" +
			"CMD [\"cat\", \"/made\", \"/id\", \"/context\"]\n",
		"context": "sent\n",
	})
	said(t, d.buildx(t, "build", "--progress", "plain", "-t", "built:1", dir))
	t.Cleanup(func() { said(t, d.docker("rmi", "built:1")) })
	if got := said(t, d.docker("run", "--rm", "built:1")); got != "made\n0\nsent\n" {
		t.Errorf("the image says %q", got)
	}
	if got := said(t, d.docker("run", "--rm", "built:1", "ls", "/")); strings.Contains(got, "cache") || strings.Contains(got, "quick") {
		t.Errorf("places of mounts are in the image:\n%s", got)
	}
	again := said(t, d.buildx(t, "build", "--progress", "plain", "-t", "built:1", dir))
	if strings.Count(again, "CACHED") < 4 {
		t.Errorf("the second build does not use what the first has made:\n%s", again)
	}
}
