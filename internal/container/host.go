package container

import "math"

// HostConfig is the part of a container's configuration that depends on the host: what of the host it gets, and how much.
type HostConfig struct {
	Binds           []string                 `json:",omitempty"` // "source:target[:options]"
	Mounts          []Mount                  `json:",omitempty"`
	Tmpfs           map[string]string        `json:",omitempty"` // target -> options
	VolumesFrom     []string                 `json:",omitempty"` // "container[:ro|rw]"
	VolumeDriver    string                   `json:",omitempty"`
	ContainerIDFile string                   `json:",omitempty"`
	LogConfig       LogConfig                `json:",omitzero"`
	NetworkMode     string                   `json:",omitempty"` // "default", "bridge", "host", "none", "container:ID", or a network
	PortBindings    map[string][]PortBinding `json:",omitempty"` // "80/tcp" -> where on the host
	PublishAllPorts bool                     `json:",omitempty"`
	RestartPolicy   RestartPolicy            `json:",omitzero"`
	AutoRemove      bool                     `json:",omitempty"`
	ConsoleSize     [2]uint                  `json:",omitzero"` // height, width
	Annotations     map[string]string        `json:",omitempty"`

	CapAdd         []string          `json:",omitempty"`
	CapDrop        []string          `json:",omitempty"`
	CgroupnsMode   string            `json:",omitempty"` // "", "private" or "host"
	DNS            []string          `json:",omitempty"`
	DNSOptions     []string          `json:",omitempty"`
	DNSSearch      []string          `json:",omitempty"`
	ExtraHosts     []string          `json:",omitempty"` // "name:address"
	GroupAdd       []string          `json:",omitempty"`
	IpcMode        string            `json:",omitempty"` // "", "none", "private", "shareable", "container:ID", "host"
	Cgroup         string            `json:",omitempty"`
	Links          []string          `json:",omitempty"`
	OomScoreAdj    int               `json:",omitempty"`
	PidMode        string            `json:",omitempty"` // "", "container:ID", "host"
	Privileged     bool              `json:",omitempty"`
	ReadonlyRootfs bool              `json:",omitempty"`
	SecurityOpt    []string          `json:",omitempty"`
	StorageOpt     map[string]string `json:",omitempty"`
	UTSMode        string            `json:",omitempty"` // "", "host"
	UsernsMode     string            `json:",omitempty"` // "" (the daemon's default), "host", "auto"
	ShmSize        int64             `json:",omitempty"` // bytes; 0: 64 MiB
	Sysctls        map[string]string `json:",omitempty"`
	Runtime        string            `json:",omitempty"`
	Init           *bool             `json:",omitempty"`
	Umask          *uint32           `json:",omitempty"` // nil: 0022
	MaskedPaths    []string          `json:",omitzero"`  // nil: the defaults; empty: none
	ReadonlyPaths  []string          `json:",omitzero"`  // nil: the defaults; empty: none

	Resources
}

// DefaultSwap is how much memory and swap a container with a limit for memory may have together, if nothing is said of it: as
// with Docker as much swap as memory, or no limit where no number is large enough.
func DefaultSwap(memory int64) int64 {
	if memory > math.MaxInt64/2 {
		return -1
	}
	return 2 * memory
}

