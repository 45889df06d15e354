//go:build !windows

package stdio

import (
	"context"
	"os"
	"os/signal"

	"github.com/docker/cli/cli/streams"
	"golang.org/x/sys/unix"
)

// sizeChanges receives a value each time the window changes.
func sizeChanges(ctx context.Context, _ *streams.Out) <-chan os.Signal {
	changes := make(chan os.Signal, 1)
	signal.Notify(changes, unix.SIGWINCH)
	context.AfterFunc(ctx, func() { signal.Stop(changes) })
	return changes
}
