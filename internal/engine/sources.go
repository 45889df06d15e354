package engine

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/containerd/errdefs"

	"tug/internal/container"
)

// sourcePatience is how long the file system of a bind's source may take to find it.
const sourcePatience = 5 * time.Second

// lookups finds out whether paths can be looked up. In a file system whose server has gone that takes for ever, and a thread with
// it: so there is one for a path at a time, however often somebody asks. Nobody can wait for its end.
type lookups struct {
	mu      sync.Mutex // guards pending
	pending map[string]*lookup
}

type lookup struct {
	done chan struct{} // closed once err is known
	err  error
}

// await looks a path up. Errors: those of stat(2); Unavailable if that takes longer than patience; ctx's.
func (l *lookups) await(ctx context.Context, path string, patience time.Duration) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		under, joined := l.look(path)
		select {
		case <-under.done:
			if joined && under.err != nil {
				continue // what was not there when another one began to look may be there now
			}
			return under.err
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
		}
		return fmt.Errorf("bind source %s does not answer: its file system hangs, perhaps as its server is gone; mend or unmount it: %w", path, errdefs.ErrUnavailable)
	}
}

// look begins to look a path up, or joins who has begun.
func (l *lookups) look(path string) (under *lookup, joined bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if under, ok := l.pending[path]; ok {
		return under, true
	}
	if l.pending == nil {
		l.pending = map[string]*lookup{}
	}
	under = &lookup{done: make(chan struct{})}
	l.pending[path] = under
	go func() {
		_, under.err = os.Stat(path)
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.pending, path)
		close(under.done)
	}()
	return under, false
}

// readySources sees that the sources of a container's binds can be looked up: a start that hung would hold the container. Those of -v
// are made if they are not there, as Docker does at each start; others are missed when they are mounted.
func (e *Engine) readySources(ctx context.Context, mounts []container.MountPoint) error {
	for _, m := range mounts {
		if m.Type != "bind" {
			continue
		}
		err := e.readySource(ctx, &m)
		if err != nil && !(m.MustExist && os.IsNotExist(err)) {
			return err
		}
	}
	return nil
}

// readySource finds the source of a bind, or makes it a folder unless it has to exist. Errors: those of the file system.
func (e *Engine) readySource(ctx context.Context, m *container.MountPoint) error {
	err := e.lookups.await(ctx, m.Source, sourcePatience)
	if os.IsNotExist(err) && !m.MustExist {
		err = os.MkdirAll(m.Source, 0o755)
	}
	return err
}