// Resources are the limits of a container. Zero means no limit; pointers tell "not said" from zero.
type Resources struct {
	CPUShares            int64            `json:",omitempty"`
	Memory               int64            `json:",omitempty"` // bytes
	NanoCPUs             int64            `json:",omitempty"` // 1e-9 CPUs
	CgroupParent         string           `json:",omitempty"`
	BlkioWeight          uint16           `json:",omitempty"`
	BlkioWeightDevice    []WeightDevice   `json:",omitempty"`
	BlkioDeviceReadBps   []ThrottleDevice `json:",omitempty"`
	BlkioDeviceWriteBps  []ThrottleDevice `json:",omitempty"`
	BlkioDeviceReadIOps  []ThrottleDevice `json:",omitempty"`
	BlkioDeviceWriteIOps []ThrottleDevice `json:",omitempty"`
	CPUPeriod            int64            `json:",omitempty"` // microseconds
	CPUQuota             int64            `json:",omitempty"` // microseconds
	CPURealtimePeriod    int64            `json:",omitempty"` // microseconds
	CPURealtimeRuntime   int64            `json:",omitempty"` // microseconds
	CpusetCpus           string           `json:",omitempty"`
	CpusetMems           string           `json:",omitempty"`
	Devices              []Device         `json:",omitempty"`
	DeviceCgroupRules    []string         `json:",omitempty"`
	DeviceRequests       []DeviceRequest  `json:",omitempty"`
	MemoryReservation    int64            `json:",omitempty"` // bytes
	MemorySwap           int64            `json:",omitempty"` // bytes of memory and swap together; -1: unlimited
	MemorySwappiness     *int64           `json:",omitempty"`
	OomKillDisable       *bool            `json:",omitempty"`
	PidsLimit            *int64           `json:",omitempty"` // 0 or -1: unlimited
	Ulimits              []Ulimit         `json:",omitempty"`
}

// A Device is a device node of the host shown to the container.
type Device struct {
	PathOnHost, PathInContainer, CgroupPermissions string
}

// A DeviceRequest asks a device driver (CDI, GPUs) for devices.
type DeviceRequest struct {
	Driver       string
	Count        int
	DeviceIDs    []string
	Capabilities [][]string
	Options      map[string]string
}

// A WeightDevice gives a block device its share of I/O.
type WeightDevice struct {
	Path   string
	Weight uint16
}

// A ThrottleDevice limits a block device; Rate is in bytes or operations a second.
type ThrottleDevice struct {
	Path string
	Rate uint64
}

// A Ulimit is one of setrlimit(2)'s limits; Name is as in ulimits of Docker ("nofile"). -1: unlimited.
type Ulimit struct {
	Name       string
	Soft, Hard int64
}

// LogConfig names the log driver and its options.
type LogConfig struct {
	Type   string            `json:",omitempty"`
	Config map[string]string `json:",omitempty"`
}

// RestartPolicy says when a container that ended is started again.
type RestartPolicy struct {
	Name              string `json:",omitempty"` // "no", "always", "on-failure", "unless-stopped"
	MaximumRetryCount int    `json:",omitempty"`
}

// A PortBinding is where a container's port is found on the host. HostPort may be empty (any free one) or a range.
type PortBinding struct {
	HostIP   string `json:",omitempty"`
	HostPort string `json:",omitempty"`
}

// A Mount is one asked for by --mount: a bind, a volume, a tmpfs.
type Mount struct {
	Type        string         // "bind", "volume", "tmpfs", "image", "npipe", "cluster"
	Source      string         `json:",omitempty"`
	Target      string         `json:",omitempty"`
	ReadOnly    bool           `json:",omitempty"`
	Consistency string         `json:",omitempty"`
	Bind        *BindOptions   `json:",omitempty"`
	Volume      *VolumeOptions `json:",omitempty"`
	Image       *ImageOptions  `json:",omitempty"`
	Tmpfs       *TmpfsOptions  `json:",omitempty"`
}

// BindOptions refine a bind mount.
type BindOptions struct {
	Propagation            string `json:",omitempty"`
	NonRecursive           bool   `json:",omitempty"`
	CreateMountpoint       bool   `json:",omitempty"`
	ReadOnlyNonRecursive   bool   `json:",omitempty"`
	ReadOnlyForceRecursive bool   `json:",omitempty"`
}

// VolumeOptions refine a volume mount.
type VolumeOptions struct {
	NoCopy        bool              `json:",omitempty"`
	Labels        map[string]string `json:",omitempty"`
	Subpath       string            `json:",omitempty"`
	Driver        string            `json:",omitempty"`
	DriverOptions map[string]string `json:",omitempty"`
}

// ImageOptions refine a mount of an image.
type ImageOptions struct {
	Subpath string `json:",omitempty"`
}

// TmpfsOptions refine a tmpfs.
type TmpfsOptions struct {
	SizeBytes int64      `json:",omitempty"`
	Mode      uint32     `json:",omitempty"`
	Options   [][]string `json:",omitempty"`
}
