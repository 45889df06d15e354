package main

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWhatAKilledDaemonLeftMountedGoes(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root mounts")
	}
	t.Setenv("TMPDIR", "")
	root, kept := t.TempDir(), t.TempDir()
	secrets, copied := filepath.Join(root, "tmp", "secrets1"), filepath.Join(root, "tmp", "secrets1", "copied")
	t.Cleanup(func() {
		for _, m := range []string{copied, secrets} {
			unix.Unmount(m, unix.MNT_DETACH) // fails if the test does not
		}
	})
	if err := os.MkdirAll(secrets, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", secrets, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{filepath.Join(kept, "file"), filepath.Join(secrets, "secret")} {
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(copied, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(kept, copied, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	if err := ownTemporary(root); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(root, "tmp")); len(left) > 0 || err != nil {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(kept, "file")); err != nil {
		t.Errorf("what was mounted was removed: %v", err)
	}
	if os.TempDir() != filepath.Join(root, "tmp") {
		t.Errorf("temporary files go to %s", os.TempDir())
	}
	if err := ownTemporary(kept); err != nil {
		t.Errorf("for the first time: %v", err)
	}
}
