package network

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"tug/internal/network/rtnl"
	"tug/internal/nft"
)

// grace is how long a veth pair may outlive its endpoint: mostly the container's namespace ends within it, and the kernel has
// deleted the pair together with many others, at no cost for anybody.
const grace = 200 * time.Millisecond

// batch is how many links are deleted in one go. The kernel lets nobody else change interfaces for about a millisecond each.
const batch = 16

// reaper deletes the links of ended endpoints, many at a time: each deletion by itself makes the kernel wait some 20 ms.
type reaper struct {
	sockets *rtnl.Pool
	log     *slog.Logger
	group   uint32 // links on their way out; random, so that it is nobody else's

	state   sync.Mutex // guards the rest
	doomed  []doomed
	flows   []nft.Port // see forgetFlows
	closing bool

	wake chan struct{} // capacity 1
	done chan struct{} // closed when the goroutine has ended
}

// doomed is a link that is to go.
type doomed struct {
	link      string
	addresses []netip.Addr
	due       time.Time
}

func newReaper(sockets *rtnl.Pool, log *slog.Logger) *reaper {
	r := &reaper{
		sockets: sockets, log: log, group: 1<<31 | rand.Uint32(),
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go r.run()
	return r
}

// add lets an endpoint's link be deleted when it is still there after the grace period.
func (r *reaper) add(ep *Endpoint) {
	if ep.HostIf == "" {
		return
	}
	r.state.Lock()
	r.doomed = append(r.doomed, doomed{ep.HostIf, ep.addresses(), time.Now().Add(grace)})
	r.state.Unlock()
	r.kick()
}

// forgetFlows lets the connection tracking forget UDP flows of ports that are published no more (or just now): unlike TCP's, such a
// flow lives as long as somebody sends, and would go on to the address that it once went to.
func (r *reaper) forgetFlows(ports []nft.Port) {
	udp := slices.DeleteFunc(slices.Clone(ports), func(p nft.Port) bool { return p.Proto != "udp" })
	if len(udp) == 0 {
		return
	}
	r.state.Lock()
	r.flows = append(r.flows, udp...)
	r.state.Unlock()
	r.kick()
}

func (r *reaper) kick() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// settle deletes at once what is left of endpoints that had one of the addresses, so that nobody else answers for it.
func (r *reaper) settle(addresses []netip.Addr) error {
	for _, link := range r.take(func(d doomed) bool {
		return slices.ContainsFunc(addresses, func(a netip.Addr) bool { return slices.Contains(d.addresses, a) })
	}) {
		if err := r.delete([]string{link}); err != nil {
			return err
		}
	}
	return nil
}

// take removes the doomed links that match, and returns their names.
func (r *reaper) take(match func(doomed) bool) []string {
	r.state.Lock()
	defer r.state.Unlock()
	var links []string
	r.doomed = slices.DeleteFunc(r.doomed, func(d doomed) bool {
		if match(d) {
			links = append(links, d.link)
			return true
		}
		return false
	})
	return links
}

func (r *reaper) run() {
	defer close(r.done)
	timer := time.NewTimer(grace)
	for {
		next, closing := r.round()
		if closing {
			return
		}
		timer.Reset(next)
		select {
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// round does what is due, and tells how long nothing more is.
func (r *reaper) round() (time.Duration, bool) {
	r.state.Lock()
	closing, flows := r.closing, r.flows
	r.flows = nil
	r.state.Unlock()

	if err := dropFlows(flows); err != nil {
		r.log.Warn("old UDP flows may go on to a container that is gone", "error", err)
	}
	now := time.Now()
	links := r.take(func(d doomed) bool { return closing || !d.due.After(now) })
	if err := r.delete(links); err != nil {
		r.log.Error("interfaces of ended containers stay", "links", links, "error", err)
	}

	r.state.Lock()
	defer r.state.Unlock()
	next := time.Hour
	for _, d := range r.doomed {
		next = min(next, max(0, time.Until(d.due)))
	}
	return next, closing && len(r.doomed) == 0 && len(r.flows) == 0
}

// delete removes those of the links that are still there, in one go.
func (r *reaper) delete(links []string) error {
	return r.sockets.With(func(s *rtnl.Socket) error {
		var marks []rtnl.Request
		for _, link := range links {
			if _, err := s.Index(link); err == nil { // costs next to nothing, and mostly the kernel was faster
				marks = append(marks, rtnl.Group(link, r.group))
			}
		}
		for part := range slices.Chunk(marks, batch) {
			for _, request := range append(part, rtnl.DeleteGroup(r.group)) {
				if err := s.Do(request); err != nil && !errors.Is(err, unix.ENODEV) {
					return err
				}
			}
		}
		return nil
	})
}

// close does at once what is left to do, and ends the goroutine.
func (r *reaper) close(ctx context.Context) error {
	r.state.Lock()
	r.closing = true
	r.state.Unlock()
	r.kick()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for interfaces to be deleted: %w", ctx.Err())
	}
}

// dropFlows makes the connection tracking forget the UDP flows to the ports.
func dropFlows(ports []nft.Port) error {
	if len(ports) == 0 {
		return nil
	}
	var filters4, filters6 []netlink.CustomConntrackFilter
	for _, p := range ports {
		if p.HostIP.Is4() {
			filters4 = append(filters4, flowFilter{p})
		} else {
			filters6 = append(filters6, flowFilter{p})
		}
	}
	var errs []error
	for family, filters := range map[netlink.InetFamily][]netlink.CustomConntrackFilter{unix.AF_INET: filters4, unix.AF_INET6: filters6} {
		if len(filters) > 0 {
			_, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, family, filters...)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// flowFilter matches the flows that were sent to a port of this host, wherever they went.
type flowFilter struct{ port nft.Port }

// MatchConntrackFlow implements netlink.CustomConntrackFilter.
func (f flowFilter) MatchConntrackFlow(flow *netlink.ConntrackFlow) bool {
	if flow.Forward.Protocol != unix.IPPROTO_UDP || flow.Forward.DstPort != f.port.Host {
		return false
	}
	dst, ok := netip.AddrFromSlice(flow.Forward.DstIP)
	return ok && (f.port.HostIP.IsUnspecified() || dst.Unmap() == f.port.HostIP)
}
