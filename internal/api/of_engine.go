package api

import (
	"context"

	"tug/internal/engine"
)

// Of gives an engine to the face.
func Of(e *engine.Engine) Engine { return real{e} }

// real is the engine itself, with those of its answers that are types of its own as what is used of them.
type real struct{ *engine.Engine }

func (r real) Images() Images     { return r.Engine.Images() }
func (r real) Networks() Networks { return r.Engine.Networks() }

func (r real) Attach(ctx context.Context, ref string, o engine.AttachOptions) (*Session, error) {
	return session(r.Engine.Attach(ctx, ref, o))
}

func (r real) ExecStart(ctx context.Context, id string, o engine.ExecStartOptions) (*Session, error) {
	return session(r.Engine.ExecStart(ctx, id, o))
}

func session(a *engine.Attached, err error) (*Session, error) {
	if a == nil || err != nil {
		return nil, err
	}
	return &Session{TTY: a.TTY, Serve: a.Serve}, nil
}
