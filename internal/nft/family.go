package nft

import (
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// family is an address family as rules see it.
type family struct {
	word     string // ip, ip6
	suffix   string // of the names of its maps
	number   byte   // NFPROTO_*
	words    uint32 // length of an address in 4-byte registers
	offset   uint32 // of the destination address in the header
	loopback netip.Prefix
	address  nftables.SetDatatype
}

var (
	ip4 = family{"ip", "4", unix.NFPROTO_IPV4, 1, 16, netip.MustParsePrefix("127.0.0.0/8"), nftables.TypeIPAddr}
	ip6 = family{"ip6", "6", unix.NFPROTO_IPV6, 4, 24, netip.MustParsePrefix("::1/128"), nftables.TypeIP6Addr}
)

func familyOf(a netip.Addr) family {
	if a.Is4() {
		return ip4
	}
	return ip6
}

// isProtocol makes a rule of the mixed table look at this family's packets only; nft leaves it out of its listing.
func (f family) isProtocol() []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: regWhole},
		&expr.Cmp{Op: expr.CmpOpEq, Register: regWhole, Data: []byte{f.number}},
	}
}

// anywhere names the map of ports published on every address, specific the one of those on a certain address.
func (f family) anywhere() string { return "published" + f.suffix }
func (f family) specific() string { return "published-at" + f.suffix }

// translateAny sends what comes for a port published on every address to its container.
func (f family) translateAny() part {
	const proto, port = regWord, regWord + 1
	exprs := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: proto},
		loadPort(port),
	}
	return part{"dnat " + f.word + " to meta l4proto . th dport map @" + f.anywhere(), append(exprs, f.translate(f.anywhere())...)}
}

// translateAt does the same for ports published on one address.
func (f family) translateAt() part {
	address, proto, port := uint32(regWord), regWord+f.words, regWord+f.words+1
	exprs := []expr.Any{
		&expr.Payload{DestRegister: address, Base: expr.PayloadBaseNetworkHeader, Offset: f.offset, Len: 4 * f.words},
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: proto},
		loadPort(port),
	}
	return part{
		"dnat " + f.word + " to " + f.word + " daddr . meta l4proto . th dport map @" + f.specific(),
		append(append(f.isProtocol(), exprs...), f.translate(f.specific())...),
	}
}

func loadPort(register uint32) expr.Any {
	return &expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2}
}

// translate looks the key up that lies in the registers and sends the packet to the address and port found.
func (f family) translate(m string) []expr.Any {
	return []expr.Any{
		&expr.Lookup{SourceRegister: regWord, SetName: m, DestRegister: regWord, IsDestRegSet: true},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: uint32(f.number), RegAddrMin: regWord, RegProtoMin: regWord + f.words},
	}
}
