package engine

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/container"
)

// unmapped are file systems that cannot be mounted with an id map (statfs(2)).
var unmapped = map[int64]string{
	unix.PROC_SUPER_MAGIC: "proc", unix.SYSFS_MAGIC: "sysfs", unix.CGROUP_SUPER_MAGIC: "cgroup", unix.CGROUP2_SUPER_MAGIC: "cgroup2",
	unix.OVERLAYFS_SUPER_MAGIC: "overlay", unix.NFS_SUPER_MAGIC: "NFS", unix.SMB2_SUPER_MAGIC: "SMB", unix.CIFS_SUPER_MAGIC: "CIFS",
	unix.V9FS_MAGIC: "9p", unix.FUSE_SUPER_MAGIC: "FUSE", unix.DEBUGFS_MAGIC: "debugfs", unix.TRACEFS_MAGIC: "tracefs",
	unix.SECURITYFS_MAGIC: "securityfs", unix.BPF_FS_MAGIC: "bpf", unix.EFIVARFS_MAGIC: "efivarfs", unix.ECRYPTFS_SUPER_MAGIC: "ecryptfs",
}

// warnUnmapped warns whoever creates a container in a user namespace of its own of binds whose files will show the
// host's owners there, which its processes may then not be able to read or write. The API can carry words to people
// when a container is created, and not when it is started.
func warnUnmapped(r *container.Record) {
	for _, m := range r.Mounts {
		if m.Type != "bind" {
			continue
		}
		if kind, ok := unmappedAt(m.Source); ok {
			r.Warnings = append(r.Warnings, fmt.Sprintf("bind mount %s: its file system (%s) takes no id map, so in the container its files belong to ids of the host; run it with --userns host if it has to write there", m.Source, kind))
		}
	}
}

// unmappedAt tells whether a path lies in a file system that cannot be mounted with an id map, and which that is.
func unmappedAt(path string) (kind string, ok bool) {
	var fs unix.Statfs_t
	if unix.Statfs(path, &fs) != nil {
		return "", false
	}
	if fs.Type == unix.TMPFS_MAGIC && !kernelSince(6, 3) {
		return "tmpfs", true
	}
	kind, ok = unmapped[int64(fs.Type)]
	return kind, ok
}

// whyNoUserNS tells what keeps containers from having a user namespace of their own; "" if nothing does.
func (e *Engine) whyNoUserNS() string {
	if !e.kernel.IDMapped {
		release, _, _ := kernelRelease()
		return "Linux " + release + " takes no id-mapped layers below an overlay (5.19 and up do)"
	}
	if most, err := os.ReadFile("/proc/sys/user/max_user_namespaces"); err == nil && strings.TrimSpace(string(most)) == "0" {
		return "this host allows none (sysctl user.max_user_namespaces)"
	}
	if kind, ok := unmappedAt(e.dataRoot); ok {
		return "the file system of " + e.dataRoot + " (" + kind + ") takes no id map"
	}
	return ""
}
