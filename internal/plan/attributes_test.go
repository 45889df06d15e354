package plan

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

const (
	ro, nosuid, nodev, noexec = unix.MOUNT_ATTR_RDONLY, unix.MOUNT_ATTR_NOSUID, unix.MOUNT_ATTR_NODEV, unix.MOUNT_ATTR_NOEXEC
)

// TestAttributesOfTheMountAtAPlace: mount(2) sets all attributes of a mount, so the compiler has to know those that stay.
func TestAttributesOfTheMountAtAPlace(t *testing.T) {
	mounts := []specs.Mount{
		{Destination: "/proc", Type: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
		{Destination: "/sys", Type: "sysfs", Options: []string{"nosuid", "noexec", "nodev", "ro"}},
		{Destination: "/sys/fs/cgroup", Type: "cgroup", Options: []string{"nosuid"}},
		{Destination: "/srv", Type: "bind", Source: "/data", Options: []string{"rbind", "ro", "suid"}},
		{Destination: "/sys", Type: "sysfs", Options: []string{"remount", "rw", "noatime"}},
		{Destination: "/procession", Type: "tmpfs", Options: []string{"ro"}},
	}
	c := &compiler{env: &Env{Attributes: map[string]uint64{"/data": nosuid | nodev}}}
	for _, test := range []struct {
		place  string
		mounts int
		want   uint64
	}{
		{"/proc/sys", 6, nosuid | noexec | nodev},
		{"/etc", 6, 0},
		{"/sys/firmware", 4, nosuid | noexec | nodev | ro},
		{"/sys/firmware", 6, nosuid | noexec | nodev | unix.MOUNT_ATTR_NOATIME},
		{"/sys/fs/cgroup", 6, nosuid},
		{"srv/www", 6, ro | nodev},
		{"/proc/../sys/fs/cgroup/x", 6, nosuid},
	} {
		if got := c.attributesAt(test.place, mounts[:test.mounts]); got != test.want {
			t.Errorf("the mount at %s has the attributes %#x, want %#x", test.place, got, test.want)
		}
	}
}

// TestRecursiveReadOnlyNeedsMountSetattr: one mount(2) changes one mount, and those below are not known when a plan is made.
func TestRecursiveReadOnlyNeedsMountSetattr(t *testing.T) {
	s, e := hostile()
	s.Mounts = append(s.Mounts, specs.Mount{Destination: "/deep", Type: "bind", Source: "/srv/deep", Options: []string{"rbind", "rro"}})
	if _, err := Container(s, e); err == nil {
		t.Error("a kernel without mount_setattr(2) is to make mounts below read-only")
	}
	e.Kernel.MountSetattr = true
	if _, err := Container(s, e); err != nil {
		t.Error(err)
	}
}

// TestAttributesAsMountFlags holds the two ways of saying the same against each other.
func TestAttributesAsMountFlags(t *testing.T) {
	if got := mountFlagsOf(ro | nosuid | nodev | noexec | unix.MOUNT_ATTR_NOATIME | unix.MOUNT_ATTR_NODIRATIME); got !=
		unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC|unix.MS_NOATIME|unix.MS_NODIRATIME {
		t.Errorf("mount flags %#x", got)
	}
	if got := Attributes(1 | 2 | 0x1000 | 0x2000); got != ro|nosuid|unix.MOUNT_ATTR_NOSYMFOLLOW {
		t.Errorf("attributes %#x", got)
	}
}
