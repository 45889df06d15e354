package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// hostnames gives the container its names.
func (c *compiler) hostnames() {
	if c.new&unix.CLONE_NEWUTS == 0 {
		return
	}
	b := c.b
	if h := c.spec.Hostname; h != "" {
		b.call("set the host name "+h, unix.SYS_SETHOSTNAME, b.str(h), num(len(h)))
	}
	if d := c.spec.Domainname; d != "" {
		b.call("set the domain name "+d, unix.SYS_SETDOMAINNAME, b.str(d), num(len(d)))
	}
}

// sysctls are written through a procfs that was just made, which nothing in the container can have changed: its own, or, if
// somebody has mounted another one there, one that is in no place.
func (c *compiler) sysctls() {
	b := c.b
	if c.proc == 0 && len(c.spec.Linux.Sysctl) > 0 {
		c.proc = b.newFS("set sysctls", "proc", "proc", nil, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
		defer func() {
			b.close(c.proc)
			c.proc = 0
		}()
	}
	for _, k := range slices.Sorted(maps.Keys(c.spec.Linux.Sysctl)) {
		v := c.spec.Linux.Sysctl[k]
		what := fmt.Sprintf("set sysctl %s to %s", k, v)
		file, err := SysctlFile(k)
		if err != nil {
			b.fail(err)
			return
		}
		fd := b.reg()
		how := b.openHow(unix.O_WRONLY|unix.O_CLOEXEC, 0, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS)
		b.call(what, unix.SYS_OPENAT2, from(c.proc), b.str("sys/"+file), how, num(24)).out(fd)
		b.call(what, unix.SYS_WRITE, from(fd), b.str(v), num(len(v)))
		b.close(fd)
	}
}

// SysctlFile gives the file of a kernel parameter below /proc/sys. As for sysctl(8), the first separator of the name,
// '.' or '/', is the one that parts folders; the other stands for a '.' in a name ("net/ipv4/conf/eth0.1/forwarding").
func SysctlFile(name string) (string, error) {
	file := name
	if i := strings.IndexAny(name, "./"); i >= 0 && name[i] == '.' {
		file = strings.NewReplacer(".", "/", "/", ".").Replace(name)
	}
	for part := range strings.SplitSeq(file, "/") {
		if part == "" || part == "." || part == ".." {
			return "", fmt.Errorf("sysctl %q: that is no name of a kernel parameter", name)
		}
	}
	return file, nil
}
