package api

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	moby "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"

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
	records, err := query.Select(c.engine.List())
	if err != nil {
		return err
	}
	out := make([]*listedContainer, 0, len(records))
	for _, r := range records {
		details, err := c.engine.Details(c.ctx(), r)
		if err != nil {
			return err
		}
		details.ImageName = c.imageName(r, details.ImageName)
		if c.flag("size") {
			written, all, err := c.engine.Size(c.ctx(), r)
			if err != nil {
				continue // it has just been removed
			}
			details.SizeRw, details.SizeRootFs = &written, &all
		}
		out = append(out, listContainer(r, &details, c.version, time.Now()))
	}
	return c.json(http.StatusOK, out)
}

// imageName is how a list shows a container's image: by the name that was given, unless it stands for another image by now.
func (c *call) imageName(r *container.Record, given string) string {
	if img, err := c.engine.Images().Get(c.ctx(), given); err != nil || img.ID.String() != r.ImageID {
		return r.ImageID
	}
	return given
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
		Names:           []string{"/" + r.Name},
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
