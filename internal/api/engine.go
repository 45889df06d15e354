package api

import (
	"context"
	"io"

	"tug/internal/container"
	"tug/internal/engine"
	"tug/internal/image"
	"tug/internal/logs/logread"
	"tug/internal/network"
)

// Engine is what of the engine is used. Each part is an interface of its own, so that a test of a resource stands on a
// fake of that part.
type Engine interface {
	Containers
	Execs
	System
	Images() Images
	Networks() Networks
	RemoveImage(ctx context.Context, ref string, force, noPrune bool) ([]image.Removed, error)
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
	List() []*container.Record
	Details(ctx context.Context, r *container.Record) (Details, error)
	Wait(ctx context.Context, ref string, cond WaitCondition) (<-chan WaitResult, error)
	Attach(ctx context.Context, ref string, o AttachOptions) (*Session, error)
	Resize(ctx context.Context, ref string, height, width uint16) error
	Logs(ctx context.Context, ref string, o logread.ReadOptions, fn func(logread.Entry) error) error
	Top(ctx context.Context, ref, psArgs string) (titles []string, rows [][]string, err error)
	Update(ctx context.Context, ref string, r container.Resources, p *container.RestartPolicy) (warnings []string, err error)
}

// Execs are the engine's use cases of further processes in running containers.
type Execs interface {
	ExecCreate(ctx context.Context, ref string, c ExecConfig) (id string, err error)
	ExecStart(ctx context.Context, id string, o ExecStartOptions) (*Session, error)
	ExecInspect(ctx context.Context, id string) (ExecState, error)
	ExecResize(ctx context.Context, id string, height, width uint16) error
}

// System is what the engine tells of itself.
type System interface {
	Info(ctx context.Context) Info
	Version() Version
}

// Images are the images of the engine.
type Images interface {
	Get(ctx context.Context, ref string) (image.Image, error)
	List(ctx context.Context, o image.ListOptions) ([]image.Image, error)
	History(ctx context.Context, ref string) ([]image.Step, error)
	Tag(ctx context.Context, ref, newRef string) error
	Pull(ctx context.Context, ref string, o PullOptions) (image.Image, error)
	Load(ctx context.Context, r io.Reader, o image.LoadOptions) ([]image.Loaded, error)
	Import(ctx context.Context, r io.Reader, o image.ImportOptions) (image.Image, error)
	Save(ctx context.Context, w io.Writer, refs []string) error
}

// Networks are the networks of the engine.
type Networks interface {
	List() []Network
	Get(ref string) (Network, error)
	Endpoints(id string) []Endpoint
}

// The words in which the engine is spoken to.
type (
	CreateRequest    = engine.CreateRequest
	StopOptions      = engine.StopOptions
	RemoveOptions    = engine.RemoveOptions
	WaitCondition    = engine.WaitCondition
	WaitResult       = engine.WaitResult
	AttachOptions    = engine.AttachOptions
	Stream           = engine.Stream
	Details          = engine.Details
	ExecConfig       = engine.ExecConfig
	ExecStartOptions = engine.ExecStartOptions
	ExecState        = engine.ExecState
	StartError       = engine.StartError
	Info             = engine.Info
	Version          = engine.Version
	Endpoint         = network.Endpoint
	Network          = network.Network
	Subnet           = network.Subnet
)

// Session is what a client attaches to: a process's standard streams.
type Session struct {
	TTY   bool
	Serve func(ctx context.Context, client Stream) error
}

// PullOptions are what a client asks of a pull.
type PullOptions struct {
	Platform string
	Auth     Auth
	Progress func(image.Event)
}

// Auth is what a client knows to say to a registry.
type Auth struct {
	Username, Password, IdentityToken, RegistryToken, ServerAddress string
}
