package build

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/pkg/labels"
	"github.com/containerd/errdefs"
	buildkitoverlay "github.com/moby/buildkit/util/overlay"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/overlay"
)

// ownDiffer is the variable of its environment by which BuildKit, if it is false, asks the worker for a layer's archive. Its own way to make one from an upper folder is
// not asked for otherwise; it mounts two overlays and looks each file up six times, and hashes an archive twice that is not compressed.
const ownDiffer = "BUILDKIT_DEBUG_FORCE_OVERLAY_DIFF"

// differ makes the archives of layers out of their folders. What it cannot read there is compared as others do, by walking through two trees.
type differ struct {
	diff.Comparer
	blobs content.Store
}

// Compare implements diff.Comparer.
func (d *differ) Compare(ctx context.Context, lower, upper []mount.Mount, opts ...diff.Opt) (ocispec.Descriptor, error) {
	var c diff.Config
	for _, o := range opts {
		if err := o(&c); err != nil {
			return ocispec.Descriptor{}, err
		}
	}
	folder, err := buildkitoverlay.GetUpperdir(lower, upper)
	if err != nil || c.Reference == "" || c.SourceDateEpoch != nil || c.Compressor == nil {
		return d.Comparer.Compare(ctx, lower, upper, opts...)
	}
	var below []string
	if len(lower) > 0 {
		tree, err := treeOf(lower[0])
		if err != nil {
			return ocispec.Descriptor{}, err
		}
		if below = tree.Layers; tree.Path != "" {
			below = []string{tree.Path}
		}
	}
	desc, err := d.archive(ctx, &c, folder, below)
	if err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("pack a layer: %w", err)
	}
	return desc, nil
}

// bufferSize is how much of an archive is written at a time.
const bufferSize = 256 << 10

// archive writes a layer's archive into the store, compressed as asked.
func (d *differ) archive(ctx context.Context, c *diff.Config, folder string, below []string) (desc ocispec.Descriptor, err error) {
	w, err := d.blobs.Writer(ctx, content.WithRef(c.Reference), content.WithDescriptor(ocispec.Descriptor{MediaType: c.MediaType}))
	if err != nil {
		return desc, err
	}
	defer w.Close() // which is harmless once it is committed
	if err := w.Truncate(0); err != nil {
		return desc, err
	}
	buffered := bufio.NewWriterSize(w, bufferSize)
	plain := c.MediaType == ocispec.MediaTypeImageLayer
	diffID := digest.SHA256.Digester()
	if plain {
		err = writeLayer(ctx, buffered, folder, below)
	} else {
		err = compress(ctx, c, buffered, diffID.Hash(), folder, below)
	}
	if err = errors.Join(err, buffered.Flush()); err != nil {
		return desc, err
	}
	blob := w.Digest()
	noted := maps.Clone(c.Labels)
	if noted == nil {
		noted = map[string]string{}
	}
	if noted[labels.LabelUncompressed] = blob.String(); !plain {
		noted[labels.LabelUncompressed] = diffID.Digest().String()
	}
	if err := w.Commit(ctx, 0, blob, content.WithLabels(noted)); err != nil && !errdefs.IsAlreadyExists(err) {
		return desc, err
	}
	info, err := d.blobs.Info(ctx, blob)
	if err == nil && info.Labels[labels.LabelUncompressed] == "" { // it came without
		info.Labels = noted
		info, err = d.blobs.Update(ctx, info, "labels."+labels.LabelUncompressed)
	}
	return ocispec.Descriptor{MediaType: c.MediaType, Size: info.Size, Digest: info.Digest}, err
}

// writeLayer writes what a layer changes in those below it.
func writeLayer(ctx context.Context, w io.Writer, folder string, below []string) error {
	top, err := unix.Open(folder, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(top)
	out := tar.NewWriter(w)
	if err := (archive.Tree{Root: top}).Pack(ctx, out, "/", archive.PackOptions{Layer: true, Says: overlay.NewUpper(below).Says}); err != nil {
		return err
	}
	return out.Close()
}

// compress writes what a layer changes, compressed, and hashes it as it is.
func compress(ctx context.Context, c *diff.Config, w io.Writer, plain hash.Hash, folder string, below []string) error {
	compressed, err := c.Compressor(w, c.MediaType)
	if err != nil {
		return err
	}
	both := bufio.NewWriterSize(io.MultiWriter(compressed, plain), bufferSize)
	return errors.Join(writeLayer(ctx, both, folder, below), both.Flush(), compressed.Close())
}
