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
	pending map[string]chan struct{}
}

// await looks a path up. Errors: Unavailable if that takes longer than patience; ctx's. None if there is no such file.
func (l *lookups) await(ctx context.Context, path string, patience time.Duration) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-l.look(path):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return fmt.Errorf("bind source %s does not answer: its file system hangs, perhaps as its server is gone; mend or unmount it: %w", path, errdefs.ErrUnavailable)
	}
}

// look gives what is closed once the path is looked up.
func (l *lookups) look(path string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if under, ok := l.pending[path]; ok {
		return under
	}
	done := make(chan struct{})
	if l.pending == nil {
		l.pending = map[string]chan struct{}{}
	}
	l.pending[path] = done
	go func() {
		_, _ = os.Stat(path) // whether it is there, others see
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.pending, path)
		close(done)
	}()
	return done
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
	if err := e.lookups.await(ctx, m.Source, sourcePatience); err != nil {
		return err
	}
	_, err := os.Stat(m.Source)
	if os.IsNotExist(err) && !m.MustExist {
		err = os.MkdirAll(m.Source, 0o755)
	}
	return err
}
