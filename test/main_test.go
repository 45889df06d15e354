package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The daemons that tests share; each stands alone: whoever restarts or kills a daemon starts one of his own.
var (
	forDocker *daemon // the docker command line speaks to this one
	forTug    *daemon // and tug to this one, at the same time
)

// whyNot says why the tests cannot run here, if they cannot, and whyNoDocker why they run with tug only.
var whyNot, whyNoDocker string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if whyNot = missing(); whyNot != "" {
		return m.Run()
	}
	if _, err := exec.LookPath("docker"); err != nil {
		whyNoDocker = "the docker command line is not on PATH"
	}
	before := takeSnapshot()
	dir, err := os.MkdirTemp("", ownFolder())
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	os.Setenv("GOTMPDIR", dir) // where scripts have their folders; what they leave goes too
	bin, err := build(dir)
	if err != nil {
		return fail(err)
	}
	var code int
	if forDocker, err = startDaemon(bin, dir, "d", 0); err != nil {
		return fail(err)
	}
	if forTug, err = startDaemon(bin, dir, "t", 1); err != nil {
		code = fail(err)
	} else {
		code = m.Run()
	}
	for _, d := range []*daemon{forDocker, forTug} {
		if d == nil {
			continue
		}
		for _, left := range d.finish() {
			code = fail(fmt.Errorf("left behind: %s", left))
		}
		if code != 0 {
			d.tell()
		}
	}
	for _, left := range settled(before) {
		code = fail(fmt.Errorf("left behind: %s", left))
	}
	return code
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "test:", err)
	return 1
}

func missing() string {
	if os.Getuid() != 0 {
		return "needs root"
	}
	if os.Getenv("TUG_TEST_REGISTRY") == "" {
		return "needs a registry with the base images: set TUG_TEST_REGISTRY, or run make test"
	}
	return ""
}

// build builds the programs as they are now, and gives tug a second name: people who come from docker type it.
func build(dir string) (bin string, err error) {
	bin = filepath.Join(dir, "bin")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin+"/", "tug/cmd/tug", "tug/cmd/tugd", "tug/cmd/tug-shim", "tug/cmd/tug-build")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	alias := filepath.Join(dir, "alias")
	if err := os.Mkdir(alias, 0o755); err != nil {
		return "", err
	}
	return bin, os.Symlink(filepath.Join(bin, "tug"), filepath.Join(alias, "docker"))
}
