package api

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	moby "github.com/moby/moby/api/types/network"

	"tug/internal/events"
	"tug/internal/network"
)

// networkCreate makes a network.
func networkCreate(c *call) error {
	var in moby.CreateRequest
	if err := c.body(&in); err != nil {
		return err
	}
	wish, err := takeNetwork(&in)
	if err != nil {
		return err
	}
	n, err := c.engine.Networks().Create(c.ctx(), wish)
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, moby.CreateResponse{ID: n.ID})
}

// takeNetwork converts what network a client wants, and refuses what only swarms have.
func takeNetwork(in *moby.CreateRequest) (network.Network, error) {
	switch {
	case in.Scope != "" && in.Scope != "local":
		return network.Network{}, invalid("network scope %q is not supported: networks are local to this host", in.Scope)
	case in.Ingress:
		return network.Network{}, invalid("ingress networks are not supported: there is no swarm")
	case in.ConfigOnly, in.ConfigFrom != nil && in.ConfigFrom.Network != "":
		return network.Network{}, invalid("networks that only hold a configuration for others are not supported")
	case in.EnableIPv4 != nil && !*in.EnableIPv4:
		return network.Network{}, invalid("networks without IPv4 are not supported")
	}
	out := network.Network{
		Name: in.Name, Driver: in.Driver, Internal: in.Internal, Attachable: in.Attachable, Options: in.Options, Labels: in.Labels,
		IPv6: in.EnableIPv6 != nil && *in.EnableIPv6,
	}
	if in.IPAM == nil {
		return out, nil
	}
	if d := in.IPAM.Driver; d != "" && d != "default" {
		return out, invalid("IPAM driver %q is not known: addresses are managed by the driver default", d)
	}
	if len(in.IPAM.Options) > 0 {
		return out, invalid("IPAM options are not supported: the driver default has none")
	}
	for _, s := range in.IPAM.Config {
		out.Subnets = append(out.Subnets, network.Subnet{Subnet: s.Subnet, Gateway: s.Gateway, Range: s.IPRange, Aux: s.AuxAddress})
	}
	return out, nil
}

// networkRemove removes a network on which no container is.
func networkRemove(c *call) error {
	if err := c.engine.Networks().Remove(c.ctx(), c.id()); err != nil {
		return err
	}
	return c.done()
}

// networkPrune removes the networks that no container is on or was created for.
func networkPrune(c *call) error {
	filters, err := c.filters()
	if err != nil {
		return err
	}
	if err := onlyFilters(filters, "label", "label!", "until"); err != nil {
		return err
	}
	until, err := untilFilter(filters, time.Now())
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, r := range c.engine.List() {
		for _, ref := range r.NetworkNames() {
			wanted[c.networkName(ref)] = true
		}
	}
	report := moby.PruneReport{NetworksDeleted: []string{}}
	unused := slices.DeleteFunc(c.engine.Networks().List(), func(n network.Network) bool {
		tooNew := !until.IsZero() && !n.Created.Before(until)
		return n.Predefined() || wanted[n.Name] || tooNew || !pruned(n.Labels, filters)
	})
	err = prune(c.ctx(), unused, func(n network.Network) error {
		err := c.engine.Networks().Remove(c.ctx(), n.ID)
		switch {
		case errdefs.IsFailedPrecondition(err):
			return fmt.Errorf("%w: %w", err, errdefs.ErrConflict) // somebody uses it again
		case err == nil:
			report.NetworksDeleted = append(report.NetworksDeleted, n.Name)
		}
		return err
	})
	if err != nil {
		return err
	}
	c.engine.PublishPrune(events.Network, 0)
	return c.json(http.StatusOK, report)
}
