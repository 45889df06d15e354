package creation

import (
	"errors"

	"github.com/moby/moby/api/types/container"
	"github.com/spf13/pflag"
)

// namespaceOptions say which of the host's, or of other containers', namespaces the container shares,
// and which runtime makes it.
type namespaceOptions struct {
	pid          string
	ipc          string
	uts          string
	userns       string
	cgroupns     string
	cgroupParent string
	runtime      string
	isolation    string
}

func (o *namespaceOptions) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.pid, "pid", "", "PID namespace to use")
	flags.StringVar(&o.ipc, "ipc", "", "IPC mode to use")
	flags.StringVar(&o.uts, "uts", "", "UTS namespace to use")
	flags.StringVar(&o.userns, "userns", "", "User namespace to use")
	flags.StringVar(&o.cgroupns, "cgroupns", "", `Cgroup namespace to use (host|private)
'host':    Run the container in the host's cgroup namespace
'private': Run the container in its own private cgroup namespace
'':        Use the cgroup namespace as configured by the
           default-cgroupns-mode option on the daemon (default)`)
	flags.StringVar(&o.cgroupParent, "cgroup-parent", "", "Optional parent cgroup for the container")
	flags.StringVar(&o.runtime, "runtime", "", "Runtime to use for this container")
	flags.StringVar(&o.isolation, "isolation", "", "Container isolation technology")
}

func (o *namespaceOptions) apply(r *Request, _ *pflag.FlagSet) error {
	h := r.HostConfig
	h.PidMode = container.PidMode(o.pid)
	h.IpcMode = container.IpcMode(o.ipc)
	h.UTSMode = container.UTSMode(o.uts)
	h.UsernsMode = container.UsernsMode(o.userns)
	h.CgroupnsMode = container.CgroupnsMode(o.cgroupns)
	switch {
	case !h.PidMode.Valid():
		return errors.New("--pid: invalid PID mode")
	case !h.UTSMode.Valid():
		return errors.New("--uts: invalid UTS mode")
	case !h.UsernsMode.Valid():
		return errors.New("--userns: invalid USER mode")
	case !h.CgroupnsMode.Valid():
		return errors.New("--cgroupns: invalid CGROUP mode")
	}
	h.CgroupParent = o.cgroupParent
	h.Runtime = o.runtime
	h.Isolation = container.Isolation(o.isolation)
	return nil
}
