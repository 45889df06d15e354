package api

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/container"
	"tug/internal/engine"
	"tug/internal/overlay"
)

// What the fake engine does with containers' files.

func (f *fakeEngine) StatFile(_ context.Context, ref, file string) (engine.FileStat, error) {
	if _, err := f.find(ref); err != nil {
		return engine.FileStat{}, err
	}
	return aFile, f.log("stat %s %s", ref, file)
}

// aFile is what every path leads to.
var aFile = engine.FileStat{Name: "f", Stat: archive.Stat{Mode: 0o644 | os.ModeSymlink, Size: 3, ModTime: time.Unix(1e9, 0).UTC(), Link: "/to"}}

func (f *fakeEngine) CopyOut(_ context.Context, ref, file string, begin func(engine.FileStat) (io.Writer, error)) error {
	if err := f.log("copy out of %s %s", ref, file); err != nil {
		return err
	}
	w, err := begin(aFile)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "an archive")
	return err
}

func (f *fakeEngine) CopyIn(_ context.Context, ref, folder string, content io.Reader, o engine.CopyInOptions) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	return f.log("copy into %s %s %q kind=%t user=%t", ref, folder, text, o.KeepKind, o.AsUser)
}

func (f *fakeEngine) Export(_ context.Context, ref string, w io.Writer) error {
	if err := f.log("export %s", ref); err != nil {
		return err
	}
	_, err := io.WriteString(w, "all files")
	return err
}

func (f *fakeEngine) Changes(_ context.Context, ref string) ([]overlay.Change, error) {
	if ref == "unchanged" {
		return nil, nil
	}
	return []overlay.Change{{Path: "/a", Kind: overlay.Added}, {Path: "/b", Kind: overlay.Deleted}}, f.log("changes %s", ref)
}

func (f *fakeEngine) Commit(_ context.Context, r engine.CommitRequest) (string, error) {
	var cmd []string
	if r.Config != nil {
		cmd = r.Config.Cmd
	}
	return "sha256:1", f.log("commit %s as %q author=%s comment=%s pause=%t changes=%q cmd=%q", r.Container, r.Ref, r.Author, r.Comment, r.Pause, r.Changes, cmd)
}

// Size fails for containers of two names.
func (f *fakeEngine) Size(_ context.Context, r *container.Record) (written, all int64, err error) {
	switch r.Name {
	case "unmeasurable":
		return 0, 0, unix.EIO
	case "removed":
		return 0, 0, fmt.Errorf("no such container: %w", errdefs.ErrNotFound)
	}
	return 7, 1007, nil
}
