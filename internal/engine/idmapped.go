package engine

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
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
	if !slices.ContainsFunc(r.Mounts, func(m container.MountPoint) bool { return m.Type == "bind" }) {
		return
	}
	table, err := mountinfo.GetMounts(nil)
	if err != nil {
		return // the start warns in the log
	}
	for _, m := range r.Mounts {
		if m.Type != "bind" {
			continue
		}
		for _, b := range mountsOf(table, m) {
			if !mappable(b.FSType) {
				r.Warnings = append(r.Warnings, fmt.Sprintf("bind mount %s: the file system at %s (%s) takes no id map, so in the container its files belong to ids of the host; run it with --userns host if it has to write there", m.Source, b.Mountpoint, b.FSType))
				break
			}
		}
	}
}

// idMapped are the types of file systems that take id maps, as of Linux 6.18; tmpfs does from 6.3 on.
var idMapped = map[string]bool{
	"ext2": true, "ext3": true, "ext4": true, "xfs": true, "btrfs": true, "f2fs": true, "erofs": true, "squashfs": true, "vfat": true, "msdos": true,
	"exfat": true, "ntfs3": true, "zfs": true, "hugetlbfs": true, "bcachefs": true, "ceph": true, "virtiofs": true, "tmpfs": true,
}

// mappable tells whether file systems of the type take id maps.
func mappable(kind string) bool { return idMapped[kind] && (kind != "tmpfs" || kernelSince(6, 3)) }

// mountsOf gives the mount that a bind's source lies in, and those below it, which come along unless the bind is not
// recursive. It looks at the table of mounts alone: a file system that hangs is not asked.
func mountsOf(table []*mountinfo.Info, m container.MountPoint) []*mountinfo.Info {
	var in *mountinfo.Info
	var below []*mountinfo.Info
	for _, b := range table {
		switch {
		case under(m.Source, b.Mountpoint):
			if in == nil || len(b.Mountpoint) >= len(in.Mountpoint) {
				in = b
			}
		case under(b.Mountpoint, m.Source) && !m.NonRecursive:
			below = append(below, b)
		}
	}
	if in == nil {
		return below
	}
	return append([]*mountinfo.Info{in}, below...)
}

// under tells whether a path is a folder or lies in it.
func under(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
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
