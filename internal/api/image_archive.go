package api

import (
	"io"

	"github.com/moby/moby/api/types/jsonstream"

	"tug/internal/image"
)

// imageLoad reads the images in the archive that the client sends.
func imageLoad(c *call) error {
	platforms, err := c.platforms()
	if err != nil {
		return err
	}
	out := c.newJSONStream()
	o := image.LoadOptions{Quiet: c.flagOr("quiet", true), Platforms: platforms}
	o.Progress = func(e image.Event) { out.send(progressMessage(e)) }
	loaded, err := c.engine.Images().Load(c.ctx(), c.r.Body, o)
	for _, l := range loaded {
		if l.Name != "" {
			out.send(jsonstream.Message{Stream: "Loaded image: " + l.Name + "\n"})
		} else {
			out.send(jsonstream.Message{Stream: "Loaded image ID: " + l.ID.String() + "\n"})
		}
	}
	return out.end(err)
}

// imageSave answers with an archive of one image.
func imageSave(c *call) error { return c.save([]string{c.id()}) }

// imagesSave answers with an archive of several images.
func imagesSave(c *call) error { return c.save(c.query["names"]) }

func (c *call) save(refs []string) error {
	if len(refs) == 0 {
		return invalid("name at least one image to save")
	}
	platforms, err := c.platforms()
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/x-tar")
	err = c.engine.Images().Save(c.ctx(), io.Writer(&c.w), image.SaveOptions{Refs: refs, Platforms: platforms})
	if err != nil && c.w.status == 0 {
		c.w.Header().Del("Content-Type")
	}
	return err
}
