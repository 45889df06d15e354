package engine

import (
	"context"
	"net"

	"github.com/opencontainers/go-digest"

	"tug/internal/build"
	"tug/internal/events"
	"tug/internal/image"
)

// OpenBuilder has the builder set up, if it is not. Errors: Unavailable (the daemon stops), and what keeps it from being set up.
func (e *Engine) OpenBuilder(ctx context.Context) error { return e.builder.Open(ctx) }

// BuildControl serves BuildKit's control API on a connection, in the background.
func (e *Engine) BuildControl(ctx context.Context, conn net.Conn) error {
	return e.builder.ServeControl(ctx, conn)
}

// BuildSession serves the session of a client that builds, until it ends.
func (e *Engine) BuildSession(ctx context.Context, conn net.Conn, header map[string][]string) error {
	leave, err := e.enter()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.life, cancel)()
	return e.builder.ServeSession(ctx, conn, header)
}

// BuildCache lists what builds have kept for the next.
func (e *Engine) BuildCache(ctx context.Context) ([]build.CacheRecord, error) {
	return e.builder.Cache(ctx)
}

// PruneBuildCache removes of that, and lists what it has removed.
func (e *Engine) PruneBuildCache(ctx context.Context, o *build.PruneOptions) ([]build.CacheRecord, error) {
	leave, err := e.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	removed, err := e.builder.Prune(ctx, o)
	if err != nil && len(removed) == 0 {
		return nil, err
	}
	var freed int64
	for _, r := range removed {
		freed += r.Size
	}
	e.PublishPrune(events.Builder, freed)
	return removed, err // what was removed before it failed stays so
}

// addBuilt records what a build has made, and gives its ID.
func (e *Engine) addBuilt(ctx context.Context, i build.Image) (digest.Digest, error) {
	made, err := e.images.AddBuilt(ctx, image.Built{Target: i.Target, Name: i.Name, Layers: i.Layers})
	return made.ID, err
}
