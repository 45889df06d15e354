package build

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/cache"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/worker/base"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// builder is BuildKit's worker, with exporters of ours for what becomes an image here.
type builder struct {
	*base.Worker
	settings *Settings
	strict   func() error // has its database wait for the disk again, for good
}

// Close implements worker.Worker.
func (b *builder) Close() error { return errors.Join(b.strict(), b.Worker.Close()) }

// mobyExporter is what clients of Docker call the export of an image to the engine that built it.
const mobyExporter = "moby"

// unnamed begins the name that an image without one is exported under.
const unnamed = "unnamed"

// Exporter implements worker.Worker.
func (b *builder) Exporter(name string, sessions *session.Manager) (exporter.Exporter, error) {
	if name != mobyExporter && name != client.ExporterImage {
		return b.Worker.Exporter(name, sessions)
	}
	e, err := b.Worker.Exporter(client.ExporterImage, sessions)
	return &imageExporter{e}, err
}

// imageExporter exports to the engine's images. Layers are not compressed for that: it is done when the image is pushed.
type imageExporter struct{ exporter.Exporter }

// Resolve implements exporter.Exporter.
func (e *imageExporter) Resolve(ctx context.Context, id int, attrs map[string]string) (exporter.ExporterInstance, error) {
	attrs = maps.Clone(attrs)
	if attrs == nil {
		attrs = map[string]string{}
	}
	push := attrs[string(exptypes.OptKeyPush)]
	stays := push == "" || push == "false"
	if stays {
		if _, asked := attrs[string(exptypes.OptKeyLayerCompression)]; !asked {
			attrs[string(exptypes.OptKeyLayerCompression)] = "uncompressed"
		}
	}
	delete(attrs, string(exptypes.OptKeyUnpack)) // the layers are there
	names, err := fullNames(attrs[string(exptypes.OptKeyName)])
	if err != nil {
		return nil, err
	}
	attrs[string(exptypes.OptKeyName)] = names
	attrs[string(exptypes.OptKeyDanglingPrefix)] = unnamed
	attrs[string(exptypes.OptKeyDanglingEmptyOnly)] = "true"
	made, err := e.Exporter.Resolve(ctx, id, attrs)
	if err != nil {
		return nil, err
	}
	rewritten, asked := attrs[string(exptypes.OptKeyRewriteTimestamp)]
	return &imageExport{ExporterInstance: made, rewritten: asked && rewritten != "false", stays: stays}, nil
}

// fullNames gives names their registries and tags.
func fullNames(list string) (string, error) {
	if list == "" || list == "*" {
		return list, nil
	}
	var full []string
	for name := range strings.SplitSeq(list, ",") {
		named, err := reference.ParseNormalizedNamed(name)
		if err != nil {
			return "", fmt.Errorf("image name %q: %w: %w", name, err, errdefs.ErrInvalidArgument)
		}
		full = append(full, reference.TagNameOnly(named).String())
	}
	return strings.Join(full, ","), nil
}

// imageExport is one export.
type imageExport struct {
	exporter.ExporterInstance
	rewritten bool // its layers are made anew, with other times, as blobs alone: they are unpacked from these
	stays     bool // here: it is not pushed
}

// Export implements exporter.ExporterInstance. The image store is told what is exported: it records that.
func (e *imageExport) Export(ctx context.Context, src *exporter.Source, info exporter.ExportBuildInfo) (map[string]string, exporter.FinalizeFunc, exporter.DescriptorReference, error) {
	export := &export{}
	if !e.rewritten {
		var err error
		if export.tops, err = topLayers(ctx, src, info.SessionID); err != nil {
			return nil, nil, nil, err
		}
	}
	answer, finalize, ref, err := e.ExporterInstance.Export(context.WithValue(ctx, exportKey{}, export), src, info)
	if answer != nil && export.id != "" { // what the image is called here: clients print it, and write it to --iidfile
		answer[exptypes.ExporterImageConfigDigestKey] = export.id.String()
		if e.stays { // buildx takes this one, where images are containerd's; what was not pushed has no digest elsewhere yet
			answer[exptypes.ExporterImageDigestKey] = export.id.String()
		}
	}
	if strings.HasPrefix(answer[string(exptypes.ExporterImageNameKey)], unnamed) {
		delete(answer, string(exptypes.ExporterImageNameKey))
	}
	return answer, finalize, ref, err
}

