package oci

import (
	"maps"
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
)

// Input is what a run of a container is made of, beside its record.
type Input struct {
	Record   *container.Record
	User     User
	UserNS   bool   // a user namespace of its own
	JoinUser string // path of a user namespace to join; ""
	IDBase   uint32
	// Paths of namespaces to join; "" makes a new one. HostNetwork and its like leave the host's.
	NetNS, IpcNS, PidNS, UtsNS                      string
	HostNetwork, HostIPC, HostPid, HostUTS, HostCgr bool
	Cgroup                                          string // path below the hierarchies' roots
	CgroupMounts                                    []specs.Mount
	WritableCgroups                                 bool
	Shm                                             string // what is bound to /dev/shm where the IPC namespace is not the container's own; "": nothing
	Files                                           Files
	Mounts                                          []specs.Mount // binds, volumes and tmpfs, sorted by destination
	Devices                                         []specs.LinuxDevice
	DeviceRules                                     []specs.LinuxDeviceCgroup
	Resources                                       *specs.LinuxResources
	Seccomp                                         *specs.LinuxSeccomp
	LinkEnv                                         []string // what the container is told of those that it links to
	Init                                            string   // the program to put before the command; ""
	Hostname                                        string
	Caps                                            []string // as computed by Capabilities
	NoNewPrivileges                                 bool
}

// User is who the process is, as found in the image.
type User struct {
	UID, GID uint32
	Groups   []uint32
	Home     string
}

// Files are the files that the engine keeps for the container and shows in its /etc. Empty ones are not mounted.
type Files struct{ Hosts, Hostname, ResolvConf string }

// Spec makes the specification.
func Spec(in *Input) *specs.Spec {
	r := in.Record
	s := &specs.Spec{
		Version:    specs.Version,
		Root:       &specs.Root{Path: "rootfs", Readonly: r.Host.ReadonlyRootfs},
		Hostname:   in.Hostname,
		Domainname: r.Config.Domainname,
		Process:    process(in),
		Mounts:     mounts(in),
		Linux:      linux(in),
	}
	if len(r.Host.Annotations) > 0 {
		s.Annotations = maps.Clone(r.Host.Annotations)
	}
	if in.HostUTS {
		s.Hostname, s.Domainname = "", ""
	}
	return s
}

func process(in *Input) *specs.Process {
	r := in.Record
	args := append([]string{r.Path}, r.Args...)
	if in.Init != "" {
		args = append([]string{in.Init, "--"}, args...)
	}
	p := &specs.Process{
		Terminal:        r.Config.Tty,
		User:            specs.User{UID: in.User.UID, GID: in.User.GID, AdditionalGids: in.User.Groups, Umask: r.Host.Umask},
		Args:            args,
		Env:             Environment(slices.Concat(in.LinkEnv, r.Config.Env), in.Hostname, in.User.Home, r.Config.Tty),
		Cwd:             path.Clean("/" + r.Config.WorkingDir),
		Capabilities:    capabilitySets(in.Caps),
		NoNewPrivileges: in.NoNewPrivileges,
		Rlimits:         rlimits(r.Host.Ulimits),
	}
	if h, w := r.Host.ConsoleSize[0], r.Host.ConsoleSize[1]; h != 0 || w != 0 {
		p.ConsoleSize = &specs.Box{Height: h, Width: w}
	}
	if r.Host.OomScoreAdj != 0 {
		p.OOMScoreAdj = &r.Host.OomScoreAdj
	}
	return p
}

// Environment gives a process's environment: Docker's defaults, overlaid with what the container's configuration says.
func Environment(configured []string, hostname, home string, terminal bool) []string {
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=" + hostname}
	if terminal {
		env = append(env, "TERM=xterm")
	}
	env = append(env, "HOME="+home)
	at := map[string]int{}
	for i, e := range env {
		name, _, _ := strings.Cut(e, "=")
		at[name] = i
	}
	for _, e := range configured {
		name, _, has := strings.Cut(e, "=")
		i, known := at[name]
		switch {
		case !has && known: // "NAME" alone takes the variable away
			env[i] = ""
		case !has:
		case known:
			env[i] = e
		default:
			at[name] = len(env)
			env = append(env, e)
		}
	}
	return slices.DeleteFunc(env, func(e string) bool { return e == "" })
}

func rlimits(ulimits []container.Ulimit) []specs.POSIXRlimit {
	var out []specs.POSIXRlimit
	for _, u := range ulimits {
		out = append(out, specs.POSIXRlimit{Type: "RLIMIT_" + strings.ToUpper(u.Name), Soft: uint64(u.Soft), Hard: uint64(u.Hard)})
	}
	return out
}

func linux(in *Input) *specs.Linux {
	h := &in.Record.Host
	l := &specs.Linux{
		Namespaces:        namespaces(in),
		CgroupsPath:       in.Cgroup,
		Resources:         in.Resources,
		Sysctl:            sysctls(in),
		Devices:           devices(in.Devices),
		Seccomp:           in.Seccomp,
		MaskedPaths:       h.MaskedPaths,
		ReadonlyPaths:     h.ReadonlyPaths,
		RootfsPropagation: propagation(in.Mounts),
	}
	if in.UserNS && in.JoinUser == "" {
		ids := []specs.LinuxIDMapping{{ContainerID: 0, HostID: in.IDBase, Size: 65536}}
		l.UIDMappings, l.GIDMappings = ids, ids
	}
	switch {
	case h.Privileged:
		l.MaskedPaths, l.ReadonlyPaths = nil, nil
	default:
		if l.MaskedPaths == nil {
			l.MaskedPaths = DefaultMaskedPaths()
		}
		if l.ReadonlyPaths == nil {
			l.ReadonlyPaths = DefaultReadonlyPaths()
		}
	}
	return l
}

// propagation is that of the root mount: as wide as the widest of the binds, and the host's not at all by default.
func propagation(mounts []specs.Mount) string {
	widest := ""
	for _, m := range mounts {
		for _, o := range m.Options {
			switch o {
			case "shared", "rshared":
				return "rshared"
			case "slave", "rslave":
				widest = "rslave"
			}
		}
	}
	return widest
}

// DefaultMaskedPaths are Docker's: what of /proc and /sys tells or controls too much.
func DefaultMaskedPaths() []string {
	return []string{
		"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
		"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
	}
}

// DefaultReadonlyPaths are Docker's.
func DefaultReadonlyPaths() []string {
	return []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
}

func namespaces(in *Input) []specs.LinuxNamespace {
	list := []specs.LinuxNamespace{{Type: specs.MountNamespace}}
	add := func(kind specs.LinuxNamespaceType, host bool, path string) {
		if !host {
			list = append(list, specs.LinuxNamespace{Type: kind, Path: path})
		}
	}
	add(specs.NetworkNamespace, in.HostNetwork, in.NetNS)
	add(specs.UTSNamespace, in.HostUTS, in.UtsNS)
	add(specs.PIDNamespace, in.HostPid, in.PidNS)
	add(specs.IPCNamespace, in.HostIPC, in.IpcNS)
	add(specs.CgroupNamespace, in.HostCgr, "")
	add(specs.UserNamespace, !in.UserNS, in.JoinUser)
	return list
}
