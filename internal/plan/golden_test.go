package plan_test

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tug/internal/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldens are the plans that are kept as text in testdata, for a reviewer to read and a change to show in.
var goldens = map[string]func(s *specs.Spec, e *plan.Env){
	"default": func(*specs.Spec, *plan.Env) {},
	"privileged": func(s *specs.Spec, e *plan.Env) {
		namespace(s, specs.UserNamespace, "host")
		s.Process.Capabilities = caps(plan.CapNames(1<<41 - 1)...)
		s.Linux.MaskedPaths, s.Linux.ReadonlyPaths = nil, nil
		s.Mounts[3].Options = []string{"nosuid", "noexec", "nodev", "rw"}
		e.Filter = nil
	},
	"readonly-tmpfs": func(s *specs.Spec, _ *plan.Env) {
		s.Root.Readonly = true
		s.Mounts = append(s.Mounts,
			specs.Mount{Destination: "/run", Type: "tmpfs", Source: "tmpfs", Options: []string{"noexec", "nosuid", "nodev", "size=1m"}},
			specs.Mount{Destination: "/srv/conf", Type: "tmpfs", Source: "tmpfs", Options: []string{"ro"}})
	},
	"host-user-namespace": func(s *specs.Spec, _ *plan.Env) { namespace(s, specs.UserNamespace, "host") },
	"cgroup-v2": func(s *specs.Spec, e *plan.Env) {
		e.JoinFiles, e.CgroupDir = nil, "/sys/fs/cgroup/tug/c1"
		s.Mounts = append(s.Mounts, specs.Mount{Destination: "/sys/fs/cgroup", Type: "cgroup", Source: "cgroup2", Options: []string{"nosuid", "noexec", "nodev", "ro"}})
	},
	"kernel-6.1": func(_ *specs.Spec, e *plan.Env) {
		e.Kernel.LowerdirAdd, e.Kernel.OverlayFD, e.Kernel.DetachedLayers = false, false, false
	},
	"kernel-6.8": func(_ *specs.Spec, e *plan.Env) { e.Kernel.OverlayFD, e.Kernel.DetachedLayers = false, false },
	"kernel-5.10": func(s *specs.Spec, e *plan.Env) {
		e.Kernel = plan.Kernel{Caps: e.Kernel.Caps, LastCap: 40}
		namespace(s, specs.UserNamespace, "host")
		s.Root.Readonly = true
		s.Mounts = append(s.Mounts, bind("/srv/www", "/usr/share/nginx/html", "ro"), bind("/srv/conf", "/etc/nginx", "rslave"),
			specs.Mount{Destination: "/run", Type: "tmpfs", Source: "tmpfs", Options: []string{"noexec", "ro"}},
			specs.Mount{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"remount", "rw", "noatime"}})
		e.Attributes = map[string]uint64{"/srv/www": unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	},
	"terminal": func(s *specs.Spec, _ *plan.Env) {
		s.Process.ConsoleSize = &specs.Box{Height: 24, Width: 80}
		s.Process.Terminal, s.Process.User = true, specs.User{UID: 1000, GID: 1000, AdditionalGids: []uint32{1000}}
	},
	"joined-namespaces": func(s *specs.Spec, _ *plan.Env) {
		for kind, name := range map[specs.LinuxNamespaceType]string{specs.UserNamespace: "user", specs.NetworkNamespace: "net", specs.PIDNamespace: "pid", specs.IPCNamespace: "ipc"} {
			namespace(s, kind, "/proc/4711/ns/"+name)
		}
		s.Linux.Sysctl = nil
	},
	"bind-mounts": func(s *specs.Spec, _ *plan.Env) {
		s.Mounts = append(s.Mounts, bind("/srv/www", "/usr/share/nginx/html", "ro"), bind("/srv/deep", "/deep", "rro"),
			specs.Mount{Destination: "/shared", Type: "bind", Source: "/srv/shared", Options: []string{"bind", "rshared"}})
		s.Linux.RootfsPropagation = "rshared"
	},
	"trees-of-one-overlay": func(s *specs.Spec, e *plan.Env) { // which is made once, for what is written in it
		s.Mounts = append(s.Mounts, bind("cache", "/cache", "rw"), bind("part", "/part", "ro"))
		cache := plan.Rootfs{Base: e.Rootfs.Base, Layers: []string{"1/fs"}, Dir: e.Rootfs.Base + "/7", Upper: "fs", Work: "work"}
		e.Trees = map[string]plan.Tree{"cache": {Rootfs: cache}, "part": {Rootfs: cache, Sub: "deep/part"}}
	},
	"volatile": func(_ *specs.Spec, e *plan.Env) { e.Rootfs.Volatile = true },
	"limits": func(s *specs.Spec, _ *plan.Env) {
		score := 500
		s.Process.OOMScoreAdj, s.Process.NoNewPrivileges, s.Process.Cwd = &score, true, "/srv/app"
		s.Process.Rlimits = []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 1024, Hard: 4096}, {Type: "RLIMIT_CORE", Soft: 0, Hard: 0}}
	},
	"devices-and-shared-memory": func(s *specs.Spec, e *plan.Env) {
		namespace(s, specs.UserNamespace, "/proc/4711/ns/user")
		mode, owner := os.FileMode(0o660), uint32(6)
		s.Linux.Devices = append(s.Linux.Devices, specs.LinuxDevice{Path: "/srv/disk", Type: "b", Major: 8, Minor: 1, FileMode: &mode, GID: &owner})
		s.Mounts = append(s.Mounts, bind("/proc/4711/root/dev/shm", "/dev/shm", "nodev"))
		e.Elsewhere = map[string]plan.Place{"/proc/4711/root/dev/shm": {Namespace: "/proc/4711/ns/mnt", Path: "/dev/shm"}}
	},
	"others-on-dev-and-proc": func(s *specs.Spec, _ *plan.Env) {
		s.Process.Terminal = true
		s.Mounts = slices.DeleteFunc(s.Mounts, func(m specs.Mount) bool { return m.Type == "proc" || strings.HasPrefix(m.Destination, "/dev") })
		s.Mounts = append(s.Mounts, bind("/dev", "/dev"), bind("/proc", "/proc"))
	},
	"root-folder": func(_ *specs.Spec, e *plan.Env) { e.Rootfs = plan.Rootfs{Path: "/build/rootfs"} },
}

