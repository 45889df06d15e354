package api

import (
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/api/types/registry"
	"github.com/opencontainers/go-digest"

	"tug/internal/image"
)

// imageCreate pulls an image from a registry, or imports one from an archive that the client sends.
func imageCreate(c *call) error {
	if from := c.query.Get("fromImage"); from != "" {
		return imagePull(c, from)
	}
	return imageImport(c)
}

// imagePull fetches an image, and tells layer by layer how far it is.
func imagePull(c *call, from string) error {
	ref, err := pullReference(from, c.query.Get("tag"))
	if err != nil {
		return err
	}
	o := image.PullOptions{Auth: c.registryAuth()}
	if !c.before(32) {
		o.Platform = c.query.Get("platform")
	}
	out := c.newJSONStream()
	o.Progress = out.afterFirst()
	if c.query.Get("tag") == "" && reference.IsNameOnly(ref) {
		_, err = c.engine.Images().PullAll(c.ctx(), ref.String(), o)
		return out.end(err)
	}
	_, err = c.engine.Images().Pull(c.ctx(), ref.String(), o)
	return out.end(err)
}

// pullReference is the full name of an image to pull; the tag may also be a digest. Where neither name nor tag says which, all tags are meant.
func pullReference(from, tag string) (reference.Named, error) {
	ref, err := reference.ParseNormalizedNamed(strings.TrimSuffix(from, ":"))
	if err != nil {
		return nil, invalid("invalid reference format: %q: %w", from, err)
	}
	if tag == "" {
		return ref, nil
	}
	if d, digestErr := digest.Parse(tag); digestErr == nil {
		ref, err = reference.WithDigest(reference.TrimNamed(ref), d)
	} else {
		ref, err = reference.WithTag(reference.TrimNamed(ref), tag)
	}
	if err != nil {
		return nil, invalid("invalid tag %q: %w", tag, err)
	}
	return ref, nil
}

// progressMessage converts a step of a pull, a push or a load.
func progressMessage(e image.Event) jsonstream.Message {
	m := jsonstream.Message{Status: e.Status, ID: e.ID}
	if e.ID != "" || e.Total > 0 || e.Current > 0 {
		m.Progress = &jsonstream.Progress{Current: e.Current, Total: e.Total}
	}
	return m
}

// afterFirst sends events, but holds the first back until there is another: that a pull has begun is no news if it fails at once,
// and then the answer is a status.
func (s *jsonStream) afterFirst() func(image.Event) {
	var first *image.Event
	begun := false
	return func(e image.Event) {
		if first == nil {
			first = &e
			return
		}
		if !begun {
			begun = true
			s.send(progressMessage(*first))
		}
		s.send(progressMessage(e))
	}
}

// registryAuth is what the client wants to be said to the registry. A header that cannot be read counts as none, as with Docker.
func (c *call) registryAuth() image.Auth {
	a, err := authconfig.Decode(c.r.Header.Get(registry.AuthHeader))
	if err != nil {
		return image.Auth{}
	}
	return authOf(*a)
}

// imageImport makes an image of a root file system: of what is in the body, or at a URL.
func imageImport(c *call) error {
	src := c.query.Get("fromSrc")
	if src == "" {
		return invalid("neither fromImage nor fromSrc says where the image is to come from")
	}
	ref, err := importReference(c.query.Get("repo"), c.query.Get("tag"))
	if err != nil {
		return err
	}
	out := c.newJSONStream()
	o := image.ImportOptions{Ref: ref, Message: c.query.Get("message"), Changes: c.query["changes"], Progress: out.afterFirst()}
	if !c.before(32) {
		o.Platform = c.query.Get("platform")
	}
	var img image.Image
	if src == "-" {
		if o.Message == "" {
			o.Message = "Imported from -"
		}
		img, err = c.engine.Images().Import(c.ctx(), c.r.Body, o)
	} else {
		img, err = c.engine.Images().ImportURL(c.ctx(), src, o)
	}
	if err != nil {
		return out.end(err)
	}
	out.send(jsonstream.Message{Status: img.ID.String()})
	return out.end(nil)
}

// importReference is the full name of repository and tag; nothing for no repository.
func importReference(repo, tag string) (string, error) {
	if repo == "" {
		return "", nil
	}
	ref, err := reference.ParseNormalizedNamed(repo)
	if err != nil {
		return "", invalid("invalid reference format: %q: %w", repo, err)
	}
	if _, digested := ref.(reference.Digested); digested {
		return "", invalid("cannot import digest reference")
	}
	if tag == "" {
		return reference.TagNameOnly(ref).String(), nil
	}
	tagged, err := reference.WithTag(ref, tag)
	if err != nil {
		return "", invalid("invalid tag %q: %w", tag, err)
	}
	return tagged.String(), nil
}
