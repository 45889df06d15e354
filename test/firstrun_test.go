package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// firstRun is what a person types on a machine on which tug was just put: no daemon runs, no folder is there. The machine
// is this one with empty /run, /var/lib and /var/log and a network of its own.
const firstRun = `
mount -t tmpfs none /run
mount -t tmpfs none /var/lib
mount -t tmpfs none /var/log
unset TUG_HOST DOCKER_HOST
tug --no-autostart ps && exit 1
tug load -q -i "$IMAGE"
tug run --rm busybox echo hello
tug ps
stat -c '%a %U' /run/tug/tugd.sock /var/lib/tug
tug rm -f $(tug ps -aq) 2>/dev/null || true
kill $(cat /run/tug/tugd.pid)
while [ -e /run/tug/tugd.pid ]; do sleep 0.05; done
ls /run/tug/shims
`

func TestTheFirstRunStartsTheDaemon(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	image := filepath.Join(t.TempDir(), "busybox.tar")
	output(t, forDocker.docker("pull", "busybox"))
	output(t, forDocker.docker("save", "-o", image, "busybox"))
	parents, _ := filepath.Glob("/sys/fs/cgroup/*/tug")

	cmd := exec.Command("unshare", "--mount", "--net", "bash", "-ec", firstRun)
	cmd.Env = append(os.Environ(), "PATH="+forDocker.bin+":"+os.Getenv("PATH"), "IMAGE="+image)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "hello\nCONTAINER ID") || !strings.Contains(string(out), "660 root") {
		t.Errorf("the first run: %v\n%s", err, out)
	}
	if len(parents) == 0 { // no other daemon with the default parent was there
		made, _ := filepath.Glob("/sys/fs/cgroup/*/tug")
		for _, p := range made {
			os.Remove(p)
		}
	}
}
