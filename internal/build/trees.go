package build

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/executor"
	"github.com/moby/buildkit/snapshot"
)

// uses are what a step has of BuildKit's while it runs.
type uses struct{ releases []func() error }

// release gives it back, the latest first.
func (u *uses) release(log *slog.Logger) {
	for _, release := range slices.Backward(u.releases) {
		if err := release(); err != nil { // as a secret's file system that cannot be unmounted
			log.Warn("something that a build's step had is left mounted", "error", err)
		}
	}
}

// mounts finds what a step sees in its places.
func (s *steps) mounts(ctx context.Context, used *uses, mounts []executor.Mount) ([]Mount, error) {
	list := make([]Mount, 0, len(mounts))
	for _, m := range mounts {
		if m.Src == nil {
			return nil, fmt.Errorf("mount %s has no source: %w", m.Dest, errdefs.ErrInvalidArgument)
		}
		how, err := s.how(ctx, used, m, m.Readonly)
		if err != nil {
			return nil, fmt.Errorf("mount %s: %w", m.Dest, err)
		}
		if how.Type == "tmpfs" {
			list = append(list, Mount{Dest: m.Dest, Tmpfs: how.Options, Readonly: m.Readonly})
			continue
		}
		tree, err := treeOf(how)
		if err != nil {
			return nil, fmt.Errorf("mount %s: %w", m.Dest, err)
		}
		tree.Sub = m.Selector
		list = append(list, Mount{Dest: m.Dest, Tree: tree, Readonly: m.Readonly || how.ReadOnly()})
	}
	return list, nil
}

// root finds a step's own files, and whether it may change them.
func (s *steps) root(ctx context.Context, used *uses, m executor.Mount) (t Tree, readonly bool, err error) {
	how, err := s.how(ctx, used, m, false)
	if err != nil {
		return Tree{}, false, err
	}
	if t, err = treeOf(how); err != nil {
		return Tree{}, false, err
	}
	t.Sub = m.Selector
	if t.Path != "" && how.ReadOnly() { // one layer, which is others' as well: the places of mounts are not made in it
		t.Path, t.Layers = "", []string{t.Path}
	}
	return t, m.Readonly || t.Path == "" && t.Upper == "", nil
}

// how tells how something would be mounted. A snapshot stays as it is; of what else BuildKit has made ready for a step, used holds the
// end.
func (s *steps) how(ctx context.Context, used *uses, m executor.Mount, readonly bool) (mount.Mount, error) {
	ref, err := m.Src.Mount(ctx, readonly)
	if err != nil {
		return mount.Mount{}, err
	}
	list, ok := s.layers.consistsOf(ref)
	if !ok {
		if list, err = mounted(ref, used); err != nil {
			return mount.Mount{}, err
		}
	}
	if len(list) != 1 {
		return mount.Mount{}, fmt.Errorf("%d mounts over one another: %w", len(list), errdefs.ErrNotImplemented)
	}
	return list[0], nil
}

func mounted(ref snapshot.Mountable, used *uses) ([]mount.Mount, error) {
	list, release, err := ref.Mount()
	if err == nil && release != nil {
		used.releases = append(used.releases, release)
	}
	return list, err
}

// treeOf reads the mount of a snapshot, or of a folder or file that BuildKit has made.
func treeOf(m mount.Mount) (Tree, error) {
	if m.Type == "bind" || m.Type == "rbind" {
		return Tree{Path: m.Source}, nil
	}
	if m.Type != "overlay" {
		return Tree{}, fmt.Errorf("mount of type %q: %w", m.Type, errdefs.ErrNotImplemented)
	}
	var t Tree
	for _, o := range m.Options {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "lowerdir":
			t.Layers = strings.Split(value, ":")
		case "upperdir":
			t.Upper = value
		case "workdir":
			t.Work = value
		}
	}
	return t, nil
}
