package container

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/moby/go-archive"
	"github.com/moby/moby/client"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
)

// copyIn copies from this side into a container, or, from "-", extracts an archive there.
func (o *copyOptions) copyIn(ctx context.Context, s *session.Session, source, ref, destination string) error {
	api, err := s.API()
	if err != nil {
		return err
	}
	target, err := findTarget(ctx, api, ref, destination)
	if err != nil {
		return err
	}
	if source == "-" {
		if !target.IsDir {
			return fmt.Errorf(`destination "%s:%s" must be a directory`, ref, destination)
		}
		_, err := api.CopyToContainer(ctx, ref, client.CopyToContainerOptions{DestinationPath: target.Path, Content: s.In, CopyUIDGID: o.ids})
		return err
	}
	path, err := localPath(source)
	if err != nil {
		return err
	}
	info, err := archive.CopyInfoSourcePath(path, o.followLink)
	if err != nil {
		return err
	}
	packed, err := archive.TarResource(info)
	if err != nil {
		return err
	}
	defer packed.Close()
	// The daemon only extracts; that a file gets a new name, or a folder's content is meant, is worked into
	// the archive.
	folder, prepared, err := archive.PrepareArchiveCopy(packed, info, target)
	if err != nil {
		return err
	}
	defer prepared.Close()

	meter := newMeter(ctx, s, o.quiet, "Copying to container - ")
	_, err = api.CopyToContainer(ctx, ref, client.CopyToContainerOptions{
		DestinationPath: folder,
		Content:         meter.read(prepared),
		CopyUIDGID:      o.ids,
	})
	meter.finish()
	if err != nil || o.quiet {
		return err
	}
	_, _ = fmt.Fprint(s.Err, copySummary(contentSize(info.Path, meter.bytes()), meter.bytes(), ref+":"+target.Path))
	return nil
}

// findTarget looks at the destination in the container, through a link if it is one. A destination that
// cannot be looked at is taken for absent: if that is wrong, extracting will say so.
func findTarget(ctx context.Context, api *connection.Client, ref, path string) (archive.CopyInfo, error) {
	target := archive.CopyInfo{Path: path}
	found, err := api.ContainerStatPath(ctx, ref, client.ContainerStatPathOptions{Path: path})
	if err == nil && found.Stat.Mode&os.ModeSymlink != 0 {
		target.Path = linkTarget(path, found.Stat.LinkTarget)
		found, err = api.ContainerStatPath(ctx, ref, client.ContainerStatPathOptions{Path: target.Path})
	}
	if err != nil {
		return target, nil
	}
	if err := checkTargetMode(found.Stat.Mode); err != nil {
		return target, fmt.Errorf(`destination "%s:%s" must be a directory or a regular file: %w`, ref, path, err)
	}
	target.Exists, target.IsDir = true, found.Stat.Mode.IsDir()
	return target, nil
}

// contentSize adds up the sizes of the regular files at path, in bytes; otherwise it gives unknown.
func contentSize(path string, unknown int64) int64 {
	var sum int64
	err := filepath.WalkDir(path, func(_ string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		return unknown
	}
	return sum
}

// meter counts what passes and, on a terminal, shows how much that is.
type meter struct {
	count   *counter
	stop    context.CancelFunc
	stopped <-chan struct{}
}

func newMeter(ctx context.Context, s *session.Session, quiet bool, label string) *meter {
	ctx, cancel := context.WithCancel(ctx)
	m := &meter{count: &counter{}, stop: cancel}
	if quiet || !s.Err.IsTerminal() {
		stopped := make(chan struct{})
		close(stopped)
		m.stopped = stopped
		return m
	}
	m.stopped = m.count.draw(ctx, s.Err, label)
	return m
}

func (m *meter) read(from io.Reader) io.Reader { return m.count.reading(from) }

func (m *meter) bytes() int64 { return m.count.total.Load() }

// finish takes what was shown off the screen.
func (m *meter) finish() {
	m.stop()
	<-m.stopped
}
