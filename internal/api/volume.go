package api

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	moby "github.com/moby/moby/api/types/volume"

	"tug/internal/container"
	"tug/internal/volume"
)

// volumeList answers with the volumes that a client wants to see.
func volumeList(c *call) error {
	filters, err := c.filters()
	if err != nil {
		return err
	}
	if err := onlyFilters(filters, "dangling", "driver", "label", "name"); err != nil {
		return err
	}
	dangling, err := switchFilter(filters, "dangling", false)
	if err != nil {
		return err
	}
	names, users := patterns(filters["name"]), c.volumeUsers()
	out := moby.ListResponse{Volumes: []moby.Volume{}}
	for _, v := range c.engine.Volumes().List() {
		idle := users[v.Name] == 0
		switch {
		case len(filters["driver"]) > 0 && !slices.Contains(filters["driver"], v.Driver):
		case len(filters["dangling"]) > 0 && idle != dangling:
		case !names(v.Name), !container.HasLabels(v.AllLabels(), filters["label"]):
		default:
			out.Volumes = append(out.Volumes, showVolume(&v))
		}
	}
	return c.json(http.StatusOK, out)
}

// volumeUsers counts the containers that have each volume, by its name.
func (c *call) volumeUsers() map[string]int64 {
	users := map[string]int64{}
	for _, r := range c.engine.List() {
		for _, name := range r.VolumeNames() {
			users[name]++
		}
	}
	return users
}

// volumeInspect answers with what is known of a volume.
func volumeInspect(c *call) error {
	v, err := c.engine.Volumes().Get(c.id())
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, showVolume(&v))
}

// volumeCreate makes a volume, or answers with the one that has the name.
func volumeCreate(c *call) error {
	var in moby.CreateRequest
	if err := c.body(&in); err != nil {
		return err
	}
	if in.ClusterVolumeSpec != nil {
		return errNoSwarm
	}
	v, err := c.engine.CreateVolume(volume.Wish{Name: in.Name, Driver: in.Driver, Labels: in.Labels, Options: in.DriverOpts})
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, showVolume(&v))
}

// errNoSwarm refuses what only a swarm's manager can do.
var errNoSwarm = fmt.Errorf("this node is not a swarm manager, and cluster volumes are a swarm's: leave the cluster options out: %w", errdefs.ErrUnavailable)

// volumeUpdate would change a cluster volume, of which there are none.
func volumeUpdate(c *call) error {
	if _, err := c.engine.Volumes().Get(c.id()); err != nil {
		return err
	}
	return errNoSwarm
}

// volumeRemove removes a volume that no container has. By force one may be gone already.
func volumeRemove(c *call) error {
	if err := c.engine.RemoveVolume(c.id()); err != nil && (!c.flag("force") || !errdefs.IsNotFound(err)) {
		return err
	}
	return c.done()
}

func showVolume(v *volume.Volume) moby.Volume {
	return moby.Volume{
		CreatedAt: v.Created.Format(time.RFC3339), Driver: v.Driver, Labels: v.AllLabels(), Mountpoint: v.Path, Name: v.Name, Options: v.Options, Scope: "local",
	}
}
