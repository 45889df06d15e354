package ipam

import (
	"fmt"
	"net/netip"

	"github.com/containerd/errdefs"
)

// Space knows which addresses of a subnet are taken. It serves one caller at a time.
//
// Addresses are given in rising order and start again at the bottom after the top, so that one which has just been given
// back comes round last: who still knows it as somebody else's (a cache, a connection table) has time to forget.
type Space struct {
	subnet, lot netip.Prefix // lot: the part of the subnet from which Next picks
	taken       map[netip.Addr]struct{}
	inLot       uint64 // how many of the taken ones lie in the lot
	size        uint64 // addresses in the lot; saturates
	cursor      netip.Addr
}

// NewSpace describes a subnet. Next picks from lot (the zero Prefix: from all of it). The subnet's own number and its
// broadcast address are never given, where the subnet is large enough to have them.
func NewSpace(subnet, lot netip.Prefix) (*Space, error) {
	if !lot.IsValid() {
		lot = subnet
	}
	subnet, lot = subnet.Masked(), lot.Masked()
	if !subnet.Contains(lot.Addr()) || lot.Bits() < subnet.Bits() {
		return nil, fmt.Errorf("address range %s does not lie in subnet %s: %w", lot, subnet, errdefs.ErrInvalidArgument)
	}
	s := &Space{subnet: subnet, lot: lot, taken: make(map[netip.Addr]struct{}), cursor: lot.Addr(), size: 1 << 63}
	if host := lot.Addr().BitLen() - lot.Bits(); host < 63 {
		s.size = 1 << host
	}
	if subnet.Addr().BitLen()-subnet.Bits() >= 2 {
		s.take(subnet.Addr())
		if subnet.Addr().Is4() {
			s.take(Last(subnet))
		}
	}
	return s, nil
}

// Subnet returns what the space is about.
func (s *Space) Subnet() netip.Prefix { return s.subnet }

// Next takes the next free address. The error is ResourceExhausted.
func (s *Space) Next() (netip.Addr, error) {
	if s.inLot >= s.size {
		return netip.Addr{}, fmt.Errorf("every address of %s is in use: %w", s.lot, errdefs.ErrResourceExhausted)
	}
	for {
		a := s.cursor
		s.cursor = a.Next()
		if !s.lot.Contains(s.cursor) {
			s.cursor = s.lot.Addr()
		}
		if !s.Taken(a) {
			s.take(a)
			return a, nil
		}
	}
}

// Take takes a certain address. Errors: InvalidArgument (not in the subnet), AlreadyExists.
func (s *Space) Take(a netip.Addr) error {
	if !s.subnet.Contains(a) {
		return fmt.Errorf("address %s does not lie in subnet %s: %w", a, s.subnet, errdefs.ErrInvalidArgument)
	}
	if s.Taken(a) {
		return fmt.Errorf("address %s is in use: %w", a, errdefs.ErrAlreadyExists)
	}
	s.take(a)
	return nil
}

// Free gives an address back. One that is not taken is passed over.
func (s *Space) Free(a netip.Addr) {
	if !s.Taken(a) {
		return
	}
	delete(s.taken, a)
	if s.lot.Contains(a) {
		s.inLot--
	}
}

// Taken tells whether the address is in use, or never given.
func (s *Space) Taken(a netip.Addr) bool {
	_, ok := s.taken[a]
	return ok
}

func (s *Space) take(a netip.Addr) {
	s.taken[a] = struct{}{}
	if s.lot.Contains(a) {
		s.inLot++
	}
}
