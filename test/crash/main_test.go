package crash

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programs is the folder of tugd and its sisters; whyNot says why no test can run, if none can.
var programs, whyNot string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if whyNot = missing(); whyNot != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "tugcrash-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = filepath.Join(dir, "bin")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", programs+"/", "tug/cmd/tugd", "tug/cmd/tug-shim", "tug/test/crash/counter")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func missing() string {
	if os.Getuid() != 0 {
		return "needs root"
	}
	if os.Getenv("TUG_TEST_REGISTRY") == "" {
		return "needs a registry with the base images: set TUG_TEST_REGISTRY, or run make test"
	}
	if _, err := exec.LookPath("docker"); err != nil {
		return "needs the docker command line"
	}
	return ""
}
