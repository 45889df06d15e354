package cgroup

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
)

// killPatience is how long a group may take to stand still before it is killed as it runs.
const killPatience = 500 * time.Millisecond

// killRounds bounds how often the processes of a group are listed and killed where the kernel does not do it itself.
const killRounds = 100

// Kill sends SIGKILL to every process of the group and of those below it, frozen ones too, and to any that they fork meanwhile. It does not wait for
// their ends. A group that is not there has nobody to kill.
func (g *Group) Kill() error {
	if g.host.V2 {
		err := write(g.Dir(), "cgroup.kill", "1") // since Linux 5.14
		if err == nil || gone(err) && !exists(g.Dir(), "cgroup.procs") {
			return nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("kill cgroup %s: %w", g.path, err)
		}
	}
	if err := g.killEach(); err != nil {
		return fmt.Errorf("kill cgroup %s: %w", g.path, err)
	}
	return nil
}

// killEach holds the group still while its processes are listed and killed: otherwise one that forks fast enough gets away, and a number may
// by then be another process's. If it cannot be held, it is killed as often as there is somebody.
func (g *Group) killEach() error {
	if deserted, err := g.deserted(); deserted || err != nil {
		return err
	}
	freezer, frozen := g.dir("freezer"), false
	if freezer != "" {
		frozen = g.freeze(freezer, killPatience) == nil
		defer g.Thaw() // a frozen process takes its signal then
	}
	for range killRounds {
		pids, err := pidsBelow(g.mainDir())
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("process %d: %w", pid, err)
			}
		}
		if frozen {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("processes keep appearing: %w", errdefs.ErrUnavailable)
}

// deserted tells that nobody is in the group, and that it has no groups below it that somebody could have hidden in meanwhile: to hold still those who
// are not there takes longer than all else.
func (g *Group) deserted() (bool, error) {
	dir := g.mainDir()
	pids, err := pidsIn(dir)
	if gone(err) {
		return true, nil
	}
	if err != nil || len(pids) > 0 {
		return false, err
	}
	entries, err := os.ReadDir(dir)
	if gone(err) {
		return true, nil
	}
	return err == nil && !slices.ContainsFunc(entries, os.DirEntry.IsDir), err
}
