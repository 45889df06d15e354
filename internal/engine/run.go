package engine

import "context"

// Running is a container that Run has started.
type Running struct {
	ID       string
	Warnings []string
	Attached *Attached         // the client's session; nil for a detached one
	Exit     <-chan WaitResult // its end, or its removal if it is removed then
}

// Run creates a container, attaches the client to it unless o is nil, and starts it: `run` in one call. It returns when
// the process runs. If the start fails, what it gives still has the ID.
// Errors: those of Create and of Start.
func (e *Engine) Run(ctx context.Context, req CreateRequest, o *AttachOptions) (*Running, error) {
	// The start records the container: whoever asked is told of it after that.
	id, warnings, err := e.create(ctx, req, e.containers.Hold)
	if err != nil {
		return nil, err
	}
	r := &Running{ID: id, Warnings: warnings}
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
	return r, e.Start(ctx, id)
}
