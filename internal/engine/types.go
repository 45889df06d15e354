package engine

import (
	"errors"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/container"
	"tug/internal/network"
	"tug/internal/ociruntime"
)

// CreateRequest is what a container is created from.
type CreateRequest struct {
	Name     string // "": one is made up
	Platform string
	Config   container.Config
	Host     container.HostConfig
	Networks map[string]container.EndpointConfig
}

// StopOptions say how a container is stopped.
type StopOptions struct {
	Signal  string // "": the container's
	Timeout *int   // seconds until SIGKILL; negative: never; nil: the container's
}

// RemoveOptions say what goes with a container.
type RemoveOptions struct{ Force, Volumes bool }

// WaitCondition is what Wait waits for.
type WaitCondition string

// The conditions of Wait.
const (
	WaitNotRunning WaitCondition = "not-running"
	WaitNextExit   WaitCondition = "next-exit"
	WaitRemoved    WaitCondition = "removed"
)

// WaitResult is how a container ended.
type WaitResult struct {
	ExitCode int
	Err      error
}

// AttachOptions say which streams a client wants, and whether what was logged before.
type AttachOptions struct {
	Stdin, Stdout, Stderr, Logs, Stream bool
	DetachKeys                          string
}

// Stream is a client's side of a session: bytes both ways, of which one can be ended alone.
type Stream interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// Details are what is known of a container beside its record.
type Details struct {
	Endpoints                                                []network.Endpoint
	LogPath, ResolvConfPath, HostnamePath, HostsPath, Driver string
	GraphDriver                                              map[string]string
	Manifest                                                 *ocispec.Descriptor // of the image, with its platform; nil: not asked for
	Links                                                    []string            // "/other:/container/alias"
	LinkNames                                                []string            // by which others' links know it, "other/alias"
	ExecIDs                                                  []string
	ImageName                                                string
	SizeRw, SizeRootFs                                       *int64 // bytes written, and of all files; nil: not asked for
}

// ExecConfig is a further process in a container.
type ExecConfig struct {
	User, WorkingDir, DetachKeys                             string
	Privileged, Tty, AttachStdin, AttachStdout, AttachStderr bool
	Env, Cmd                                                 []string
	ConsoleSize                                              *[2]uint // height, width
}

// ExecStartOptions say how an exec is started.
type ExecStartOptions struct {
	Detach, Tty bool
	ConsoleSize *[2]uint // height, width
}

// ExecState is how an exec fares.
type ExecState struct {
	ID, ContainerID string
	Running         bool
	ExitCode        *int
	Pid             int
	Config          ExecConfig
	CanRemove       bool
}

// Errors that faces tell apart from others of their class.
var (
	ErrAlreadyStarted = fmt.Errorf("the container is running already: %w", errdefs.ErrNotModified)
	ErrAlreadyStopped = fmt.Errorf("the container is not running: %w", errdefs.ErrNotModified)
	ErrDetached       = errors.New("detached from the container")
)

// StartError is why a process could not be started, in the words of the runtime.
type StartError struct{ Err error }

func (e *StartError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *StartError) Unwrap() error { return e.Err }

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
	MemTotal                                                                                     int64 // bytes
	RootDir                                                                                      string
	ServerVersion                                                                                string
	Runtimes                                                                                     []ociruntime.Runtime
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
