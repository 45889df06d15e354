package image

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxBundleFiles is how many files an archive of images may have.
const maxBundleFiles = 100_000

// bundle is an archive of images whose files are in the store.
type bundle struct {
	files map[string]ocispec.Descriptor // by path in the archive
	links map[string]string             // symbolic and hard links, by path; their targets are paths too

	manifests []archived     // manifest.json, Docker's archive
	index     *ocispec.Index // index.json, OCI's layout
	legacy    bool           // it has Docker's file "repositories"
}

// archived is one image of a manifest.json.
type archived struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// readBundle reads an archive of images to its end and puts its files into the store. A file of an OCI layout must have the digest
// that its name says.
func (s *Images) readBundle(ctx context.Context, r io.Reader) (*bundle, error) {
	b := &bundle{files: map[string]ocispec.Descriptor{}, links: map[string]string{}}
	tr := tar.NewReader(r)
	for n := 0; ; n++ {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if errors.Is(err, tar.ErrHeader) {
			return nil, fmt.Errorf("not a tar archive: %w", errdefs.ErrInvalidArgument)
		}
		if err != nil {
			return nil, err
		}
		if n == maxBundleFiles {
			return nil, fmt.Errorf("more than %d files: %w", maxBundleFiles, errdefs.ErrInvalidArgument)
		}
		if err := s.readBundleFile(ctx, b, h, tr); err != nil {
			return nil, fmt.Errorf("%.200q: %w", h.Name, err)
		}
	}
	_, err := io.Copy(io.Discard, r) // checksums of the outer compression come last
	return b, err
}

func (s *Images) readBundleFile(ctx context.Context, b *bundle, h *tar.Header, r io.Reader) error {
	name := path.Clean(h.Name)
	switch h.Typeflag {
	case tar.TypeReg:
	case tar.TypeSymlink:
		b.links[name] = path.Join(path.Dir(name), h.Linkname)
		return nil
	case tar.TypeLink:
		b.links[name] = path.Clean(h.Linkname)
		return nil
	default:
		return nil
	}
	switch name {
	case "manifest.json":
		return readJSON(r, h.Size, &b.manifests)
	case ocispec.ImageIndexFile:
		blob, err := readSmall(r, h.Size)
		if err != nil {
			return err
		}
		x, err := parseIndex(blob)
		b.index = &x
		return err
	case ocispec.ImageLayoutFile:
		var l ocispec.ImageLayout
		if err := readJSON(r, h.Size, &l); err != nil {
			return err
		}
		if l.Version != ocispec.ImageLayoutVersion {
			return fmt.Errorf("OCI image layout of version %.20q, only %s is read: %w", l.Version, ocispec.ImageLayoutVersion, errdefs.ErrInvalidArgument)
		}
		return nil
	case "repositories":
		b.legacy = true
		return nil
	}
	desc, err := s.writeBlob(ctx, r, layoutDigest(name))
	if err != nil {
		return err
	}
	b.files[name] = desc
	return nil
}

// layoutDigest is the digest that a file of an OCI layout must have, "" for any other file.
func layoutDigest(name string) digest.Digest {
	rest, ok := strings.CutPrefix(name, "blobs/sha256/")
	if !ok || !hexID(rest) {
		return ""
	}
	return digest.NewDigestFromEncoded(digest.SHA256, rest)
}

func readJSON(r io.Reader, size int64, v any) error {
	blob, err := readSmall(r, size)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(blob, v); err != nil {
		return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	return nil
}

func readSmall(r io.Reader, size int64) ([]byte, error) {
	if size > maxManifest {
		return nil, fmt.Errorf("%d bytes, %d is the most: %w", size, maxManifest, errdefs.ErrInvalidArgument)
	}
	return io.ReadAll(io.LimitReader(r, maxManifest))
}

// blob returns the file at a path of the archive, through links.
func (b *bundle) blob(name string) (ocispec.Descriptor, bool) {
	name = path.Clean(name)
	for range 8 { // more links than that are a loop
		if desc, ok := b.files[name]; ok {
			return desc, true
		}
		next, ok := b.links[name]
		if !ok {
			break
		}
		name = next
	}
	return ocispec.Descriptor{}, false
}

// tagsOf returns what manifest.json names the image with the configuration.
func (b *bundle) tagsOf(config digest.Digest) []string {
	var tags []string
	for _, a := range b.manifests {
		if desc, ok := b.blob(a.Config); ok && desc.Digest == config {
			tags = append(tags, a.RepoTags...)
		}
	}
	return tags
}
