package stdio

import (
	"context"
	"os"
	"time"

	"github.com/docker/cli/cli/streams"
)

// sizeChanges receives a value each time the window changes. Windows has no signal for it, so that the
// size is looked at four times a second.
func sizeChanges(ctx context.Context, out *streams.Out) <-chan os.Signal {
	changes := make(chan os.Signal, 1)
	go func() {
		ticker := time.NewTicker(250 * time.Millisecond)
		defer ticker.Stop()
		height, width := out.GetTtySize()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			h, w := out.GetTtySize()
			if h == height && w == width {
				continue
			}
			height, width = h, w
			select {
			case changes <- os.Interrupt:
			default:
			}
		}
	}()
	return changes
}
