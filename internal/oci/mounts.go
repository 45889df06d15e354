package oci

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// DefaultShm is the size of /dev/shm of containers that ask for no other, in bytes.
const DefaultShm = 64 << 20

// mounts are the container's file systems: the kernel's own, then the files that the engine keeps, then what was asked
// for. What was asked for takes the place of a default with the same destination.
func mounts(in *Input) []specs.Mount {
	h := &in.Record.Host
	sys, cgroup := "ro", in.CgroupMounts
	if h.Privileged {
		sys = "rw"
	}
	if h.Privileged || in.WritableCgroups {
		cgroup = writable(in.CgroupMounts)
	}
	list := []specs.Mount{
		{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
		{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
		{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"nosuid", "noexec", "nodev", sys}},
	}
	list = append(list, cgroup...)
	list = append(list, ipcMounts(in)...)
	asked := in.Mounts
	if in.HostNetwork && in.UserNS {
		list = slices.DeleteFunc(list, func(m specs.Mount) bool { return m.Type == "sysfs" })
	}
	list = slices.DeleteFunc(list, func(m specs.Mount) bool {
		return slices.ContainsFunc(asked, func(a specs.Mount) bool {
			return a.Destination == m.Destination || a.Destination != "/" && strings.HasPrefix(m.Destination, a.Destination+"/")
		})
	})
	for _, f := range []struct{ source, dest string }{{in.Files.ResolvConf, "/etc/resolv.conf"}, {in.Files.Hostname, "/etc/hostname"}, {in.Files.Hosts, "/etc/hosts"}} {
		if f.source != "" && !slices.ContainsFunc(asked, func(a specs.Mount) bool { return a.Destination == f.dest }) {
			list = append(list, specs.Mount{Destination: f.dest, Type: "bind", Source: f.source, Options: []string{"rbind", "rprivate"}})
		}
	}
	if in.Init != "" {
		list = append(list, specs.Mount{Destination: in.Init, Type: "bind", Source: InitSource, Options: []string{"bind", "ro"}})
	}
	return append(list, asked...)
}

// ipcMounts are the file systems that go with an IPC namespace: message queues by name, and shared memory.
func ipcMounts(in *Input) []specs.Mount {
	h, safe := &in.Record.Host, []string{"nosuid", "noexec", "nodev"}
	list := []specs.Mount{{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: safe}}
	switch {
	case in.Shm != "":
		list = append(list, specs.Mount{Destination: "/dev/shm", Type: "bind", Source: in.Shm, Options: append([]string{"bind"}, safe...)})
	case in.IpcNS == "" && !in.HostIPC && h.IpcMode != "none":
		list = append(list, specs.Mount{
			Destination: "/dev/shm", Type: "tmpfs", Source: "shm", Options: append(safe, "mode=1777", fmt.Sprintf("size=%d", cmp.Or(h.ShmSize, DefaultShm))),
		})
	}
	return list
}

// InitSource stands for the program of --init in a specification until the engine puts its path there.
const InitSource = "docker-init"

func writable(mounts []specs.Mount) []specs.Mount {
	out := slices.Clone(mounts)
	for i := range out {
		out[i].Options = slices.DeleteFunc(slices.Clone(out[i].Options), func(o string) bool { return o == "ro" })
	}
	return out
}
