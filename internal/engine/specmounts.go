package engine

import (
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/container"
)

// specMounts translates a container's mounts for its specification, and tells which sources are not folders. The kernel can
// make a mount read-only with those below it if deep is set.
func specMounts(mounts []container.MountPoint, deep bool) (list []specs.Mount, files map[string]bool) {
	files = map[string]bool{}
	for _, m := range mounts {
		if m.Type == "tmpfs" {
			list = append(list, specs.Mount{Destination: m.Destination, Type: "tmpfs", Source: "tmpfs", Options: m.Options})
			continue
		}
		s := specs.Mount{Destination: m.Destination, Type: "bind", Source: m.Source, Options: []string{"rbind"}}
		if m.NonRecursive {
			s.Options[0] = "bind"
		}
		if m.Propagation != "" {
			s.Options = append(s.Options, m.Propagation)
		}
		switch {
		case m.ReadOnlyDeep, deep && !m.RW && m.Type == "bind" && !m.ReadOnlyTop && !m.NonRecursive:
			s.Options = append(s.Options, "rro")
		case !m.RW:
			s.Options = append(s.Options, "ro")
		}
		if info, err := os.Stat(m.Source); err == nil && !info.IsDir() {
			files[m.Source] = true
		}
		list = append(list, s)
	}
	return list, files
}
