package network

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"tug/internal/nft"
)

// Drivers.
const (
	DriverBridge = "bridge"
	DriverHost   = "host"
	DriverNone   = "null"
)

// Names of the networks that are always there.
const (
	NameBridge = "bridge"
	NameHost   = "host"
	NameNone   = "none"
)

// Options of a bridge network, by the names that people know from Docker.
const (
	OptionBridgeName = "com.docker.network.bridge.name"                 // name of the interface
	OptionICC        = "com.docker.network.bridge.enable_icc"           // false: containers do not reach each other
	OptionMasquerade = "com.docker.network.bridge.enable_ip_masquerade" // false: outgoing packets keep the container's address
	OptionMTU        = "com.docker.network.driver.mtu"                  // bytes
)

const defaultMTU = 1500 // bytes

// Network is what is recorded of a network.
type Network struct {
	ID         string // 64 hexadecimal digits
	Name       string
	Driver     string
	Scope      string // always "local"
	Internal   bool   // no way out, and no published ports
	Attachable bool
	IPv6       bool
	Subnets    []Subnet
	Options    map[string]string
	Labels     map[string]string
	Created    time.Time
	Link       string // interface name of the bridge
}

// Subnet is a range of addresses of a network.
type Subnet struct {
	Subnet  netip.Prefix
	Gateway netip.Addr            // this host's address in it
	Range   netip.Prefix          // where containers' addresses are picked; zero: anywhere in the subnet
	Aux     map[string]netip.Addr // addresses that are never given to a container, by what has them
}

// Records keeps networks across restarts of the daemon and the host.
type Records interface {
	Load() ([]Network, error)
	Put(Network) error
	Delete(id string) error
}

// Predefined tells whether the network is one that is always there.
func (n Network) Predefined() bool {
	return n.Name == NameBridge || n.Name == NameHost || n.Name == NameNone
}

// clone returns a copy that shares nothing with the original.
func (n Network) clone() Network {
	n.Subnets = slices.Clone(n.Subnets)
	for i := range n.Subnets {
		n.Subnets[i].Aux = maps.Clone(n.Subnets[i].Aux)
	}
	n.Options, n.Labels = maps.Clone(n.Options), maps.Clone(n.Labels)
	return n
}

// mtu is the largest packet of the network, in bytes.
func (n Network) mtu() int {
	if v, err := strconv.Atoi(n.Options[OptionMTU]); err == nil && v > 0 {
		return v
	}
	return defaultMTU
}

// walled tells whether the network's containers are kept from each other.
func (n Network) walled() bool { return off(n.Options[OptionICC]) }

func off(option string) bool {
	v, err := strconv.ParseBool(option)
	return err == nil && !v
}

// rules are the network's part of the packet rules.
func (n Network) rules() nft.Bridge {
	b := nft.Bridge{Name: n.Link, Internal: n.Internal, Walled: n.walled(), Routed: off(n.Options[OptionMasquerade])}
	for _, s := range n.Subnets {
		b.Subnets = append(b.Subnets, s.Subnet)
	}
	return b
}

// newID returns 64 random hexadecimal digits.
func newID() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
