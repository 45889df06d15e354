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
func (r real) Volumes() Volumes   { return r.Engine.Volumes() }

func (r real) Attach(ctx context.Context, ref string, o engine.AttachOptions) (*Session, error) {
	return session(r.Engine.Attach(ctx, ref, o))
}

func (r real) ExecStart(ctx context.Context, id string, o engine.ExecStartOptions) (*Session, error) {
	return session(r.Engine.ExecStart(ctx, id, o))
}

func (r real) Run(ctx context.Context, req engine.CreateRequest, o *engine.AttachOptions) (*Running, error) {
	run, err := r.Engine.Run(ctx, req, o)
	if run == nil {
		return nil, err
	}
	s, err := session(run.Attached, err)
	return &Running{ID: run.ID, Warnings: run.Warnings, Session: s, Exit: run.Exit}, err
}

func session(a *engine.Attached, err error) (*Session, error) {
	if a == nil || err != nil {
		return nil, err
	}
	return &Session{TTY: a.TTY, Serve: a.Serve, Leave: a.Leave}, nil
}
