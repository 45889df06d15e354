package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/image"
	"tug/internal/network"
	"tug/internal/oci"
	"tug/internal/undo"
)

// Create makes a container of an image, which does not run yet, and gives its ID.
// Errors: NotFound (no such image), Conflict (name taken), InvalidArgument.
func (e *Engine) Create(ctx context.Context, req CreateRequest) (id string, warnings []string, err error) {
	return e.create(ctx, req, e.containers.Add)
}

// create is Create with the way in which the record is added.
func (e *Engine) create(ctx context.Context, req CreateRequest, add func(*container.Record) error) (id string, warnings []string, err error) {
	leave, err := e.enter()
	if err != nil {
		return "", nil, err
	}
	defer leave()
	var undo, held undo.Stack
	defer undo.OnError(&err)
	defer held.Run() // before the undoing

	r, img, err := e.draft(ctx, req)
	if err != nil {
		return "", nil, err
	}
	if err := e.makeLayer(ctx, r, img); err != nil {
		return "", nil, err
	}
	undo.Add(func() { e.throwAway(r.ID) })
	if err := e.resolveMounts(ctx, r, img, &undo, &held); err != nil {
		return "", nil, err
	}
	if e.isolated(&r.Host) {
		warnUnmapped(r)
	}
	if err := addNamed(r, req.Name != "", add); err != nil {
		return "", nil, err
	}
	// From here on the image cannot go without the container; it may have gone just before.
	if _, err := e.imageOf(ctx, r); err != nil {
		return "", nil, errors.Join(err, e.containers.Remove(r))
	}
	e.publish(r, events.Create)
	return r.ID, r.Warnings, nil
}

// draft makes the record of a container: what the image says, overlaid with what was asked for, and checked.
func (e *Engine) draft(ctx context.Context, req CreateRequest) (*container.Record, image.Image, error) {
	img, err := e.images.GetFor(ctx, req.Config.Image, req.Platform) // not found: clients pull it
	if err != nil {
		return nil, img, err
	}
	if req.Name != "" {
		if err := container.CheckName(req.Name); err != nil {
			return nil, img, err
		}
	}
	if err := checkConflicts(&req.Config, &req.Host); err != nil {
		return nil, img, err
	}
	if err := checkAsked(&req); err != nil {
		return nil, img, err
	}
	r := &container.Record{
		ID: container.NewID(), Name: strings.TrimPrefix(req.Name, "/"), Created: time.Now().UTC(), ImageID: img.ID.String(),
		Config: mergeConfig(req.Config, img.Config), Host: req.Host, Networks: req.Networks, State: container.State{Status: container.Created},
	}
	command := slices.Concat(r.Config.Entrypoint, r.Config.Cmd)
	if len(command) == 0 {
		return nil, img, fmt.Errorf("no command specified: the image %s has no CMD and no ENTRYPOINT, so give one: %w", req.Config.Image, errdefs.ErrInvalidArgument)
	}
	r.Path, r.Args = command[0], command[1:]
	if r.Config.Hostname == "" && r.Host.NetworkMode == "host" {
		r.Config.Hostname, _ = os.Hostname()
	}
	if r.Config.Hostname == "" {
		r.Config.Hostname = r.ID[:12]
	}
	if r.Host.NetworkMode == "" {
		r.Host.NetworkMode = "default"
	}
	if r.Host.NetworkMode == "default" && e.Bridge == network.NoBridge {
		r.Host.NetworkMode = network.NameNone
	}
	r.Host.Runtime = cmp.Or(r.Host.Runtime, e.now().Runtimes.Default())
	e.now().Defaults.apply(&r.Host)
	if r.Host.Memory > 0 && r.Host.MemorySwap == 0 {
		r.Host.MemorySwap = 2 * r.Host.Memory // as much swap as memory
	}
	if err := e.check(r); err != nil {
		return nil, img, err
	}
	if e.UserNS && r.Host.UsernsMode == "" && !e.isolated(&r.Host) {
		r.Host.UsernsMode = "host" // inspect is to say so
	}
	if r.Host.NetworkMode == "host" && len(r.Host.PortBindings) > 0 {
		r.Warnings = append(r.Warnings, "Published ports are discarded when using host network mode")
	}
	if w := platformWarning(req.Platform, img); w != "" {
		r.Warnings = append(r.Warnings, w)
	}
	settleSwap(&r.Host.Resources)
	limits, err := oci.Resources(&r.Host.Resources, nil)
	if err != nil {
		return nil, img, err
	}
	r.Warnings = append(r.Warnings, deviceWarnings(&r.Host)...)
	r.Warnings = append(r.Warnings, e.cgroups.Adjust(limits)...)
	return r, img, nil
}

