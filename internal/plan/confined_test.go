package plan

import (
	"encoding/binary"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// hostile is a specification whose every path is one that an image or a container could have prepared.
func hostile() (*specs.Spec, *Env) {
	s := &specs.Spec{
		Process: &specs.Process{Args: []string{"../../bin/sh"}, Cwd: "/proc/self/fd/7/../..", Terminal: true, User: specs.User{UID: 1000}},
		Root:    &specs.Root{Readonly: true}, Hostname: "box",
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc"},
			{Destination: "/dev/../dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"ro"}},
			{Destination: "/dev/pts", Type: "devpts", Source: "devpts"},
			{Destination: "../../etc/hosts", Type: "bind", Source: "/host/hosts"},
			{Destination: "/deep/../../new/folder", Type: "bind", Source: "/host/folder", Options: []string{"rbind", "ro"}},
			{Destination: "/run", Type: "tmpfs", Source: "tmpfs", Options: []string{"ro"}},
			{Destination: "/sys/fs/cgroup/cpu", Type: "symlink", Source: "../../../../etc"},
			{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"remount", "ro"}},
		},
		Linux: &specs.Linux{
			MaskedPaths: []string{"/proc/../../etc/shadow", "proc/kcore"}, ReadonlyPaths: []string{"../proc/sys", "/"},
			Devices: []specs.LinuxDevice{{Path: "/dev/../dev/null", Type: "c", Major: 1, Minor: 3}, {Path: "/dev/a/b", Type: "b"}},
			Sysctl:  map[string]string{"net.ipv4.ip_forward": "1"},
		},
	}
	for _, n := range []specs.LinuxNamespaceType{specs.MountNamespace, specs.PIDNamespace, specs.UTSNamespace, specs.UserNamespace} {
		s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: n})
	}
	return s, &Env{
		IDBase: 100000, Kernel: Kernel{LastCap: 40, LowerdirAdd: true, OverlayFD: true, DetachedLayers: true},
		Rootfs: Rootfs{Base: "/layers", Layers: []string{"1"}, Dir: "/c"}, Files: map[string]bool{"/host/hosts": true},
		Links: map[string]string{"/etc/hosts": "../../../run/hosts", "/dev": "/elsewhere"},
	}
}

// TestPathsInTheContainerAreConfined goes through the steps that happen while the container's root lies beside the
// host's: each path is looked up by openat2(2) in the root or in the fresh procfs, is one name in a folder that is held
// open, or is none.
func TestPathsInTheContainerAreConfined(t *testing.T) {
	for _, setattr := range []bool{true, false} {
		s, e := hostile()
		e.Kernel.MountSetattr = setattr
		p, err := Container(s, e)
		if err != nil {
			t.Fatal(err)
		}
		checkPlanConfined(t, p)
	}
}

func checkPlanConfined(t *testing.T, p *Plan) {
	t.Helper()
	pivoted := false
	for i := range p.Steps {
		step := &p.Steps[i]
		if step.Stage != First {
			continue
		}
		switch {
		case step.Call == unix.SYS_PIVOT_ROOT:
			pivoted = true
		case pivoted && step.Call == unix.SYS_OPENAT2:
			if resolve(p, step)&unix.RESOLVE_NO_MAGICLINKS == 0 {
				t.Errorf("%s may follow a link of procfs out of the container", p.line(step))
			}
		case !pivoted:
			checkConfined(t, p, step)
		}
	}
	if !pivoted {
		t.Error("the plan never makes the container's root the root")
	}
}

func checkConfined(t *testing.T, p *Plan, s *Step) {
	t.Helper()
	name := func(i int) string { return p.cString(uint32(s.Args[i].N)) }
	oneName := func(n string) bool { return n != "" && n != "." && n != ".." && !strings.Contains(n, "/") }
	ok := true
	switch s.Call {
	case unix.SYS_OPENAT2:
		root, within := s.Args[0] == from(Root), resolve(p, s)
		ok = root && within&unix.RESOLVE_IN_ROOT != 0 && within&unix.RESOLVE_NO_MAGICLINKS != 0 ||
			root && within&unix.RESOLVE_IN_ROOT != 0 && within&unix.RESOLVE_NO_SYMLINKS != 0 ||
			!root && within == unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS && strings.HasPrefix(name(1), "sys/")
	case unix.SYS_OPENAT:
		ok = s.Args[0].Kind == Register && oneName(name(1)) && s.Args[2].N&unix.O_NOFOLLOW != 0
	case unix.SYS_MKDIRAT:
		ok = s.Args[0].Kind == Register && oneName(name(1))
	case unix.SYS_SYMLINKAT:
		ok = s.Args[1].Kind == Register && oneName(name(2))
	case unix.SYS_OPEN_TREE:
		ok = name(1) == "" && s.Args[2].N&unix.AT_EMPTY_PATH != 0
	case unix.SYS_MOUNT_SETATTR:
		ok = name(1) == "" && s.Args[2].N&unix.AT_EMPTY_PATH != 0
	case unix.SYS_MOVE_MOUNT:
		ok = name(1) == "" && (name(3) == "" || name(3) == "/" && s.Args[0] == from(Root))
	case unix.SYS_MOUNT:
		held := len(s.Patches) == 1 && name(1) == selfFD+fdRoom && s.Patches[0].Offset == uint32(s.Args[1].N)+uint32(len(selfFD))
		ok = held || name(1) == "/"
	case unix.SYS_SETSID, unix.SYS_KEYCTL, unix.SYS_CLOSE, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_SETHOSTNAME, unix.SYS_WRITE, unix.SYS_FCHDIR:
	default:
		ok = false
	}
	if !ok {
		t.Errorf("a path is looked up without being confined: %s", p.line(s))
	}
}

