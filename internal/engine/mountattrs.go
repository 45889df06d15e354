package engine

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tug/internal/plan"
)

// mountAttributes gives, by source, the attributes of the mounts that binds are made of. A source that is not there is
// left out: the start of the container will say so.
func mountAttributes(mounts []specs.Mount) map[string]uint64 {
	attributes := map[string]uint64{}
	for _, m := range mounts {
		var fs unix.Statfs_t
		if m.Type == "bind" && unix.Statfs(m.Source, &fs) == nil {
			attributes[m.Source] = plan.Attributes(int64(fs.Flags))
		}
	}
	return attributes
}
