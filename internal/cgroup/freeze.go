package cgroup

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
)

// freezeTimeout bounds the wait for processes to stop. One in an uninterruptible sleep (on a dead network file system, say) does not stop.
const freezeTimeout = 10 * time.Second

// Freeze stops all processes of the group and returns when none runs. If one does not stop, all go on, and the error is of the class ErrUnavailable.
func (g *Group) Freeze() error {
	dir := g.dir("freezer")
	if dir == "" {
		return fmt.Errorf("pause: this kernel has no freezer cgroup controller, or it is not mounted: %w", errdefs.ErrFailedPrecondition)
	}
	if err := g.freeze(dir, freezeTimeout); err != nil {
		_ = g.Thaw()
		return g.notFound(fmt.Errorf("freeze cgroup %s: %w", g.path, err))
	}
	return nil
}

func (g *Group) freeze(dir string, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	if g.host.V2 {
		return freezeV2(dir, deadline)
	}
	return freezeV1(dir, deadline)
}

// Thaw lets frozen processes go on.
func (g *Group) Thaw() error {
	file, value := "freezer.state", "THAWED"
	if g.host.V2 {
		file, value = "cgroup.freeze", "0"
	}
	if err := write(g.dir("freezer"), file, value); err != nil {
		return g.notFound(fmt.Errorf("thaw cgroup %s: %w", g.path, err))
	}
	return nil
}

var errNotFrozen = fmt.Errorf("some process does not stop: %w", errdefs.ErrUnavailable)

// freezeV2 is done when the kernel says so in cgroup.events.
func freezeV2(dir string, deadline time.Time) error {
	if err := write(dir, "cgroup.freeze", "1"); err != nil {
		return err
	}
	events, err := os.Open(filepath.Join(dir, "cgroup.events"))
	if err != nil {
		return err
	}
	defer events.Close()
	for {
		text := make([]byte, 256)
		n, err := events.ReadAt(text, 0)
		if n == 0 && err != nil {
			return err
		}
		if bytes.Contains(text[:n], []byte("frozen 1")) {
			return nil
		}
		left := time.Until(deadline)
		if left <= 0 {
			return errNotFrozen
		}
		change := []unix.PollFd{{Fd: int32(events.Fd()), Events: unix.POLLPRI}}
		if _, err := unix.Poll(change, int(left.Milliseconds())+1); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// freezeV1 asks again until all are frozen: version 1 overlooks processes that are being forked, and may then be stuck until it
// is told to thaw and to freeze anew.
func freezeV1(dir string, deadline time.Time) error {
	for try := 1; ; try++ {
		if err := write(dir, "freezer.state", "FROZEN"); err != nil {
			return err
		}
		state, err := os.ReadFile(filepath.Join(dir, "freezer.state"))
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(state)) == "FROZEN" {
			return nil
		}
		if time.Now().After(deadline) {
			return errNotFrozen
		}
		switch {
		case try%50 == 0:
			if err := write(dir, "freezer.state", "THAWED"); err != nil {
				return err
			}
			time.Sleep(10 * time.Millisecond)
		case try > 5:
			time.Sleep(100 * time.Microsecond)
		}
	}
}
