package api

import (
	"encoding/json"

	"github.com/moby/moby/api/types/jsonstream"

	"tug/internal/image"
)

// pushed is what the last message of a push says of the image, for programs.
type pushed struct {
	Tag    string
	Digest string
	Size   int64
}

// imagePush sends an image to a registry.
func imagePush(c *call) error {
	if p := c.query.Get("platform"); p != "" && !c.before(46) {
		if _, err := decodePlatform(p); err != nil {
			return err
		}
	}
	ref, err := pullReference(c.id(), c.query.Get("tag"))
	if err != nil {
		return err
	}
	out := c.newJSONStream()
	desc, err := c.engine.Images().Push(c.ctx(), ref.String(), image.PushOptions{
		Auth:     c.registryAuth(),
		Progress: func(e image.Event) { out.send(progressMessage(e)) },
	})
	if err == nil {
		aux, _ := json.Marshal(pushed{Tag: c.query.Get("tag"), Digest: desc.Digest.String(), Size: desc.Size}) // plain data
		raw := json.RawMessage(aux)
		out.send(jsonstream.Message{Aux: &raw})
	}
	return out.end(err)
}
