package plan

import "golang.org/x/sys/unix"

// Env is what a plan depends on beside the specification: the host, and what was made ready for this container.
type Env struct {
	Kernel Kernel
	// IDBase is the first id, on the host, of the container's user namespace. It counts only if the specification asks
	// for a user namespace.
	IDBase uint32
	Rootfs Rootfs
	// Files are the bind sources that are not directories.
	Files map[string]bool
	// Attributes are those of the mounts (MOUNT_ATTR_*) that bind sources lie on. They count only before Linux 5.12.
	Attributes map[string]uint64
	// Links tells for places in the container that are symbolic links to what is not there where they lead, so that it can
	// be made. It is a hint: the kernel confines every lookup to the container's root.
	Links map[string]string
	// Unmapped are the bind sources that keep the host's owners: what the engine shows to a container without giving it.
	Unmapped map[string]bool
	// Elsewhere are the bind sources that lie in the mount namespace of another container.
	Elsewhere map[string]Place
	// Trees are the bind sources that are more than a path: layers over one another, or what lies at a path in such a tree.
	Trees map[string]Tree
	// JoinFiles are the `tasks` files of cgroup v1 into which the process writes itself; CgroupDir is the folder of a
	// cgroup of v2 in which it is born.
	JoinFiles []string
	CgroupDir string
	// Filter is the compiled seccomp filter, as an array of struct sock_filter, with the flags of seccomp(2).
	Filter      []unix.SockFilter
	FilterFlags uint
	// OpenStdin tells that the shim gives a pipe as standard input, and not the null device.
	OpenStdin bool
}

// A Place is a path in another mount namespace.
type Place struct {
	Namespace string // "/proc/PID/ns/mnt"
	Path      string // no symbolic link is followed on the way
}

// A Tree is a file system that is shown in a place of the container. What is at Sub in it is shown, if that is not empty: no link there
// leads out of the tree.
type Tree struct {
	Rootfs
	Sub string
}

// Rootfs is an overlay: Layers are folders below Base, topmost first; Dir holds "upper" and "work", or the folders that Upper and Work
// name. Without Dir nothing can be written.
type Rootfs struct {
	Base        string
	Layers      []string
	Dir         string
	Upper, Work string
	// Volatile has the kernel bring nothing of the upper folder to disk, neither when a program asks for that nor when the overlay goes. The work folder
	// keeps a mark of it, which ForgetVolatile removes.
	Volatile bool
	// Path is used instead of an overlay when it is set: a folder that is the root file system.
	Path string
}

// Kernel is what the kernel can do and the daemon may do, found out once.
type Kernel struct {
	Caps           uint64 // capabilities that the engine has
	LastCap        int    // the highest capability that the kernel knows
	MountSetattr   bool   // 5.12: mount_setattr(2), which changes mounts that are not attached yet
	IDMapped       bool   // 5.19: id-mapped layers below an overlay
	LowerdirAdd    bool   // 6.8: overlay takes layers one by one
	OverlayFD      bool   // 6.13: overlay takes layers as descriptors
	DetachedLayers bool   // 6.15: a layer may lie on a detached mount
}
