package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// manyLabel marks the images of the list, so that they can be removed.
const manyLabel = "tug-bench"

// timeImages times the list of many images.
func timeImages(ctx context.Context, s settings, engines []*engine, r *report) error {
	archive := filepath.Join(s.work, "many.tar")
	if err := saveMany(archive, s.kept); err != nil {
		return err
	}
	defer os.Remove(archive)
	var subjects []subject
	for _, e := range engines {
		say("images of %d images with %s", s.kept, e.name)
		if _, err := output(ctx, e.command("load", "-q", "-i", archive)); err != nil {
			return err
		}
		defer output(ctx, e.command("image", "prune", "--all", "--force", "--filter", "label="+manyLabel))
		subjects = append(subjects, subject{e.name, e.command("images")})
	}
	times, err := interleave(ctx, s.rounds, subjects)
	if err != nil {
		return err
	}
	r.durations(fmt.Sprintf("`images` of %d images (ms)", s.kept), times)
	r.limit("tug", 20)
	return nil
}

// saveMany writes a docker archive of images that differ in a label and share a layer.
func saveMany(path string, count int) error {
	layer, err := random.Layer(1<<10, types.DockerLayer)
	if err != nil {
		return err
	}
	base, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return err
	}
	file, err := base.ConfigFile()
	if err != nil {
		return err
	}
	images := map[name.Tag]v1.Image{}
	for i := range count {
		tag, err := name.NewTag(fmt.Sprintf("bench/image%d:1", i))
		if err != nil {
			return err
		}
		one := file.DeepCopy()
		one.OS, one.Architecture, one.Config.Labels = "linux", "amd64", map[string]string{manyLabel: strconv.Itoa(i)}
		if images[tag], err = mutate.ConfigFile(base, one); err != nil {
			return err
		}
	}
	return tarball.MultiWriteToFile(path, images)
}
