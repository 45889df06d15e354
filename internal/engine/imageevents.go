package engine

import (
	"context"
	"io"
	"slices"

	"github.com/distribution/reference"

	"tug/internal/events"
	"tug/internal/image"
)

// Images are the engine's images: what changes them is told as an event.
type Images struct {
	*image.Images
	engine *Engine
}

// Images are the engine's images.
func (e *Engine) Images() *Images { return &Images{e.images, e} }

// Pull is image.Images.Pull.
func (i *Images) Pull(ctx context.Context, ref string, o image.PullOptions) (image.Image, error) {
	img, err := i.Images.Pull(ctx, ref, o)
	if err == nil {
		i.engine.publishTransfer(events.Pull, ref, img.Config.Labels)
	}
	return img, err
}

// PullAll is image.Images.PullAll. It is one event, of the repository.
func (i *Images) PullAll(ctx context.Context, repository string, o image.PullOptions) ([]image.Image, error) {
	list, err := i.Images.PullAll(ctx, repository, o)
	if named, nerr := reference.ParseNormalizedNamed(repository); err == nil && nerr == nil {
		name := reference.FamiliarName(named)
		i.engine.publishImage(events.Pull, name, name, nil)
	}
	return list, err
}

// Push is image.Images.Push.
func (i *Images) Push(ctx context.Context, ref string, o image.PushOptions) (image.Pushed, error) {
	pushed, err := i.Images.Push(ctx, ref, o)
	if err == nil {
		img, _ := i.Get(ctx, ref) // gone by now: then without its labels
		i.engine.publishTransfer(events.Push, ref, img.Config.Labels)
	}
	return pushed, err
}

// Tag is image.Images.Tag.
func (i *Images) Tag(ctx context.Context, ref, newRef string) error {
	err := i.Images.Tag(ctx, ref, newRef)
	if err == nil {
		i.publishOf(ctx, events.Tag, newRef, familiar(newRef))
	}
	return err
}

// Load is image.Images.Load.
func (i *Images) Load(ctx context.Context, r io.Reader, o image.LoadOptions) ([]image.Loaded, error) {
	loaded, err := i.Images.Load(ctx, r, o)
	for _, l := range loaded {
		i.publishOf(ctx, events.Load, l.ID.String(), l.ID.String())
	}
	return loaded, err
}

// Import is image.Images.Import.
func (i *Images) Import(ctx context.Context, r io.Reader, o image.ImportOptions) (image.Image, error) {
	img, err := i.Images.Import(ctx, r, o)
	return i.imported(img, o, err)
}

// ImportURL is image.Images.ImportURL.
func (i *Images) ImportURL(ctx context.Context, address string, o image.ImportOptions) (image.Image, error) {
	img, err := i.Images.ImportURL(ctx, address, o)
	return i.imported(img, o, err)
}

// imported tells of an import, if it did not fail.
func (i *Images) imported(img image.Image, o image.ImportOptions, err error) (image.Image, error) {
	if err == nil {
		if o.Ref != "" {
			i.engine.publishImage(events.Tag, img.ID.String(), familiar(o.Ref), img.Config.Labels)
		}
		i.engine.publishImage(events.Import, img.ID.String(), img.ID.String(), img.Config.Labels)
	}
	return img, err
}

// Save is image.Images.Save.
func (i *Images) Save(ctx context.Context, w io.Writer, o image.SaveOptions) error {
	err := i.Images.Save(ctx, w, o)
	if err != nil {
		return err
	}
	for _, ref := range o.Refs {
		i.publishOf(ctx, events.Save, ref, "")
	}
	return nil
}

// publishOf tells what was done with the image ref, if it is still there; without a name its ID is that.
func (i *Images) publishOf(ctx context.Context, action, ref, name string) {
	img, err := i.Get(context.WithoutCancel(ctx), ref)
	if err != nil {
		return
	}
	if name == "" {
		name = img.ID.String()
	}
	i.engine.publishImage(action, img.ID.String(), name, img.Config.Labels)
}

// publishTransfer tells that an image came from, or went to, a registry: it is known by its name there.
func (e *Engine) publishTransfer(action, ref string, labels map[string]string) {
	name := familiar(ref)
	if named, err := reference.ParseNormalizedNamed(ref); err == nil {
		name = reference.FamiliarName(named)
	}
	e.publishImage(action, familiar(ref), name, labels)
}

// publishRemoved tells what a removal has taken away of an image: names, and images.
func (e *Engine) publishRemoved(img *image.Image, removed []image.Removed) {
	id := img.ID.String()
	images := append(img.Platforms.Images(), img.ID) // the others are layers
	for _, r := range removed {
		switch {
		case r.Untagged != "":
			e.publishImage(events.Untag, id, familiar(r.Untagged), img.Config.Labels)
		case slices.Contains(images, r.Deleted):
			e.publishImage(events.Delete, r.Deleted.String(), r.Deleted.String(), nil)
		}
	}
}

func (e *Engine) publishImage(action, id, name string, labels map[string]string) {
	a := withLabels(labels, []string{"name", name})
	e.happened.Publish(events.Event{Type: events.Image, Action: action, ActorID: id, Attributes: a})
}

// familiar is a name as people write it: "nginx:latest".
func familiar(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref
	}
	return reference.FamiliarString(reference.TagNameOnly(named))
}
