package view

import (
	"fmt"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/idmap"
)

// Process runs f with the root of a running process as the process sees it. Files that f makes belong to the process's user
// namespace. same tells, once the process is held, whether it is still the one that is meant and not another with its pid.
// Errors: Conflict if it has ended, and those of f.
func Process(pid int, same func() bool, f func(archive.Tree) error) error {
	return onThread(func() error {
		proc, err := unix.Open(fmt.Sprintf("/proc/%d", pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return ended(pid)
		}
		defer unix.Close(proc)
		first, err := idmap.BaseOf(pid)
		if err != nil {
			return err
		}
		root, err := unix.Openat(proc, "root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil || !same() {
			if err == nil {
				unix.Close(root)
			}
			return ended(pid)
		}
		defer unix.Close(root)
		if err := actAs(first); err != nil {
			return fmt.Errorf("act as the container's root: %w", err)
		}
		return f(archive.Tree{Root: root, FirstID: first})
	})
}

func ended(pid int) error {
	return fmt.Errorf("process %d of the container has just ended: try again: %w", pid, errdefs.ErrConflict)
}

// actAs makes files that this thread makes belong to an id, and keeps the rights over files that the thread has: overlay cannot store
// those of an id that its layers' owners do not map.
func actAs(id uint32) error {
	if id == 0 {
		return nil
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var caps [2]unix.CapUserData
	if err := unix.Capget(&header, &caps[0]); err != nil {
		return err
	}
	if err := unix.Setfsgid(int(id)); err != nil {
		return err
	}
	if err := unix.Setfsuid(int(id)); err != nil {
		return err
	}
	return unix.Capset(&header, &caps[0]) // those over files went with the id
}
