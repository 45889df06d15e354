package image

import (
	"archive/tar"
	"bytes"
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
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"tug/internal/room"
	"tug/internal/store"
)

const (
	// maxBundleFiles is how many files an archive of images may have.
	maxBundleFiles = 100_000
	// maxHeld is the largest file that is held in memory until it is asked for, in bytes, and maxAllHeld is how much of them there may be
	// together. Old archives have many small files that nobody asks for.
	maxHeld, maxAllHeld = 64 << 10, 8 << 20
	// maxName is the longest name of a file and target of a link in an archive, in bytes, as Linux takes them, and maxAllNames how much of them there may be
	// together: the names are in memory until all is read.
	maxName, maxAllNames = unix.PathMax, 16 << 20
	// maxCommits is how many files are waited for by the disk while the next is read.
	maxCommits = 3
)

// bundle is an archive of images whose files are in the store, or held.
type bundle struct {
	files map[string]ocispec.Descriptor // by path in the archive
	links map[string]string             // symbolic and hard links, by path; their targets are paths too
	held  map[string][]byte             // small files, by path
	all   int64                         // bytes held
	named int64                         // bytes of names and targets, those of an archive that has a name twice included

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

// bundleReader reads an archive of images.
type bundleReader struct {
	*bundle
	images  *Images
	early   *store.Early
	commits errgroup.Group
}

// readBundle reads an archive of images to its end and puts its files into the store. A file of an OCI layout must have the digest
// that its name says. What looks like a layer is unpacked early.
func (s *Images) readBundle(ctx context.Context, r io.Reader, early *store.Early) (*bundle, error) {
	b := &bundleReader{images: s, early: early, bundle: &bundle{
		files: map[string]ocispec.Descriptor{}, links: map[string]string{}, held: map[string][]byte{},
	}}
	b.commits.SetLimit(maxCommits)
	err := b.read(ctx, r)
	if cerr := b.commits.Wait(); err == nil {
		err = cerr
	}
	return b.bundle, err
}

func (b *bundleReader) read(ctx context.Context, r io.Reader) error {
	tr := tar.NewReader(r)
	for n := 0; ; n++ {
		h, err := tr.Next()
		if err == io.EOF && n == 0 {
			return fmt.Errorf("it is empty: %w", errdefs.ErrInvalidArgument)
		}
		if err == io.EOF {
			break
		}
		if errors.Is(err, tar.ErrHeader) || n == 0 && errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("it is not a tar archive: load takes what save writes: %w", errdefs.ErrInvalidArgument)
		}
		if err != nil {
			return cutOff(err)
		}
		if n == maxBundleFiles {
			return fmt.Errorf("more than %d files: %w", maxBundleFiles, errdefs.ErrInvalidArgument)
		}
		if err := b.entry(ctx, h, tr); err != nil {
			return fmt.Errorf("%.200q: %w", h.Name, cutOff(err))
		}
	}
	_, err := io.Copy(io.Discard, r) // checksums of the outer compression come last
	return cutOff(err)
}

// cutOff says what it means that there should be more.
func cutOff(err error) error {
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return fmt.Errorf("the archive ends in its middle: %w: %w", err, errdefs.ErrInvalidArgument)
}

func (b *bundleReader) entry(ctx context.Context, h *tar.Header, r io.Reader) error {
	if len(h.Name) > maxName || len(h.Linkname) > maxName {
		return fmt.Errorf("its name or target is longer than %d bytes: %w", maxName, errdefs.ErrInvalidArgument)
	}
	if b.named += int64(len(h.Name) + len(h.Linkname)); b.named > maxAllNames {
		return fmt.Errorf("the names of its files and the targets of its links have more than %d bytes together: %w", maxAllNames, errdefs.ErrInvalidArgument)
	}
	name := path.Clean(h.Name)
	b.forget(name)
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
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
		b.manifests = nil // of two, the last
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
	return b.keep(ctx, name, h.Size, r)
}

