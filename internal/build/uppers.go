package build

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"
)

// uppers are the folders over layers in which steps write, as those of caches that begin as an image is. The kernel takes such a folder for one overlay
// at a time, and two steps cannot share one: each sees its owners in its own way. So a step that writes there has it for itself, and the next one finds
// what it has written. Folders alone are shared as they are, as those of caches that begin empty.
type uppers struct {
	mu   sync.Mutex // guards held
	held map[string]*upper
}

// upper is a folder in use; users counts those who have it and those who wait.
type upper struct {
	free  *semaphore.Weighted
	users int
}

// everyone is what the one who writes takes of a folder; who reads takes one.
const everyone = math.MaxInt32

// hold waits until a step can have folders, some of them to write in, and gives them to it until release is called.
func (u *uppers) hold(ctx context.Context, folders map[string]bool) (release func(), err error) {
	var undo []func()
	release = func() {
		for _, f := range slices.Backward(undo) {
			f()
		}
	}
	for _, name := range slices.Sorted(maps.Keys(folders)) { // in one order, so that no two wait for one another
		share := int64(1)
		if folders[name] {
			share = everyone
		}
		folder := u.enter(name)
		undo = append(undo, func() { u.leave(name, folder) })
		if err := folder.free.Acquire(ctx, share); err != nil {
			release()
			return nil, context.Cause(ctx)
		}
		undo = append(undo, func() { folder.free.Release(share) })
	}
	return release, nil
}

func (u *uppers) enter(name string) *upper {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.held == nil {
		u.held = map[string]*upper{}
	}
	if u.held[name] == nil {
		u.held[name] = &upper{free: semaphore.NewWeighted(everyone)}
	}
	u.held[name].users++
	return u.held[name]
}

func (u *uppers) leave(name string, folder *upper) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if folder.users--; folder.users == 0 {
		delete(u.held, name)
	}
}

// settleUppers tells in which folders over layers a step writes, and which of them it only reads: these become the topmost layers of its trees.
func settleUppers(mounts []Mount) map[string]bool {
	written := map[string]bool{}
	for _, m := range mounts {
		if m.Tree.Upper != "" {
			written[m.Tree.Upper] = written[m.Tree.Upper] || !m.Readonly
		}
	}
	for i := range mounts {
		if t := &mounts[i].Tree; t.Upper != "" && !written[t.Upper] {
			t.Layers, t.Upper, t.Work = append([]string{t.Upper}, t.Layers...), "", ""
		}
	}
	return written
}
