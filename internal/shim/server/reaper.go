package server

import (
	"os"
	"os/signal"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// reaper waits for every child: those that somebody watches for, helpers of a start, and orphans that came to the shim
// because it is the nearest subreaper.
type reaper struct {
	mu       sync.Mutex
	watched  map[int]chan ended
	early    map[int]ended // ended while a start was under way, before anybody could watch for them
	starting int
}

// ended is how a child ended.
type ended struct {
	code int
	at   time.Time
}

func newReaper() *reaper {
	r := &reaper{watched: map[int]chan ended{}, early: map[int]ended{}}
	c := make(chan os.Signal, 1)
	signal.Notify(c, unix.SIGCHLD)
	go func() {
		for range c {
			r.reap()
		}
	}()
	return r
}

// reap waits for all children that have ended. It holds the lock meanwhile: a child that start finds not to have ended
// early is still there, if only as a zombie, and its pid is no other's.
func (r *reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, unix.WNOHANG, nil)
		if err == unix.EINTR {
			continue
		}
		if pid <= 0 || err != nil {
			return
		}
		e := ended{code: ws.ExitStatus(), at: time.Now()}
		if ws.Signaled() {
			e.code = 128 + int(ws.Signal())
		}
		if c, ok := r.watched[pid]; ok {
			delete(r.watched, pid)
			c <- e
		} else if r.starting > 0 {
			r.early[pid] = e
		}
	}
}

// reaped tells whether a child has been waited for since a start began that is still under way.
func (r *reaper) reaped(pid int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.early[pid]
	return ok
}

// start runs f, which starts a child and gives its pid. It gives a channel that tells how the child ends, and a pidfd by
// which it is meant even after its pid is another's (-1: it has ended).
func (r *reaper) start(f func() (pid int, err error)) (end <-chan ended, pidfd int, err error) {
	r.mu.Lock()
	r.starting++
	r.mu.Unlock()
	pid, err := f()
	r.mu.Lock()
	defer r.mu.Unlock()
	c := make(chan ended, 1)
	pidfd = -1
	if err == nil {
		if e, ok := r.early[pid]; ok {
			c <- e
		} else {
			r.watched[pid] = c
			if fd, err := unix.PidfdOpen(pid, 0); err == nil {
				pidfd = fd
			}
		}
	}
	if r.starting--; r.starting == 0 {
		clear(r.early)
	}
	return c, pidfd, err
}
