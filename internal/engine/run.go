package engine

import (
	"context"
	"errors"
)

// Running is a container that Run has started.
type Running struct {
	ID       string
	Warnings []string
	Attached *Attached         // the client's session; nil for a detached one
	Exit     <-chan WaitResult // its end, or its removal if it is removed then
}

// Run creates a container, attaches the client to it unless o is nil, and starts it: `run` in one call. It returns when
// the process runs. If the start fails, what it gives still has the ID. Of a client that has gone before the start,
// nothing is left.
// Errors: those of Create and of Start.
func (e *Engine) Run(ctx context.Context, req CreateRequest, o *AttachOptions) (*Running, error) {
	if o != nil {
		if _, err := detachKeys(o.DetachKeys); err != nil {
			return nil, err
		}
	}
	// The start records the container: whoever asked is told of it after that.
	id, warnings, err := e.create(ctx, req, e.containers.Hold)
	if err != nil {
		return nil, err
	}
	r := &Running{ID: id, Warnings: warnings}
	held, release, err := e.containers.Claim(context.WithoutCancel(ctx), id)
	if err != nil {
		return r, err
	}
	defer release()
	if err := ctx.Err(); err != nil {
		return r, errors.Join(err, e.discard(held, true))
	}
	if o != nil {
		if r.Attached, err = e.Attach(ctx, id, *o); err != nil {
			return r, err
		}
		until := WaitNextExit
		if req.Host.AutoRemove {
			until = WaitRemoved
		}
		if r.Exit, err = e.Wait(ctx, id, until); err != nil {
			return r, err
		}
	}
	return r, e.startClaimed(ctx, held)
}
