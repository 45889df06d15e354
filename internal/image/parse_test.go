package image

import (
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// FuzzParse: whatever a manifest, an index, an attestation or a configuration blob holds, it is refused or has only valid digests in bounded number.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"layers":[]}`,
		`{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":1,"platform":{"os":"linux","architecture":"amd64"}}]}`,
		`{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},"config":{"Env":["A=1"]}}`,
		`{"schemaVersion":2,"config":{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":2},"layers":[{"mediaType":"application/vnd.in-toto+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":67108862,"annotations":{"in-toto.io/predicate-type":"x"}}]}`,
		`{"schemaVersion":2,"manifests":[{"digest":"sha256:0","size":1}]}`, `{"schemaVersion":2,"manifests":[{}]}`,
		`{"schemaVersion":2,"manifests":[{"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":-1}]}`,
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
			for _, d := range x.Manifests {
				if d.Digest.Validate() != nil || d.Size < 0 {
					t.Errorf("entry %q of %d bytes", d.Digest, d.Size)
				}
			}
			choose(x, want)
			layoutEntries(x, []wanted{want})
		}
		if m, err := parseAttestation(blob); err == nil {
			all := int64(0)
			for _, d := range append([]ocispec.Descriptor{m.Config}, m.Layers...) {
				if all += d.Size; d.Digest.Validate() != nil || d.Size < 0 {
					t.Errorf("statement %q of %d bytes", d.Digest, d.Size)
				}
			}
			if all > maxAttested || len(m.Layers) > maxLayers {
				t.Errorf("%d statements of %d bytes", len(m.Layers), all)
			}
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
