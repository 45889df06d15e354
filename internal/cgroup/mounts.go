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
	const root = "/sys/fs/cgroup"
	options := []string{"nosuid", "noexec", "nodev", "relatime", "ro"}
	if g.host.V2 {
		return []specs.Mount{{Destination: root, Type: "cgroup2", Source: "cgroup", Options: options}}
	}
	mounts := []specs.Mount{{Destination: root, Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "noexec", "nodev", "mode=755"}}}
	for _, h := range g.host.hierarchies {
		together := strings.Join(h.controllers, ",")
		name := strings.TrimPrefix(together, "name=")
		mounts = append(mounts, specs.Mount{
			Destination: path.Join(root, name), Type: "cgroup", Source: "cgroup", Options: append(options[:len(options):len(options)], h.controllers...),
		})
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
