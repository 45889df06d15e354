package ipam

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/containerd/errdefs"
)

// Pool is a range of addresses cut into subnets of one size.
type Pool struct {
	Base netip.Prefix // what the subnets are cut from
	Size int          // prefix length of each subnet
}

// DefaultPools are Docker's: fifteen networks of 65,534 addresses from 172.17.0.0/16 on, then sixteen of 4,094.
func DefaultPools() []Pool {
	pools := make([]Pool, 0, 16)
	for second := byte(17); second <= 31; second++ {
		pools = append(pools, Pool{netip.PrefixFrom(netip.AddrFrom4([4]byte{172, second, 0, 0}), 16), 16})
	}
	return append(pools, Pool{netip.MustParsePrefix("192.168.0.0/16"), 20})
}

// Check refuses a pool from which no subnet can be cut.
func (p Pool) Check() error {
	switch {
	case !p.Base.IsValid():
		return fmt.Errorf("address pool has no base subnet: %w", errdefs.ErrInvalidArgument)
	case p.Base != p.Base.Masked():
		return fmt.Errorf("address pool %s is not the start of a subnet, which is %s: %w", p.Base, p.Base.Masked(), errdefs.ErrInvalidArgument)
	case p.Size < p.Base.Bits() || p.Size > p.Base.Addr().BitLen()-2:
		return fmt.Errorf("address pool %s cannot be cut into subnets of length /%d: %w", p.Base, p.Size, errdefs.ErrInvalidArgument)
	}
	return nil
}

// NextSubnet returns the first subnet of the pools, in their order, of which no part is used. The error is ResourceExhausted.
func NextSubnet(pools []Pool, used []netip.Prefix, is6 bool) (netip.Prefix, error) {
	for _, pool := range pools {
		if err := pool.Check(); err != nil {
			return netip.Prefix{}, err
		}
		if pool.Base.Addr().Is6() != is6 {
			continue
		}
		for subnet := netip.PrefixFrom(pool.Base.Addr(), pool.Size); pool.Base.Contains(subnet.Addr()); {
			i := slices.IndexFunc(used, subnet.Overlaps)
			if i < 0 {
				return subnet, nil
			}
			// What is used may be larger than the subnet: go on behind whichever ends later.
			last := Last(subnet)
			if end := Last(used[i]); end.Compare(last) > 0 {
				last = end
			}
			next := last.Next()
			if !next.IsValid() {
				break
			}
			subnet = netip.PrefixFrom(next, pool.Size)
		}
	}
	return netip.Prefix{}, fmt.Errorf("every subnet of the address pools is in use: remove networks that are not needed, "+
		"give a subnet (--subnet) or add pools (--default-address-pool): %w", errdefs.ErrResourceExhausted)
}

// Last returns the last address of a subnet.
func Last(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
