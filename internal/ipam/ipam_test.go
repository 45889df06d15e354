package ipam

import (
	"net/netip"
	"testing"

	"github.com/containerd/errdefs"
	"gotest.tools/v3/assert"
	"pgregory.net/rapid"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestSubnetsComeInDockersOrder(t *testing.T) {
	var used []netip.Prefix
	for range 31 {
		s, err := NextSubnet(DefaultPools(), used, false)
		assert.NilError(t, err)
		used = append(used, s)
	}
	assert.Equal(t, used[0].String(), "172.17.0.0/16")
	assert.Equal(t, used[14].String(), "172.31.0.0/16")
	assert.Equal(t, used[15].String(), "192.168.0.0/20")
	assert.Equal(t, used[30].String(), "192.168.240.0/20")
	_, err := NextSubnet(DefaultPools(), used, false)
	assert.Assert(t, errdefs.IsResourceExhausted(err), "%v", err)
}

func TestSubnetsSkipWhatTheHostRoutes(t *testing.T) {
	for name, c := range map[string]struct {
		used []netip.Prefix
		want string
	}{
		"the same subnet":     {prefixes("172.17.0.0/16"), "172.18.0.0/16"},
		"an address in it":    {prefixes("172.17.9.9/32"), "172.18.0.0/16"},
		"a larger one":        {prefixes("172.16.0.0/12"), "192.168.0.0/20"},
		"the home router's":   {prefixes("172.16.0.0/12", "192.168.1.0/24"), "192.168.16.0/20"},
		"something elsewhere": {prefixes("10.0.0.0/8", "fd00::/8"), "172.17.0.0/16"},
		"in any order":        {prefixes("172.19.0.0/16", "172.17.0.0/16", "172.18.0.0/15"), "172.20.0.0/16"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := NextSubnet(DefaultPools(), c.used, false)
			assert.NilError(t, err)
			assert.Equal(t, got.String(), c.want)
		})
	}
}

func TestPoolAtTheEndOfAllAddresses(t *testing.T) {
	pools := []Pool{{netip.MustParsePrefix("255.255.255.0/24"), 25}}
	_, err := NextSubnet(pools, prefixes("255.255.255.0/25", "255.255.255.128/25"), false)
	assert.Assert(t, errdefs.IsResourceExhausted(err), "%v", err)
}

func TestBadPoolsAreRefused(t *testing.T) {
	for _, p := range []Pool{
		{},
		{netip.MustParsePrefix("10.0.0.1/8"), 24},
		{netip.MustParsePrefix("10.0.0.0/24"), 16},
		{netip.MustParsePrefix("10.0.0.0/24"), 31},
	} {
		assert.Assert(t, errdefs.IsInvalidArgument(p.Check()), "%+v", p)
	}
}

func TestReleasedAddressComesLast(t *testing.T) {
	s, err := NewSpace(netip.MustParsePrefix("10.0.0.0/29"), netip.Prefix{})
	assert.NilError(t, err)
	assert.NilError(t, s.Take(netip.MustParseAddr("10.0.0.1"))) // the gateway
	first, err := s.Next()
	assert.NilError(t, err)
	assert.Equal(t, first.String(), "10.0.0.2")
	s.Free(first)
	for _, want := range []string{"10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.2"} {
		got, err := s.Next()
		assert.NilError(t, err)
		assert.Equal(t, got.String(), want)
	}
	_, err = s.Next()
	assert.Assert(t, errdefs.IsResourceExhausted(err), "%v", err)
}

func TestRangeIsALotOfTheSubnet(t *testing.T) {
	s, err := NewSpace(netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("10.0.5.0/30"))
	assert.NilError(t, err)
	for _, want := range []string{"10.0.5.0", "10.0.5.1", "10.0.5.2", "10.0.5.3"} {
		got, err := s.Next()
		assert.NilError(t, err)
		assert.Equal(t, got.String(), want)
	}
	_, err = s.Next()
	assert.Assert(t, errdefs.IsResourceExhausted(err), "%v", err)
	assert.NilError(t, s.Take(netip.MustParseAddr("10.0.9.9")), "asked for by name, outside the range")
	assert.Assert(t, errdefs.IsAlreadyExists(s.Take(netip.MustParseAddr("10.0.9.9"))))
	assert.Assert(t, errdefs.IsInvalidArgument(s.Take(netip.MustParseAddr("10.1.0.1"))))
	_, err = NewSpace(netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("10.1.0.0/24"))
	assert.Assert(t, errdefs.IsInvalidArgument(err), "%v", err)
}

// Whatever is taken and given back, in whichever order: no address twice at a time, none from outside, none that is not free
// refused, and a full subnet only when it is full.
func TestSpaceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.IntRange(24, 32).Draw(t, "bits")
		subnet := netip.PrefixFrom(netip.MustParseAddr("10.1.2.0"), bits).Masked()
		if rapid.Bool().Draw(t, "six") {
			subnet = netip.PrefixFrom(netip.MustParseAddr("fd00::"), bits+96).Masked()
		}
		s, err := NewSpace(subnet, netip.Prefix{})
		if err != nil {
			t.Fatal(err)
		}
		capacity := 1 << (32 - bits)
		if bits <= 30 {
			capacity-- // its number
			if subnet.Addr().Is4() {
				capacity-- // its broadcast address
			}
		}
		held := map[netip.Addr]bool{}
		var order []netip.Addr
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				if len(order) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(order)-1).Draw(t, "which")
				s.Free(order[i])
				delete(held, order[i])
				order = append(order[:i], order[i+1:]...)
			default:
				a, err := s.Next()
				if err != nil {
					if len(held) != capacity {
						t.Fatalf("full at %d of %d: %v", len(held), capacity, err)
					}
					continue
				}
				if held[a] || !subnet.Contains(a) {
					t.Fatalf("%s was given wrongly", a)
				}
				if capacity > 2 && (a == subnet.Addr() || subnet.Addr().Is4() && a == Last(subnet)) {
					t.Fatalf("%s is not a host's address", a)
				}
				held[a] = true
				order = append(order, a)
			}
		}
	})
}

// A subnet of the pools is never one that overlaps with what is used.
func TestNextSubnetProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var used []netip.Prefix
		for range rapid.IntRange(0, 20).Draw(t, "n") {
			b := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")
			b[0], b[1] = 172, b[1]%32
			if b[3]%2 == 0 {
				b[0], b[1] = 192, 168
			}
			used = append(used, netip.PrefixFrom(netip.AddrFrom4([4]byte(b)), rapid.IntRange(10, 32).Draw(t, "bits")).Masked())
		}
		got, err := NextSubnet(DefaultPools(), used, false)
		if err != nil {
			return
		}
		for _, u := range used {
			if got.Overlaps(u) {
				t.Fatalf("%s overlaps %s", got, u)
			}
		}
	})
}
