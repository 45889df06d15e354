package stdio

import (
	"context"
	"fmt"
	"time"

	"github.com/docker/cli/cli/streams"
)

// Resize tells a process about the size of its terminal, in characters.
type Resize func(ctx context.Context, height, width uint) error

// FollowSize gives the process the size of the terminal out now and each time it changes, until ctx
// ends. A process that is just starting may not have its terminal yet: the first try is repeated for
// half a second before warn is told.
func FollowSize(ctx context.Context, out, warn *streams.Out, resize Resize) {
	if !out.IsTerminal() {
		return
	}
	send := func() error {
		height, width := out.GetTtySize()
		if height == 0 && width == 0 {
			return nil
		}
		return resize(ctx, height, width)
	}
	go func() {
		changed := sizeChanges(ctx, out)
		if send() != nil {
			retry(ctx, warn, send)
		}
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
				_ = send() // the process may be gone; the next change, if any, tries again
			}
		}
	}()
}

func retry(ctx context.Context, warn *streams.Out, send func() error) {
	for attempt := range 10 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(attempt+1) * 10 * time.Millisecond):
		}
		if send() == nil {
			return
		}
	}
	_, _ = fmt.Fprintln(warn, "failed to resize tty, using default size")
}