func TestPlansAsPrinted(t *testing.T) {
	for name, change := range goldens {
		t.Run(name, func(t *testing.T) {
			s, e := container(), host()
			change(s, e)
			p, err := plan.Container(s, e)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, name, p)
		})
	}
}

// TestExecPlansAsPrinted shows one more process in a container: as the container's own, and privileged with a terminal.
func TestExecPlansAsPrinted(t *testing.T) {
	s, e := container(), host()
	p, err := plan.Exec(s, s.Process, e)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "exec", p)

	more := *s.Process
	more.Terminal, more.Capabilities = true, caps(plan.CapNames(1<<41-1)...)
	namespace(s, specs.PIDNamespace, "host")
	e.Filter, e.JoinFiles, e.CgroupDir = nil, nil, "/sys/fs/cgroup/tug/c1"
	if p, err = plan.Exec(s, &more, e); err != nil {
		t.Fatal(err)
	}
	compare(t, "exec-privileged-terminal", p)
}

func TestNamespacesPlanAsPrinted(t *testing.T) { compare(t, "namespaces", plan.Namespaces(true, true)) }

// compare holds a plan against its golden file.
func compare(t *testing.T, name string, p *plan.Plan) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("the flags of open(2) have other values on this architecture")
	}
	var got strings.Builder
	if err := p.Print(&got); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".plan")
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() == string(want) {
		return
	}
	gotLines, wantLines := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
	for i := range gotLines {
		if i >= len(wantLines) || gotLines[i] != wantLines[i] {
			t.Fatalf("%s:%d differs (go test -update writes it anew):\n got %s\nwant %s", file, i+1, gotLines[i], line(wantLines, i))
		}
	}
	t.Fatalf("%s has lines that the plan has not, from %d on", file, len(gotLines))
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// TestEveryCallHasAName keeps the printer in step with the compiler.
func TestEveryCallHasAName(t *testing.T) {
	for name, change := range goldens {
		s, e := container(), host()
		change(s, e)
		p, err := plan.Container(s, e)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := p.Print(&text); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text.String(), "syscall_") {
			t.Errorf("%s: a system call is printed by its number", name)
		}
	}
}
