package image

import (
	"testing"

	"github.com/opencontainers/go-digest"
)

// FuzzParse: whatever a manifest, an index or a configuration blob holds, it is refused or has only valid digests in bounded number.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"layers":[]}`,
		`{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","platform":{"os":"linux","architecture":"amd64"}}]}`,
		`{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},"config":{"Env":["A=1"]}}`,
		`null`, `[]`, `{"schemaVersion":1}`, `{"config":null,"manifests":null}`,
	} {
		f.Add([]byte(s))
	}
	want, err := wantPlatform("linux/amd64")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, blob []byte) {
		if m, err := parseManifest(blob); err == nil {
			for _, l := range m.Layers {
				if l.Digest.Validate() != nil {
					t.Errorf("layer %q", l.Digest)
				}
			}
			if m.Config.Digest.Validate() != nil {
				t.Errorf("configuration %q", m.Config.Digest)
			}
			if _, err := parseIndex(blob); err == nil && (len(m.Layers) > 0 || m.Config.Size != 0) {
				t.Error("both a manifest and an index")
			}
		}
		if x, err := parseIndex(blob); err == nil {
			choose(x, want)
			layoutEntries(x, []wanted{want})
		}
		if c, err := parseConfig(blob); err == nil {
			if len(c.RootFS.DiffIDs) > maxLayers {
				t.Errorf("%d layers", len(c.RootFS.DiffIDs))
			}
			newIndex().with(func(x *index) {
				x.images[digest.FromBytes(blob)] = &entry{image: Image{ID: digest.FromBytes(blob), DiffIDs: c.RootFS.DiffIDs}}
			})
		}
	})
}
