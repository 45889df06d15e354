package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"

	"tug/internal/container"
	"tug/internal/network"
	"tug/internal/oci"
)

// Links (--link NAME:ALIAS) are from before there were networks of one's own: on the default bridge a container finds those
// that it links to by name, in its /etc/hosts, and what they are in its environment.

// link is one of a container's links.
type link struct {
	child *container.Record
	alias string
}

// parseLink reads "name:alias" or "name", and "/name:/parent/alias", as an inspection shows it.
func parseLink(text string) (name, alias string, err error) {
	name, alias, aliased := strings.Cut(text, ":")
	if !aliased {
		alias = name
	}
	name, alias = strings.TrimPrefix(name, "/"), path.Base(alias)
	if name == "" || !isWord(name) || !isWord(alias) || alias == "/" || alias == "." || strings.Contains(alias, ":") {
		return "", "", invalid("bad format for links: %s", text)
	}
	return name, alias, nil
}

// settleLinks finds the containers that one links to, and notes them by their IDs. On a network of one's own they belong to the endpoint, where
// docker's command line names them as well. Of two links of one alias the first holds, and there is a warning. Errors: InvalidArgument.
func (e *Engine) settleLinks(h *container.HostConfig) (warnings []string, err error) {
	if len(h.Links) == 0 {
		return nil, nil
	}
	if h.NetworkMode != "default" && h.NetworkMode != network.NameBridge {
		h.Links = nil
		return nil, nil
	}
	settled := make([]string, 0, len(h.Links))
	has := map[string]string{} // the ID by the alias
	for _, text := range h.Links {
		name, alias, err := parseLink(text)
		if err != nil {
			return nil, err
		}
		child, err := e.linkedTo(name)
		if err != nil {
			return nil, err
		}
		if first, taken := has[alias]; taken {
			if first != child.ID {
				warnings = append(warnings, fmt.Sprintf("The link %s is left out: another link of this container has the alias %s.", text, alias))
			}
			continue
		}
		has[alias] = child.ID
		settled = append(settled, child.ID+":"+alias)
	}
	e.linked.Store(true)
	h.Links = settled
	return append(warnings, "Links on the default bridge network are deprecated and will be removed in a future release. Use a custom network instead."), nil
}

// linkedTo finds the container to which a link leads: that whose network it is. Errors: InvalidArgument.
func (e *Engine) linkedTo(name string) (*container.Record, error) {
	child, err := e.containers.Get(name)
	for err == nil {
		owner, shares := joined(child.Host.NetworkMode)
		if !shares {
			break
		}
		name = owner
		child, err = e.containers.Get(owner)
	}
	if err != nil {
		return nil, invalid("could not get container for %s: No such container: %s", name, name)
	}
	if child.Host.NetworkMode == "host" {
		return nil, invalid("conflicting options: host type networking can't be used with links. This would result in undefined behavior")
	}
	return child, nil
}

// RemoveLink removes a container's link, by its alias. A program that runs keeps what it was told in its environment. Errors: NotFound.
func (e *Engine) RemoveLink(ctx context.Context, ref, alias string) error {
	r, release, err := e.containers.Claim(ctx, ref)
	if err != nil {
		return err
	}
	defer release()
	at := slices.IndexFunc(r.Host.Links, func(text string) bool {
		_, a, err := parseLink(text)
		return err == nil && a == alias
	})
	if at < 0 {
		return fmt.Errorf("container %s has no link %q: inspect shows those that it has in HostConfig.Links: %w", r.Name, alias, errdefs.ErrNotFound)
	}
	id, _, err := parseLink(r.Host.Links[at])
	if err != nil {
		return err
	}
	if _, err := e.containers.Change(r.ID, func(r *container.Record) { r.Host.Links = slices.Delete(slices.Clone(r.Host.Links), at, at+1) }); err != nil {
		return err
	}
	if child, err := e.containers.Get(id); err == nil && r.IsRunning() {
		return replaceHost(e.etcFiles(r.ID).Hosts, link{child, alias}.names(), "")
	}
	return nil
}

