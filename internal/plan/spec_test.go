package plan_test

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tug/internal/plan"
)

var defaultCaps = []string{
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
	"CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
}

func caps(names ...string) *specs.LinuxCapabilities {
	return &specs.LinuxCapabilities{Bounding: names, Effective: names, Permitted: names}
}

// container is the specification of a container with default settings, as package oci makes it.
func container() *specs.Spec {
	s := &specs.Spec{
		Process: &specs.Process{
			User: specs.User{AdditionalGids: []uint32{0, 10}}, Args: []string{"nginx", "-g", "daemon off;"}, Cwd: "/",
			Env: []string{"PATH=/usr/sbin:/usr/bin", "HOSTNAME=box", "HOME=/root"}, Capabilities: caps(defaultCaps...),
		},
		Root: &specs.Root{Path: "rootfs"}, Hostname: "box",
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
			{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
			{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
			{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"nosuid", "noexec", "nodev", "ro"}},
			{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: []string{"nosuid", "noexec", "nodev"}},
			{Destination: "/dev/shm", Type: "tmpfs", Source: "shm", Options: []string{"nosuid", "noexec", "nodev", "mode=1777", "size=67108864"}},
			bind("/data/containers/c1/hosts", "/etc/hosts"),
		},
		Linux: &specs.Linux{
			MaskedPaths: []string{"/proc/kcore", "/sys/firmware"}, ReadonlyPaths: []string{"/proc/sys"},
			Devices: []specs.LinuxDevice{{Path: "/dev/null", Type: "c", Major: 1, Minor: 3}, {Path: "/dev/tty", Type: "c", Major: 5}},
			Sysctl:  map[string]string{"net.ipv4.ip_unprivileged_port_start": "0"},
		},
	}
	for _, n := range []specs.LinuxNamespaceType{
		specs.MountNamespace, specs.NetworkNamespace, specs.UTSNamespace, specs.PIDNamespace, specs.IPCNamespace, specs.CgroupNamespace, specs.UserNamespace,
	} {
		s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: n})
	}
	return s
}

func bind(source, dest string, options ...string) specs.Mount {
	return specs.Mount{Destination: dest, Type: "bind", Source: source, Options: append([]string{"rbind", "rprivate"}, options...)}
}

// host is a kernel of today with cgroup v1, and a container with two layers.
func host() *plan.Env {
	return &plan.Env{
		Kernel: plan.Kernel{Caps: 1<<41 - 1, LastCap: 40, MountSetattr: true, IDMapped: true, LowerdirAdd: true, OverlayFD: true, DetachedLayers: true},
		IDBase: 3000000,
		Rootfs: plan.Rootfs{Base: "/data/layers", Layers: []string{"2/fs", "1/fs"}, Dir: "/data/containers/c1"},
		Files:  map[string]bool{"/data/containers/c1/hosts": true},
		JoinFiles: []string{
			"/sys/fs/cgroup/memory/tug/c1/tasks", "/sys/fs/cgroup/pids/tug/c1/tasks",
		},
		Filter:      []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}},
		FilterFlags: unix.SECCOMP_FILTER_FLAG_LOG,
	}
}

// namespace changes one namespace of the specification: it joins the one at path, or is left out if path is "host".
func namespace(s *specs.Spec, kind specs.LinuxNamespaceType, path string) {
	var list []specs.LinuxNamespace
	for _, n := range s.Linux.Namespaces {
		if n.Type != kind {
			list = append(list, n)
		} else if path != "host" {
			list = append(list, specs.LinuxNamespace{Type: kind, Path: path})
		}
	}
	s.Linux.Namespaces = list
}
