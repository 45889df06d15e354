package api

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/containerd/errdefs"
	"tug/internal/container"
	"tug/internal/network"
)

func errNetworkNotFound(ref string) error {
	return fmt.Errorf("network %s not found: %w", ref, errdefs.ErrNotFound)
}

// networkFilter compiles the filters of a list of networks. Values of one filter are alternatives, but of labels all must be there.
func (c *call) networkFilter(filters map[string][]string) (func(*network.Network) bool, error) {
	if err := onlyFilters(filters, "dangling", "driver", "id", "label", "name", "scope", "type"); err != nil {
		return nil, err
	}
	if scopes := filters["scope"]; slices.ContainsFunc(scopes, func(s string) bool { return s != "local" && s != "global" && s != "swarm" }) {
		return nil, invalid("invalid filter: 'scope'=%q", scopes)
	}
	if types := filters["type"]; slices.ContainsFunc(types, func(s string) bool { return s != "custom" && s != "builtin" }) {
		return nil, invalid("invalid filter: 'type'=%q", types)
	}
	dangling, err := switchFilter(filters, "dangling", false)
	if err != nil {
		return nil, err
	}
	names, ids := patterns(filters["name"]), patterns(filters["id"])
	exact := func(key, value string) bool { return len(filters[key]) == 0 || slices.Contains(filters[key], value) }
	return func(n *network.Network) bool {
		kind := "custom"
		if !isUserDefined(n.Name) {
			kind = "builtin"
		}
		switch {
		case !exact("driver", n.Driver), !exact("scope", n.Scope), !exact("type", kind):
			return false
		case !names(n.Name), !ids(n.ID), !container.HasLabels(n.Labels, filters["label"]):
			return false
		case len(filters["dangling"]) > 0:
			idle := kind == "custom" && len(c.inspectNetwork(n).Containers) == 0
			return idle == dangling
		}
		return true
	}, nil
}

// patterns fits what is one of the values, or in which one of them is found as a regular expression. No values fit all.
func patterns(values []string) func(string) bool {
	var list []*regexp.Regexp
	for _, v := range values {
		if p, err := regexp.Compile(v); err == nil {
			list = append(list, p)
		}
	}
	return func(s string) bool {
		return len(values) == 0 || slices.Contains(values, s) || slices.ContainsFunc(list, func(p *regexp.Regexp) bool { return p.MatchString(s) })
	}
}

// orEmpty is a map that is never null in JSON.
func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
