package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What others have written for Docker's API is to work unchanged: here the two clients that most programs use. What each does
// is in the folder sdk.

func TestPythonsSDK(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	install(t, "python3-docker")
	runSDK(t, exec.Command("/usr/bin/python3", "sdk/containers.py")) // Debian's: the package is for no other
}

func TestDockerode(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			install(t, "nodejs", "npm")
		}
	}
	cmd := exec.Command("node", "sdk/containers.js")
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(nodePackages(t), "node_modules"))
	runSDK(t, cmd)
}

// runSDK runs a program with a client, which says what it does, against the daemon.
func runSDK(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	output(t, forDocker.docker("pull", "-q", "busybox"))
	cmd.Args = append(cmd.Args, fmt.Sprint("sdk", serial.Add(1), "-"))
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "DOCKER_HOST="+forDocker.host())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// install installs Debian's packages, or skips the test where there are none.
func install(t *testing.T, packages ...string) {
	t.Helper()
	if out, err := exec.Command("../scripts/apt-install", packages...).CombinedOutput(); err != nil {
		t.Skipf("cannot install %v here: %v\n%s", packages, err, out)
	}
}

// nodePackages gives the folder with what sdk/package.json asks for, which is kept for the next time.
func nodePackages(t *testing.T) string {
	t.Helper()
	wanted, err := os.ReadFile("sdk/package.json")
	if err != nil {
		t.Fatal(err)
	}
	cache := os.Getenv("TUG_CACHE")
	if cache == "" {
		cache = "/var/cache/tug"
	}
	dir := filepath.Join(cache, "npm")
	have, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err == nil && string(have) == string(wanted) {
		return dir
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	made, err := os.MkdirTemp(dir, "install-") // beside, so that a run that is cut short leaves no half of it
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(made)
	if err := os.WriteFile(filepath.Join(made, "package.json"), wanted, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--omit=dev", "--omit=optional")
	cmd.Dir = made
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("npm gives no dockerode here: %v\n%s", err, out)
	}
	for _, part := range []string{"node_modules", "package.json"} { // which says that all is there
		if err := os.RemoveAll(filepath.Join(dir, part)); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(made, part), filepath.Join(dir, part)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
