package nft

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
)

// set is a named set, or a map if it has data.
type set struct {
	name     string
	key      nftables.SetDatatype
	data     nftables.SetDatatype // zero: a set
	concat   bool                 // the key is several fields
	elements []element
}

// element is one entry, in nft's words and the kernel's.
type element struct {
	words string
	nftables.SetElement
}

func nameElement(name string) element {
	return element{words: `"` + name + `"`, SetElement: nftables.SetElement{Key: nameBytes(name)}}
}

// object is the library's view of the set.
func (s set) object(t *nftables.Table) *nftables.Set {
	object := &nftables.Set{
		Table: t, Name: s.name, KeyType: s.key, DataType: s.data,
		IsMap: s.data != nftables.SetDatatype{}, Concatenation: s.concat,
	}
	if s.key == nftables.TypeIFName {
		object.KeyByteOrder = binaryutil.NativeEndian // only for nft's listing, which shows empty names without it
	}
	return object
}

func (s set) raw() []nftables.SetElement {
	list := make([]nftables.SetElement, len(s.elements))
	for i, e := range s.elements {
		list[i] = e.SetElement
	}
	return list
}

// portSets are the four maps of published ports: by family, and by whether they are published on every address.
func portSets(ports []Port) []set {
	var list []set
	for _, f := range []family{ip4, ip6} {
		target := nftables.MustConcatSetType(f.address, nftables.TypeInetService)
		at := set{
			name: f.specific(), concat: true, data: target,
			key: nftables.MustConcatSetType(f.address, nftables.TypeInetProto, nftables.TypeInetService),
		}
		anywhere := set{
			name: f.anywhere(), concat: true, data: target,
			key: nftables.MustConcatSetType(nftables.TypeInetProto, nftables.TypeInetService),
		}
		for _, p := range ports {
			switch {
			case familyOf(p.HostIP).number != f.number:
			case p.HostIP.IsUnspecified():
				anywhere.elements = append(anywhere.elements, portElement(p))
			default:
				at.elements = append(at.elements, portElement(p))
			}
		}
		list = append(list, anywhere, at)
	}
	return list
}

// portElement is a published port as a map element. Every field of a key or value takes whole 4-byte words.
func portElement(p Port) element {
	number, _ := protocolNumber(p.Proto) // checked when the port came in
	var k []byte
	words := fmt.Sprintf("%s . %d : %s . %d", p.Proto, p.Host, p.To.Addr(), p.To.Port())
	if !p.HostIP.IsUnspecified() {
		k = append(k, p.HostIP.AsSlice()...)
		words = p.HostIP.String() + " . " + words
	}
	k = append(k, number, 0, 0, 0)
	k = append(k, portBytes(p.Host)...)
	return element{words: words, SetElement: nftables.SetElement{Key: k, Val: target(p.To)}}
}

func target(to netip.AddrPort) []byte { return append(to.Addr().AsSlice(), portBytes(to.Port())...) }

func portBytes(port uint16) []byte { return append(binary.BigEndian.AppendUint16(nil, port), 0, 0) }
