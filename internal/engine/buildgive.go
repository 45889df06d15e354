package engine

import (
	"fmt"
	"os"
	"slices"
	"syscall"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/build"
)

// giveUnmapped gives a step the files and folders that BuildKit has made for it alone (secrets, sockets of agents) where they lie in a file system that
// takes no id map, as a tmpfs before Linux 6.3: they become its root's by their owners on the host.
func giveUnmapped(mounts []build.Mount, p *prepared, unmapped func(path string) (kind string, ok bool)) error {
	if !slices.ContainsFunc(p.spec.Linux.Namespaces, func(n specs.LinuxNamespace) bool { return n.Type == specs.UserNamespace }) {
		return nil
	}
	for _, m := range mounts {
		path := m.Tree.Path
		if path == "" || m.Tree.Sub != "" {
			continue
		}
		if _, ok := unmapped(path); !ok { // as layers never do: there are no user namespaces then
			continue
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		owner, base := info.Sys().(*syscall.Stat_t), p.env.IDBase
		if err := os.Lchown(path, int(base+owner.Uid), int(base+owner.Gid)); err != nil {
			return fmt.Errorf("give %s to a build's step: %w", m.Dest, err)
		}
		p.env.Unmapped[path] = true
	}
	return nil
}