// resolve gives the resolve flags of an openat2(2).
func resolve(p *Plan, s *Step) uint64 {
	return binary.NativeEndian.Uint64(p.Arena[s.Args[2].N+16:])
}

// TestNoDescriptorButTheStandardStreams finds that every descriptor closes on execve(2), and that all but the streams
// and the status pipe are closed before the working directory and the program are looked up.
func TestNoDescriptorButTheStandardStreams(t *testing.T) {
	s, e := hostile()
	container, err := Container(s, e)
	if err != nil {
		t.Fatal(err)
	}
	exec, err := Exec(s, s.Process, e)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Plan{container, exec} {
		closed := false
		for i := range p.Steps {
			step := &p.Steps[i]
			if fd, cloexec := opens(p, step); fd && !cloexec {
				t.Errorf("what it opens survives execve: %s", p.line(step))
			}
			if step.Call == unix.SYS_CLOSE_RANGE {
				closed = step.Args[0].N == statusFD+1 && step.Args[1].N == 1<<32-1 && step.Stage == First
			}
			if step.Call == unix.SYS_EXECVE && !closed {
				t.Errorf("descriptors are open at %s", p.line(step))
			}
		}
	}
}

// opens tells whether a step gives a descriptor, and whether that closes on execve(2).
func opens(p *Plan, s *Step) (fd, cloexec bool) {
	switch s.Call {
	case unix.SYS_OPENAT2:
		return true, binary.NativeEndian.Uint64(p.Arena[s.Args[2].N:])&unix.O_CLOEXEC != 0
	case unix.SYS_OPENAT, unix.SYS_OPEN_TREE, unix.SYS_IOCTL:
		if s.Call == unix.SYS_IOCTL && s.Args[1].N != unix.TIOCGPTPEER {
			return false, false
		}
		return true, s.Args[2].N&unix.O_CLOEXEC != 0
	case unix.SYS_FSOPEN:
		return true, s.Args[1].N&unix.FSOPEN_CLOEXEC != 0
	case unix.SYS_FSMOUNT:
		return true, s.Args[1].N&unix.FSMOUNT_CLOEXEC != 0
	case unix.SYS_DUP3:
		return s.Args[1].N > 2, s.Args[2].N&unix.O_CLOEXEC != 0
	case unix.SYS_SOCKET:
		return true, s.Args[1].N&unix.SOCK_CLOEXEC != 0
	}
	return false, false
}

// TestPrivilegesComeLast holds the order in which a process gives up what it may do: the filter is there, groups, user
// and capabilities are set, before its program is looked up; and nothing is inheritable (CVE-2022-29162).
func TestPrivilegesComeLast(t *testing.T) {
	for _, nnp := range []bool{false, true} {
		s, e := hostile()
		s.Process.NoNewPrivileges = nnp
		e.Filter = []unix.SockFilter{{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW}}
		exec, err := Exec(s, s.Process, e)
		if err != nil {
			t.Fatal(err)
		}
		at := map[uintptr]int{}
		for i, step := range exec.Steps {
			if step.Stage == First {
				at[step.Call] = i
			}
			if step.Call == unix.SYS_CAPSET && step.Stage == First {
				data := exec.Arena[step.Args[1].N:]
				if binary.NativeEndian.Uint32(data[8:]) != 0 || binary.NativeEndian.Uint32(data[20:]) != 0 {
					t.Error("the inheritable capabilities are not empty")
				}
			}
		}
		for _, call := range []uintptr{unix.SYS_SECCOMP, unix.SYS_SETGROUPS, unix.SYS_SETRESGID, unix.SYS_SETRESUID, unix.SYS_CAPSET} {
			if i, ok := at[call]; !ok || i > at[unix.SYS_EXECVE] {
				t.Errorf("no_new_privs %t: %s does not come before the program", nnp, calls[call].name)
			}
		}
		if at[unix.SYS_SETRESUID] < at[unix.SYS_SETRESGID] || at[unix.SYS_SETRESGID] < at[unix.SYS_SETGROUPS] || at[unix.SYS_CAPSET] < at[unix.SYS_SETRESUID] {
			t.Error("groups, user and capabilities are set in the wrong order")
		}
	}
}
