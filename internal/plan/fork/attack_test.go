package fork_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/plan"
)

const idBase = 3000000

// container is a specification that runs a script of busybox in a user namespace of its own.
func container(script string) *specs.Spec { return spec("/bin/sh --install -s /bin; "+script, true) }

// TestNoDescriptorSurvives counts what the container's program is given beside its standard streams.
func TestNoDescriptorSurvives(t *testing.T) {
	// The shell opens none itself, but the folder that its pattern lists.
	out, _ := run(t, container("cd /proc/$$/fd; echo fds *"), &plan.Env{IDBase: idBase})
	if !strings.Contains(out, "fds 0 1 2\n") && !strings.Contains(out, "fds 0 1 2 3\n") {
		t.Errorf("the program got other descriptors than its standard streams:\n%s", out)
	}
}

// TestWorkingDirectoryOnTheHost tries to begin outside by a descriptor that the runtime may hold of the host
// (CVE-2024-21626).
func TestWorkingDirectoryOnTheHost(t *testing.T) {
	for fd := range 24 {
		s := container("cat /etc/hostname; pwd")
		s.Process.Cwd = "/proc/self/fd/" + string([]byte{byte('0' + fd/10), byte('0' + fd%10)}[max(0, 1-fd/10):])
		out, _ := run(t, s, &plan.Env{IDBase: idBase})
		if !strings.HasPrefix(out, "start: ") {
			t.Errorf("a container started in %s:\n%s", s.Process.Cwd, out)
		}
	}
}

// TestWorkingDirectoryByLink goes there as Docker does: by any link inside, and made if it is missing.
func TestWorkingDirectoryByLink(t *testing.T) {
	for cwd, want := range map[string]string{"/link": "/real", "/up/real": "/real", "/new/below": "/new/below"} {
		s := container("pwd -P")
		s.Process.Cwd = cwd
		out, _ := runImage(t, s, &plan.Env{IDBase: idBase}, func(root string) {
			mkdir(t, filepath.Join(root, "real"))
			symlink(t, "/real", filepath.Join(root, "link"))
			symlink(t, "../../..", filepath.Join(root, "up"))
		})
		if out != want+"\n" {
			t.Errorf("working directory %s: got %q, want %q", cwd, out, want)
		}
	}
}

// TestWorkingDirectoryOfRoot is one that the process's user may not enter by itself; Docker lets it begin there.
func TestWorkingDirectoryOfRoot(t *testing.T) {
	s := spec("/bin/sh -c 'pwd'", true)
	s.Process.Cwd, s.Process.User = "/root", specs.User{UID: 1000, GID: 1000}
	out, _ := runImage(t, s, &plan.Env{IDBase: idBase}, func(root string) {
		if err := os.Mkdir(filepath.Join(root, "root"), 0o700); err != nil {
			t.Fatal(err)
		}
	})
	if out != "/root\n" {
		t.Errorf("got %q", out)
	}
}

// TestKernelFoldersThatAreLinks are images that redirect what the runtime mounts on (CVE-2026-41579, CVE-2019-19921).
func TestKernelFoldersThatAreLinks(t *testing.T) {
	for _, place := range []string{"dev", "proc", "sys"} {
		out, _ := runImage(t, container("echo ran"), &plan.Env{IDBase: idBase}, func(root string) {
			mkdir(t, filepath.Join(root, "elsewhere"))
			symlink(t, "/elsewhere", filepath.Join(root, place))
		})
		if !strings.HasPrefix(out, "start: find /"+place) || !strings.Contains(out, "symbolic links") {
			t.Errorf("/%s is a link: got %q", place, out)
		}
	}
}

