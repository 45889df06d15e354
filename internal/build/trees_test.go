package build

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/core/mount"
	"github.com/moby/buildkit/executor"
)

// source is a mount's source that is mounted so, whatever is asked for.
type source []mount.Mount

func (s source) Mount(context.Context, bool) (executor.MountableRef, error) {
	return &mountable{mounts: s}, nil
}

// TestRootInOthersLayersIsNotWritten: the layers of an image that a step has as its root without an output of its own are only read.
func TestRootInOthersLayersIsNotWritten(t *testing.T) {
	s := &steps{layers: &layers{}}
	for name, c := range map[string]struct {
		how      mount.Mount
		readonly bool
		want     Tree
	}{
		"one layer":  {mount.Mount{Type: "bind", Source: "/l/1", Options: []string{"ro", "rbind"}}, true, Tree{Layers: []string{"/l/1"}}},
		"two layers": {mount.Mount{Type: "overlay", Options: []string{"lowerdir=/l/2:/l/1"}}, true, Tree{Layers: []string{"/l/2", "/l/1"}}},
		"its own":    {mount.Mount{Type: "bind", Source: "/l/3", Options: []string{"rw", "rbind"}}, false, Tree{Path: "/l/3"}},
		"changes": {
			mount.Mount{Type: "overlay", Options: []string{"lowerdir=/l/1", "upperdir=/l/4", "workdir=/w/4"}},
			false,
			Tree{Layers: []string{"/l/1"}, Upper: "/l/4", Work: "/w/4"},
		},
	} {
		got, readonly, err := s.root(t.Context(), new(uses), executor.Mount{Src: source{c.how}})
		if err != nil || readonly != c.readonly || got.Path != c.want.Path || got.Upper != c.want.Upper || !slices.Equal(got.Layers, c.want.Layers) {
			t.Errorf("%s: %+v, read-only %t, %v", name, got, readonly, err)
		}
	}
}

func TestWhatIsLeftMountedIsLogged(t *testing.T) {
	var said bytes.Buffer
	given := ""
	used := uses{[]func() error{
		func() error { given += "a"; return nil },
		func() error { given += "b"; return errors.New("it is busy") },
	}}
	used.release(slog.New(slog.NewTextHandler(&said, nil)))
	if given != "ba" || !strings.Contains(said.String(), "it is busy") {
		t.Errorf("given back: %q; said: %s", given, &said)
	}
}
