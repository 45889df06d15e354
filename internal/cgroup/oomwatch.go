package cgroup

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
)

// OOMWatch tells when the kernel kills processes for want of memory in any of a number of groups. However many there are, it
// takes one goroutine.
type OOMWatch struct {
	notifier notifier

	mu       sync.Mutex // guards what follows
	byKey    map[string]*watchedGroup
	byHandle map[int]*watchedGroup
}

type watchedGroup struct {
	key    string
	group  *Group
	handle int
	kills  uint64 // that are told
}

// notifier is how the kernel tells that something has happened to the memory of a group.
type notifier interface {
	add(g *Group) (handle int, err error)
	remove(handle int)
	// wait gives the handles of the groups that something has happened to.
	wait() ([]int, error)
	// counts tells whether the kernel has counted what it tells of by then.
	counts() bool
	close() error
}

// WatchOOM gives a watch of no group yet.
func (h *Host) WatchOOM() (*OOMWatch, error) {
	var n notifier
	var err error
	if h.V2 {
		n, err = newInotify()
	} else {
		n, err = newEventfds()
	}
	if err != nil {
		return nil, fmt.Errorf("watch for want of memory: %w", err)
	}
	return &OOMWatch{notifier: n, byKey: map[string]*watchedGroup{}, byHandle: map[int]*watchedGroup{}}, nil
}

// Add watches one more group, known by a key, in which so many kills are known of. It gives whether there were more by now, of
// which Run tells nothing. Without a memory controller there is nothing to watch.
func (w *OOMWatch) Add(key string, g *Group, known uint64) (more bool, err error) {
	if g.OOMFile() == "" {
		return false, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	handle, err := w.notifier.add(g)
	if err != nil {
		return false, g.notFound(fmt.Errorf("watch cgroup %s for want of memory: %w", g.path, err))
	}
	at := &watchedGroup{key: key, group: g, handle: handle, kills: known}
	w.byKey[key], w.byHandle[handle] = at, at
	return at.moreKills(), nil
}

// Remove watches a group no longer.
func (w *OOMWatch) Remove(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at, ok := w.byKey[key]; ok {
		w.notifier.remove(at.handle)
		delete(w.byKey, key)
		delete(w.byHandle, at.handle)
	}
}

// Run calls killed with the key of each group in which processes were killed, until ctx ends; then the watch is closed.
func (w *OOMWatch) Run(ctx context.Context, killed func(key string)) error {
	stop := context.AfterFunc(ctx, func() { w.notifier.close() })
	defer func() {
		if stop() {
			w.notifier.close()
		}
	}()
	for {
		handles, err := w.notifier.wait()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("watch for want of memory: %w", err)
		}
		for _, key := range w.killedIn(handles) {
			killed(key)
		}
	}
}

// killedIn gives the keys of the groups in which processes were killed, of those that something has happened to.
func (w *OOMWatch) killedIn(handles []int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var keys []string
	for _, handle := range handles {
		at, ok := w.byHandle[handle]
		switch {
		case !ok: // removed since
		case w.notifier.counts() && !at.moreKills(): // something else was counted
		case !exists(filepath.Split(at.group.OOMFile())): // the group's end is told too
		default:
			keys = append(keys, at.key)
		}
	}
	return keys
}

// moreKills tells whether more kills are counted than when it was asked last.
func (at *watchedGroup) moreKills() bool {
	kills, err := at.group.OOMKills()
	if err != nil || kills <= at.kills {
		return false
	}
	at.kills = kills
	return true
}
