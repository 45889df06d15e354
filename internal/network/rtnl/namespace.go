package rtnl

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Namespace opens the calling thread's network namespace, to come back to it later.
func Namespace() (*os.File, error) {
	f, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("open this network namespace: %w", err)
	}
	return f, nil
}

// Inside runs fn on a thread that has entered the network namespace ns, and brings the thread home again. Descriptors that
// fn opens (sockets, files below /proc/sys/net) keep belonging to ns.
func Inside(ns, home *os.File, fn func() error) (err error) {
	runtime.LockOSThread()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter the network namespace: %w", err)
	}
	defer func() {
		if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
			// The thread stays locked: it ends with its goroutine instead of serving others in the wrong namespace.
			err = fmt.Errorf("come back from the network namespace: %w", back)
			return
		}
		runtime.UnlockOSThread()
	}()
	return fn()
}
