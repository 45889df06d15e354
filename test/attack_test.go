package test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// outside is a folder of the host with a secret, which no container may read or change.
type outside struct{ dir, secret string }

const secretOfTheHost = "secret of the host"

func newOutside(t *testing.T) outside {
	t.Helper()
	o := outside{dir: filepath.Join(t.TempDir(), "outside")}
	o.secret = filepath.Join(o.dir, "secret")
	if err := os.Mkdir(o.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.secret, []byte(secretOfTheHost), 0o644); err != nil {
		t.Fatal(err)
	}
	return o
}

// climb is a link's target that leads to a path of the host for whoever follows it from anywhere on the host.
func climb(path string) string { return strings.Repeat("../", 40) + strings.TrimPrefix(path, "/") }

// isUntouched holds that nothing was made, changed or mounted there.
func (o outside) isUntouched(t *testing.T) {
	t.Helper()
	var found []string
	err := filepath.WalkDir(o.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		found = append(found, strings.TrimPrefix(path, o.dir)+" "+info.Mode().String())
		return err
	})
	if err != nil || !slices.Equal(found, []string{" drwxr-xr-x", "/secret -rw-r--r--"}) {
		t.Errorf("outside there is %q, %v", found, err)
	}
	if text, _ := os.ReadFile(o.secret); string(text) != secretOfTheHost {
		t.Errorf("the secret is %q", text)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || strings.Contains(string(mounts), o.dir) {
		t.Errorf("something is mounted on %s, or %v", o.dir, err)
	}
}

// planted is what an image has in place of what busybox's has there: links by their targets.
type planted map[string]string

// plant imports busybox's files with others in their place.
func (d *daemon) plant(t *testing.T, image string, links planted, changes ...string) {
	t.Helper()
	base := "base" + strings.ReplaceAll(image, "/", "-")
	output(t, d.tug("create", "--name", base, "busybox"))
	exported, err := d.tug("export", base).Output()
	output(t, d.tug("rm", base))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	hidden := func(name string) bool {
		for at := strings.Trim(name, "/"); at != "." && at != ""; at = filepath.Dir(at) {
			if _, ok := links[at]; ok {
				return true
			}
		}
		return false
	}
	for r := tar.NewReader(bytes.NewReader(exported)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && !hidden(h.Name) {
			err = w.WriteHeader(h)
			if err == nil {
				_, err = io.Copy(w, r)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range links {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	args := []string{"import"}
	for _, c := range changes {
		args = append(args, "-c", c)
	}
	cmd := d.tug(append(args, "-", image)...)
	cmd.Stdin = &b
	output(t, cmd)
	t.Cleanup(func() { d.tug("rmi", "-f", image).Run() })
}

// TestImagesOfLinksLeadNowhere runs images in which everything that the engine mounts on, writes, reads or copies is a link to a
// folder of the host (CVE-2026-41579, CVE-2019-19921, CVE-2021-30465, CVE-2025-52565). Such a container may start or not.
func TestImagesOfLinksLeadNowhere(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forTug
	beside := d.bystander(t)
	out := newOutside(t)
	up, secret := climb(out.dir), climb(out.secret)
	for name, links := range map[string]planted{
		"dev":      {"dev": up},
		"dev-proc": {"dev": "/proc"},
		"devices":  {"dev/null": secret, "dev/console": secret, "dev/pts": up, "dev/shm": up, "dev/mqueue": up, "dev/ptmx": secret, "dev/fd": up},
		"proc":     {"proc": up},
		"proc-sys": {"proc": "/sys", "sys": "/proc"},
		"sys":      {"sys": up},
		"etc":      {"etc": up},
		"files":    {"etc/hosts": secret, "etc/hostname": secret, "etc/resolv.conf": secret, "etc/mtab": secret, ".dockerenv": secret},
		"users":    {"etc/passwd": secret, "etc/group": secret},
		"data":     {"data": up},
		"loops":    {"dev": "proc", "proc": "sys", "sys": "dev", "etc": "etc", "data": "data"},
	} {
		image := "attack-links-" + name
		d.plant(t, image, links, "VOLUME /data", "WORKDIR /data/x")
		for _, flags := range [][]string{
			{"-t"},
			{"--userns", "host"},
			{"--privileged"},
			{"--read-only"},
			{"--init"},
			{"-u", "1000", "--sysctl", "net.ipv4.ip_forward=0"},
			{"--tmpfs", "/data/t"},
			{"--mount", "type=volume,dst=/data/v/w"},
			{"--device", "/dev/full:/dev/shm/full"},
			{"-w", "/data"},
		} {
			args := append([]string{"run", "--rm", "-v", "/data"}, flags...)
			said, _ := d.tug(append(args, image, "sh", "-c", "cat /data/secret /data/*/secret /etc/hosts /etc/passwd /dev/null </dev/null; echo attack >/data/new; echo attack >/dev/null")...).CombinedOutput()
			if strings.Contains(string(said), secretOfTheHost) {
				t.Errorf("%s, %v: the container read %q", image, flags, said)
			}
		}
		out.isUntouched(t)
	}
	beside.isUnhurt(t)
}

// TestWorkingDirectoriesOnTheHost asks for working directories that are descriptors (CVE-2024-21626).
func TestWorkingDirectoriesOnTheHost(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d := forDocker
	beside := d.bystander(t)
	out := newOutside(t)
	output(t, d.tug("run", "-d", "--name", "attack-cwd", "busybox", "sh", "-c", "ln -s /proc/self/fd /fds; exec sleep 1000"))
	defer func() { output(t, d.tug("rm", "-f", "attack-cwd")) }()
	const look = "pwd; cat ./" // what is in the folder, from there up
	for fd := range 40 {
		for _, dir := range []string{"/proc/self/fd/", "/proc/1/fd/", "/proc/thread-self/fd/", "/fds/"} {
			dir += string(rune('0'+fd/10)) + string(rune('0'+fd%10))
			if fd < 10 {
				dir = strings.Replace(dir, "/0", "/", 1)
			}
			script := look + climb(out.secret)
			for what, cmd := range map[string][]string{
				"run":  {"run", "--rm", "-w", dir, "busybox", "sh", "-c", script},
				"exec": {"exec", "-w", dir, "attack-cwd", "sh", "-c", script},
			} {
				if what == "run" && fd%4 != 0 {
					continue // an exec tells as much, sooner
				}
				said, _ := d.tug(cmd...).CombinedOutput()
				if strings.Contains(string(said), secretOfTheHost) {
					t.Errorf("%s in %s read %q", what, dir, said)
				}
			}
		}
	}
	out.isUntouched(t)
	beside.isUnhurt(t)
}
