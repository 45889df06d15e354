package image

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// SaveOptions are what to save.
type SaveOptions struct {
	Refs      []string // names, repositories, IDs
	Platforms []string // which of the images' platforms, all of which must be here; none means all that are
}

// Save writes images as an archive that is both an OCI image layout and Docker's image archive, as docker save does since version 25. A
// name is saved with its tag, a repository without tag ("nginx") with all its tags, an ID without names.
// An image with several names in refs is there once. Of several platforms, the index is there too, unless one platform is asked for.
func (s *Images) Save(ctx context.Context, w io.Writer, o SaveOptions) error {
	if len(o.Refs) == 0 {
		return fmt.Errorf("no image to save is named: %w", errdefs.ErrInvalidArgument)
	}
	ctx, done, err := s.store.Lease(ctx)
	if err != nil {
		return err
	}
	defer done()
	out, err := s.index.Load().saved(o.Refs, o.Platforms)
	if err != nil {
		return err
	}
	for _, o := range out {
		// What is being written does not go meanwhile.
		for _, d := range append([]ocispec.Descriptor{o.target}, o.manifests...) {
			if err := s.store.Keep(ctx, d.Digest); err != nil {
				return fmt.Errorf("save images: %w", err)
			}
		}
	}
	if err := s.completeAll(ctx, out); err != nil {
		return fmt.Errorf("save images: %w", err)
	}
	tw := tar.NewWriter(w)
	if err := s.writeArchive(ctx, tw, out); err != nil {
		return fmt.Errorf("save images: %w", err)
	}
	return tw.Close()
}

// completeAll brings back what is not kept of the images.
func (s *Images) completeAll(ctx context.Context, list []*saved) error {
	var layers []ocispec.Descriptor
	for _, o := range list {
		for _, d := range o.manifests {
			m, _, err := s.readManifest(ctx, d)
			if err != nil {
				return err
			}
			layers = append(layers, m.Layers...)
		}
	}
	from := s.origin("", Auth{})
	defer from.close()
	return from.bringBack(ctx, layers)
}

// tagsOf returns the names in the repository that ref is, sorted; none if ref is more than a repository.
func (x *index) tagsOf(ref string) []reference.NamedTagged {
	repo, err := reference.ParseNormalizedNamed(ref)
	if err != nil || !reference.IsNameOnly(repo) {
		return nil
	}
	var tags []reference.NamedTagged
	for _, record := range slices.Sorted(maps.Keys(x.names)) {
		if repository(record) != repo.Name() || isDigestName(record) {
			continue
		}
		if tagged, err := parseTag(record); err == nil {
			tags = append(tags, tagged)
		}
	}
	return tags
}

// writeArchive writes the blobs of the images, each once, and then what says how they belong together.
func (s *Images) writeArchive(ctx context.Context, tw *tar.Writer, list []*saved) error {
	blobs := map[digest.Digest]ocispec.Descriptor{}
	index := ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex}
	var manifests []archived
	for _, o := range list {
		for _, d := range o.others {
			blobs[d.Digest] = d
		}
		for _, d := range o.manifests {
			m, _, err := s.readManifest(ctx, d)
			if err != nil {
				return err
			}
			for _, d := range append([]ocispec.Descriptor{d, m.Config}, m.Layers...) {
				blobs[d.Digest] = d
			}
			if d.Digest == o.manifests[0].Digest { // Docker's archive has one image of a name
				manifests = append(manifests, o.archived(m))
			}
		}
		index.Manifests = append(index.Manifests, o.descriptors()...)
	}
	for _, dir := range []string{"blobs/", "blobs/sha256/"} {
		if err := tw.WriteHeader(&tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o755, ModTime: archiveTime}); err != nil {
			return err
		}
	}
	for _, d := range slices.Sorted(maps.Keys(blobs)) {
		if err := s.writeArchiveBlob(ctx, tw, blobs[d]); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		name string
		v    any
	}{
		{ocispec.ImageIndexFile, index},
		{"manifest.json", manifests},
		{ocispec.ImageLayoutFile, ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion}},
	} {
		if err := writeArchiveJSON(tw, f.name, f.v); err != nil {
			return err
		}
	}
	return nil
}

// archiveTime is the time of every file in an archive, so that saving the same images twice gives the same bytes.
var archiveTime = time.Unix(0, 0)

func (s *Images) writeArchiveBlob(ctx context.Context, tw *tar.Writer, desc ocispec.Descriptor) error {
	ra, err := s.store.Content.ReaderAt(ctx, desc)
	if err != nil {
		return err
	}
	defer ra.Close()
	h := &tar.Header{Name: blobPath(desc.Digest), Typeflag: tar.TypeReg, Mode: 0o644, Size: ra.Size(), ModTime: archiveTime}
	if err := tw.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{tw}, io.NewSectionReader(ra, 0, ra.Size()), make([]byte, copyBlock))
	return err
}

func writeArchiveJSON(tw *tar.Writer, name string, v any) error {
	blob, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := tw.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(blob)), ModTime: archiveTime}); err != nil {
		return err
	}
	_, err = tw.Write(blob)
	return err
}

func blobPath(d digest.Digest) string { return "blobs/" + d.Algorithm().String() + "/" + d.Encoded() }
