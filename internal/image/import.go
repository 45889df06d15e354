package image

import (
	"context"
	"io"
)

// ImportOptions say what the imported image is.
type ImportOptions struct {
	Ref      string   // name to give it; "" for none
	Message  string   // the comment of its only step in history
	Changes  []string // Dockerfile instructions, see Change
	Platform string   // "linux/arm64"; "" means this host's

	Progress func(Event) // told how much has come from a URL; may be nil
}

// Import makes an image of one layer from a root file system in a tar archive, which may be compressed.
func (s *Images) Import(ctx context.Context, r io.Reader, o ImportOptions) (Image, error) {
	config, err := Change(Config{}, o.Changes)
	if err != nil {
		return Image{}, err
	}
	return s.Create(ctx, Parts{Layer: r, Config: config, Comment: o.Message, Platform: o.Platform, Ref: o.Ref})
}
