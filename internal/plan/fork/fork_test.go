package fork_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tug/internal/plan"
	"tug/internal/plan/fork"
)

// run starts a container on a small root file system of busybox, waits for it and gives what it printed.
func run(t *testing.T, spec *specs.Spec, env *plan.Env) (string, syscall.WaitStatus) {
	t.Helper()
	return runImage(t, spec, env, func(string) {})
}

// runImage is run with an image to which change has done something.
func runImage(t *testing.T, spec *specs.Spec, env *plan.Env, change func(root string)) (string, syscall.WaitStatus) {
	t.Helper()
	root := t.TempDir()
	for _, d := range []string{"layers/1/fs/bin", "c/upper", "c/work"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Skip("needs Debian's busybox-static")
	}
	data, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "layers/1/fs/bin/sh"), data, 0o755); err != nil {
		t.Fatal(err)
	}
	change(filepath.Join(root, "layers/1/fs"))
	env.Rootfs = plan.Rootfs{Base: filepath.Join(root, "layers"), Layers: []string{"1/fs"}, Dir: filepath.Join(root, "c")}
	if env.Kernel == (plan.Kernel{}) {
		env.Kernel = kernel(t)
	}
	p, err := plan.Container(spec, env)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = plan.Decode(p.Encode()); err != nil {
		t.Fatal(err)
	}
	var regs fork.Registers
	regs[plan.UserNS], regs[plan.NetNS], err = fork.Namespaces(env.IDBase, true)
	if err != nil {
		t.Fatal(err)
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	regs[plan.Stdin], regs[plan.Stdout], regs[plan.Stderr] = null, pipe[1], pipe[1]
	s, err := fork.Start(p, &regs)
	unix.Close(pipe[1])
	for _, fd := range []int{null, regs[plan.UserNS], regs[plan.NetNS]} {
		if fd > 0 {
			unix.Close(fd)
		}
	}
	if err != nil {
		unix.Close(pipe[0])
		return "start: " + err.Error(), 0
	}
	var out strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := unix.Read(pipe[0], buf)
		if err == unix.EINTR {
			continue
		}
		if n <= 0 || err != nil {
			break
		}
		out.Write(buf[:n])
	}
	unix.Close(pipe[0])
	if s.Devpts > 0 {
		unix.Close(s.Devpts)
	}
	var ws syscall.WaitStatus
	for {
		pid, err := syscall.Wait4(-1, &ws, 0, nil)
		if pid == s.Pid {
			break
		}
		if err != nil && err != syscall.EINTR {
			t.Fatal(err)
		}
	}
	return out.String(), ws
}

// kernel is what the kernel that the tests run on can do.
func kernel(t *testing.T) plan.Kernel {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	since := func(ma, mi int) bool { return major > ma || major == ma && minor >= mi }
	return plan.Kernel{
		Caps: permitted(t), LastCap: 40, MountSetattr: since(5, 12), IDMapped: since(5, 19),
		LowerdirAdd: since(6, 8), OverlayFD: since(6, 13), DetachedLayers: since(6, 15),
	}
}

func permitted(t *testing.T) uint64 {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		t.Fatal(err)
	}
	return uint64(data[0].Permitted) | uint64(data[1].Permitted)<<32
}

func spec(script string, user bool) *specs.Spec {
	s := &specs.Spec{
		Process:  &specs.Process{Args: []string{"sh", "-c", script}, Cwd: "/", Env: []string{"PATH=/usr/bin:/bin"}},
		Hostname: "box",
		Root:     &specs.Root{},
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
			{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
			{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
			{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"nosuid", "noexec", "nodev", "ro"}},
			{Destination: "/dev/shm", Type: "tmpfs", Source: "shm", Options: []string{"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
			{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: []string{"nosuid", "noexec", "nodev"}},
		},
		Linux: &specs.Linux{
			MaskedPaths: []string{"/proc/kcore", "/proc/acpi", "/proc/nothere", "/sys/firmware"}, ReadonlyPaths: []string{"/proc/sys", "/proc/bus"},
			Devices: []specs.LinuxDevice{{Path: "/dev/null", Type: "c", Major: 1, Minor: 3}, {Path: "/dev/zero", Type: "c", Major: 1, Minor: 5}},
			Sysctl:  map[string]string{"net.ipv4.ip_unprivileged_port_start": "0"},
		},
	}
	for _, n := range []specs.LinuxNamespaceType{specs.PIDNamespace, specs.MountNamespace, specs.IPCNamespace, specs.UTSNamespace, specs.NetworkNamespace, specs.CgroupNamespace} {
		s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: n})
	}
	if user {
		s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace})
	}
	return s
}

// TestOwnUserNamespace looks at a container from inside: its ids are mapped, its files belong to its root on disk, its
// devices work, what is masked and read-only is so, and it cannot see the host's processes.
func TestOwnUserNamespace(t *testing.T) {
	script := `/bin/sh --install -s /bin
echo map $(cat /proc/self/uid_map)
echo x > /dev/null && echo null works
set -- /proc/[0-9]*; echo name $(hostname), pid $$, processes $#
ls /proc/acpi | wc -l
echo 1 > /proc/sys/kernel/printk || echo sysctls are read-only
cat /proc/sys/net/ipv4/ip_unprivileged_port_start
touch /file && ls -n /file | tr -s " " | cut -d" " -f3,4
ls /proc/self/fd | wc -l
mknod /dev/evil b 8 0 || echo no device nodes
exit 7`
	out, ws := run(t, spec(script, true), &plan.Env{IDBase: 3000000})
	for _, want := range []string{"map 0 3000000 65536", "null works", "name box, pid 1, processes 1", "\n0\n", "sysctls are read-only", "\n0 0\n", "\n4\n", "no device nodes"} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q", want)
		}
	}
	if ws.ExitStatus() != 7 || t.Failed() {
		t.Errorf("exit status %d, output:\n%s", ws.ExitStatus(), out)
	}
}

func TestHostUserNamespace(t *testing.T) {
	out, ws := run(t, spec("/bin/sh --install -s /bin; cat /proc/self/uid_map", false), &plan.Env{})
	if f := strings.Fields(out); len(f) != 3 || f[1] != "0" || ws.ExitStatus() != 0 {
		t.Errorf("exit status %d, output:\n%s", ws.ExitStatus(), out)
	}
}

func TestFailedStepIsNamed(t *testing.T) {
	s := spec("true", true)
	s.Process.Args = []string{"nothere"}
	if out, _ := run(t, s, &plan.Env{IDBase: 3000000}); out != "start: exec nothere: no such file or directory" {
		t.Errorf("got %q", out)
	}
	s.Process.Args, s.Process.Cwd = []string{"sh"}, "/bin/sh"
	if out, _ := run(t, s, &plan.Env{IDBase: 3000000}); !strings.Contains(out, "make the folder /bin/sh") && !strings.Contains(out, "not a directory") {
		t.Errorf("got %q", out)
	}
}
