package network

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"tug/internal/ipam"
	"tug/internal/network/rtnl"
)

// createdLinkPrefix begins the interface names of networks that people make.
const createdLinkPrefix = "tug-"

// networkName is what a network may be called.
var networkName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// Create makes a bridge network of a wish: Name is required, Subnets that are not given are picked from the pools, and so is a
// missing gateway from its subnet. ID, Link and Created are set here.
// Errors: InvalidArgument, AlreadyExists (name), FailedPrecondition (subnet in use).
func (n *Networks) Create(ctx context.Context, wish Network) (_ Network, err error) {
	if err := ctx.Err(); err != nil {
		return Network{}, err
	}
	if err := n.current(); err != nil {
		return Network{}, err
	}
	n.rules.Lock()
	defer n.rules.Unlock()
	nw, err := n.plan(wish)
	if err != nil {
		return Network{}, err
	}
	if err := n.records.Put(nw); err != nil {
		return Network{}, fmt.Errorf("record network %s: %w", nw.Name, err)
	}
	l := &live{Network: nw}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("create network %s: %w", nw.Name, err), n.undo(l))
		}
	}()
	if err := n.bringUp(l); err != nil {
		return Network{}, err
	}
	if err := n.refuseRouted(nw); err != nil { // another daemon may have taken the subnet at the same moment
		return Network{}, err
	}
	if err := n.table.AddBridge(nw.rules()); err != nil {
		return Network{}, err
	}
	n.letPass()
	n.state.Lock()
	defer n.state.Unlock()
	n.networks[nw.ID] = l
	return nw.clone(), nil
}

// undo takes back what Create or Remove of a network leaves.
func (n *Networks) undo(l *live) error {
	errs := []error{n.table.RemoveBridge(l.Link)}
	n.letPass()
	if index, err := n.linkIndex(l.Link); err == nil && index != 0 {
		errs = append(errs, n.sockets.Do(rtnl.Delete(index)))
	}
	return errors.Join(append(errs, n.records.Delete(l.ID))...)
}

// Remove deletes a network on which no container is. Errors: NotFound, FailedPrecondition (predefined, or in use).
func (n *Networks) Remove(ctx context.Context, ref string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n.rules.Lock()
	defer n.rules.Unlock()
	l, err := n.withdraw(ref)
	if err != nil {
		return err
	}
	if err := n.undo(l); err != nil {
		n.state.Lock()
		defer n.state.Unlock()
		n.networks[l.ID] = l
		return fmt.Errorf("remove network %s: %w", l.Name, err)
	}
	return nil
}

// withdraw takes a network out of sight, so that nobody attaches to it any more.
func (n *Networks) withdraw(ref string) (*live, error) {
	n.state.Lock()
	defer n.state.Unlock()
	l, err := n.find(ref)
	if err != nil {
		return nil, err
	}
	if l.Predefined() {
		return nil, fmt.Errorf("%s is a pre-defined network and cannot be removed: %w", l.Name, errdefs.ErrFailedPrecondition)
	}
	var users []string
	for _, ep := range n.endpoints {
		if ep.NetworkID == l.ID {
			users = append(users, shortID(ep.Container))
		}
	}
	if len(users) > 0 {
		slices.Sort(users)
		return nil, fmt.Errorf("error while removing network: network %s has active endpoints (%s): stop or disconnect these containers first: %w",
			l.Name, strings.Join(users, ", "), errdefs.ErrFailedPrecondition)
	}
	delete(n.networks, l.ID)
	return l, nil
}

// plan checks a wish and completes it.
func (n *Networks) plan(wish Network) (Network, error) {
	nw := wish.clone()
	nw.ID, nw.Scope, nw.Created = newID(), "local", time.Now().UTC()
	if nw.Driver == "" {
		nw.Driver = DriverBridge
	}
	switch {
	case !networkName.MatchString(nw.Name):
		return nw, fmt.Errorf("network name %q: use letters, digits, dots, dashes and underscores, and begin with a letter or digit: %w", nw.Name, errdefs.ErrInvalidArgument)
	case nw.Driver != DriverBridge:
		return nw, fmt.Errorf("network driver %q is not known: networks are made with driver bridge: %w", nw.Driver, errdefs.ErrInvalidArgument)
	}
	if v, ok := nw.Options[OptionMTU]; ok {
		if mtu, err := strconv.Atoi(v); err != nil || mtu < 68 || mtu > 65535 {
			return nw, fmt.Errorf("option %s=%s: give bytes from 68 to 65535: %w", OptionMTU, v, errdefs.ErrInvalidArgument)
		}
	}
	for _, o := range []string{OptionICC, OptionMasquerade} {
		if v, ok := nw.Options[o]; ok {
			if _, err := strconv.ParseBool(v); err != nil {
				return nw, fmt.Errorf("option %s=%s: give true or false: %w", o, v, errdefs.ErrInvalidArgument)
			}
		}
	}
	if err := n.chooseLink(&nw); err != nil {
		return nw, err
	}
	if err := n.chooseSubnets(&nw); err != nil {
		return nw, err
	}
	return nw, (&live{Network: nw}).prepareSpaces()
}