// keep puts a file of the archive into the store, or holds it.
func (b *bundleReader) keep(ctx context.Context, name string, size int64, r io.Reader) error {
	want := layoutDigest(name)
	if want == "" && size <= maxHeld && b.all+size <= maxAllHeld {
		blob, err := io.ReadAll(r)
		b.held[name], b.all = blob, b.all+int64(len(blob))
		return err
	}
	if err := room.In(b.images.settings.Root).Take(size); err != nil { // a hole in a file costs its archive nothing
		return err
	}
	head := make([]byte, tarBlock)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if int64(n) < min(size, tarBlock) {
		return io.ErrUnexpectedEOF
	}
	draft, err := b.images.draftBlob(ctx, io.MultiReader(bytes.NewReader(head[:n]), r), want)
	if err != nil {
		return err
	}
	b.files[name] = draft.desc
	b.commits.Go(func() error {
		if err := draft.commit(ctx); err != nil {
			return fmt.Errorf("%.200q: %w", name, err)
		}
		if !draft.known() && looksLikeLayer(head[:n]) {
			b.early.Unpack(draft.desc)
		}
		return nil
	})
	return nil
}

// tarBlock is the size of a tar archive's header in bytes.
const tarBlock = 512

// looksLikeLayer says that a file that begins so is an archive or compressed.
func looksLikeLayer(head []byte) bool {
	return layerType(head) != ocispec.MediaTypeImageLayer || len(head) == tarBlock && bytes.Equal(head[257:262], []byte("ustar"))
}

// forget forgets what had a name before: of two, the last is meant.
func (b *bundle) forget(name string) {
	delete(b.links, name)
	delete(b.files, name)
	b.all -= int64(len(b.held[name]))
	delete(b.held, name)
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

// find returns the path of the file that a path of the archive leads to, through links.
func (b *bundle) find(name string) (string, bool) {
	name = path.Clean(name)
	for range 8 { // more links than that are a loop
		if _, ok := b.files[name]; ok {
			return name, true
		}
		if _, ok := b.held[name]; ok {
			return name, true
		}
		next, ok := b.links[name]
		if !ok {
			break
		}
		name = next
	}
	return "", false
}

// digestOf is the digest of the file at a path of the archive, "" if there is none.
func (b *bundle) digestOf(name string) digest.Digest {
	name, ok := b.find(name)
	if !ok {
		return ""
	}
	if held, ok := b.held[name]; ok {
		return digest.FromBytes(held)
	}
	return b.files[name].Digest
}

// lacks is the error for what an archive lists and does not have.
func lacks(what, name string) error {
	return fmt.Errorf("%s %.200q is not in it: %w", what, name, errdefs.ErrInvalidArgument)
}

// sizeOf is the size of the file at a path of the archive in bytes, -1 if there is none.
func (b *bundle) sizeOf(name string) int64 {
	name, ok := b.find(name)
	if !ok {
		return -1
	}
	if held, ok := b.held[name]; ok {
		return int64(len(held))
	}
	return b.files[name].Size
}

// has refuses a blob that an OCI layout lists and does not have, or of another size. That the store has it from elsewhere does not count.
func (b *bundle) has(what string, d ocispec.Descriptor) error {
	if err := d.Digest.Validate(); err != nil {
		return fmt.Errorf("digest %.100q: %w: %w", d.Digest, err, errdefs.ErrInvalidArgument)
	}
	file := blobPath(d.Digest)
	if b.digestOf(file) != d.Digest {
		return lacks(what, d.Digest.String())
	}
	if size := b.sizeOf(file); size != d.Size {
		return fmt.Errorf("%s %q has %d bytes, and what names it says %d: %w", what, d.Digest, size, d.Size, errdefs.ErrInvalidArgument)
	}
	return nil
}

// bundleBlob returns the file at a path of the archive, which what must be, in the store.
func (s *Images) bundleBlob(ctx context.Context, b *bundle, what, file string) (ocispec.Descriptor, error) {
	name, ok := b.find(file)
	if !ok {
		return ocispec.Descriptor{}, lacks(what, file)
	}
	if held, ok := b.held[name]; ok {
		return s.writeBlob(ctx, bytes.NewReader(held), digest.FromBytes(held))
	}
	return b.files[name], nil
}

// tagsOf returns what manifest.json names the image with the configuration.
func (b *bundle) tagsOf(config digest.Digest) []string {
	var tags []string
	for _, a := range b.manifests {
		if b.digestOf(a.Config) == config {
			tags = append(tags, a.RepoTags...)
		}
	}
	return tags
}
