package engine

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/container"
)

// procFiles are what may be mounted on below /proc: files that only tell of the machine. Whoever could replace others there
// would feign to the container's programs what the kernel never said.
var procFiles = []string{
	"/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/net/dev", "/proc/slabinfo", "/proc/stat", "/proc/swaps",
	"/proc/sys/crypto/fips_enabled", "/proc/sys/kernel/ns_last_pid", "/proc/uptime",
}

// checkOnProc finds what cannot be mounted on /proc: in the place of the kernel's word on processes stands no other. Errors:
// InvalidArgument.
func checkOnProc(m *container.MountPoint) error {
	var fs unix.Statfs_t
	switch {
	case path.Clean(m.Destination) != "/proc":
		return nil
	case m.Type == "bind" && unix.Statfs(m.Source, &fs) == nil && fs.Type == unix.PROC_SUPER_MAGIC:
		return nil
	}
	return invalid("invalid mount path: only a proc file system can be mounted on \"/proc\" (-v /proc:/proc shows the host's); mount it elsewhere")
}

// checkDestination finds places in a container, as clean paths, on which nothing can be mounted. Errors: InvalidArgument.
func checkDestination(dest string) error {
	if dest == "" {
		return invalid("field Target must not be empty")
	}
	dest = path.Clean(dest)
	switch {
	case dest == "/":
		return invalid("invalid specification: destination can't be '/'")
	case !path.IsAbs(dest):
		return invalid("invalid mount path: '%s' mount path must be absolute", dest)
	case strings.Contains(dest, "\x00"):
		return invalid("invalid mount path: %q has a zero byte, with which a path ends", dest)
	case strings.HasPrefix(dest, "/proc/") && !slices.Contains(procFiles, dest):
		return invalid("invalid mount path: %q cannot be mounted because it is inside /proc; mount it elsewhere", dest)
	}
	return nil
}
