package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"

	"tug/internal/untar"
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
	dir, overlay, err := target(mounts)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	got, err := a.blob(ctx, desc, dir, overlay, config.Progress)
	if err == nil && config.SyncFs {
		err = syncFS(dir)
	}
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: got.diff, Size: got.size}, err
}

// applied is what a layer turned out to be.
type applied struct {
	diff    digest.Digest // of the archive
	size    int64         // of the archive
	implied []string      // folders that the archive has files in but does not have itself
	deletes bool          // it has deletion markers
}

// LayerError says why a layer cannot be unpacked.
type LayerError struct {
	Layer digest.Digest // of the blob
	Err   error
}

func (e *LayerError) Error() string { return fmt.Sprintf("layer %s: %v", e.Layer, e.Err) }
func (e *LayerError) Unwrap() error { return e.Err }

// blob unpacks a layer that is in the store into dir. overlay says that there are layers below it.
func (a *applier) blob(ctx context.Context, desc ocispec.Descriptor, dir string, overlay bool, progress func(int64)) (applied, error) {
	blob, err := a.blobs.ReaderAt(ctx, desc)
	if err != nil {
		return applied{}, &LayerError{desc.Digest, err}
	}
	defer blob.Close()
	return a.stream(ctx, io.NewSectionReader(blob, 0, blob.Size()), desc, dir, overlay, progress)
}

// fresh is blob for a blob that has just been written: one that is not compressed has the digest that it was found to have then.
func (a *applier) fresh(ctx context.Context, desc ocispec.Descriptor, dir string, progress func(int64)) (applied, error) {
	blob, err := a.blobs.ReaderAt(ctx, desc)
	if err != nil {
		return applied{}, err
	}
	defer blob.Close()
	if compressed, err := IsCompressed(blob); err != nil {
		return applied{}, err
	} else if compressed {
		return a.blob(ctx, desc, dir, true, progress)
	}
	r := &meter{r: io.NewSectionReader(blob, 0, blob.Size()), below: desc.Size, report: progress}
	found, err := untar.Layer(ctx, dir, bufio.NewReaderSize(r, 256<<10), true)
	return applied{desc.Digest, blob.Size(), found.Implied, found.Deletes}, err
}

// stream unpacks a layer as it comes from r, to its end. progress is told of each step but the last.
func (a *applier) stream(ctx context.Context, r io.Reader, desc ocispec.Descriptor, dir string, overlay bool, progress func(int64)) (_ applied, err error) {
	defer func() {
		if err != nil {
			err = &LayerError{desc.Digest, err}
		}
	}()
	plain, err := Decompress(&meter{r: r, below: desc.Size, report: progress})
	if err != nil {
		return applied{}, err
	}
	defer plain.Close()
	digester := digest.Canonical.Digester()
	read := &meter{r: io.TeeReader(plain, digester.Hash())}
	found, err := untar.Layer(ctx, dir, read, overlay)
	if err != nil {
		return applied{}, err
	}
	if _, err := io.Copy(io.Discard, read); err != nil { // padding after the end of the archive is part of the digest
		return applied{}, err
	}
	return applied{digester.Digest(), read.n, found.Implied, found.Deletes}, nil
}

// contentOf returns the digest of what a layer that is in the store has uncompressed.
func (a *applier) contentOf(ctx context.Context, desc ocispec.Descriptor) (_ digest.Digest, err error) {
	defer func() {
		if err != nil {
			err = &LayerError{desc.Digest, err}
		}
	}()
	blob, err := a.blobs.ReaderAt(ctx, desc)
	if err != nil {
		return "", err
	}
	defer blob.Close()
	if compressed, err := IsCompressed(blob); err != nil || !compressed {
		return desc.Digest, err
	}
	plain, err := Decompress(io.NewSectionReader(blob, 0, blob.Size()))
	if err != nil {
		return "", err
	}
	defer plain.Close()
	return digest.FromReader(plain)
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
