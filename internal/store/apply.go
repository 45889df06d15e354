package store

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/pkg/archive"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

const (
	// maxEntries is how many files one layer may have: the extraction remembers the path of each in memory.
	maxEntries = 4 << 20
	// maxPath is the longest file name or link target in bytes: Linux's PATH_MAX.
	maxPath = 4096
)

// applier unpacks layers: it implements diff.Applier. Unlike containerd's it starts no helper program to decompress,
// mounts nothing, and bounds what a layer can make it remember.
type applier struct {
	blobs content.Provider
}

// Apply unpacks the layer desc into the folder that mounts name, with owners, modes, times, devices, set-id bits and
// extended attributes (file capabilities among them), and returns the digest and size of the uncompressed layer. Paths,
// links and deletion markers are confined to the folder.
func (a *applier) Apply(ctx context.Context, desc ocispec.Descriptor, mounts []mount.Mount, opts ...diff.ApplyOpt) (ocispec.Descriptor, error) {
	var config diff.ApplyConfig
	for _, o := range opts {
		if err := o(ctx, desc, &config); err != nil {
			return ocispec.Descriptor{}, err
		}
	}
	applied, err := a.apply(ctx, desc, mounts, config)
	if err != nil {
		return ocispec.Descriptor{}, &LayerError{Layer: desc.Digest, Err: err}
	}
	return applied, nil
}

// LayerError says why a layer cannot be unpacked.
type LayerError struct {
	Layer digest.Digest // of the blob
	Err   error
}

func (e *LayerError) Error() string { return fmt.Sprintf("layer %s: %v", e.Layer, e.Err) }
func (e *LayerError) Unwrap() error { return e.Err }

func (a *applier) apply(ctx context.Context, desc ocispec.Descriptor, mounts []mount.Mount, config diff.ApplyConfig) (ocispec.Descriptor, error) {
	dir, overlay, err := target(mounts)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	blob, err := a.blobs.ReaderAt(ctx, desc)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer blob.Close()
	plain, err := Decompress(&meter{r: io.NewSectionReader(blob, 0, blob.Size()), below: blob.Size(), report: config.Progress})
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	defer plain.Close()

	digester := digest.Canonical.Digester()
	read := &meter{r: io.TeeReader(plain, digester.Hash())}
	if err := extract(ctx, dir, read, overlay); err != nil {
		return ocispec.Descriptor{}, err
	}
	if _, err := io.Copy(io.Discard, read); err != nil { // padding after the end of the archive is part of the digest
		return ocispec.Descriptor{}, err
	}
	if config.SyncFs {
		if err := syncFS(dir); err != nil {
			return ocispec.Descriptor{}, err
		}
	}
	if config.Progress != nil {
		config.Progress(blob.Size()) // the whole size is reported once, when all is done
	}
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: digester.Digest(), Size: read.n}, nil
}

// extract unpacks the archive into dir. In an overlay layer a deletion marker becomes overlay's own (a 0:0 device, an opaque
// attribute); in a lowest layer, below which there is nothing to delete, it deletes within the layer.
func extract(ctx context.Context, dir string, r io.Reader, overlay bool) error {
	entries := 0
	opts := []archive.ApplyOpt{archive.WithFilter(func(h *tar.Header) (bool, error) {
		if entries++; entries > maxEntries {
			return false, fmt.Errorf("more than %d files: %w", maxEntries, errdefs.ErrInvalidArgument)
		}
		if len(h.Name) > maxPath || len(h.Linkname) > maxPath {
			return false, fmt.Errorf("file name %.40q... is longer than %d bytes: %w", h.Name, maxPath, errdefs.ErrInvalidArgument)
		}
		return true, nil
	})}
	if overlay {
		opts = append(opts, archive.WithConvertWhiteout(archive.OverlayConvertWhiteout))
	}
	_, err := archive.Apply(ctx, dir, r, opts...)
	if errors.Is(err, tar.ErrHeader) {
		return fmt.Errorf("not a tar archive, or a damaged one: %w", errdefs.ErrInvalidArgument)
	}
	return err
}

// target tells from a snapshot's mounts into which folder its files go, and whether overlay will have layers below it.
func target(mounts []mount.Mount) (dir string, overlay bool, err error) {
	if len(mounts) == 1 && mounts[0].Type == "bind" {
		return mounts[0].Source, false, nil
	}
	if len(mounts) == 1 && mounts[0].Type == "overlay" {
		for _, o := range mounts[0].Options {
			if upper, ok := strings.CutPrefix(o, "upperdir="); ok {
				return upper, true, nil
			}
		}
	}
	return "", false, fmt.Errorf("cannot unpack a layer into %v: %w", mounts, errdefs.ErrNotImplemented)
}

func syncFS(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// meter counts the bytes that were read and reports the count, if asked to, as long as it is below a limit.
type meter struct {
	r      io.Reader
	n      int64
	below  int64
	report func(int64)
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	if m.report != nil && m.n < m.below {
		m.report(m.n)
	}
	return n, err
}
