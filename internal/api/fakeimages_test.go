package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/image"
)

// fakeImages has two images: debian:12, and nginx:latest on top of it.
type fakeImages struct{ f *fakeEngine }

func (fakeImages) all() []image.Image {
	base := digest.FromString("layer 1")
	return []image.Image{{
		ID: digest.FromString("nginx"), Names: []string{"nginx:latest"}, Digests: []string{"nginx@" + digest.FromString("manifest").String()},
		Created: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC), OS: "linux", Architecture: "amd64", Size: 1 << 20,
		Config: image.Config{
			Cmd: []string{"nginx"}, Env: []string{"A=b"}, Labels: map[string]string{"k": "v"}, ExposedPorts: map[string]struct{}{"80/tcp": {}},
		},
		DiffIDs: []digest.Digest{base, digest.FromString("layer 2")},
		Target:  ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("manifest"), Size: 500},
		Blobs:   []image.Blob{{Digest: digest.FromString("manifest"), Size: 500}, {Digest: digest.FromString("blob"), Size: 2000}},
	}, {
		ID: digest.FromString("debian"), Names: []string{"debian:12"}, OS: "linux", Architecture: "amd64", DiffIDs: []digest.Digest{base},
	}}
}

func (s fakeImages) Get(_ context.Context, ref string) (image.Image, error) {
	for _, img := range s.all() {
		if img.ID.String() == ref || slices.Contains(img.Names, ref) || slices.Contains(img.Names, ref+":latest") ||
			"docker.io/library/"+img.Names[0] == ref {
			return img, nil
		}
	}
	return image.Image{}, fmt.Errorf("No such image: %s: %w", ref, errdefs.ErrNotFound) //nolint:staticcheck // Docker's words
}

// GetFor finds nothing for another platform than the image's own.
func (s fakeImages) GetFor(ctx context.Context, ref, platform string) (image.Image, error) {
	img, err := s.Get(ctx, ref)
	if err == nil && platform != "" && platform != img.Platform() {
		err = fmt.Errorf("%s is not here for %s: %w", ref, platform, errdefs.ErrNotFound)
	}
	return img, err
}

func (s fakeImages) Attestations(_ context.Context, ref, platform string, kinds map[string]bool, bodies bool) ([]image.Statement, error) {
	found := image.Statement{Predicate: "https://spdx.dev/Document", Descriptor: ocispec.Descriptor{Digest: digest.FromString("statement"), Size: 2}}
	if bodies {
		found.Body = []byte(`{"a":1}`)
	}
	return []image.Statement{found}, s.f.log("attestations %s %s %v", ref, platform, kinds)
}

func (s fakeImages) List(_ context.Context, o image.ListOptions) ([]image.Image, error) {
	keys := slices.Sorted(maps.Keys(o.Filters))
	return s.all(), s.f.log("list images %v", keys)
}

func (s fakeImages) History(ctx context.Context, ref, platform string) ([]image.Step, error) {
	img, err := s.GetFor(ctx, ref, platform)
	return []image.Step{{ID: img.ID, Names: img.Names, Created: img.Created, CreatedBy: "CMD nginx"}, {CreatedBy: "ADD layer", Size: 7}}, err
}

func (s fakeImages) Tag(_ context.Context, ref, newRef string) error {
	return s.f.log("tag %s %s", ref, newRef)
}

func (s fakeImages) Pull(ctx context.Context, ref string, o image.PullOptions) (image.Image, error) {
	if err := s.f.log("pull %s %s %s", ref, o.Platform, o.Auth.Username); err != nil {
		return image.Image{}, err
	}
	o.Progress(image.Event{ID: "latest", Status: "Pulling from " + ref})
	img, err := s.Get(ctx, ref)
	if err != nil {
		return img, err
	}
	o.Progress(image.Event{ID: "0123456789ab", Status: image.StatusDownloading, Current: 5, Total: 10})
	o.Progress(image.Event{ID: "0123456789ab", Status: image.StatusPulled})
	if strings.HasSuffix(ref, "debian:12") {
		return img, errors.New("the registry went away")
	}
	o.Progress(image.Event{Status: "Status: Image is up to date for nginx:latest"})
	return img, nil
}

