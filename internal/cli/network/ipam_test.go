package network

import (
	"net"
	"strings"
	"testing"

	"github.com/docker/cli/opts"
)

// withAddresses makes options of flags' values; auxiliary addresses are name=address.
func withAddresses(t *testing.T, subnets, ranges, gateways, auxiliary []string) *addressOptions {
	t.Helper()
	o := &addressOptions{driver: "default", subnets: subnets, options: *opts.NewMapOpts(nil, nil), auxiliary: *opts.NewMapOpts(nil, nil)}
	for _, value := range ranges {
		_, network, err := net.ParseCIDR(value)
		if err != nil {
			t.Fatal(err)
		}
		o.ranges = append(o.ranges, *network)
	}
	for _, value := range gateways {
		o.gateways = append(o.gateways, net.ParseIP(value))
	}
	for _, value := range auxiliary {
		if err := o.auxiliary.Set(value); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func TestAddressesGoToTheSubnetThatHoldsThem(t *testing.T) {
	o := withAddresses(t,
		[]string{"10.0.0.0/16", "fd00::/64"}, []string{"10.0.4.0/24"}, []string{"fd00::1", "10.0.0.1"}, []string{"router=10.0.0.9", "empty="})
	ipam, err := o.ipam()
	if err != nil {
		t.Fatal(err)
	}
	four, six := ipam.Config[0], ipam.Config[1]
	if four.Gateway.String() != "10.0.0.1" || four.IPRange.String() != "10.0.4.0/24" || four.AuxAddress["router"].String() != "10.0.0.9" {
		t.Errorf("%+v", four)
	}
	if six.Gateway.String() != "fd00::1" || six.IPRange.IsValid() || len(six.AuxAddress) != 0 {
		t.Errorf("%+v", six)
	}
}

func TestAddressesThatFitNoSubnetAreRefused(t *testing.T) {
	one := []string{"10.0.0.0/16"}
	two := []string{"10.0.0.0/16", "10.1.0.0/16"}
	for why, o := range map[string]*addressOptions{
		"every ip-range or gateway must have a corresponding subnet": withAddresses(t, nil, nil, []string{"10.0.0.1"}, nil),
		"multiple overlapping subnet configuration":                  withAddresses(t, []string{"10.0.0.0/8", "10.1.0.0/16"}, nil, nil, nil),
		"no matching subnet for gateway 11.0.0.1":                    withAddresses(t, one, nil, []string{"11.0.0.1"}, nil),
		"no matching subnet for range 11.0.0.0/24":                   withAddresses(t, one, []string{"11.0.0.0/24"}, nil, nil),
		"no matching subnet for aux-address 11.0.0.1":                withAddresses(t, one, nil, nil, []string{"a=11.0.0.1"}),
		"cannot configure multiple gateways":                         withAddresses(t, two, nil, []string{"10.0.0.1", "10.0.0.2"}, nil),
		"cannot configure multiple ranges":                           withAddresses(t, two, []string{"10.0.1.0/24", "10.0.2.0/24"}, nil, nil),
		"invalid subnet":                                             withAddresses(t, []string{"10.0.0.1"}, nil, nil, nil),
	} {
		if _, err := o.ipam(); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}
