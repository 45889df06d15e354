package api

import (
	"context"

	"tug/internal/engine"
	"tug/internal/image"
)

// Of gives an engine as this face sees it.
func Of(e *engine.Engine) Engine { return theEngine{e} }

// theEngine fits what the engine gives to the interfaces of this package.
type theEngine struct{ *engine.Engine }

func (e theEngine) Images() Images { return theImages{e.Engine.Images()} }

func (e theEngine) Networks() Networks { return e.Engine.Networks() }

func (e theEngine) Attach(ctx context.Context, ref string, o AttachOptions) (*Session, error) {
	a, err := e.Engine.Attach(ctx, ref, o)
	return session(a), err
}

func (e theEngine) ExecStart(ctx context.Context, id string, o ExecStartOptions) (*Session, error) {
	a, err := e.Engine.ExecStart(ctx, id, o)
	return session(a), err
}

func session(a *engine.Attached) *Session {
	if a == nil {
		return nil
	}
	return &Session{TTY: a.TTY, Serve: a.Serve}
}

// theImages are the engine's images, pulled with a client's credentials.
type theImages struct{ *image.Images }

func (i theImages) Pull(ctx context.Context, ref string, o PullOptions) (image.Image, error) {
	a := o.Auth
	return i.Images.Pull(ctx, ref, image.PullOptions{
		Platform: o.Platform, Progress: o.Progress,
		Auth: image.Auth{Username: a.Username, Password: a.Password, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken},
	})
}