func (s fakeImages) PullAll(_ context.Context, repository string, o image.PullOptions) ([]image.Image, error) {
	return s.all(), s.f.log("pull all of %s %s", repository, o.Platform)
}

func (s fakeImages) Login(_ context.Context, server string, a image.Auth) (string, error) {
	if a.Password == "wrong" {
		return "", fmt.Errorf("unauthorized: %w", errdefs.ErrUnauthenticated)
	}
	return "identity", s.f.log("login %s %s", server, a.Username)
}

func (s fakeImages) Search(_ context.Context, term string, o image.SearchOptions) ([]image.Found, error) {
	return []image.Found{{Name: "nginx", Description: "a server", Stars: 7, Official: true}}, s.f.log("search %s %d %v", term, o.Limit, o.Filters)
}

func (s fakeImages) Distribution(_ context.Context, ref string, _ image.Auth) (image.Distribution, error) {
	return image.Distribution{
		Descriptor: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("manifest"), Size: 5},
		Platforms:  []ocispec.Platform{{OS: "linux", Architecture: "amd64"}},
	}, s.f.log("distribution %s", ref)
}

func (s fakeImages) Load(_ context.Context, r io.Reader, o image.LoadOptions) ([]image.Loaded, error) {
	all, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if !o.Quiet {
		o.Progress(image.Event{ID: "0123456789ab", Status: image.StatusLoading, Current: 1, Total: 2})
	}
	return []image.Loaded{{Name: "nginx:latest"}, {ID: digest.FromBytes(all)}}, s.f.log("load %d quiet=%t", len(all), o.Quiet)
}

func (s fakeImages) Import(_ context.Context, r io.Reader, o image.ImportOptions) (image.Image, error) {
	all, err := io.ReadAll(r)
	if err != nil {
		return image.Image{}, err
	}
	return image.Image{ID: digest.FromBytes(all)}, s.f.log("import %d %s %q %q %s", len(all), o.Ref, o.Message, o.Changes, o.Platform)
}

func (s fakeImages) ImportURL(_ context.Context, address string, o image.ImportOptions) (image.Image, error) {
	return image.Image{ID: digest.FromString(address)}, s.f.log("import from %s %s %q", address, o.Ref, o.Message)
}

func (s fakeImages) Save(_ context.Context, w io.Writer, o image.SaveOptions) error {
	if err := s.f.log("save %v%s", o.Refs, strings.Join(o.Platforms, " ")); err != nil {
		return err
	}
	_, err := io.WriteString(w, "archive of "+strings.Join(o.Refs, ","))
	return err
}

func (s fakeImages) TagsOf(repository string) ([]string, error) {
	return []string{repository + ":1", repository + ":2"}, s.f.log("tags of %s", repository)
}

func (s fakeImages) Push(ctx context.Context, ref string, o image.PushOptions) (image.Pushed, error) {
	if err := s.f.log("push %s %s", ref, o.Auth.Username); err != nil {
		return image.Pushed{}, err
	}
	if _, err := s.Get(ctx, ref); err != nil {
		return image.Pushed{}, err
	}
	o.Progress(image.Event{ID: "0123456789ab", Status: "Pushed"})
	return image.Pushed{Target: ocispec.Descriptor{Digest: digest.FromString("manifest"), Size: 527}}, nil
}

func (fakeImages) Usage(context.Context) (image.Usage, error) {
	return image.Usage{Layers: 100, Shared: map[digest.Digest]int64{digest.FromString("nginx"): 30}, Kept: map[digest.Digest]int64{digest.FromString("nginx"): 2500}}, nil
}
