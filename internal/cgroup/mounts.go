package cgroup

import (
	"path"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Symlink is the type of an entry of [Group.Mounts] that is no mount: at the destination there is a symbolic link with the source as its target.
const Symlink = "symlink"

// Mounts are what a container with a cgroup namespace of its own has at /sys/fs/cgroup, in order, read-only. On version 1 there is a
// directory for each hierarchy, and a link for each controller of one that has several, as on a host; the last entry makes the tmpfs around them read-only.
func (g *Group) Mounts() []specs.Mount {
	if g.host.V2 {
		return []specs.Mount{{Destination: mountRoot, Type: "cgroup2", Source: "cgroup", Options: mountOptions()}}
	}
	return g.version1Mounts(func(h hierarchy, dest string) specs.Mount {
		return specs.Mount{Destination: dest, Type: "cgroup", Source: "cgroup", Options: append(mountOptions(), h.controllers...)}
	})
}

// HostMounts are what a container has there that sees the host's cgroup namespace, whose file systems it cannot mount
// itself. As with Docker it finds its own groups there on version 1, and the host's whole tree on version 2.
func (g *Group) HostMounts() []specs.Mount {
	bind := func(source, dest string) specs.Mount {
		return specs.Mount{Destination: dest, Type: "bind", Source: source, Options: append([]string{"bind"}, mountOptions()...)}
	}
	if g.host.V2 {
		return []specs.Mount{bind(g.host.hierarchies[0].dir, mountRoot)}
	}
	return g.version1Mounts(func(h hierarchy, dest string) specs.Mount { return bind(path.Join(h.dir, g.path), dest) })
}

// mountRoot is where containers have cgroups.
const mountRoot = "/sys/fs/cgroup"

func mountOptions() []string { return []string{"nosuid", "noexec", "nodev", "relatime", "ro"} }

func (g *Group) version1Mounts(mount func(h hierarchy, dest string) specs.Mount) []specs.Mount {
	const root = mountRoot
	mounts := []specs.Mount{{Destination: root, Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "noexec", "nodev", "mode=755"}}}
	for _, h := range g.host.hierarchies {
		together := strings.Join(h.controllers, ",")
		name := strings.TrimPrefix(together, "name=")
		mounts = append(mounts, mount(h, path.Join(root, name)))
		if len(h.controllers) == 1 {
			continue
		}
		for _, c := range h.controllers {
			if !strings.HasPrefix(c, "name=") {
				mounts = append(mounts, specs.Mount{Destination: path.Join(root, c), Type: Symlink, Source: name})
			}
		}
	}
	return append(mounts, specs.Mount{Destination: root, Type: "tmpfs", Source: "tmpfs", Options: []string{"remount", "nosuid", "noexec", "nodev", "mode=755", "ro"}})
}
