package view

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/beneath"
)

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// layersOf makes layers: an image of two, and a container's own on top.
func layersOf(t *testing.T) Layers {
	t.Helper()
	l := Layers{Base: t.TempDir(), Dir: t.TempDir(), Lower: []string{"2:x/fs", "1/fs"}}
	for name, text := range map[string]string{"1/fs/low": "low", "1/fs/gone": "x", "2:x/fs/high": "high"} {
		path := filepath.Join(l.Base, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644))
	}
	upper := filepath.Join(l.Dir, "upper")
	must(t, os.Mkdir(upper, 0o750), os.Mkdir(filepath.Join(l.Dir, "work"), 0o700), os.WriteFile(filepath.Join(upper, "own"), []byte("own"), 0o644),
		unix.Mknod(filepath.Join(upper, "gone"), unix.S_IFCHR, 0))
	return l
}

// read gives a file of a tree; "" if it is not there.
func read(t *testing.T, tree archive.Tree, name string) string {
	t.Helper()
	fd, err := beneath.Open(tree.Root, name, unix.O_RDONLY, 0, beneath.Within)
	if beneath.Absent(err) {
		return ""
	}
	must(t, err)
	defer unix.Close(fd)
	var b [100]byte
	n, err := unix.Read(fd, b[:])
	must(t, err)
	return string(b[:n])
}

