package image

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/room"
	"tug/internal/store"
)

// writeBlob writes r into the store and returns its digest and size. want is the digest that it must have, or "".
func (s *Images) writeBlob(ctx context.Context, r io.Reader, want digest.Digest) (ocispec.Descriptor, error) {
	d, err := s.draftBlob(ctx, r, want)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return d.desc, d.commit(ctx)
}

// blobDraft is a blob that is written but for waiting for the disk.
type blobDraft struct {
	desc ocispec.Descriptor
	w    content.Writer // nil if the store has had the blob already
}

// copyBlock is how many bytes are copied at a time.
const copyBlock = 256 << 10

// known says that the store has had the blob already.
func (d blobDraft) known() bool { return d.w == nil }

// draftBlob writes r, for which commit is to be called. What would fill the disk is refused, and what is not what it says, also if the store has that already.
func (s *Images) draftBlob(ctx context.Context, r io.Reader, want digest.Digest) (blobDraft, error) {
	if want != "" {
		if desc, err := s.existing(ctx, want); err == nil {
			return blobDraft{desc: desc}, verify(r, desc)
		}
	}
	ref := "write-" + rand.Text()
	// The writer is not told the digest: it would begin with the whole content of a blob that is about to be collected.
	w, err := content.OpenWriter(ctx, s.store.Content, content.WithRef(ref))
	if err != nil {
		return blobDraft{}, err
	}
	abort := func(err error) (blobDraft, error) {
		w.Close()
		return blobDraft{}, errors.Join(err, s.store.Content.Abort(context.WithoutCancel(ctx), ref))
	}
	size, err := io.CopyBuffer(struct{ io.Writer }{w}, room.In(s.settings.Root).Reader(r), make([]byte, copyBlock))
	if err != nil {
		return abort(err)
	}
	desc := ocispec.Descriptor{Digest: w.Digest(), Size: size}
	if want != "" && want != desc.Digest {
		return abort(damaged(want))
	}
	return blobDraft{desc, w}, nil
}

// verify reads what should be a blob that the store has already. It does not read on for ever: a file with a hole is longer than its archive.
func verify(r io.Reader, desc ocispec.Descriptor) error {
	hash := desc.Digest.Algorithm().Hash()
	n, err := io.CopyBuffer(hash, io.LimitReader(r, desc.Size+1), make([]byte, copyBlock))
	if err != nil {
		return err
	}
	if n != desc.Size || digest.NewDigest(desc.Digest.Algorithm(), hash) != desc.Digest {
		return damaged(desc.Digest)
	}
	return nil
}

func damaged(want digest.Digest) error {
	return fmt.Errorf("content is not %s as it says: the archive or the transfer is damaged: %w", want, errdefs.ErrInvalidArgument)
}

// commit puts the blob into its place, on disk.
func (d blobDraft) commit(ctx context.Context) error {
	if d.known() {
		return nil
	}
	defer d.w.Close()
	if err := d.w.Commit(ctx, d.desc.Size, d.desc.Digest); err != nil && !errdefs.IsAlreadyExists(err) {
		return err
	}
	return nil
}

// existing describes a blob that is in the store, and keeps it with the lease in ctx.
func (s *Images) existing(ctx context.Context, d digest.Digest) (ocispec.Descriptor, error) {
	if _, err := s.store.Content.Info(ctx, d); err != nil {
		return ocispec.Descriptor{}, err
	}
	if err := s.store.Keep(ctx, d); err != nil {
		return ocispec.Descriptor{}, err
	}
	// And is it still there, now that it is kept?
	info, err := s.store.Content.Info(ctx, d)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return ocispec.Descriptor{Digest: d, Size: info.Size}, nil
}

// writeJSON writes v into the store as a blob of the given type.
func (s *Images) writeJSON(ctx context.Context, mediaType string, v any) (ocispec.Descriptor, error) {
	blob, err := json.Marshal(v)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	desc, err := s.writeBlob(ctx, bytes.NewReader(blob), digest.FromBytes(blob))
	desc.MediaType = mediaType
	return desc, err
}

// writeManifest makes a manifest of a configuration and layers that are in the store.
func (s *Images) writeManifest(ctx context.Context, config ocispec.Descriptor, layers []ocispec.Descriptor) (ocispec.Descriptor, error) {
	if layers == nil {
		layers = []ocispec.Descriptor{}
	}
	config.MediaType = ocispec.MediaTypeImageConfig
	return s.writeJSON(ctx, ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    config,
		Layers:    layers,
	})
}

// storedType tells a layer blob's media type by its first bytes.
func (s *Images) storedType(ctx context.Context, desc ocispec.Descriptor) (string, error) {
	ra, err := s.store.Content.ReaderAt(ctx, desc)
	if err != nil {
		return "", err
	}
	defer ra.Close()
	head := make([]byte, 4)
	n, err := ra.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", err
	}
	return layerType(head[:n]), nil
}

// plainLayer returns a layer's blob with its media type. What is compressed in a way that images do not know, with xz or bzip2, is stored decompressed.
func (s *Images) plainLayer(ctx context.Context, desc ocispec.Descriptor) (_ ocispec.Descriptor, err error) {
	if desc.MediaType, err = s.storedType(ctx, desc); err != nil || desc.MediaType != ocispec.MediaTypeImageLayer {
		return desc, err
	}
	ra, err := s.store.Content.ReaderAt(ctx, desc)
	if err != nil {
		return desc, err
	}
	defer ra.Close()
	if compressed, err := store.IsCompressed(ra); err != nil || !compressed {
		return desc, err
	}
	return s.writeLayer(ctx, io.NewSectionReader(ra, 0, ra.Size()))
}

// layerType tells the media type of a layer that begins so.
func layerType(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return ocispec.MediaTypeImageLayerGzip
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return ocispec.MediaTypeImageLayerZstd
	}
	return ocispec.MediaTypeImageLayer
}

// isJSONType says that a blob of the type is a manifest, an index or a configuration, which are small.
func isJSONType(mediaType string) bool {
	return images.IsManifestType(mediaType) || images.IsIndexType(mediaType) || images.IsConfigType(mediaType)
}
