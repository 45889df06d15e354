package engine

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tug/internal/build"
	"tug/internal/plan"
)

// TestSecretsOnOldKernelsAreTheStepsRoots: a file of a file system that takes no id map is given to the step whose it is, once it has ids of its own.
func TestSecretsOnOldKernelsAreTheStepsRoots(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("giving files away needs root")
	}
	owned := filepath.Join(t.TempDir(), "owned")
	plain := filepath.Join(t.TempDir(), "plain")
	for _, f := range []string{owned, plain} {
		if err := os.WriteFile(f, []byte("secret"), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(owned, 7, 8); err != nil {
		t.Fatal(err)
	}
	mounts := []build.Mount{{Dest: "/run/secrets/a", Tree: build.Tree{Path: owned}}, {Dest: "/run/secrets/b", Tree: build.Tree{Path: plain}}}
	unmapped := func(path string) (string, bool) { return "tmpfs", path == owned }
	owner := func(path string) [2]uint32 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		s := info.Sys().(*syscall.Stat_t)
		return [2]uint32{s.Uid, s.Gid}
	}
	p := &prepared{spec: &specs.Spec{Linux: &specs.Linux{}}, env: plan.Env{IDBase: 3000000, Unmapped: map[string]bool{}}}
	if err := giveUnmapped(mounts, p, unmapped); err != nil || owner(owned) != [2]uint32{7, 8} {
		t.Fatalf("a step with the host's ids has it owned by %v, %v", owner(owned), err)
	}
	p.spec.Linux.Namespaces = []specs.LinuxNamespace{{Type: specs.UserNamespace}}
	if err := giveUnmapped(mounts, p, unmapped); err != nil {
		t.Fatal(err)
	}
	if owner(owned) != [2]uint32{3000007, 3000008} || !p.env.Unmapped[owned] {
		t.Errorf("it is owned by %v, and mounted without an id map: %t", owner(owned), p.env.Unmapped[owned])
	}
	if owner(plain) != [2]uint32{} || p.env.Unmapped[plain] {
		t.Errorf("what takes an id map is owned by %v, and mounted without one: %t", owner(plain), p.env.Unmapped[plain])
	}
}
