package container

import (
	"slices"
	"time"
)

// Record is all that is kept of a container. It is durable, but for one with AutoRemove, which dies with the host anyway.
type Record struct {
	ID      string // 64 hexadecimal digits
	Name    string // without a leading slash
	Created time.Time
	ImageID string // "sha256:..."
	Path    string // the program, with Args: entry point and command joined
	Args    []string
	Config  Config
	Host    HostConfig
	// Networks are the networks to be on, by name, as they were asked for.
	Networks map[string]EndpointConfig `json:",omitempty"`
	Mounts   []MountPoint              `json:",omitempty"`
	State    State
	// RestartCount is how often the restart policy has started it again.
	RestartCount int `json:",omitempty"`
	// Backoff is how long it waits to be started again after its end.
	Backoff time.Duration `json:",omitempty"`
	// ManuallyStopped tells the restart policy that a person wanted it stopped.
	ManuallyStopped bool     `json:",omitempty"`
	Warnings        []string `json:",omitempty"`
}

// EndpointConfig is what was asked for on one network.
type EndpointConfig struct {
	Aliases    []string          `json:",omitempty"`
	Links      []string          `json:",omitempty"`
	IPv4, IPv6 string            `json:",omitempty"`
	LinkLocal  []string          `json:",omitempty"`
	MAC        string            `json:",omitempty"`
	DriverOpts map[string]string `json:",omitempty"`
	GwPriority int               `json:",omitempty"`
}

// A MountPoint is a mount as it was resolved when the container was created.
type MountPoint struct {
	Type        string // "bind", "volume", "tmpfs"
	Name        string `json:",omitempty"` // of a volume
	Source      string `json:",omitempty"` // on the host
	Destination string
	Driver      string `json:",omitempty"`
	Mode        string `json:",omitempty"` // as written in a bind: "ro,z"
	RW          bool
	Propagation string `json:",omitempty"`
	// NonRecursive binds leave out the mounts below Source.
	NonRecursive bool `json:",omitempty"`
	// MustExist binds do not make a Source that is missing.
	MustExist bool `json:",omitempty"`
	// Read-only binds are so with all mounts below them, where the kernel can do that: ReadOnlyDeep ones are not made at all
	// where it cannot, and ReadOnlyTop ones leave the mounts below as they are.
	ReadOnlyDeep bool `json:",omitempty"`
	ReadOnlyTop  bool `json:",omitempty"`
	// Options are mount options of a tmpfs, as of mount(8).
	Options []string `json:",omitempty"`
	// Anonymous volumes go with the container when it is removed with its volumes.
	Anonymous bool `json:",omitempty"`
}

// Status is what a container is doing, in Docker's words.
type Status string

// The states of a container.
const (
	Created    Status = "created"
	Running    Status = "running"
	Paused     Status = "paused"
	Restarting Status = "restarting"
	Removing   Status = "removing"
	Exited     Status = "exited"
	Dead       Status = "dead"
)

// State is how a container fares.
type State struct {
	Status     Status
	Pid        int       `json:",omitempty"` // of the first process, on the host; 0 when none runs
	ExitCode   int       `json:",omitempty"`
	Error      string    `json:",omitempty"` // why the last start failed
	OOMKilled  bool      `json:",omitempty"`
	StartedAt  time.Time `json:",omitzero"`
	FinishedAt time.Time `json:",omitzero"`
	// Live is set while a process runs: where its shim is and what it holds.
	Live *Live `json:",omitempty"`
	// Health is nil without a health check.
	Health *Health `json:",omitempty"`
}

// Health is the outcome of the latest health checks.
type Health struct {
	Status        string // "starting", "healthy", "unhealthy"
	FailingStreak int
	Log           []HealthResult `json:",omitempty"`
}

// HealthResult is the outcome of one health check.
type HealthResult struct {
	Start, End time.Time
	ExitCode   int
	Output     string
}

// Live is what belongs to one run of a container and ends with it.
type Live struct {
	ShimDir string // folder of the shim's socket
	Cgroup  string // the cgroup's parent
	// Parents are the groups down to that parent which the engine made because they were not there; of one of the container's own.
	Parents []string `json:",omitempty"`
	IDBase  uint32   `json:",omitempty"` // first id on the host of its user namespace; 0: the host's
	// Endpoints and all ports that were given, in a form that only the engine reads.
	Endpoints []byte `json:",omitempty"`
	// Ports are the published ports with the host's ports that were given.
	Ports map[string][]PortBinding `json:",omitempty"`
	// Renew says that the run is being ended for another to follow, whatever the restart policy is.
	Renew bool `json:",omitempty"`
	// Unsettled limits are recorded, and may not be those of the cgroup yet.
	Unsettled bool `json:",omitempty"`
}

// Clone gives a copy that shares nothing that either side changes in place.
func (r *Record) Clone() *Record {
	c := *r
	if r.State.Live != nil {
		l := *r.State.Live
		c.State.Live = &l
	}
	if r.State.Health != nil {
		h := *r.State.Health
		h.Log = append([]HealthResult(nil), h.Log...)
		c.State.Health = &h
	}
	return &c
}

// VolumeNames gives the names of the volumes that the container has, each once.
func (r *Record) VolumeNames() (names []string) {
	for _, m := range r.Mounts {
		if m.Type == "volume" && !slices.Contains(names, m.Name) {
			names = append(names, m.Name)
		}
	}
	return names
}

// IsRunning tells whether a process of the container lives (a paused one does).
func (r *Record) IsRunning() bool {
	return r.State.Status == Running || r.State.Status == Paused
}
