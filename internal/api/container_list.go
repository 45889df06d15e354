package api

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	moby "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"tug/internal/container"
	"tug/internal/engine"
)

// containerList answers with the containers that a client wants to see, newest first.
func containerList(c *call) error {
	filters, err := c.filters()
	if err != nil {
		return err
	}
	limit, err := c.number("limit")
	if err != nil {
		return err
	}
	query := container.Query{All: c.flag("all"), Filters: withOldFilters(filters, c), FromImage: c.fromImage, NetworkName: c.networkName}
	if limit != nil && *limit > 0 {
		query.Limit = *limit
	}
	all := c.engine.List()
	records, err := query.Select(all)
	if err != nil {
		return err
	}
	lister := c.newLister()
	lister.linkNames = container.LinkNames(all)
	if c.flag("brief") && !c.flag("size") {
		return c.json(http.StatusOK, lister.briefs(records))
	}
	out := make([]*listedContainer, 0, len(records))
	for _, r := range records {
		details := engine.Details{
			Endpoints: c.engine.Endpoints(r), ImageName: lister.image(r), Manifest: lister.manifest(r), LinkNames: lister.linkNames[r.ID],
		}
		if c.flag("size") {
			if err := c.measure(r, &details); errdefs.IsNotFound(err) {
				continue // it has just been removed
			}
		}
		out = append(out, listContainer(r, &details, c.version, lister.now))
	}
	return c.json(http.StatusOK, out)
}

// measure adds a container's sizes to what is told of it. One that cannot be measured goes without: it is not to vanish from a list.
func (c *call) measure(r *container.Record, d *engine.Details) error {
	written, all, err := c.engine.Size(c.ctx(), r)
	if err != nil {
		if !errdefs.IsNotFound(err) && c.ctx().Err() == nil {
			c.log.Warn("measure a container", "container", r.ID, "error", err)
		}
		return err
	}
	d.SizeRw, d.SizeRootFs = &written, &all
	return nil
}

// lister remembers what is the same for many containers of a list.
type lister struct {
	*call
	now       time.Time
	images    map[string][]digest.Digest // the IDs of an image's platforms by its name, none if there is none
	manifests map[string]*ocispec.Descriptor
	linkNames map[string][]string // see container.LinkNames
}

func (c *call) newLister() *lister {
	return &lister{c, time.Now(), map[string][]digest.Digest{}, map[string]*ocispec.Descriptor{}, nil}
}

// manifest describes the manifest of a container's image; nil if the image has gone.
func (l *lister) manifest(r *container.Record) *ocispec.Descriptor {
	found, known := l.manifests[r.ImageID]
	if !known {
		if img, err := l.engine.Images().Get(l.ctx(), r.ImageID); err == nil {
			found = showManifest(&img)
		}
		l.manifests[r.ImageID] = found
	}
	return found
}

// image is how a list shows a container's image: by the name that was given, unless it stands for another image by now.
func (l *lister) image(r *container.Record) string {
	ids, known := l.images[r.Config.Image]
	if !known {
		if img, err := l.engine.Images().Get(l.ctx(), r.Config.Image); err == nil {
			ids = platformIDs(&img)
		}
		l.images[r.Config.Image] = ids
	}
	if !slices.Contains(ids, digest.Digest(r.ImageID)) {
		return r.ImageID
	}
	return r.Config.Image
}

// briefContainer is what of a container is seen in a table.
type briefContainer struct {
	ID                              string `json:"Id"`
	Image, ImageID, Command, Status string
	Names                           []string
	Created                         int64
	Ports                           []listedPort `json:",omitempty"`
}

// briefs lists containers for brief=1, which is tug's own: with a thousand of them most of the time would go into what nobody looks at.
func (l *lister) briefs(records []*container.Record) []briefContainer {
	out := make([]briefContainer, len(records))
	for i, r := range records {
		out[i] = briefContainer{
			ID: r.ID, Image: l.image(r), ImageID: r.ImageID, Command: commandLine(r.Path, r.Args), Status: statusLine(&r.State, l.now),
			Names: allNames(r, l.linkNames[r.ID]), Created: r.Created.Unix(), Ports: listPorts(r),
		}
	}
	return out
}

