package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// deadMount mounts a file system whose server never answers, as one in a network that has gone, and gives its folder. Who touches
// it hangs, until killed.
func deadMount(t *testing.T) (dir string, die func()) {
	t.Helper()
	dir = t.TempDir()
	server, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no file system can be made that hangs: %v", err)
	}
	return dir, func() {
		t.Helper()
		options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", server.Fd())
		if err := unix.Mount("dead", dir, "fuse", 0, options); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			server.Close() // whoever still waits is told that there is nobody
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestADeadFileSystemHoldsNobodyUp(t *testing.T) {
	d := newDaemon(t, "busybox")
	dir, die := deadMount(t)
	within := filepath.Join(dir, "within")
	if err := os.Mkdir(within, 0o755); err != nil {
		t.Fatal(err)
	}
	d.run("runs", "-v", within+":/dead")
	d.must(append([]string{"create"}, counterArgs("waits", "-v", within+":/dead")...)...)
	die()
	told := make(chan error, 1)
	go func() {
		_, err := d.docker("start", "waits")
		told <- err
	}()
	d.run("other")
	if out := d.must("exec", "runs", "echo", "hello"); out != "hello" {
		t.Errorf("an exec beside it says %q", out)
	}
	for _, what := range [][]string{{"start", "waits"}, append([]string{"create"}, counterArgs("new", "-v", within+":/dead")...)} {
		if _, err := d.docker(what...); err == nil || !strings.Contains(err.Error(), "does not answer") {
			t.Errorf("%s: %v", what[0], err)
		}
	}
	if err := <-told; err == nil || !strings.Contains(err.Error(), within+" does not answer") {
		t.Errorf("start: %v", err)
	}
	d.must("rm", "waits")
	d.must("restart", "other")
	d.end(syscall.SIGTERM) // the daemon ends though something hangs in it
	d.start()
	d.goesOn("runs", 1)
	d.goesOn("other", 2)
}
