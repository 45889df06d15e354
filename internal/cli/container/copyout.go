package container

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/go-archive"
	"github.com/moby/moby/client"

	"tug/internal/cli/session"
)

// copyOut copies from a container to this side, or, to "-", writes the archive.
func (o *copyOptions) copyOut(ctx context.Context, s *session.Session, ref, source, destination string) error {
	if destination != "-" {
		absolute, err := localPath(destination)
		if err != nil {
			return err
		}
		destination = absolute
		if err := checkOutputPath(destination); err != nil {
			return err
		}
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	rename := ""
	if o.followLink {
		found, err := api.ContainerStatPath(ctx, ref, client.ContainerStatPathOptions{Path: source})
		if err == nil && found.Stat.Mode&os.ModeSymlink != 0 {
			source, rename = archive.GetRebaseName(source, linkTarget(source, found.Stat.LinkTarget))
		}
	}
	copied, err := api.CopyFromContainer(ctx, ref, client.CopyFromContainerOptions{SourcePath: source})
	if err != nil {
		return err
	}
	defer copied.Content.Close()
	if destination == "-" {
		_, err = io.Copy(s.Out, copied.Content)
		return err
	}
	meter := newMeter(ctx, s, o.quiet, "Copying from container - ")
	info := archive.CopyInfo{Path: source, Exists: true, IsDir: copied.Stat.Mode.IsDir(), RebaseName: rename}
	err = unpack(meter.read(copied.Content), info, destination)
	meter.finish()
	if err != nil || o.quiet {
		return err
	}
	content := meter.bytes()
	if copied.Stat.Mode.IsRegular() {
		content = copied.Stat.Size
	}
	_, _ = fmt.Fprint(s.Err, copySummary(content, meter.bytes(), destination))
	return nil
}

// unpack extracts what the daemon sent at destination, under the name that it is to have there. Nothing is
// written outside of the destination's folder, whatever the archive holds, and no program is run to
// decompress it.
func unpack(content io.Reader, source archive.CopyInfo, destination string) error {
	if source.RebaseName != "" {
		_, name := archive.SplitPathDirEntry(source.Path)
		content = archive.RebaseArchiveEntries(content, name, source.RebaseName)
	}
	target, err := archive.CopyInfoDestinationPath(destination)
	if err != nil {
		return err
	}
	folder, prepared, err := archive.PrepareArchiveCopy(content, source, target)
	if err != nil {
		return err
	}
	defer prepared.Close()
	return archive.UntarUncompressed(prepared, folder, &archive.TarOptions{NoLchown: true, NoOverwriteDirNonDir: true})
}

// checkOutputPath refuses a destination whose folder does not exist, or that is neither a file nor a folder.
func checkOutputPath(path string) error {
	folder := filepath.Dir(filepath.Clean(path))
	if folder != "" && folder != "." {
		if _, err := os.Stat(folder); os.IsNotExist(err) {
			return fmt.Errorf("invalid output path: directory %q does not exist", folder)
		}
	}
	info, err := os.Stat(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := checkTargetMode(info.Mode()); err != nil {
		return fmt.Errorf("invalid output path: %q must be a directory or a regular file: %w", strings.TrimRight(path, "/"), err)
	}
	return nil
}

// checkTargetMode refuses to write a file over something that is none.
func checkTargetMode(mode os.FileMode) error {
	switch {
	case mode&os.ModeDevice != 0:
		return fmt.Errorf("got a device")
	case mode&os.ModeIrregular != 0:
		return fmt.Errorf("got an irregular file")
	}
	return nil
}