// allNames are a container's name and those that it has by others' links, in Docker's order and with its slash.
func allNames(r *container.Record, linkNames []string) []string {
	names := []string{"/" + r.Name}
	for _, name := range linkNames {
		names = append(names, "/"+name)
	}
	slices.Sort(names)
	return names
}

// withOldFilters adds the parameters before and since, which were there before the filters of those names.
func withOldFilters(filters map[string][]string, c *call) map[string][]string {
	for _, key := range []string{"before", "since"} {
		if value := c.query.Get(key); value != "" && len(filters[key]) == 0 {
			if filters == nil {
				filters = map[string][]string{}
			}
			filters[key] = []string{value}
		}
	}
	return filters
}

// listedContainer is a container in a list. Its ports leave out an address that they do not have.
type listedContainer struct {
	*moby.Summary
	Ports []listedPort
}

type listedPort struct {
	IP          string `json:",omitempty"`
	PrivatePort uint16
	PublicPort  uint16 `json:",omitempty"`
	Type        string
}

// listContainer is a container in a list, in the form of a version of the API.
func listContainer(r *container.Record, d *engine.Details, v version, now time.Time) *listedContainer {
	out := &moby.Summary{
		ID:              r.ID,
		Names:           allNames(r, d.LinkNames),
		Image:           d.ImageName,
		ImageID:         r.ImageID,
		Command:         commandLine(r.Path, r.Args),
		Created:         r.Created.Unix(),
		Labels:          r.Config.Labels,
		State:           moby.ContainerState(r.State.Status),
		Status:          statusLine(&r.State, now),
		NetworkSettings: &moby.NetworkSettingsSummary{Networks: showEndpoints(r, d, v)},
		Mounts:          showMountPoints(r),
	}
	if d.SizeRw != nil {
		out.SizeRw, out.SizeRootFs = *d.SizeRw, *d.SizeRootFs
	}
	if out.Labels == nil {
		out.Labels = map[string]string{}
	}
	out.HostConfig.NetworkMode = cmp.Or(r.Host.NetworkMode, network.NetworkBridge)
	if v >= 46 {
		out.HostConfig.Annotations = r.Host.Annotations
	}
	if v >= 48 {
		out.ImageManifestDescriptor = d.Manifest
	}
	if v >= 52 {
		out.Health = &moby.HealthSummary{Status: moby.NoHealthcheck}
		if h := r.State.Health; h != nil {
			out.Health = &moby.HealthSummary{Status: moby.HealthStatus(h.Status), FailingStreak: h.FailingStreak}
		}
	}
	return &listedContainer{out, listPorts(r)}
}

// listPorts are a running container's ports, in order.
func listPorts(r *container.Record) []listedPort {
	out := []listedPort{}
	for port, bindings := range openPorts(r) {
		if len(bindings) == 0 {
			out = append(out, listedPort{PrivatePort: port.Num(), Type: string(port.Proto())})
		}
		for _, b := range bindings {
			public, _ := strconv.ParseUint(b.HostPort, 10, 16) // was given by the engine
			out = append(out, listedPort{address(b.HostIP), port.Num(), uint16(public), string(port.Proto())})
		}
	}
	slices.SortFunc(out, func(a, b listedPort) int {
		return cmp.Or(int(a.PrivatePort)-int(b.PrivatePort), strings.Compare(a.Type, b.Type), strings.Compare(a.IP, b.IP), int(a.PublicPort)-int(b.PublicPort))
	})
	return out
}

// commandLine is a command on one line, for people to read.
func commandLine(path string, args []string) string {
	var b strings.Builder
	b.WriteString(path)
	for _, a := range args {
		if strings.Contains(a, " ") {
			a = "'" + a + "'"
		}
		b.WriteString(" " + a)
	}
	return b.String()
}