// mergeConfig overlays the image's configuration with the creator's (Docker's rules: a given entry point makes the
// image's command void; environment, labels, ports and volumes add up).
func mergeConfig(c container.Config, i image.Config) container.Config {
	if len(c.Entrypoint) == 0 {
		if len(c.Cmd) == 0 {
			c.Cmd, c.ArgsEscaped = i.Cmd, i.ArgsEscaped
		}
		if c.Entrypoint == nil {
			c.Entrypoint = i.Entrypoint
		}
	}
	if len(c.Entrypoint) == 1 && c.Entrypoint[0] == "" { // --entrypoint "" takes the image's away
		c.Entrypoint = nil
	}
	c.User = cmp.Or(c.User, i.User)
	c.WorkingDir = cmp.Or(c.WorkingDir, i.WorkingDir)
	c.StopSignal = cmp.Or(c.StopSignal, i.StopSignal)
	if c.StopTimeout == nil {
		c.StopTimeout = i.StopTimeout
	}
	if c.Shell == nil {
		c.Shell = i.Shell
	}
	c.Env = mergeEnv(i.Env, c.Env)
	c.ExposedPorts = union(i.ExposedPorts, c.ExposedPorts)
	c.Volumes = union(i.Volumes, c.Volumes)
	c.Labels = union(i.Labels, c.Labels)
	c.Healthcheck = mergeHealth(c.Healthcheck, i.Healthcheck)
	return c
}

func mergeHealth(c *container.Healthcheck, i *image.Healthcheck) *container.Healthcheck {
	if i == nil {
		return c
	}
	h := container.Healthcheck(*i)
	if c == nil {
		return &h
	}
	if len(c.Test) > 0 {
		h.Test = c.Test
	}
	h.Interval, h.Timeout = cmp.Or(c.Interval, h.Interval), cmp.Or(c.Timeout, h.Timeout)
	h.StartPeriod, h.StartInterval = cmp.Or(c.StartPeriod, h.StartPeriod), cmp.Or(c.StartInterval, h.StartInterval)
	h.Retries = cmp.Or(c.Retries, h.Retries)
	return &h
}

// mergeEnv keeps the image's variables that the creator does not set, in their order.
func mergeEnv(image, own []string) []string {
	set := map[string]bool{}
	for _, e := range own {
		name, _, _ := strings.Cut(e, "=")
		set[name] = true
	}
	out := slices.Clone(own)
	for _, e := range image {
		if name, _, _ := strings.Cut(e, "="); !set[name] {
			out = append(out, e)
		}
	}
	return out
}

func union[V any](below, above map[string]V) map[string]V {
	if len(below) == 0 {
		return above
	}
	out := maps.Clone(below)
	maps.Copy(out, above)
	return out
}

// makeLayer makes the container's folder with its writable layer, whose root looks like the image's.
func (e *Engine) makeLayer(ctx context.Context, r *container.Record, img image.Image) error {
	root, err := e.images.Rootfs(ctx, img)
	if err != nil {
		return err
	}
	dir := e.dir(r.ID)
	if err := os.Mkdir(dir, 0o710); err != nil {
		return fmt.Errorf("make the container's folder: %w", err)
	}
	layers := make([]string, len(root.Layers))
	for i, l := range root.Layers {
		layers[i] = filepath.Join(root.Base, l)
	}
	if err := makeUpper(dir, layers); err != nil {
		return err
	}
	// Programs tell by this file that they run in a container.
	return os.WriteFile(filepath.Join(dir, "upper", ".dockerenv"), nil, 0o755)
}

// makeUpper makes the folders in dir for what is written over layers, of which the first is the topmost. Their root looks like its.
func makeUpper(dir string, layers []string) error {
	for name, mode := range map[string]os.FileMode{"upper": 0o755, "work": 0o700} {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, mode); err != nil {
			return err
		}
		if err := os.Chmod(path, mode); err != nil {
			return err
		}
	}
	if len(layers) == 0 {
		return nil
	}
	info, err := os.Stat(layers[0])
	if err != nil {
		return fmt.Errorf("look at the image's topmost layer: %w", err)
	}
	return os.Chmod(filepath.Join(dir, "upper"), info.Mode())
}

// addNamed adds the container, under a name that is made up if it was given none.
func addNamed(r *container.Record, named bool, add func(*container.Record) error) error {
	if named {
		return add(r)
	}
	for attempt := 0; ; attempt++ {
		r.Name = container.RandomName(attempt)
		err := add(r)
		if err == nil || !errdefs.IsConflict(err) || attempt > 50 {
			return err
		}
	}
}
