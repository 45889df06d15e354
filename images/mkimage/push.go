package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// layerFile is a layer to be: an uncompressed tar archive, and the command that history shows for it.
type layerFile struct{ path, createdBy string }

type layerFlags []layerFile

func (l *layerFlags) String() string { return fmt.Sprint(*l) }

func (l *layerFlags) Set(s string) error {
	path, createdBy, _ := strings.Cut(s, "=")
	*l = append(*l, layerFile{path, createdBy})
	return nil
}

// push makes one image of the configuration and the layers, and pushes it to the registry under every reference. Layers
// that the registry has are not sent again.
func push(ctx context.Context, configPath string, layers []layerFile, refs []string) error {
	if len(refs) == 0 {
		return errors.New("push wants at least one reference")
	}
	tags, err := parseTags(refs)
	if err != nil {
		return err
	}
	config, err := readConfig(configPath)
	if err != nil {
		return err
	}
	img, err := assemble(config, layers, time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	if err := remote.Write(tags[0], img, remote.WithContext(ctx)); err != nil {
		return fmt.Errorf("push %s: %w", tags[0], err)
	}
	for _, tag := range tags[1:] {
		if err := remote.Tag(tag, img, remote.WithContext(ctx)); err != nil {
			return fmt.Errorf("tag %s: %w", tag, err)
		}
	}
	return nil
}

func has(ctx context.Context, ref string) error {
	tags, err := parseTags([]string{ref})
	if err != nil {
		return err
	}
	_, err = remote.Head(tags[0], remote.WithContext(ctx))
	return err
}

// save writes images of a registry as a docker archive, named as if they had come from Docker Hub: the registry's
// 127.0.0.1:5000/library/nginx:1 is nginx:1 in the archive.
func save(ctx context.Context, out string, refs []string) error {
	tags, err := parseTags(refs)
	if err != nil {
		return err
	}
	images := make(map[name.Tag]v1.Image, len(tags))
	for _, tag := range tags {
		img, err := remote.Image(tag, remote.WithContext(ctx))
		if err != nil {
			return fmt.Errorf("fetch %s: %w", tag, err)
		}
		familiar, err := name.NewTag(strings.TrimPrefix(tag.RepositoryStr(), "library/") + ":" + tag.TagStr())
		if err != nil {
			return err
		}
		images[familiar] = img
	}
	if err := tarball.MultiWriteToFile(out, images); err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	return nil
}

func parseTags(refs []string) ([]name.Tag, error) {
	tags := make([]name.Tag, 0, len(refs))
	for _, ref := range refs {
		tag, err := name.NewTag(ref, name.Insecure)
		if err != nil {
			return nil, err
		}
		tags = append(tags, tag)
	}
	return tags, nil
}

func readConfig(path string) (v1.Config, error) {
	var config v1.Config
	f, err := os.Open(path)
	if err != nil {
		return config, fmt.Errorf("read the image's configuration: %w", err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields() // a misspelt Cmd would be lost without a word
	if err := d.Decode(&config); err != nil {
		return config, fmt.Errorf("read the image's configuration %s: %w", path, err)
	}
	return config, nil
}

// assemble makes an image for this machine's architecture.
func assemble(config v1.Config, layers []layerFile, created time.Time) (v1.Image, error) {
	adds := make([]mutate.Addendum, 0, len(layers))
	for _, l := range layers {
		layer, err := tarball.LayerFromFile(l.path)
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", l.path, err)
		}
		history := v1.History{Created: v1.Time{Time: created}, CreatedBy: l.createdBy}
		adds = append(adds, mutate.Addendum{Layer: layer, History: history})
	}
	img, err := mutate.Append(empty.Image, adds...)
	if err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = runtime.GOOS, runtime.GOARCH
	file.Created = v1.Time{Time: created}
	file.Config = config
	return mutate.ConfigFile(img, file)
}
