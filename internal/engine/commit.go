package engine

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/image"
)

// CommitRequest says what image is made of a container.
type CommitRequest struct {
	Container       string
	Ref             string // the image's name; "": none
	Author, Comment string
	Pause           bool              // the container stands still meanwhile
	Config          *container.Config // in the place of the container's; what it does not say is the container's
	Changes         []string          // Dockerfile instructions, see image.Change
}

// Commit makes an image of a container's image and of what the container has changed in it, and gives its ID. The new layer
// is made from the container's own, which is all that is read. Errors: NotFound, Conflict, InvalidArgument.
func (e *Engine) Commit(ctx context.Context, req CommitRequest) (id string, err error) {
	leave, err := e.enter()
	if err != nil {
		return "", err
	}
	defer leave()
	r, err := e.containers.Get(req.Container)
	if err != nil {
		return "", err
	}
	if err := notGoing(r, "commit"); err != nil {
		return "", err
	}
	img, err := e.imageOf(ctx, r)
	if err != nil {
		return "", err
	}
	config, err := commitConfig(&req, r)
	if err != nil {
		return "", err
	}
	if req.Pause && r.State.Status == container.Running {
		if err := e.Pause(ctx, r.ID); err == nil { // else it has just ended, or stands still already
			defer e.unpauseAfter(ctx, r)
		}
	}
	parts := image.Parts{
		Parent: &img, Config: config, Author: req.Author, Comment: req.Comment, CreatedBy: strings.Join(r.Config.Cmd, " "), Ref: req.Ref,
	}
	changes, err := e.Changes(ctx, r.ID)
	if err != nil {
		return "", err
	}
	if len(changes) > 0 {
		layer := e.packLayer(ctx, r)
		defer layer.Close()
		parts.Layer = layer
	}
	made, err := e.images.Create(ctx, parts)
	if err != nil {
		return "", fmt.Errorf("commit container %s: %w", req.Container, err)
	}
	name := ""
	if req.Ref != "" {
		name = familiar(req.Ref)
		e.publishImage(events.Tag, made.ID.String(), name, made.Config.Labels)
	}
	e.publish(r, events.Commit, "comment", req.Comment, "imageID", made.ID.String(), "imageRef", name)
	return made.ID.String(), nil
}

func (e *Engine) unpauseAfter(ctx context.Context, r *container.Record) {
	if err := e.Unpause(context.WithoutCancel(ctx), r.ID); err != nil {
		e.log.Warn("unpause a container that was committed", "container", r.ID, "error", err)
	}
}

// packLayer gives a container's writable layer as the archive of an image's layer, made as it is read.
func (e *Engine) packLayer(ctx context.Context, r *container.Record) io.ReadCloser {
	out, in := io.Pipe()
	e.work.Go(func() {
		err := e.writeLayer(ctx, r, in)
		in.CloseWithError(err)
	})
	return out
}

func (e *Engine) writeLayer(ctx context.Context, r *container.Record, w io.Writer) error {
	upper, err := unix.Open(filepath.Join(e.dir(r.ID), "upper"), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open the container's layer: %w", err)
	}
	defer unix.Close(upper)
	out := tar.NewWriter(w)
	if err := (archive.Tree{Root: upper}).Pack(ctx, out, "/", archive.PackOptions{Layer: true, Leave: madeByEngine}); err != nil {
		return err
	}
	if err := e.stillThere(r); err != nil {
		return err
	}
	return out.Close()
}

// commitConfig is the configuration of the image: what was asked for, changed as asked, over the container's.
func commitConfig(req *CommitRequest, r *container.Record) (image.Config, error) {
	asked := r.Config
	if req.Config != nil {
		asked = *req.Config
	}
	changed, err := image.Change(imageConfig(asked), req.Changes)
	if err != nil {
		return image.Config{}, err
	}
	merged := imageConfig(mergeConfig(containerConfig(changed), imageConfig(r.Config)))
	merged.OnBuild = changed.OnBuild
	return merged, nil
}

// imageConfig is the part of a container's configuration that images have.
func imageConfig(c container.Config) image.Config {
	return image.Config{
		User: c.User, ExposedPorts: c.ExposedPorts, Env: c.Env, Entrypoint: c.Entrypoint, Cmd: c.Cmd, Volumes: c.Volumes, WorkingDir: c.WorkingDir,
		Labels: c.Labels, StopSignal: c.StopSignal, StopTimeout: c.StopTimeout, Healthcheck: (*image.Healthcheck)(c.Healthcheck), Shell: c.Shell,
		OnBuild: c.OnBuild, ArgsEscaped: c.ArgsEscaped,
	}
}

// containerConfig is an image's configuration as one of a container.
func containerConfig(c image.Config) container.Config {
	return container.Config{
		User: c.User, ExposedPorts: c.ExposedPorts, Env: c.Env, Entrypoint: c.Entrypoint, Cmd: c.Cmd, Volumes: c.Volumes, WorkingDir: c.WorkingDir,
		Labels: c.Labels, StopSignal: c.StopSignal, StopTimeout: c.StopTimeout, Healthcheck: (*container.Healthcheck)(c.Healthcheck), Shell: c.Shell,
		OnBuild: c.OnBuild, ArgsEscaped: c.ArgsEscaped,
	}
}
