package network

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/containerd/errdefs"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"tug/internal/ipam"
	"tug/internal/network/rtnl"
	"tug/internal/nft"
)

// Config is what Networks needs to know.
type Config struct {
	StateDir string // folder for what must be forgotten when the host restarts
	Bridge   string // interface name of the default bridge; empty: tug0; NoBridge: there is none
	BridgeIP string // its address with the subnet's length, 172.17.0.1/16; empty: from the pools
	Pools    []ipam.Pool
	Table    string // name of the nftables table; empty: tug
	Log      *slog.Logger
}

// NoBridge as Config.Bridge is for a daemon without the default network `bridge`.
const NoBridge = "none"

// Networks is every network of one daemon. Its methods may be called at the same time.
type Networks struct {
	cfg     Config
	log     *slog.Logger
	records Records
	home    *os.File        // the host's network namespace
	sockets *rtnl.Pool      // for the fast path
	host    *netlink.Handle // for everything else
	table   *nft.Table
	watcher *nft.Watcher
	reaper  *reaper

	rules sync.Mutex // held while networks are made and removed, and while the rules are replaced
	// pending: an earlier daemon's rules are still in force; they are replaced when it is known what to keep.
	pending atomic.Bool
	closed  []string // see nft.Ruleset

	state     sync.Mutex // guards everything below; never held across a system call
	networks  map[string]*live
	endpoints map[string]*Endpoint
	ports     *portTable
}

// live is a network with what is true of it now.
type live struct {
	Network
	spaces []*ipam.Space // one for each subnet
	index  int           // of the bridge
	broken error         // why the bridge could not be made
}

// Open makes the predefined networks, brings the bridges of all recorded ones up and the packet rules in force.
// Of what an earlier daemon left in the kernel nothing is touched before Adopt or Sweep says what of it is alive.
func Open(ctx context.Context, cfg Config, records Records) (_ *Networks, err error) {
	if cfg, err = cfg.withDefaults(); err != nil {
		return nil, err
	}
	n := &Networks{
		cfg: cfg, log: cfg.Log, records: records,
		networks: make(map[string]*live), endpoints: make(map[string]*Endpoint), ports: newPortTable(),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.release())
		}
	}()
	if n.home, err = rtnl.Namespace(); err != nil {
		return nil, err
	}
	if n.host, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return nil, fmt.Errorf("open route netlink: %w", err)
	}
	if n.table, err = nft.Open(cfg.Table); err != nil {
		return nil, err
	}
	n.sockets = rtnl.NewPool()
	if n.closed, err = n.forwarding(); err != nil {
		return nil, err
	}
	if err := n.load(ctx); err != nil {
		return nil, err
	}
	before, err := n.table.Exists()
	if err != nil {
		return nil, err
	}
	if n.pending.Store(before); !before {
		if err := n.force(); err != nil {
			return nil, err
		}
	}
	if n.watcher, err = n.table.Watch(n.restored); err != nil {
		return nil, err
	}
	n.reaper = newReaper(n.sockets, n.log)
	return n, nil
}

// restored reports that somebody else deleted the packet rules.
func (n *Networks) restored(err error) {
	if err != nil {
		n.log.Error("packet rules were deleted and could not be put back", "table", n.cfg.Table, "error", err)
		return
	}
	n.log.Warn("packet rules were deleted by somebody else and are back", "table", n.cfg.Table)
}

func (c Config) withDefaults() (Config, error) {
	if c.Bridge == "" {
		c.Bridge = "tug0"
	}
	if c.Table == "" {
		c.Table = "tug"
	}
	if len(c.Pools) == 0 {
		c.Pools = ipam.DefaultPools()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	for _, p := range c.Pools {
		if err := p.Check(); err != nil {
			return c, err
		}
	}
	return c, checkLinkName(c.Bridge)
}

// checkLinkName refuses what cannot name an interface, or would be read as something else in a rule or a path.
func checkLinkName(name string) error {
	ok := name != "" && len(name) < unix.IFNAMSIZ && name[0] != '-' && name[0] != '.'
	for _, r := range name {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r))
	}
	if !ok {
		return fmt.Errorf("interface name %q: use up to 15 letters, digits, dots, dashes and underscores: %w", name, errdefs.ErrInvalidArgument)
	}
	return nil
}

// List returns all networks, in the order of their making.
func (n *Networks) List() []Network {
	n.state.Lock()
	defer n.state.Unlock()
	list := make([]Network, 0, len(n.networks))
	for _, l := range n.networks {
		list = append(list, l.clone())
	}
	slices.SortFunc(list, func(a, b Network) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

// Get returns the network with that name, ID or unique prefix of the ID. Errors: NotFound, InvalidArgument (ambiguous).
func (n *Networks) Get(ref string) (Network, error) {
	n.state.Lock()
	defer n.state.Unlock()
	l, err := n.find(ref)
	if err != nil {
		return Network{}, err
	}
	return l.clone(), nil
}

// Endpoints returns the endpoints on a network (by ID), in the order of their containers' IDs.
func (n *Networks) Endpoints(id string) []Endpoint {
	n.state.Lock()
	defer n.state.Unlock()
	var list []Endpoint
	for _, ep := range n.endpoints {
		if ep.NetworkID == id {
			list = append(list, *ep)
		}
	}
	slices.SortFunc(list, func(a, b Endpoint) int { return strings.Compare(a.Container, b.Container) })
	return list
}

// find resolves a reference; the state lock is held.
func (n *Networks) find(ref string) (*live, error) {
	if l, ok := n.networks[ref]; ok {
		return l, nil
	}
	var byPrefix []*live
	for _, l := range n.networks {
		if l.Name == ref {
			return l, nil
		}
		if ref != "" && strings.HasPrefix(l.ID, ref) {
			byPrefix = append(byPrefix, l)
		}
	}
	switch len(byPrefix) {
	case 1:
		return byPrefix[0], nil
	case 0:
		return nil, fmt.Errorf("network %s not found: %w", ref, errdefs.ErrNotFound)
	}
	return nil, fmt.Errorf("network %s is ambiguous: %d IDs begin so: %w", ref, len(byPrefix), errdefs.ErrInvalidArgument)
}

// Close waits for the work in the background and lets go of the kernel. Bridges, veths and rules stay.
func (n *Networks) Close(ctx context.Context) error {
	err := n.reaper.close(ctx)
	return errors.Join(err, n.release())
}

func (n *Networks) release() error {
	var errs []error
	if n.watcher != nil {
		errs = append(errs, n.watcher.Close())
	}
	if n.sockets != nil {
		errs = append(errs, n.sockets.Close())
	}
	if n.host != nil {
		n.host.Close()
	}
	if n.table != nil {
		errs = append(errs, n.table.Close())
	}
	if n.home != nil {
		errs = append(errs, n.home.Close())
	}
	return errors.Join(errs...)
}