// chooseLink names the bridge. A link that is there already belongs to somebody else.
func (n *Networks) chooseLink(nw *Network) error {
	if nw.Link = nw.Options[OptionBridgeName]; nw.Link == "" {
		nw.Link = createdLinkPrefix + nw.ID[:unix.IFNAMSIZ-1-len(createdLinkPrefix)]
	}
	if err := checkLinkName(nw.Link); err != nil {
		return err
	}
	n.state.Lock()
	for _, l := range n.networks {
		if l.Name == nw.Name {
			n.state.Unlock()
			return fmt.Errorf("network with name %s already exists: %w", nw.Name, errdefs.ErrAlreadyExists)
		}
	}
	n.state.Unlock()
	index, err := n.linkIndex(nw.Link)
	if err != nil {
		return err
	}
	if index != 0 {
		return fmt.Errorf("interface %s exists already: choose another name (%s): %w", nw.Link, OptionBridgeName, errdefs.ErrFailedPrecondition)
	}
	return nil
}

// linkIndex returns the index of a link, or 0.
func (n *Networks) linkIndex(name string) (int, error) {
	link, err := n.host.LinkByName(name)
	var absent netlink.LinkNotFoundError
	if errors.As(err, &absent) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for interface %s: %w", name, err)
	}
	return link.Attrs().Index, nil
}

// chooseSubnets checks the subnets that are given, and picks those that are not.
func (n *Networks) chooseSubnets(nw *Network) error {
	used, err := n.routed(nw.Link)
	if err != nil {
		return err
	}
	used = append(used, n.recordedSubnets()...)
	have4, have6 := false, false
	for i := range nw.Subnets {
		s := &nw.Subnets[i]
		if !s.Subnet.IsValid() {
			if s.Subnet, err = n.freeSubnet(used, false); err != nil {
				return err
			}
		}
		if j := slices.IndexFunc(used, s.Subnet.Overlaps); j >= 0 {
			return fmt.Errorf("subnet %s: pool overlaps with other one on this address space, %s: choose another: %w", s.Subnet, used[j], errdefs.ErrFailedPrecondition)
		}
		if err := s.complete(); err != nil {
			return err
		}
		used = append(used, s.Subnet)
		have4, have6 = have4 || s.Subnet.Addr().Is4(), have6 || s.Subnet.Addr().Is6()
	}
	if have6 && !nw.IPv6 {
		nw.IPv6 = true
	}
	for _, missing := range []struct{ need, is6 bool }{{!have4, false}, {nw.IPv6 && !have6, true}} {
		if !missing.need {
			continue
		}
		subnet, err := n.freeSubnet(used, missing.is6)
		if err != nil {
			return err
		}
		nw.Subnets = append(nw.Subnets, Subnet{Subnet: subnet, Gateway: subnet.Addr().Next()})
	}
	return nil
}

// complete checks a subnet that was given, and gives it a gateway.
func (s *Subnet) complete() error {
	if s.Subnet != s.Subnet.Masked() {
		return fmt.Errorf("subnet %s is not the start of a subnet, which is %s: %w", s.Subnet, s.Subnet.Masked(), errdefs.ErrInvalidArgument)
	}
	if s.Subnet.Addr().BitLen()-s.Subnet.Bits() < 2 {
		return fmt.Errorf("subnet %s has no room for a gateway and a container: %w", s.Subnet, errdefs.ErrInvalidArgument)
	}
	if !s.Gateway.IsValid() {
		taken := slices.Collect(maps.Values(s.Aux))
		lot := s.Subnet
		if s.Range.IsValid() {
			lot = s.Range.Masked()
		}
		for s.Gateway = lot.Addr(); s.Gateway == s.Subnet.Addr() || slices.Contains(taken, s.Gateway); {
			s.Gateway = s.Gateway.Next()
		}
	}
	if !s.Subnet.Contains(s.Gateway) {
		return fmt.Errorf("gateway %s does not lie in subnet %s: %w", s.Gateway, s.Subnet, errdefs.ErrInvalidArgument)
	}
	return nil
}

// freeSubnet picks a subnet from the pools; for IPv6, where they have none, a unique local one (RFC 4193), whose random 40 bits
// keep it from meeting another.
func (n *Networks) freeSubnet(used []netip.Prefix, is6 bool) (netip.Prefix, error) {
	has6 := slices.ContainsFunc(n.cfg.Pools, func(p ipam.Pool) bool { return p.Base.Addr().Is6() })
	if !is6 || has6 {
		return ipam.NextSubnet(n.cfg.Pools, used, is6)
	}
	var b [16]byte
	_, _ = rand.Read(b[1:6]) // never fails
	b[0] = 0xfd
	return netip.PrefixFrom(netip.AddrFrom16(b), 64), nil
}
