package engine

import (
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"

	"tug/internal/container"
)

// checkPropagation finds binds that are to pass mounts on (shared), or to get them (slave), and whose source lies in a mount
// that does not: they would silently be private. Errors: InvalidArgument.
func checkPropagation(mounts []container.MountPoint) error {
	wanted := func(m container.MountPoint) bool {
		return m.Type == "bind" && (strings.HasSuffix(m.Propagation, "shared") || strings.HasSuffix(m.Propagation, "slave"))
	}
	if !slices.ContainsFunc(mounts, wanted) {
		return nil
	}
	table, err := mountinfo.GetMounts(nil)
	if err != nil {
		return err
	}
	for _, m := range mounts {
		if !wanted(m) {
			continue
		}
		m.NonRecursive = true // what lies below does not matter
		in := mountsOf(table, m)
		if len(in) == 0 {
			continue
		}
		shared, slave := strings.Contains(in[0].Optional, "shared:"), strings.Contains(in[0].Optional, "master:")
		switch {
		case strings.HasSuffix(m.Propagation, "shared") && !shared:
			return invalid("path %s is mounted on %s but it is not a shared mount: make it one with mount --make-shared", m.Source, in[0].Mountpoint)
		case !shared && !slave:
			return invalid("path %s is mounted on %s but it is not a shared or slave mount: make it shared with mount --make-shared", m.Source, in[0].Mountpoint)
		}
	}
	return nil
}
