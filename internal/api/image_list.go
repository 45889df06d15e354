package api

import (
	"net/http"
	"slices"

	moby "github.com/moby/moby/api/types/image"
	"github.com/opencontainers/go-digest"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/image"
)

// imageList answers with the images that a client wants to see.
func imageList(c *call) error {
	filters, err := c.filters()
	if err != nil {
		return err
	}
	if old := c.query.Get("filter"); old != "" && c.before(41) && len(filters["reference"]) == 0 {
		if filters == nil {
			filters = map[string][]string{}
		}
		filters["reference"] = []string{old}
	}
	images, err := c.engine.Images().List(c.ctx(), image.ListOptions{All: c.flag("all"), Filters: filters})
	if err != nil {
		return err
	}
	var users map[digest.Digest]int64
	if !c.before(51) {
		users = c.imageUsers()
	}
	var usage image.Usage
	shared := c.flag("shared-size") && !c.before(42)
	manifests := c.flag("manifests") && !c.before(47)
	if shared || manifests {
		if usage, err = c.engine.Images().Usage(c.ctx()); err != nil {
			return err
		}
	}
	out := make([]listedImage, 0, len(images))
	for i := range images {
		shown := listImage(&images[i], c.sizeOf(&images[i]), users, c.version)
		if shared {
			shown.SharedSize = sumOf(&images[i], usage.Shared)
		}
		if manifests {
			if shown.Manifests, err = c.showManifests(&images[i], usage); err != nil {
				return err
			}
		}
		out = append(out, shown)
	}
	return c.json(http.StatusOK, out)
}

// sumOf adds up what is known of each of an image's platforms.
func sumOf(img *image.Image, of map[digest.Digest]int64) int64 {
	var sum int64
	for _, id := range platformIDs(img) {
		sum += of[id]
	}
	return sum
}

// imageUsers counts the containers of each image, by its ID.
func (c *call) imageUsers() map[digest.Digest]int64 {
	users := map[digest.Digest]int64{}
	for _, r := range c.engine.List() {
		users[digest.Digest(r.ImageID)]++
	}
	return users
}

// listedImage is an image in a list, with what versions before 1.44 had.
type listedImage struct {
	*moby.Summary
	VirtualSize int64 `json:",omitempty"`
}

// listImage is an image in a list, with all its platforms that are here, which take size bytes. Users is nil for versions that did not count them.
func listImage(img *image.Image, size int64, users map[digest.Digest]int64, v version) listedImage {
	out := &moby.Summary{
		Containers:  -1,
		Created:     unixOrZero(img.Created),
		ID:          img.ID.String(),
		Labels:      img.Config.Labels,
		RepoDigests: list(img.Digests),
		RepoTags:    list(img.Names),
		SharedSize:  -1,
		Size:        size,
	}
	if users != nil {
		out.Containers = sumOf(img, users)
	}
	if v < 43 {
		if len(out.RepoTags) == 0 {
			out.RepoTags = []string{"<none>:<none>"}
		}
		if len(out.RepoDigests) == 0 {
			out.RepoDigests = []string{"<none>@<none>"}
		}
	}
	shown := listedImage{Summary: out}
	if v >= 48 {
		root := img.Root()
		out.Descriptor = &root
	}
	if v < 44 {
		shown.VirtualSize = size
	}
	return shown
}

// sizeOf is what an image's unpacked layers take, those of all its platforms, in bytes.
func (c *call) sizeOf(img *image.Image) int64 {
	size := img.Size
	for _, id := range img.Platforms.Images() {
		if part, err := c.engine.Images().Get(c.ctx(), id.String()); err == nil && id != img.ID {
			size += part.Size
		}
	}
	return size
}

// fromImage tells which containers are of an image, or of one that has all its layers at the bottom.
func (c *call) fromImage(ref string) (func(*container.Record) bool, error) {
	images := c.engine.Images()
	base, err := images.Get(c.ctx(), ref)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, id := range platformIDs(&base) {
		known[id.String()] = true
	}
	return func(r *container.Record) bool {
		fits, ok := known[r.ImageID]
		if !ok {
			img, err := images.Get(c.ctx(), r.ImageID)
			fits = err == nil && builtOn(img, base)
			known[r.ImageID] = fits
		}
		return fits
	}, nil
}

// builtOn tells whether an image begins with the layers of another.
func builtOn(img, base image.Image) bool {
	if len(base.DiffIDs) == 0 || len(img.DiffIDs) < len(base.DiffIDs) {
		return false
	}
	for i, d := range base.DiffIDs {
		if img.DiffIDs[i] != d {
			return false
		}
	}
	return true
}

// imagePrune removes images that nothing needs: those without a name, or with dangling=false all that no container uses.
func imagePrune(c *call) error {
	filters, err := c.filters()
	if err != nil {
		return err
	}
	if err := onlyFilters(filters, "dangling", "label", "label!", "until"); err != nil {
		return err
	}
	dangling, err := switchFilter(filters, "dangling", true)
	if err != nil {
		return err
	}
	wanted := map[string][]string{"label": filters["label"], "label!": filters["label!"], "until": filters["until"]}
	if dangling {
		wanted["dangling"] = []string{"true"}
	}
	images, err := c.engine.Images().List(c.ctx(), image.ListOptions{Filters: wanted})
	if err != nil {
		return err
	}
	users := c.imageUsers()
	before, err := c.engine.Images().Usage(c.ctx())
	if err != nil {
		return err
	}
	report := moby.PruneReport{ImagesDeleted: []moby.DeleteResponse{}}
	unused := slices.DeleteFunc(images, func(img image.Image) bool { return sumOf(&img, users) > 0 })
	err = prune(c.ctx(), unused, func(img image.Image) error {
		removed, err := c.engine.RemoveImage(c.ctx(), img.ID.String(), image.RemoveOptions{Force: true, Unused: true}) // it may have got a container since
		if err != nil {
			return err
		}
		report.ImagesDeleted = append(report.ImagesDeleted, showRemoved(removed)...)
		return nil
	})
	if err != nil {
		return err
	}
	after, err := c.engine.Images().Usage(c.ctx()) // what others share stays
	if err != nil {
		return err
	}
	if freed := before.Layers + before.Blobs - after.Layers - after.Blobs; freed > 0 {
		report.SpaceReclaimed = uint64(freed)
	}
	c.engine.PublishPrune(events.Image, int64(report.SpaceReclaimed))
	return c.json(http.StatusOK, report)
}
