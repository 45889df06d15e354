package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/network"
	"tug/internal/ociruntime"
)

// Details gives what is known of a container beside its record, without waiting for it.
func (e *Engine) Details(ctx context.Context, r *container.Record) (Details, error) {
	f := e.etcFiles(r.ID)
	d := Details{
		LogPath: e.logPath(r.ID), ResolvConfPath: f.ResolvConf, HostnamePath: f.Hostname, HostsPath: f.Hosts, Driver: "overlayfs", ImageName: r.Config.Image,
	}
	if r.Host.LogConfig.Type == "none" {
		d.LogPath = ""
	}
	d.Endpoints = e.Endpoints(r)
	e.mu.Lock()
	for id, x := range e.execs {
		if x.container == r.ID && x.exitCode == nil {
			d.ExecIDs = append(d.ExecIDs, id)
		}
	}
	e.mu.Unlock()
	d.Links = e.shownLinks(r)
	if img, err := e.imageOf(ctx, r); err == nil {
		if root, err := e.images.Rootfs(ctx, img); err == nil {
			var lower []string
			for _, l := range root.Layers {
				lower = append(lower, filepath.Join(root.Base, l))
			}
			dir := e.dir(r.ID)
			d.GraphDriver = map[string]string{"LowerDir": strings.Join(lower, ":"), "UpperDir": filepath.Join(dir, "upper"), "WorkDir": filepath.Join(dir, "work")}
		}
	}
	return d, nil
}

// Endpoints gives a container's places on its networks; of one that is on none at the moment, the networks alone.
func (e *Engine) Endpoints(r *container.Record) (list []network.Endpoint) {
	e.mu.Lock()
	if run, ok := e.runs[r.ID]; ok {
		for _, ep := range run.endpoints {
			list = append(list, *ep)
		}
	}
	e.mu.Unlock()
	if len(list) == 0 {
		return e.idleEndpoints(r)
	}
	return list
}

// idleEndpoints names the networks of a container that is on none at the moment.
func (e *Engine) idleEndpoints(r *container.Record) []network.Endpoint {
	if _, shared := joined(r.Host.NetworkMode); shared {
		return nil
	}
	var list []network.Endpoint
	for _, name := range e.networksOf(r) {
		ep := network.Endpoint{NetworkName: name}
		if n, err := e.networks.Get(name); err == nil {
			ep.NetworkName = n.Name
			if !r.State.StartedAt.IsZero() || n.Driver != network.DriverBridge {
				ep.NetworkID = n.ID
			}
		}
		list = append(list, ep)
	}
	return list
}

// Plan gives the plan that the container would be started by, for people to read. Nothing is made.
func (e *Engine) Plan(ctx context.Context, req CreateRequest) (string, error) {
	r, _, err := e.draft(ctx, req)
	if err != nil {
		return "", err
	}
	if r.Name == "" {
		r.Name = "new"
	}
	for _, b := range r.Host.Binds {
		m, err := parseBind(b)
		if err != nil {
			return "", err
		}
		r.Mounts = append(r.Mounts, m)
	}
	for _, a := range r.Host.Mounts {
		m, err := mountPoint(a)
		if err != nil {
			return "", err
		}
		r.Mounts = append(r.Mounts, m)
	}
	for dest, options := range r.Host.Tmpfs {
		r.Mounts = append(r.Mounts, tmpfs(dest, options))
	}
	base := uint32(0)
	if e.isolated(&r.Host) {
		base = planIDBase
	}
	p, err := e.prepare(ctx, r, base, e.cgroups.Open(e.cgroupParent(r), r.ID))
	if err != nil {
		return "", err
	}
	compiled, _, err := e.compile(r, p, ociruntime.Places{UserNS: "/proc/SHIM/fd/USERNS", NetNS: "/proc/SHIM/fd/NETNS"})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# plan of %s: %s\n", req.Config.Image, strings.Join(p.spec.Process.Args, " "))
	err = compiled.Print(&b)
	return b.String(), err
}

// planIDBase stands, in a printed plan, for the first id of the user namespace, which is given out at the start.
const planIDBase = 3_000_000

// Resize sets the size of the container's terminal. Errors: NotFound, Conflict (not running).
func (e *Engine) Resize(ctx context.Context, ref string, height, width uint16) error {
	r, err := e.containers.Get(ref)
	if err != nil {
		return err
	}
	run, ok := e.run(r.ID)
	if !ok {
		return fmt.Errorf("container %s is not running: %w", r.ID, errConflict)
	}
	if err := run.client.Resize(ctx, "", int(height), int(width)); err != nil {
		return err
	}
	e.publish(r, events.Resize, "height", strconv.Itoa(int(height)), "width", strconv.Itoa(int(width)))
	return nil
}
