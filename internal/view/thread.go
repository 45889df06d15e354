package view

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// onThread runs f on a thread of its own, which ends after it. A panic of f goes on in the caller.
func onThread(f func() error) error {
	var err error
	var panicked any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		if unix.Gettid() != unix.Getpid() {
			err = f()
			return
		}
		// The first thread stands for the whole process in /proc, and cannot end. It is held here, so that f gets another.
		defer runtime.UnlockOSThread()
		err = onThread(f)
	}()
	<-done
	if panicked != nil {
		panic(panicked)
	}
	return err
}