// TestMountThroughLinks mounts on places that links of the image lead to: always inside of its root.
func TestMountThroughLinks(t *testing.T) {
	source := t.TempDir()
	if err := os.WriteFile(filepath.Join(source, "seen"), []byte("mounted\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	for dest, look := range map[string]string{
		"/by/link/new":      "/real/new/seen",
		"/absolute":         "/real/seen",
		"/escape" + outside: outside + "/seen",
	} {
		s := container("cat " + look)
		s.Mounts = append(s.Mounts, specs.Mount{Destination: dest, Type: "bind", Source: source, Options: []string{"rbind", "rprivate"}})
		out, _ := runImage(t, s, &plan.Env{IDBase: idBase}, func(root string) {
			mkdir(t, filepath.Join(root, "real"))
			mkdir(t, filepath.Join(root, "by"))
			symlink(t, "../real", filepath.Join(root, "by/link"))
			symlink(t, "/real", filepath.Join(root, "absolute"))
			symlink(t, "../../../../../..", filepath.Join(root, "escape"))
		})
		if out != "mounted\n" {
			t.Errorf("mount on %s: got %q", dest, out)
		}
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("something was made on the host: %v", left)
	}
}

// TestMountOnDanglingLink mounts a file where the image has a link that leads nowhere, as /etc/resolv.conf does in many
// images. As with Docker it appears where the link leads.
func TestMountOnDanglingLink(t *testing.T) {
	source := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(source, []byte("nameserver 9.9.9.9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := container("cat /etc/resolv.conf /run/systemd/resolve/stub.conf; readlink /etc/resolv.conf")
	s.Mounts = append(s.Mounts, specs.Mount{Destination: "/etc/resolv.conf", Type: "bind", Source: source, Options: []string{"rbind", "rprivate"}})
	env := &plan.Env{IDBase: idBase, Files: map[string]bool{source: true}, Links: map[string]string{"/etc/resolv.conf": "/run/systemd/resolve/stub.conf"}}
	out, _ := runImage(t, s, env, func(root string) {
		mkdir(t, filepath.Join(root, "etc"))
		symlink(t, "../run/systemd/resolve/stub.conf", filepath.Join(root, "etc/resolv.conf"))
	})
	if out != "nameserver 9.9.9.9\nnameserver 9.9.9.9\n../run/systemd/resolve/stub.conf\n" {
		t.Errorf("got %q", out)
	}
}

// TestSysctlsOfTheContainer are set in its own namespaces, and by no name outside of /proc/sys.
func TestSysctlsOfTheContainer(t *testing.T) {
	s := container("cat /proc/sys/net/ipv4/conf/lo/forwarding")
	s.Linux.Sysctl = map[string]string{"net/ipv4/conf/lo/forwarding": "1"}
	if out, _ := run(t, s, &plan.Env{IDBase: idBase}); out != "1\n" {
		t.Errorf("got %q", out)
	}
}

// TestOverlayOfOlderKernels makes the root in the ways that kernels before this one need.
func TestOverlayOfOlderKernels(t *testing.T) {
	for name, change := range map[string]func(k *plan.Kernel){
		"6.12": func(k *plan.Kernel) { k.DetachedLayers, k.OverlayFD = false, false },
		"6.1":  func(k *plan.Kernel) { k.DetachedLayers, k.OverlayFD, k.LowerdirAdd = false, false, false },
	} {
		for _, user := range []bool{true, false} {
			k := kernel(t)
			change(&k)
			env := &plan.Env{Kernel: k}
			if user {
				env.IDBase = idBase
			}
			dir := t.TempDir()
			s := spec("/bin/sh --install -s /bin; touch /file && ls -n /file | tr -s ' ' | cut -d' ' -f3,4; touch /mnt/made; grep -c ' / ' /proc/self/mountinfo; exit 5", user)
			s.Mounts = append(s.Mounts, specs.Mount{Destination: "/mnt", Type: "bind", Source: dir, Options: []string{"rbind", "rprivate"}})
			out, ws := run(t, s, env)
			if !strings.HasPrefix(out, "0 0\n") || ws.ExitStatus() != 5 {
				t.Errorf("as on Linux %s, user namespace %t: exit status %d, output %q", name, user, ws.ExitStatus(), out)
			}
			if _, err := os.Stat(filepath.Join(dir, "made")); err != nil {
				t.Errorf("as on Linux %s: %v", name, err)
			}
		}
	}
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func symlink(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}
