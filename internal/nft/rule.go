package nft

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// part is a piece of a rule: nft's words for it, and the kernel's instructions.
type part struct {
	words string
	exprs []expr.Any
}

// rule is its parts, one after the other; the first that does not match ends it.
type rule []part

func (r rule) String() string {
	words := make([]string, len(r))
	for i, p := range r {
		words[i] = p.words
	}
	return strings.Join(words, " ")
}

func (r rule) exprs() []expr.Any {
	var all []expr.Any
	for _, p := range r {
		all = append(all, p.exprs...)
	}
	return all
}

// Registers as the kernel numbers them: four of 16 bytes from 1 on, and the same memory again as 4-byte words from 8 on.
const (
	regWhole = 1
	regWord  = 8
)

const (
	natDone   = 1 << 5 // IPS_DST_NAT of the kernel's ip_conntrack_status
	typeLocal = unix.RTN_LOCAL
)

func iifname(name string) part {
	return part{`iifname "` + name + `"`, compareName(expr.MetaKeyIIFNAME, expr.CmpOpEq, name)}
}

func oifnameNot(name string) part {
	return part{`oifname != "` + name + `"`, compareName(expr.MetaKeyOIFNAME, expr.CmpOpNeq, name)}
}

func compareName(k expr.MetaKey, op expr.CmpOp, name string) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: k, Register: regWhole},
		&expr.Cmp{Op: op, Register: regWhole, Data: nameBytes(name)},
	}
}

// nameBytes is an interface name as the kernel compares it: 16 bytes, padded with zeros.
func nameBytes(name string) []byte {
	b := make([]byte, unix.IFNAMSIZ)
	copy(b, name)
	return b
}

func iifnameIn(set string) part { return nameIn("iifname", expr.MetaKeyIIFNAME, set) }
func oifnameIn(set string) part { return nameIn("oifname", expr.MetaKeyOIFNAME, set) }

func nameIn(word string, k expr.MetaKey, set string) part {
	return part{word + " @" + set, []expr.Any{
		&expr.Meta{Key: k, Register: regWhole},
		&expr.Lookup{SourceRegister: regWhole, SetName: set},
	}}
}

func iifnameVmap(m string) part { return nameVmap("iifname", expr.MetaKeyIIFNAME, m) }
func oifnameVmap(m string) part { return nameVmap("oifname", expr.MetaKeyOIFNAME, m) }

func nameVmap(word string, k expr.MetaKey, m string) part {
	return part{word + " vmap @" + m, []expr.Any{
		&expr.Meta{Key: k, Register: regWhole},
		&expr.Lookup{SourceRegister: regWhole, SetName: m, DestRegister: 0, IsDestRegSet: true},
	}}
}

func saddr(p netip.Prefix) part { return address("saddr", p, 12, 8) }
func daddr(p netip.Prefix) part { return address("daddr", p, 16, 24) }

// address matches a header's address field, at its offset in an IPv4 or IPv6 header, against a subnet.
func address(word string, p netip.Prefix, offset4, offset6 uint32) part {
	f := familyOf(p.Addr())
	offset := offset4
	if f == ip6 {
		offset = offset6
	}
	size := uint32(p.Addr().BitLen() / 8)
	mask := make([]byte, size)
	for i := range p.Bits() {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	exprs := append(f.isProtocol(), &expr.Payload{DestRegister: regWhole, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: size})
	if p.Bits() < p.Addr().BitLen() {
		exprs = append(exprs, &expr.Bitwise{SourceRegister: regWhole, DestRegister: regWhole, Len: size, Mask: mask, Xor: make([]byte, size)})
	}
	text := p.String()
	if p.IsSingleIP() {
		text = p.Addr().String()
	}
	return part{f.word + " " + word + " " + text, append(exprs, &expr.Cmp{Op: expr.CmpOpEq, Register: regWhole, Data: p.Masked().Addr().AsSlice()})}
}

func established() part {
	return part{"ct state established,related", ctHas(expr.CtKeySTATE, expr.CtStateBitESTABLISHED|expr.CtStateBitRELATED)}
}

// published matches packets whose destination some rule has translated: they came for a published port.
func published() part { return part{"ct status dnat", ctHas(expr.CtKeySTATUS, natDone)} }

func ctHas(k expr.CtKey, bits uint32) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: k, Register: regWhole},
		&expr.Bitwise{SourceRegister: regWhole, DestRegister: regWhole, Len: 4, Mask: native(bits), Xor: native(0)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: regWhole, Data: native(0)},
	}
}

func native(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// toThisHost matches packets to an address that this host has.
func toThisHost() part {
	return part{"fib daddr type local", []expr.Any{
		&expr.Fib{Register: regWhole, FlagDADDR: true, ResultADDRTYPE: true},
		&expr.Cmp{Op: expr.CmpOpEq, Register: regWhole, Data: native(typeLocal)},
	}}
}

func verdict(word string, k expr.VerdictKind) part {
	return part{word, []expr.Any{&expr.Verdict{Kind: k}}}
}

func accept() part     { return verdict("accept", expr.VerdictAccept) }
func drop() part       { return verdict("drop", expr.VerdictDrop) }
func giveBack() part   { return verdict("return", expr.VerdictReturn) }
func masquerade() part { return part{"masquerade", []expr.Any{&expr.Masq{}}} }
