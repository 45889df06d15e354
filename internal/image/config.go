package image

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// maxConfig is the largest configuration blob that is read, in bytes.
	maxConfig = 8 << 20
	// maxLayers is how many layers an image may have: overlay mounts no more.
	maxLayers = 500
)

// configBlob is the JSON of an image's configuration blob.
type configBlob struct {
	Created      time.Time `json:"created,omitzero"`
	Author       string    `json:"author,omitempty"`
	Comment      string    `json:"comment,omitempty"`
	Architecture string    `json:"architecture"`
	Variant      string    `json:"variant,omitempty"`
	OS           string    `json:"os"`
	OSVersion    string    `json:"os.version,omitempty"`
	Config       Config    `json:"config"`
	RootFS       rootFS    `json:"rootfs"`
	History      []History `json:"history,omitempty"`
}

type rootFS struct {
	Type    string          `json:"type"` // "layers"
	DiffIDs []digest.Digest `json:"diff_ids"`
}

// parseConfig reads a configuration blob and refuses one that no image can have.
func parseConfig(blob []byte) (configBlob, error) {
	var c configBlob
	if err := json.Unmarshal(blob, &c); err != nil {
		return c, fmt.Errorf("image configuration: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	if c.RootFS.Type != "" && c.RootFS.Type != "layers" {
		return c, fmt.Errorf("image configuration: root file system of type %q instead of layers: %w", c.RootFS.Type, errdefs.ErrInvalidArgument)
	}
	if len(c.RootFS.DiffIDs) > maxLayers {
		return c, fmt.Errorf("image configuration: %d layers, %d is the most: %w", len(c.RootFS.DiffIDs), maxLayers, errdefs.ErrInvalidArgument)
	}
	for _, d := range c.RootFS.DiffIDs {
		if err := d.Validate(); err != nil {
			return c, fmt.Errorf("image configuration: layer %.100q: %w: %w", d, err, errdefs.ErrInvalidArgument)
		}
	}
	return c, nil
}

// newImage is the image that a manifest and its configuration describe. It has no names yet.
func newImage(target ocispec.Descriptor, m ocispec.Manifest, c configBlob) Image {
	p := platforms.Normalize(ocispec.Platform{OS: c.OS, Architecture: c.Architecture, Variant: c.Variant})
	var blobs []Blob
	for _, d := range append([]ocispec.Descriptor{target, m.Config}, m.Layers...) {
		b := Blob{d.Digest, d.Size}
		if !slices.Contains(blobs, b) { // an image may have a layer twice
			blobs = append(blobs, b)
		}
	}
	return Image{
		Blobs: blobs,
		ID:    m.Config.Digest, Created: c.Created, Author: c.Author, Comment: c.Comment,
		OS: p.OS, Architecture: p.Architecture, Variant: p.Variant, OSVersion: c.OSVersion,
		Config: c.Config, DiffIDs: c.RootFS.DiffIDs, History: c.History, Target: target,
	}
}

// checkLayers refuses a manifest and a configuration that do not name the same number of layers.
func checkLayers(m ocispec.Manifest, c configBlob) error {
	if len(m.Layers) != len(c.RootFS.DiffIDs) {
		return fmt.Errorf("image manifest names %d layers and its configuration %d: %w", len(m.Layers), len(c.RootFS.DiffIDs), errdefs.ErrInvalidArgument)
	}
	return nil
}
