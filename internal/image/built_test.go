package image

import (
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// TestRebuiltImageKeepsItsLayers: a build that makes an image that is there already, from layers of its own, takes none from under its containers. Only
// where these are gone the new ones take their place.
func TestRebuiltImageKeepsItsLayers(t *testing.T) {
	s := open(t)
	img := loaded(t, s, "app", image(t, v1.Config{}, layer(t, file{name: "f", body: "first"})))
	before, err := s.Rootfs(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	ctx, done, err := s.store.Lease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if _, err := s.store.Snapshots.Prepare(ctx, "draft", ""); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Snapshots.Commit(ctx, "again", "draft"); err != nil {
		t.Fatal(err)
	}
	again := Built{Target: img.Target, Layers: func(ocispec.Platform) string { return "again" }}
	m, _, err := s.readManifest(ctx, img.Target)
	if err != nil {
		t.Fatal(err)
	}
	chain := s.topOf(ctx, m.Config.Digest, "")
	if _, err := s.AddBuilt(ctx, again); err != nil {
		t.Fatal(err)
	}
	if top := s.topOf(ctx, m.Config.Digest, ""); top != chain {
		t.Errorf("it is held by %s, and was by %s", top, chain)
	}
	if err := s.store.Snapshots.Remove(ctx, chain); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddBuilt(ctx, again); err != nil {
		t.Fatal(err)
	}
	if top := s.topOf(ctx, m.Config.Digest, ""); top != "again" {
		t.Errorf("without its layers it is held by %s", top)
	}
	if after, err := s.readEntry(ctx, img.Target); err != nil || !after.unpacked || slices.Equal(after.root.Layers, before.Layers) {
		t.Errorf("it consists of %+v, %v", after, err)
	}
	if now, err := s.Rootfs(t.Context(), img); err != nil || slices.Equal(now.Layers, before.Layers) {
		t.Errorf("its containers would run in %v, which are gone: %v", now.Layers, err)
	}
}