// linksOf gives the links of a container whose other ends run. What is to be started needs them all; a further process in
// it does not. Errors: Conflict (one does not run).
func (e *Engine) linksOf(r *container.Record) ([]link, error) {
	var list []link
	for _, text := range r.Host.Links {
		id, alias, err := parseLink(text)
		if err != nil {
			return nil, err
		}
		child, err := e.containers.Get(id)
		if err == nil && child.IsRunning() {
			list = append(list, link{child, alias})
			continue
		}
		if r.IsRunning() {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot link to container %s AS /%s/%s: it is gone: %w", id[:min(12, len(id))], r.Name, alias, errConflict)
		}
		return nil, fmt.Errorf("Cannot link to a non running container: /%s AS /%s/%s: %w", child.Name, r.Name, alias, errConflict) //nolint:staticcheck // Docker's words
	}
	return list, nil
}

// shownLinks gives a container's links by the names of both ends, those of which the other end is there.
func (e *Engine) shownLinks(r *container.Record) []string {
	var shown []string
	for _, text := range r.Host.Links {
		id, alias, err := parseLink(text)
		if err != nil {
			continue
		}
		if child, err := e.containers.Get(id); err == nil {
			shown = append(shown, fmt.Sprintf("/%s:/%s/%s", child.Name, r.Name, alias))
		}
	}
	return shown
}

// linkEnvironment tells a process what its container links to.
func (e *Engine) linkEnvironment(r *container.Record) ([]string, error) {
	links, err := e.linksOf(r)
	if err != nil {
		return nil, err
	}
	var env []string
	for _, l := range links {
		if address := e.bridgeAddress(l.child.ID); address != "" {
			env = append(env, oci.LinkEnvironment("/"+r.Name+"/"+l.alias, address, l.child.Config.ExposedPorts, l.child.Config.Env)...)
		}
	}
	return env, nil
}

// bridgeAddress gives a running container's address on the default bridge.
func (e *Engine) bridgeAddress(id string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	run, ok := e.runs[id]
	if !ok {
		return ""
	}
	for _, ep := range run.endpoints {
		if ep.NetworkName == network.NameBridge && ep.IPv4.IsValid() {
			return ep.IPv4.Addr().String()
		}
	}
	return ""
}

// names are those by which the other end of a link is found in /etc/hosts.
func (l link) names() string {
	names := l.alias + " " + l.child.Config.Hostname
	if l.child.Name != l.alias {
		names += " " + l.child.Name
	}
	return names
}

// linkHosts gives the lines of /etc/hosts for a container's links.
func (e *Engine) linkHosts(r *container.Record) (string, error) {
	links, err := e.linksOf(r)
	var b strings.Builder
	for _, l := range links {
		if address := e.bridgeAddress(l.child.ID); address != "" {
			fmt.Fprintf(&b, "%s\t%s\n", address, l.names())
		}
	}
	return b.String(), err
}

// tellLinked writes the address of a container that was started anew into the /etc/hosts of those that link to it. Lines
// that the containers themselves have written stay.
func (e *Engine) tellLinked(child *container.Record) {
	if !e.linked.Load() {
		return // which spares every other start a look at all containers
	}
	address := e.bridgeAddress(child.ID)
	if address == "" {
		return
	}
	for _, r := range e.containers.List() {
		if !r.IsRunning() || len(r.Host.Links) == 0 {
			continue
		}
		for _, text := range r.Host.Links {
			id, alias, err := parseLink(text)
			if err != nil || id != child.ID {
				continue
			}
			if err := replaceHost(e.etcFiles(r.ID).Hosts, link{child, alias}.names(), address); err != nil {
				e.log.Warn("tell a container the new address of one that it links to", "container", r.ID, "linked", child.ID, "error", err)
			}
		}
	}
}

// replaceHost puts an address before the names in a file like /etc/hosts; "" removes them. The file is the container's to write, so that
// one which has grown large is left alone.
func replaceHost(file, names, address string) error {
	const most = 1 << 20 // bytes
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return err
	}
	if len(text) == most {
		return fmt.Errorf("%s has more than %d bytes", file, most)
	}
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		if _, has, ok := bytes.Cut(bytes.TrimSpace(line), []byte("\t")); ok && string(has) == names {
			if line = nil; address != "" {
				line = []byte(address + "\t" + names + "\n")
			}
		}
		out.Write(line)
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(out.Bytes(), 0)
	return err
}
