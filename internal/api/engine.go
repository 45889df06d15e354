package api

import (
	"context"
	"io"
	"net"
	"net/netip"
	"time"

	"tug/internal/container"
	"tug/internal/image"
	"tug/internal/logs/logread"
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

// Details are what is known of a container beside its record.
type Details struct {
	Endpoints                                                []Endpoint
	LogPath, ResolvConfPath, HostnamePath, HostsPath, Driver string
	GraphDriver                                              map[string]string
	ExecIDs                                                  []string
	ImageName                                                string
}

// Endpoint is what a running container has on a network.
type Endpoint struct {
	ID, NetworkID, NetworkName string
	Container                  string
	IPv4, IPv6                 netip.Prefix
	Gateway4, Gateway6         netip.Addr
	MAC                        net.HardwareAddr
	DNSNames                   []string
}

type ExecConfig struct {
	User, WorkingDir, DetachKeys                             string
	Privileged, Tty, AttachStdin, AttachStdout, AttachStderr bool
	Env, Cmd                                                 []string
	ConsoleSize                                              *[2]uint
}

type ExecStartOptions struct {
	Detach, Tty bool
	ConsoleSize *[2]uint
}

type ExecState struct {
	ID, ContainerID string
	Running         bool
	ExitCode        *int
	Pid             int
	Config          ExecConfig
	CanRemove       bool
}

// StartError is why a process could not be started.
type StartError struct{ Err error }

func (e *StartError) Error() string { return e.Err.Error() }
func (e *StartError) Unwrap() error { return e.Err }

type PullOptions struct {
	Platform string
	Auth     Auth
	Progress func(image.Event)
}

// Auth is what a client knows to say to a registry.
type Auth struct {
	Username, Password, IdentityToken, RegistryToken, ServerAddress string
}

type Network struct {
	ID, Name, Driver, Scope    string
	Internal, Attachable, IPv6 bool
	Subnets                    []Subnet
	Options, Labels            map[string]string
	Created                    time.Time
}

type Subnet struct {
	Subnet  netip.Prefix
	Gateway netip.Addr
	Range   netip.Prefix
	Aux     map[string]netip.Addr
}

// Info is what the engine tells of itself and its host.
type Info struct {
	ID, Name                                                                                     string
	Containers, Running, Paused, Stopped, Images                                                 int
	Driver                                                                                       string
	DriverStatus                                                                                 [][2]string
	LoggingDriver                                                                                string
	LogDrivers, VolumeDrivers, NetworkDrivers                                                    []string
	CgroupDriver, CgroupVersion                                                                  string
	KernelVersion, OperatingSystem, OSVersion, Architecture                                      string
	NCPU                                                                                         int
	MemTotal                                                                                     int64
	RootDir                                                                                      string
	ServerVersion                                                                                string
	Runtimes                                                                                     []string
	DefaultRuntime                                                                               string
	SecurityOptions, Warnings, Labels                                                            []string
	HTTPProxy, HTTPSProxy, NoProxy                                                               string
	Mirrors                                                                                      map[string][]string
	Insecure                                                                                     []string
	Debug                                                                                        bool
	MemoryLimit, SwapLimit, CPUCfs, CPUShares, CPUSet, PidsLimit, OomKillDisable, IPv4Forwarding bool
}

// Version is which build of the engine this is.
type Version struct {
	Version, GitCommit, GoVersion, Arch, KernelVersion, BuildTime string
}
