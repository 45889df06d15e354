// Package progress shows the daemon's stream of messages about a long operation (a pull, a push, a load)
// as it arrives: on a terminal one line for each layer, drawn over, and plain lines elsewhere. A pull is
// one line.
package progress

import (
	"context"
	"io"

	"github.com/docker/cli/cli/streams"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client/pkg/jsonmessage"
)

// Show draws the messages of stream on out until the stream ends, and returns the error that the daemon
// put into it, if any. It stops when ctx ends. aux, if not nil, gets the messages meant for programs.
func Show(ctx context.Context, stream io.Reader, out *streams.Out, aux func(jsonstream.Message)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := jsonmessage.DisplayJSONMessagesStream(&untilDone{ctx, stream}, out, out.FD(), out.IsTerminal(), aux)
	if err != nil {
		return err
	}
	return ctx.Err()
}

// Wait reads the messages of stream and shows none.
func Wait(ctx context.Context, stream io.Reader, aux func(jsonstream.Message)) error {
	return Show(ctx, stream, streams.NewOut(io.Discard), aux)
}

// untilDone reads until its context ends.
type untilDone struct {
	ctx  context.Context
	from io.Reader
}

func (r *untilDone) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}
