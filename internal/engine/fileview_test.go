package engine

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"tug/internal/container"
)

func TestPathsInContainersKeepTheirEnd(t *testing.T) {
	for name, want := range map[string]string{
		"": "/", "/": "/", ".": "/.", "/.": "/.", "a": "/a", "a/": "/a/", "/a/.": "/a/.", "/a/b/..": "/a", "../../x": "/x", "/a//b/./c/": "/a/b/c/", "./": "/",
	} {
		if got := containerPath(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestReadOnlyPlacesAreRefused(t *testing.T) {
	r := &container.Record{
		Host:   container.HostConfig{ReadonlyRootfs: true},
		Mounts: []container.MountPoint{{Destination: "/ro"}, {Destination: "/ro/rw", RW: true}, {Destination: "/rw", RW: true}},
	}
	for place, want := range map[string]string{"/": "rootfs", "/rob": "rootfs", "/ro": "volume", "/ro/x": "volume", "/ro/rw/x": "", "/rw": ""} {
		err := checkWritable(r, place)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !errdefs.IsInvalidArgument(err)) {
			t.Errorf("%s: %v, want %q", place, err, want)
		}
	}
	r.Host.ReadonlyRootfs = false
	if err := checkWritable(r, "/x"); err != nil {
		t.Error(err)
	}
}

func TestErrorsOfFilesHaveTheirClass(t *testing.T) {
	for _, c := range []struct {
		err  error
		is   func(error) bool
		says string
	}{
		{&fs.PathError{Op: "open", Path: "x", Err: unix.ENOENT}, errdefs.IsNotFound, "Could not find the file /f in container web"},
		{&fs.PathError{Op: "lstat", Path: "/f/", Err: unix.ENOTDIR}, errdefs.IsInvalidArgument, "lstat /f/: not a directory"},
		{fmt.Errorf("make f: %w", unix.EROFS), errdefs.IsInvalidArgument, "read-only file system"},
		{fmt.Errorf("write f: %w", unix.ENOSPC), func(err error) bool { return !errdefs.IsInvalidArgument(err) }, "no space left"},
		{fmt.Errorf("no such image: %w", errdefs.ErrNotFound), errdefs.IsNotFound, "no such image"},
	} {
		if err := fileError(c.err, "/f", "web"); !c.is(err) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v became %v", c.err, err)
		}
	}
}

func TestCommitLaysTheRequestOverTheContainer(t *testing.T) {
	r := &container.Record{Config: container.Config{
		User: "me", Env: []string{"A=1", "B=1"}, Cmd: []string{"old"}, Entrypoint: []string{"entry"}, Labels: map[string]string{"a": "1"}, OnBuild: []string{"RUN x"}, WorkingDir: "/w",
		Hostname: "not an image's",
	}}
	got, err := commitConfig(&CommitRequest{Changes: []string{"CMD [\"new\"]", "ENV B=2", "LABEL b=2", "ONBUILD RUN y"}}, r)
	if err != nil {
		t.Fatal(err)
	}
	want := imageConfig(r.Config)
	want.Env, want.Cmd, want.Labels, want.OnBuild = []string{"A=1", "B=2"}, []string{"new"}, map[string]string{"a": "1", "b": "2"}, []string{"RUN x", "RUN y"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, err = commitConfig(&CommitRequest{Config: &container.Config{Env: []string{"C=3"}, Cmd: []string{"own"}}}, r)
	if err != nil {
		t.Fatal(err)
	}
	want = imageConfig(r.Config)
	want.Env, want.Cmd, want.OnBuild = []string{"C=3", "A=1", "B=1"}, []string{"own"}, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := commitConfig(&CommitRequest{Changes: []string{"COPY a b"}}, r); !errdefs.IsInvalidArgument(err) {
		t.Errorf("%v", err)
	}
}
