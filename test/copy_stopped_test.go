package test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCopiesIntoStoppedContainersReachTheirVolumes holds that a volume that has to be mounted is so while somebody looks at the container,
// and no longer.
func TestCopiesIntoStoppedContainersReachTheirVolumes(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d, device, file := forTug, t.TempDir(), filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	output(t, d.tug("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device="+device, "elsewhere"))
	output(t, d.tug("create", "--name", "copied-into", "-v", "elsewhere:/data", "busybox"))
	output(t, d.tug("cp", file, "copied-into:/data/"))
	if text, err := os.ReadFile(filepath.Join(device, "f")); string(text) != "text" {
		t.Errorf("where the volume is there is %q, %v", text, err)
	}
	if err := os.Remove(filepath.Join(device, "f")); err != nil {
		t.Error(err)
	}
	place := output(t, d.tug("volume", "inspect", "-f", "{{.Mountpoint}}", "elsewhere"))
	if names, err := filepath.Glob(place + "/*"); err != nil || len(names) > 0 {
		t.Errorf("in the folder that it is mounted on there is %v, %v", names, err)
	}
	output(t, d.tug("rm", "copied-into"))
	output(t, d.tug("volume", "rm", "elsewhere"))
}

// TestCopiesGoIntoNothingBelowAReadOnlyBind names a file system of the host below the bind, and goes there through a link in an archive.
func TestCopiesGoIntoNothingBelowAReadOnlyBind(t *testing.T) {
	needsEngine(t)
	t.Parallel()
	d, source, content := forTug, t.TempDir(), t.TempDir()
	below := filepath.Join(source, "below")
	for _, err := range []error{
		os.Mkdir(below, 0o755), unix.Mount("tmpfs", below, "tmpfs", 0, "size=64k"),
		os.Symlink("/data/below", filepath.Join(content, "a")), os.WriteFile(filepath.Join(content, "f"), nil, 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	defer unix.Unmount(below, unix.MNT_DETACH)
	output(t, d.tug("create", "--name", "below-read-only", "-v", source+":/data:ro", "busybox"))
	output(t, d.tug("cp", filepath.Join(content, "a"), "below-read-only:/way"))
	for _, to := range []string{"/data/below/f", "/way/f"} {
		if said, err := d.tug("cp", filepath.Join(content, "f"), "below-read-only:"+to).CombinedOutput(); err == nil {
			t.Errorf("%s was copied: %s", to, said)
		}
	}
	// An archive goes where its names go, whatever the folder is that it is unpacked in.
	pack := d.command("tar", "-C", content, "--transform", "s,^f,way/f,", "-cf", "-", "f")
	unpack := d.tug("cp", "-", "below-read-only:/")
	pipe, err := pack.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	unpack.Stdin = pipe
	if err := pack.Start(); err != nil {
		t.Fatal(err)
	}
	if said, err := unpack.CombinedOutput(); err == nil {
		t.Errorf("an archive was unpacked through a link: %s", said)
	}
	pack.Wait()
	if names, _ := filepath.Glob(below + "/*"); len(names) > 0 {
		t.Errorf("on the host there is %v", names)
	}
	output(t, d.tug("rm", "below-read-only"))
}
