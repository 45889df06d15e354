package logread

import (
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// pollInterval is how often a follower looks where the kernel does not tell it: when the host's inotify instances or watches are used up.
const pollInterval = 200 * time.Millisecond

// Reader reads logs. All that follow through one Reader share one inotify instance, of which a host has few.
type Reader struct {
	mu        sync.Mutex // guards what is below
	inotify   *fsnotify.Watcher
	followers map[string]map[chan struct{}]bool // by the path of the log
	folders   map[string]int                    // followers of logs in it
	running   sync.WaitGroup
}

// NewReader returns a Reader; Close frees what it holds.
func NewReader() *Reader {
	return &Reader{followers: map[string]map[chan struct{}]bool{}, folders: map[string]int{}}
}

// Close frees the inotify instance. Nobody may be following any more.
func (r *Reader) Close() error {
	r.mu.Lock()
	inotify := r.inotify
	r.inotify = nil
	r.mu.Unlock()
	if inotify == nil {
		return nil
	}
	err := inotify.Close()
	r.running.Wait()
	return err
}

// watch returns a channel that gets a value some time after each change of the file at path, or of which file that is.
func (r *Reader) watch(path string) (wake <-chan struct{}, stop func()) {
	path, err := filepath.Abs(path)
	if err != nil {
		return poll()
	}
	folder := filepath.Dir(path)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.start() || r.folders[folder] == 0 && r.inotify.Add(folder) != nil {
		return poll()
	}
	r.folders[folder]++
	if r.followers[path] == nil {
		r.followers[path] = map[chan struct{}]bool{}
	}
	changed := make(chan struct{}, 1)
	r.followers[path][changed] = true
	return changed, func() { r.unwatch(path, folder, changed) }
}

func (r *Reader) unwatch(path, folder string, changed chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.followers[path], changed)
	if len(r.followers[path]) == 0 {
		delete(r.followers, path)
	}
	if r.folders[folder]--; r.folders[folder] > 0 {
		return
	}
	delete(r.folders, folder)
	if r.inotify != nil {
		_ = r.inotify.Remove(folder) // it may have been removed with its container
	}
}

// start makes the inotify instance for the first follower. The lock is held.
func (r *Reader) start() bool {
	if r.inotify != nil {
		return true
	}
	inotify, err := fsnotify.NewWatcher()
	if err != nil {
		return false
	}
	r.inotify = inotify
	r.running.Go(func() { r.deliver(inotify) })
	return true
}

// deliver wakes followers until the instance is closed.
func (r *Reader) deliver(inotify *fsnotify.Watcher) {
	for {
		select {
		case event, open := <-inotify.Events:
			if !open {
				return
			}
			r.wake(event.Name)
		case err, open := <-inotify.Errors:
			if !open {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				r.wakeAll()
			}
		}
	}
}

func (r *Reader) wake(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	notify(r.followers[path])
}

func (r *Reader) wakeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, followers := range r.followers {
		notify(followers)
	}
}

func notify(followers map[chan struct{}]bool) {
	for changed := range followers {
		select {
		case changed <- struct{}{}:
		default: // it has not looked since the last change
		}
	}
}

// poll wakes at intervals.
func poll() (wake <-chan struct{}, stop func()) {
	changed, quit := make(chan struct{}, 1), make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(pollInterval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				select {
				case changed <- struct{}{}:
				default:
				}
			case <-quit:
				return
			}
		}
	})
	return changed, func() { close(quit); running.Wait() }
}
