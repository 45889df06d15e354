package api

import (
	"encoding/json"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/auxprogress"
	"github.com/moby/moby/api/types/jsonstream"

	"tug/internal/image"
)

// pushed is what the last message of a push says of the image, for programs.
type pushed struct {
	Tag    string
	Digest string
	Size   int64
}

// imagePush sends an image to a registry, or all tags of a repository.
func imagePush(c *call) error {
	o := image.PushOptions{Auth: c.registryAuth()}
	if p := c.query.Get("platform"); p != "" && !c.before(46) {
		var err error
		if o.Platform, err = decodePlatform(p); err != nil {
			return err
		}
	}
	ref, err := pullReference(c.id(), c.query.Get("tag"))
	if err != nil {
		return err
	}
	names := []string{ref.String()}
	if reference.IsNameOnly(ref) {
		if names, err = c.engine.Images().TagsOf(ref.String()); err != nil {
			return err
		}
	}
	out := c.newJSONStream()
	o.Progress = func(e image.Event) { out.send(progressMessage(e)) }
	for _, name := range names {
		done, err := c.engine.Images().Push(c.ctx(), name, o)
		if err != nil {
			return out.end(err)
		}
		tag := c.query.Get("tag")
		if named, err := reference.ParseNormalizedNamed(name); err == nil {
			if tagged, ok := named.(reference.Tagged); ok {
				tag = tagged.Tag()
			}
		}
		aux, _ := json.Marshal(pushed{Tag: tag, Digest: done.Target.Digest.String(), Size: done.Target.Size}) // plain data
		raw := json.RawMessage(aux)
		out.send(jsonstream.Message{Aux: &raw})
		if done.Instead != nil {
			out.send(insteadOf(done))
		}
	}
	return out.end(nil)
}

// insteadOf says that one platform was pushed and not all of them.
func insteadOf(done image.Pushed) jsonstream.Message {
	aux, _ := json.Marshal(auxprogress.ManifestPushedInsteadOfIndex{ // plain data
		ManifestPushedInsteadOfIndex: true, OriginalIndex: *done.Instead, SelectedManifest: done.Target,
	})
	raw := json.RawMessage(aux)
	return jsonstream.Message{Aux: &raw}
}