type exportKey struct{}

// export is what the image store is told of what it is to record, and what it tells.
type export struct {
	tops tops
	id   digest.Digest // of the image
}

// tops are the topmost layers of what is exported, by platform; of what has no platform, by "".
type tops map[string]string

// of gives the topmost layer for a platform.
func (t tops) of(p ocispec.Platform) string {
	if top, ok := t[platforms.FormatAll(platforms.Normalize(p))]; ok {
		return top
	}
	return t[""]
}

// snapshotKey is where BuildKit keeps the name of a result's snapshot.
const snapshotKey = "cache.snapshot"

// topLayers brings the layers of what is exported into the store, unpacked, and names the topmost ones.
func topLayers(ctx context.Context, src *exporter.Source, sessionID string) (tops, error) {
	found := tops{}
	add := func(platform string, ref cache.ImmutableRef) error {
		if ref == nil {
			return nil
		}
		if err := ref.Finalize(ctx); err != nil {
			return err
		}
		if err := ref.Extract(ctx, session.NewGroup(sessionID)); err != nil {
			return err
		}
		found[platform] = storeName(ref.GetString(snapshotKey))
		return nil
	}
	if err := add("", src.Ref); err != nil {
		return nil, err
	}
	if len(src.Refs) == 0 {
		return found, nil
	}
	known, err := exptypes.ParsePlatforms(src.Metadata)
	if err != nil {
		return nil, err
	}
	for _, p := range known.Platforms {
		if err := add(platforms.FormatAll(platforms.Normalize(p.Platform)), src.Refs[p.ID]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// imageStore are the images of the store as BuildKit sees them. What it writes there is what a build has made.
type imageStore struct {
	images.Store
	settings *Settings
}

// Get implements images.Store. A name that no image has may be the ID of one.
func (s *imageStore) Get(ctx context.Context, name string) (images.Image, error) {
	ctx = s.settings.Store.Context(ctx)
	img, err := s.Store.Get(ctx, name)
	id := idIn(name)
	if !errdefs.IsNotFound(err) || id == "" {
		return img, err
	}
	list, lerr := s.Store.List(ctx, "name~=^sha256:"+id)
	if lerr != nil || len(list) != 1 {
		return img, errors.Join(err, lerr)
	}
	list[0].Name = name
	return list[0], nil
}

// idNames are the names that BuildKit makes of IDs, whole ones and those that lists of images show.
var idNames = regexp.MustCompile(`^docker\.io/library/(?:sha256:([0-9a-f]{64})|([0-9a-f]{12,63}):latest)$`)

// idIn is the ID, or the beginning of one, that BuildKit has taken for a name; "" if it is none.
func idIn(name string) string {
	m := idNames.FindStringSubmatch(name)
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}

// List implements images.Store.
func (s *imageStore) List(ctx context.Context, filters ...string) ([]images.Image, error) {
	return s.Store.List(s.settings.Store.Context(ctx), filters...)
}

// Create implements images.Store.
func (s *imageStore) Create(ctx context.Context, i images.Image) (images.Image, error) {
	return s.Update(ctx, i)
}

// Update implements images.Store.
func (s *imageStore) Update(ctx context.Context, i images.Image, _ ...string) (images.Image, error) {
	made := Image{Target: i.Target, Name: i.Name, Layers: func(ocispec.Platform) string { return "" }}
	if strings.HasPrefix(i.Name, unnamed+"@") {
		made.Name = ""
	}
	export, exported := ctx.Value(exportKey{}).(*export)
	if exported {
		made.Layers = export.tops.of
	}
	id, err := s.settings.Add(s.settings.Store.Context(ctx), made)
	if exported {
		export.id = id
	}
	return i, err
}

// Delete implements images.Store.
func (s *imageStore) Delete(_ context.Context, name string, _ ...images.DeleteOpt) error {
	return fmt.Errorf("the builder removes no images, %s neither: %w", name, errdefs.ErrNotImplemented)
}
