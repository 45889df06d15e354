package api

import (
	"net/http"
	"time"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	moby "github.com/moby/moby/api/types/image"
	"github.com/moby/moby/api/types/storage"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/image"
)

// imageInspect answers with all that is known of an image.
func imageInspect(c *call) error {
	platform, err := c.platform(49)
	if err != nil {
		return err
	}
	if c.flag("manifests") && platform != "" {
		return invalid("conflicting options: manifests and platform options cannot both be set")
	}
	img, err := c.engine.Images().GetFor(c.ctx(), c.id(), platform)
	if err != nil {
		return err
	}
	out := showImage(&img, c.version)
	if c.flag("manifests") && !c.before(48) {
		usage, err := c.engine.Images().Usage(c.ctx())
		if err != nil {
			return err
		}
		if out.Manifests, err = c.showManifests(&img, usage); err != nil {
			return err
		}
	}
	return c.json(http.StatusOK, out.as(&img, c.version))
}

// shownImage is an image as the newest version of the API has it.
type shownImage struct{ *moby.InspectResponse }

func showImage(img *image.Image, v version) shownImage {
	out := &moby.InspectResponse{
		ID:           img.ID.String(),
		RepoTags:     list(img.Names),
		RepoDigests:  list(img.Digests),
		Comment:      img.Comment,
		Author:       img.Author,
		Config:       showImageConfig(&img.Config),
		Architecture: img.Architecture,
		Variant:      img.Variant,
		Os:           img.OS,
		OsVersion:    img.OSVersion,
		Size:         img.Size,
		GraphDriver:  &storage.DriverData{Name: storageDriver},
		RootFS:       moby.RootFS{Type: "layers"},
		Metadata:     moby.Metadata{LastTagTime: img.Tagged},
	}
	if !img.Created.IsZero() || v < 44 {
		out.Created = timestamp(img.Created)
	}
	for _, d := range img.DiffIDs {
		out.RootFS.Layers = append(out.RootFS.Layers, d.String())
	}
	if v >= 48 {
		root := img.Root()
		out.Descriptor = &root
	}
	return shownImage{out}
}

// as is the image in the form of a version of the API.
func (s shownImage) as(img *image.Image, v version) any {
	out := s.InspectResponse
	if v >= 52 {
		return out
	}
	old := &oldImage{InspectResponse: out, Comment: img.Comment, Author: img.Author, Config: oldImageConfig(out.Config, v)}
	if v < 44 {
		old.VirtualSize = img.Size
	}
	return old
}

// storageDriver is how layers become a file system.
const storageDriver = "overlayfs"

func showImageConfig(c *image.Config) *dockerspec.DockerOCIImageConfig {
	out := &dockerspec.DockerOCIImageConfig{
		ImageConfig: ocispec.ImageConfig{
			User:         c.User,
			ExposedPorts: c.ExposedPorts,
			Env:          c.Env,
			Entrypoint:   c.Entrypoint,
			Cmd:          c.Cmd,
			Volumes:      c.Volumes,
			WorkingDir:   c.WorkingDir,
			Labels:       c.Labels,
			StopSignal:   c.StopSignal,
			//lint:ignore SA1019 shown to clients as it is in the image
			ArgsEscaped: c.ArgsEscaped,
		},
		DockerOCIImageConfigExt: dockerspec.DockerOCIImageConfigExt{OnBuild: c.OnBuild, Shell: c.Shell},
	}
	if h := c.Healthcheck; h != nil {
		out.Healthcheck = &dockerspec.HealthcheckConfig{
			Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, StartInterval: h.StartInterval, Retries: h.Retries,
		}
	}
	return out
}

// oldImage is an image as versions before 1.52 have it: with fields that are there though they say nothing.
type oldImage struct {
	*moby.InspectResponse
	Parent        string
	Comment       string
	DockerVersion string
	Author        string
	VirtualSize   int64 `json:",omitempty"`
	Config        any
}

// imageConfig150 is an image's configuration as 1.50 and 1.51 have it.
type imageConfig150 struct {
	*dockerspec.DockerOCIImageConfig
	User       string
	Env        []string
	Cmd        []string
	Entrypoint []string
	Volumes    map[string]struct{}
	WorkingDir string
	OnBuild    []string
	Labels     map[string]string
}

// imageConfig149 has, as versions before 1.50, what only containers have.
type imageConfig149 struct {
	Hostname     string
	Domainname   string
	AttachStdin  bool
	AttachStdout bool
	AttachStderr bool
	Tty          bool
	OpenStdin    bool
	StdinOnce    bool
	Image        string
	imageConfig150
}

func oldImageConfig(c *dockerspec.DockerOCIImageConfig, v version) any {
	out := imageConfig150{
		DockerOCIImageConfig: c,
		User:                 c.User, Env: c.Env, Cmd: c.Cmd, Entrypoint: c.Entrypoint, Volumes: c.Volumes,
		WorkingDir: c.WorkingDir, OnBuild: c.OnBuild, Labels: c.Labels,
	}
	if v >= 50 {
		return out
	}
	return imageConfig149{imageConfig150: out}
}

// imageHistory answers with the steps by which an image came to be, the last first.
func imageHistory(c *call) error {
	platform, err := c.platform(48)
	if err != nil {
		return err
	}
	steps, err := c.engine.Images().History(c.ctx(), c.id(), platform)
	if err != nil {
		return err
	}
	out := make([]moby.HistoryResponseItem, 0, len(steps))
	for _, s := range steps {
		item := moby.HistoryResponseItem{
			ID: "<missing>", Created: unixOrZero(s.Created), CreatedBy: s.CreatedBy, Comment: s.Comment, Size: s.Size, Tags: s.Names,
		}
		if s.ID != "" {
			item.ID = s.ID.String()
		}
		out = append(out, item)
	}
	return c.json(http.StatusOK, out)
}

// unixOrZero is a moment in seconds since 1970; 0 for one that is not known.
func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
