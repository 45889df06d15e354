package build

import (
	"context"
	"io"
	"syscall"
)

// Runner runs the steps of builds.
type Runner interface {
	// Run runs a step to its end, and calls started once its process runs. A step whose ctx ends is killed; nothing of it runs any more
	// when Run returns. Errors: those of starting it; that its program has failed is none.
	Run(ctx context.Context, s *Step, io Streams, started func()) (Exit, error)
	// Exec runs one more process in a step that runs. Errors: NotFound.
	Exec(ctx context.Context, step string, p *Process, io Streams) (Exit, error)
}

// Step is a container that does one step of a build.
type Step struct {
	ID string // 64 hexadecimal digits
	Process
	Root         Tree // if changes to it go nowhere, its layers are others' as well
	ReadonlyRoot bool
	Mounts       []Mount // sorted by destination
	Hostname     string
	ExtraHosts   []string // "name:address"
	Network      string   // "default", "none", "host", or the name of a network
	Insecure     bool     // with all capabilities and devices
	CgroupParent string   // "" for that of containers
	Limits       Limits
	Ulimits      []Ulimit
	// TidyParents has folders removed, too, that were made for the places of mounts.
	TidyParents bool
}

// Process is what a step runs.
type Process struct {
	Args, Env []string
	User      string // as in a Dockerfile
	Dir       string
	Terminal  bool
}

// Limits are those of a step's memory and processors; zero is no limit.
type Limits struct {
	Memory, MemorySwap             int64 // bytes; MemorySwap counts both, -1 is no limit
	CPUShares, CPUPeriod, CPUQuota int64 // period and quota in microseconds
	CpusetCpus, CpusetMems         string
	ShmSize                        int64 // bytes
}

// Ulimit is one of setrlimit(2)'s limits, as "nofile".
type Ulimit struct {
	Name       string
	Soft, Hard int64
}

// Mount is what a step sees in a place.
type Mount struct {
	Dest     string
	Tree     Tree
	Readonly bool
	Tmpfs    []string // options of a tmpfs, which is there in place of a tree if this is not nil
}

// Tree is files that a step sees: a folder or a file of the host as it is, or folders over one another.
type Tree struct {
	Path        string
	Layers      []string // the topmost first
	Upper, Work string   // where changes go; "" if there can be none
	Sub         string   // what of the tree is seen, "" for all; no link in it leads out of it
}

// Streams are a process's. Those that are nil are empty.
type Streams struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Sizes          <-chan Size // of its terminal
	Signals        <-chan syscall.Signal
}

// Size is that of a terminal.
type Size struct{ Height, Width int }

// Exit is how a process has ended.
type Exit struct {
	Code int  // 128 + n if signal n has killed it
	OOM  bool // the kernel has killed a process of it, as memory ran out
}