// write makes a file in a tree.
func write(tree archive.Tree, name string) error {
	fd, err := beneath.Open(tree.Root, name, unix.O_CREAT|unix.O_WRONLY, 0o644, beneath.Within)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func mountTable(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	return string(text)
}

func TestLayersAreOneTree(t *testing.T) {
	l := layersOf(t)
	must(t, l.ReadOnly(func(tree archive.Tree) error {
		for name, want := range map[string]string{"low": "low", "high": "high", "own": "own", "gone": ""} {
			if got := read(t, tree, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if err := write(tree, "new"); !errors.Is(err, unix.EROFS) {
			t.Errorf("writing: %v", err)
		}
		return nil
	}))
}

func TestImagesWithoutFilesAreATree(t *testing.T) {
	l := layersOf(t)
	l.Lower = nil
	look := func(tree archive.Tree) error {
		if got := read(t, tree, "own"); got != "own" {
			t.Errorf("%q", got)
		}
		return nil
	}
	must(t, l.ReadOnly(look), l.Stopped(nil, false, false, look), l.Stopped(nil, true, false, look))
}

func TestLookingChangesNothing(t *testing.T) {
	l := layersOf(t)
	volume := t.TempDir()
	must(t, os.WriteFile(filepath.Join(volume, "v"), []byte("v"), 0o644))
	mounts := []Mount{{Source: volume, Destination: "/made/for/it"}, {Source: filepath.Join(volume, "v"), Destination: "/file"}, {Source: "/not/there", Destination: "/x"}}
	before := mountTable(t)
	must(t, l.Stopped(mounts, false, false, func(tree archive.Tree) error {
		for name, want := range map[string]string{"low": "low", "own": "own", "gone": "", "made/for/it/v": "v", "file": "v"} {
			if got := read(t, tree, name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if s, err := tree.Stat("/"); err != nil || s.Mode.Perm() != 0o750 {
			t.Errorf("the root: %v, %v", s.Mode, err)
		}
		if mountTable(t) != before {
			t.Error("the rest of the host sees the mounts")
		}
		return write(tree, "new")
	}))
	names, err := filepath.Glob(filepath.Join(l.Dir, "upper", "*"))
	if must(t, err); len(names) != 2 {
		t.Errorf("the container's layer has now %v", names)
	}
}

func TestChangesAreKept(t *testing.T) {
	l := layersOf(t)
	rw, ro := t.TempDir(), t.TempDir()
	mounts := []Mount{{Source: rw, Destination: "/rw"}, {Source: ro, Destination: "/ro", ReadOnly: true}}
	must(t, l.Stopped(mounts, true, false, func(tree archive.Tree) error {
		if err := write(tree, "ro/x"); !errors.Is(err, unix.EROFS) {
			t.Errorf("into a read-only mount: %v", err)
		}
		return errors.Join(write(tree, "new"), write(tree, "rw/x"))
	}))
	for _, path := range []string{filepath.Join(l.Dir, "upper/new"), filepath.Join(rw, "x")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	must(t, l.Stopped(mounts, true, true, func(tree archive.Tree) error {
		if err := write(tree, "more"); !errors.Is(err, unix.EROFS) {
			t.Errorf("into a read-only root: %v", err)
		}
		return write(tree, "rw/y")
	}))
}

// TestReadOnlyMountsAreSoWithWhatIsMountedBelow writes to a file system below a read-only bind, and through a link to it that lies where
// writing is allowed.
func TestReadOnlyMountsAreSoWithWhatIsMountedBelow(t *testing.T) {
	l := layersOf(t)
	source, rw := t.TempDir(), t.TempDir()
	sub := filepath.Join(source, "sub")
	must(t, os.Mkdir(sub, 0o755), unix.Mount("tmpfs", sub, "tmpfs", 0, "size=64k"), os.Mkdir(filepath.Join(sub, "deeper"), 0o755),
		unix.Mount("tmpfs", filepath.Join(sub, "deeper"), "tmpfs", 0, "size=64k"), os.Symlink("/ro/sub", filepath.Join(rw, "link")))
	t.Cleanup(func() { unix.Unmount(filepath.Join(sub, "deeper"), 0); unix.Unmount(sub, 0) })
	for _, c := range []struct {
		top  bool
		want error
	}{{false, unix.EROFS}, {true, nil}} {
		mounts := []Mount{{Source: rw, Destination: "/rw"}, {Source: source, Destination: "/ro", ReadOnly: true, ReadOnlyTop: c.top}}
		must(t, l.Stopped(mounts, true, false, func(tree archive.Tree) error {
			for _, name := range []string{"ro/sub/new", "rw/link/new", "ro/sub/deeper/new"} {
				if err := write(tree, name); !errors.Is(err, c.want) {
					t.Errorf("%s, the topmost alone %t: %v, want %v", name, c.top, err, c.want)
				}
			}
			if err := write(tree, "ro/new"); !errors.Is(err, unix.EROFS) {
				t.Errorf("into the mount itself: %v", err)
			}
			return write(tree, "rw/new")
		}))
	}
}

// TestMountsAreMadeReadOnlyOneByOne is the way of kernels before 5.12.
func TestMountsAreMadeReadOnlyOneByOne(t *testing.T) {
	l := layersOf(t)
	source, beside := t.TempDir(), t.TempDir()
	for _, sub := range []string{"a", "a/b", "c"} {
		place := filepath.Join(source, sub)
		must(t, os.Mkdir(place, 0o755), unix.Mount("tmpfs", place, "tmpfs", 0, "size=64k"))
		t.Cleanup(func() { unix.Unmount(place, 0) })
	}
	must(t, l.Stopped([]Mount{{Source: source, Destination: "/m"}, {Source: beside, Destination: "/beside"}}, true, false, func(tree archive.Tree) error {
		fd, err := beneath.Open(tree.Root, "m", unix.O_PATH, 0, beneath.Within)
		must(t, err)
		defer unix.Close(fd)
		must(t, readOnlyEach(fd))
		for _, name := range []string{"m/x", "m/a/x", "m/a/b/x", "m/c/x"} {
			if err := write(tree, name); !errors.Is(err, unix.EROFS) {
				t.Errorf("%s: %v", name, err)
			}
		}
		return errors.Join(write(tree, "x"), write(tree, "beside/x"))
	}))
	must(t, os.WriteFile(filepath.Join(source, "a/b/of-the-host"), nil, 0o600))
}

func TestImagesWithoutFilesCanBeReadOnly(t *testing.T) {
	l := layersOf(t)
	l.Lower = nil
	rw := t.TempDir()
	must(t, l.Stopped([]Mount{{Source: rw, Destination: "/rw"}}, true, true, func(tree archive.Tree) error {
		if err := write(tree, "x"); !errors.Is(err, unix.EROFS) {
			t.Errorf("into a read-only root: %v", err)
		}
		return write(tree, "rw/x")
	}))
	must(t, l.Stopped(nil, true, false, func(tree archive.Tree) error { return write(tree, "kept") }), os.Remove(filepath.Join(l.Dir, "upper/kept")))
}

// TestFilesOfAProcessBelongToItsUserNamespace looks through a process that has one.
func TestFilesOfAProcessBelongToItsUserNamespace(t *testing.T) {
	const first = 3_000_000
	root := t.TempDir()
	must(t, os.Chmod(root, 0o777))
	cmd := exec.Command("/bin/sleep", "1000")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: first, Size: 65536}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: first, Size: 65536}},
	}
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	same := func() bool { return true }
	must(t, Process(cmd.Process.Pid, same, func(tree archive.Tree) error {
		if tree.FirstID != first {
			t.Errorf("its ids begin with %d", tree.FirstID)
		}
		return write(tree, root+"/made")
	}))
	var st unix.Stat_t
	if must(t, unix.Stat(root+"/made", &st)); st.Uid != first || st.Gid != first {
		t.Errorf("what was made belongs to %d:%d", st.Uid, st.Gid)
	}
	if fsuid, _ := unix.SetfsuidRetUid(-1); fsuid != 0 {
		t.Errorf("this thread acts as %d", fsuid)
	}
	other := func() bool { return false }
	if err := Process(cmd.Process.Pid, other, func(archive.Tree) error { return nil }); !errdefs.IsConflict(err) {
		t.Errorf("through a process that is another by now: %v", err)
	}
}

func TestPanicsReachTheCaller(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it was swallowed")
		}
	}()
	_ = onThread(func() error { panic("x") })
}

func TestThreadIsNeverTheFirst(t *testing.T) {
	for range 100 {
		must(t, onThread(func() error {
			if unix.Gettid() == unix.Getpid() {
				t.Error("the thread that stands for the process was taken")
			}
			return nil
		}))
	}
}
