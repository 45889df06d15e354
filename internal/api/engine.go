package api

import (
	"context"
	"io"

	"tug/internal/container"
)

// Engine is what of the engine is used. Each part is an interface of its own, so that a test of a resource stands on a
// fake of that part.
type Engine interface {
	Containers
}

// Containers are the engine's use cases of containers.
type Containers interface {
	Create(ctx context.Context, r CreateRequest) (id string, warnings []string, err error)
	Plan(ctx context.Context, r CreateRequest) (text string, err error)
	Start(ctx context.Context, ref string) error
	Stop(ctx context.Context, ref string, o StopOptions) error
	Restart(ctx context.Context, ref string, o StopOptions) error
	Kill(ctx context.Context, ref, signal string) error
	Pause(ctx context.Context, ref string) error
	Unpause(ctx context.Context, ref string) error
	Rename(ctx context.Context, ref, name string) error
	Remove(ctx context.Context, ref string, o RemoveOptions) error
	Get(ref string) (*container.Record, error)
	Wait(ctx context.Context, ref string, cond WaitCondition) (<-chan WaitResult, error)
	Attach(ctx context.Context, ref string, o AttachOptions) (*Session, error)
	Resize(ctx context.Context, ref string, height, width uint16) error
}

type CreateRequest struct {
	Name     string
	Platform string
	Config   container.Config
	Host     container.HostConfig
	Networks map[string]container.EndpointConfig
}

type StopOptions struct {
	Signal  string
	Timeout *int
}

type RemoveOptions struct{ Force, Volumes bool }

type WaitCondition string

type WaitResult struct {
	ExitCode int
	Err      error
}

type AttachOptions struct {
	Stdin, Stdout, Stderr, Logs, Stream bool
	DetachKeys                          string
}

// Stream is a client's side of a session: bytes both ways, of which one can be ended alone.
type Stream interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// Session is what a client attaches to: a process's standard streams.
type Session struct {
	TTY   bool
	Serve func(ctx context.Context, client Stream) error
}
