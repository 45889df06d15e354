package api

import (
	"context"
	"io"
	"net"

	"tug/internal/build"
	"tug/internal/container"
	"tug/internal/engine"
	"tug/internal/events"
	"tug/internal/image"
	"tug/internal/logs/logread"
	"tug/internal/network"
	"tug/internal/overlay"
	"tug/internal/volume"
)

// Engine is what of the engine is used, a part for each resource; tests stand on a fake. Of gives the real one.
type Engine interface {
	Containers
	Execs
	System
	Images() Images
	Networks() Networks
	Volumes() Volumes
	CreateVolume(w volume.Wish) (volume.Volume, error)
	RemoveVolume(name string) error
	VolumeSize(ctx context.Context, v *volume.Volume) (bytes int64)
	RemoveImage(ctx context.Context, ref string, o image.RemoveOptions) ([]image.Removed, error)
	Builds
}

// Builds are what clients of BuildKit are served with.
type Builds interface {
	// OpenBuilder has the builder ready for the next two.
	OpenBuilder(ctx context.Context) error
	// BuildControl takes the connection, and serves it in the background.
	BuildControl(ctx context.Context, conn net.Conn) error
	// BuildSession serves the connection until the session ends.
	BuildSession(ctx context.Context, conn net.Conn, header map[string][]string) error
	BuildCache(ctx context.Context) ([]build.CacheRecord, error)
	PruneBuildCache(ctx context.Context, o *build.PruneOptions) ([]build.CacheRecord, error)
	// BuildClassic gives the ID of the image, "" if something else was made.
	BuildClassic(ctx context.Context, c *build.Classic, tell func(build.Message)) (id string, err error)
	BuildUpload(ctx context.Context, name string, body io.Reader) error
	BuildCancel(name string)
}

// Containers are the engine's use cases of containers.
type Containers interface {
	Create(ctx context.Context, r engine.CreateRequest) (id string, warnings []string, err error)
	Plan(ctx context.Context, r engine.CreateRequest) (text string, err error)
	// Run gives what it has made also when the start has failed.
	Run(ctx context.Context, r engine.CreateRequest, o *engine.AttachOptions) (*Running, error)
	Start(ctx context.Context, ref string) error
	Stop(ctx context.Context, ref string, o engine.StopOptions) error
	Restart(ctx context.Context, ref string, o engine.StopOptions) error
	Kill(ctx context.Context, ref, signal string) error
	Pause(ctx context.Context, ref string) error
	Unpause(ctx context.Context, ref string) error
	RemoveLink(ctx context.Context, ref, alias string) error
	Rename(ctx context.Context, ref, name string) error
	Remove(ctx context.Context, ref string, o engine.RemoveOptions) error
	Update(ctx context.Context, ref string, r container.Resources, p *container.RestartPolicy) (warnings []string, err error)
	Get(ref string) (*container.Record, error)
	List() []*container.Record
	Endpoints(r *container.Record) []network.Endpoint
	Details(ctx context.Context, r *container.Record) (engine.Details, error)
	Wait(ctx context.Context, ref string, cond engine.WaitCondition) (<-chan engine.WaitResult, error)
	// Attach gives a session that misses nothing of what the container does after Attach has returned.
	Attach(ctx context.Context, ref string, o engine.AttachOptions) (*Session, error)
	Resize(ctx context.Context, ref string, height, width uint16) error
	Logs(ctx context.Context, ref string, o logread.ReadOptions, fn func(logread.Entry) error) error
	Files
	Usage(r *container.Record) (engine.Sample, error)
	Usages(ctx context.Context, records []*container.Record) ([]engine.Sample, error)
	ClearLogs(ctx context.Context, ref string) error
	Top(ctx context.Context, ref, psArgs string) (titles []string, rows [][]string, err error)
}

// Files are the engine's use cases of containers' files.
type Files interface {
	StatFile(ctx context.Context, ref, file string) (engine.FileStat, error)
	// CopyOut writes to what begin gives, once it is known what there is to write.
	CopyOut(ctx context.Context, ref, file string, begin func(engine.FileStat) (io.Writer, error)) error
	CopyIn(ctx context.Context, ref, folder string, content io.Reader, o engine.CopyInOptions) error
	Export(ctx context.Context, ref string, w io.Writer) error
	Changes(ctx context.Context, ref string) ([]overlay.Change, error)
	Commit(ctx context.Context, r engine.CommitRequest) (id string, err error)
	Size(ctx context.Context, r *container.Record) (written, all int64, err error)
}

// Execs are the engine's use cases of further processes in running containers.
type Execs interface {
	ExecCreate(ctx context.Context, ref string, c engine.ExecConfig) (id string, err error)
	ExecStart(ctx context.Context, id string, o engine.ExecStartOptions) (*Session, error)
	ExecInspect(ctx context.Context, id string) (engine.ExecState, error)
	ExecResize(ctx context.Context, id string, height, width uint16) error
}

// System is what the engine tells of itself.
type System interface {
	Info(ctx context.Context) engine.Info
	Version() engine.Version
	Events() *events.Log
	PublishPrune(kind string, reclaimed int64)
}

// Images are the images of the engine.
type Images interface {
	Get(ctx context.Context, ref string) (image.Image, error)
	GetFor(ctx context.Context, ref, platform string) (image.Image, error)
	List(ctx context.Context, o image.ListOptions) ([]image.Image, error)
	History(ctx context.Context, ref, platform string) ([]image.Step, error)
	Attestations(ctx context.Context, ref, platform string, kinds map[string]bool, bodies bool) ([]image.Statement, error)
	Tag(ctx context.Context, ref, newRef string) error
	Pull(ctx context.Context, ref string, o image.PullOptions) (image.Image, error)
	PullAll(ctx context.Context, repository string, o image.PullOptions) ([]image.Image, error)
	Login(ctx context.Context, server string, a image.Auth) (identityToken string, err error)
	Search(ctx context.Context, term string, o image.SearchOptions) ([]image.Found, error)
	Distribution(ctx context.Context, ref string, a image.Auth) (image.Distribution, error)
	TagsOf(repository string) ([]string, error)
	Push(ctx context.Context, ref string, o image.PushOptions) (image.Pushed, error)
	Load(ctx context.Context, r io.Reader, o image.LoadOptions) ([]image.Loaded, error)
	Import(ctx context.Context, r io.Reader, o image.ImportOptions) (image.Image, error)
	ImportURL(ctx context.Context, address string, o image.ImportOptions) (image.Image, error)
	Save(ctx context.Context, w io.Writer, o image.SaveOptions) error
	Usage(ctx context.Context) (image.Usage, error)
}

// Networks are the networks of the engine.
type Networks interface {
	List() []network.Network
	Get(ref string) (network.Network, error)
	Endpoints(id string) []network.Endpoint
	Create(ctx context.Context, wish network.Network) (network.Network, error)
	Remove(ctx context.Context, ref string) error
}

// Volumes are the volumes of the engine.
type Volumes interface {
	List() []volume.Volume
	Get(name string) (volume.Volume, error)
}

// Session is what a client attaches to: a process's standard streams. It is served or left. Serve returns when the process has ended or
// the client is gone.
type Session struct {
	TTY   bool
	Serve func(ctx context.Context, client engine.Stream) error
	Leave func()
}

// Running is a container that was started in one call; its session is nil if nobody is attached.
type Running struct {
	ID       string
	Warnings []string
	Session  *Session
	Exit     <-chan engine.WaitResult
}
