package test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A build whose first step is quick and made only once, and whose second goes on until it is killed, unless it is told not to.
const endless = "FROM busybox\nRUN head -c 8 /dev/urandom | od -x >/once\nARG QUICK\nRUN --mount=type=cache,target=/kept [ -n \"$QUICK\" ] || sleep %s\n"

// sleepers are the processes of this host that sleep for so long.
func sleepers(t *testing.T, seconds string) (pids []string) {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		line, _ := os.ReadFile(f) // it may have ended
		if bytes.Equal(line, []byte("sleep\x00"+seconds+"\x00")) {
			pids = append(pids, filepath.Base(filepath.Dir(f)))
		}
	}
	return pids
}

// beginEndless starts such a build, and returns when its second step runs.
func beginEndless(t *testing.T, build *exec.Cmd, seconds string) *exec.Cmd {
	t.Helper()
	build.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := build.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second step runs", func() bool { return len(sleepers(t, seconds)) == 1 })
	return build
}

// holdsNothing waits until nothing of a build is there any more: no process, no cgroup, no mount, nothing in use.
func (d *daemon) holdsNothing(t *testing.T, seconds string) {
	t.Helper()
	eventually(t, "no process of the build runs", func() bool { return len(sleepers(t, seconds)) == 0 })
	eventually(t, "no cgroup of the build is left", func() bool {
		groups, err := filepath.Glob("/sys/fs/cgroup/*/" + d.name + "/*/")
		if err != nil {
			t.Fatal(err)
		}
		more, _ := filepath.Glob("/sys/fs/cgroup/" + d.name + "/*/")
		return len(groups)+len(more) == 0
	})
	eventually(t, "no mount of the build is left", func() bool {
		mounts, err := os.ReadFile("/proc/self/mountinfo")
		if err != nil {
			t.Fatal(err)
		}
		return !bytes.Contains(mounts, []byte(d.dir+"/"))
	})
	eventually(t, "no part of the cache is in use", func() bool {
		return !strings.Contains(said(t, d.docker("system", "df", "-v", "--format", "{{range .BuildCache}}{{.InUse}} {{end}}")), "true")
	})
}

// TestABuildThatEndsEarlyLeavesNothing ends builds in each way that there is, and looks at the host.
func TestABuildThatEndsEarlyLeavesNothing(t *testing.T) {
	d := privateDaemon(t)
	interrupt := func(build *exec.Cmd) { _ = syscall.Kill(-build.Process.Pid, syscall.SIGINT) }
	byID := func(dir string) *exec.Cmd { // as clients without BuildKit do
		return d.command("sh", "-c", fmt.Sprintf("tar -C %s -c . | curl -sS -N --fail --unix-socket %s -T - -X POST 'http://d/build?buildid=mine' | tee %[1]s.said; ! grep -q errorDetail %[1]s.said", dir, d.socket()))
	}
	for i, way := range []struct {
		name  string
		end   func(build *exec.Cmd)
		build func(dir string) *exec.Cmd // nil for tug build
	}{
		{"Ctrl+C", interrupt, nil},
		{"the client is killed", func(build *exec.Cmd) { _ = syscall.Kill(-build.Process.Pid, syscall.SIGKILL) }, nil},
		{"the daemon is stopped", func(*exec.Cmd) { d.restart(t, syscall.SIGTERM) }, nil},
		{"the daemon is killed", func(*exec.Cmd) { d.restart(t, syscall.SIGKILL) }, nil},
		{"a client without BuildKit goes", interrupt, byID},
		{"it is cancelled by its ID", func(*exec.Cmd) {
			if status, said := d.request(t, "POST", "/build/cancel?id=mine", ""); status != http.StatusOK {
				t.Errorf("%d: %s", status, said)
			}
		}, byID},
	} {
		t.Run(way.name, func(t *testing.T) {
			seconds := fmt.Sprintf("%d%d", 100_000+os.Getpid(), i)
			dir := buildContext(t, map[string]string{"Dockerfile": fmt.Sprintf(endless, seconds)})
			if way.build == nil {
				way.build = func(dir string) *exec.Cmd { return d.tug("build", "--progress", "plain", dir) }
			}
			build := beginEndless(t, way.build(dir), seconds)
			way.end(build)
			if err := build.Wait(); err == nil {
				t.Error("the build says that it is done")
			}
			d.holdsNothing(t, seconds)
			again := said(t, d.tug("build", "--progress", "plain", "--build-arg", "QUICK=1", dir))
			if !strings.Contains(again, "CACHED") {
				t.Errorf("the step that had ended does not come from the cache:\n%s", again)
			}
		})
	}
	said(t, d.docker("builder", "prune", "--all", "--force"))
	said(t, d.docker("image", "prune", "--all", "--force"))
	eventually(t, "no layer is left on the disk", func() bool {
		layers, err := os.ReadDir(filepath.Join(d.dir, "data", "image", "snapshots", "snapshots"))
		return err == nil && len(layers) == 0
	})
}

// restart ends the daemon and starts it again.
func (d *daemon) restart(t *testing.T, signal syscall.Signal) {
	t.Helper()
	d.end(signal)
	if err := d.start(); err != nil {
		t.Fatal(err)
	}
}

// TestBuildsOfTheSameAtOnceShareTheWork has a step count how often it runs. It does not end before both builds show it.
func TestBuildsOfTheSameAtOnceShareTheWork(t *testing.T) {
	d := privateDaemon(t)
	const seconds = "7351"
	dir := buildContext(t, map[string]string{
		"Dockerfile": "FROM busybox AS made\nRUN --mount=type=cache,target=/kept echo once >>/kept/count; sleep " + seconds + " || true\n" +
			"FROM busybox AS read\nRUN --mount=type=cache,target=/kept cp /kept/count /\n" +
			"FROM scratch\nCOPY --from=read /count /\n",
	})
	var builds [2]*exec.Cmd
	var shown [2]*os.File
	for i := range builds {
		var err error
		if shown[i], err = os.Create(filepath.Join(t.TempDir(), "shown")); err != nil {
			t.Fatal(err)
		}
		defer shown[i].Close()
		builds[i] = d.tug("build", "--progress", "plain", "--target", "made", "--output", "type=cacheonly", dir)
		builds[i].Stdout, builds[i].Stderr = shown[i], shown[i]
		if err := builds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range shown {
		eventually(t, "both builds show the step", func() bool {
			text, err := os.ReadFile(f.Name())
			return err == nil && bytes.Contains(text, []byte("[made 2/2] RUN"))
		})
	}
	over := make(chan error, len(builds))
	for i, b := range builds {
		go func() {
			err := b.Wait()
			if err != nil {
				text, _ := os.ReadFile(shown[i].Name())
				err = fmt.Errorf("%w: %s", err, text)
			}
			over <- err
		}()
	}
	for n := 0; n < len(builds); {
		eventually(t, "the builds end with the step", func() bool {
			for _, pid := range sleepers(t, seconds) {
				_ = syscall.Kill(atoi(t, pid), syscall.SIGKILL) // it may have ended
			}
			return len(over) > 0
		})
		if err := <-over; err != nil {
			t.Fatal(err)
		}
		n++
	}
	out := t.TempDir()
	said(t, d.tug("build", "--output", "type=local,dest="+out, dir))
	if count, err := os.ReadFile(filepath.Join(out, "count")); err != nil || string(count) != "once\n" {
		t.Errorf("the step says %q, %v", count, err)
	}
}
