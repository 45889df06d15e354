package engine

import (
	"context"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"

	"tug/internal/build"
	"tug/internal/image"
)

// BuildClassic builds an image as clients ask for it that know nothing of BuildKit, and gives its ID.
// Errors: InvalidArgument, NotFound (the network), build.Failed, and what BuildKit says.
func (e *Engine) BuildClassic(ctx context.Context, c *build.Classic, tell func(build.Message)) (id string, err error) {
	leave, err := e.enter()
	if err != nil {
		return "", err
	}
	defer leave()
	if c.Network, err = e.buildNetwork(c.Network); err != nil {
		return "", err
	}
	_, err = e.stepRecord(&build.Step{ // so that what no step could be run with is said before the build begins
		ID: e.id, Process: build.Process{Args: []string{"true"}}, Network: c.Network, CgroupParent: c.CgroupParent, ExtraHosts: c.ExtraHosts, Limits: c.Limits, Ulimits: c.Ulimits,
	})
	if err != nil {
		return "", err
	}
	gateway := e.hostGateway(nil)
	for i, h := range c.ExtraHosts {
		if name, ok := strings.CutSuffix(h, ":host-gateway"); ok && gateway.IsValid() {
			c.ExtraHosts[i] = name + ":" + gateway.String()
		}
	}
	return e.builder.Build(ctx, c, tell)
}

// BuildUpload hands the context of a build over that waits for it by that name, and returns when it was read. Errors: NotFound.
func (e *Engine) BuildUpload(ctx context.Context, name string, body io.Reader) error {
	leave, err := e.enter()
	if err != nil {
		return err
	}
	defer leave()
	return e.builder.Upload(ctx, name, body)
}

// BuildCancel ends the build that a client has given that name, if there is one.
func (e *Engine) BuildCancel(name string) { e.builder.Cancel(name) }

// buildNetwork checks the network for the steps of a build.
func (e *Engine) buildNetwork(name string) (string, error) {
	switch {
	case name == "" || name == "default" || name == "bridge":
		return "default", nil
	case name == "none" || name == "host":
		return name, nil
	case strings.HasPrefix(name, "container:"):
		return "", invalid("the network of a build is default, none, host or a network by its name, and not that of a container (%s)", name)
	}
	n, err := e.networks.Get(name)
	return n.Name, err
}

// buildBase has an image there that a build begins with.
func (e *Engine) buildBase(ctx context.Context, b build.Base) (string, error) {
	if !b.Pull {
		img, err := e.images.GetFor(ctx, b.Name, b.Platform)
		if err == nil || !errdefs.IsNotFound(err) {
			return img.ID.String(), err
		}
	}
	named, err := reference.ParseNormalizedNamed(b.Name)
	if err != nil {
		return "", invalid("invalid reference format: FROM %q: %w", b.Name, err)
	}
	a := b.Credentials.For(reference.Domain(named))
	img, err := e.images.Pull(ctx, b.Name, image.PullOptions{
		Platform: b.Platform, Auth: image.Auth{Username: a.Username, Password: a.Password, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken},
		Progress: func(p image.Event) {
			b.Progress(build.Progress{ID: p.ID, Status: p.Status, Current: p.Current, Total: p.Total})
		},
	})
	return img.ID.String(), err
}
