package rtnl

import (
	"encoding/binary"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

const (
	// Of RFC 2863, as the kernel numbers them (linux/if.h).
	operUnknown, operUp = 0, 6
	// skipStatistics is RTEXT_FILTER_SKIP_STATS.
	skipStatistics = 1 << 3
	// patience is how long Ready waits for one link. Where the kernel can be asked to hurry it never waits at all.
	patience = 100 * time.Millisecond
)

// Ready returns when the links carry packets. A link that has just come up, and the bridge that it belongs to, drop them until a
// kernel thread has seen the change, and who sent the first one waits a second for its second try. Since Linux 6.8 the
// question for a link's state makes the kernel do that work at once; before, it is asked until it has.
// Ready gives up after a while without an error: the links come up by themselves.
func (s *Socket) Ready(links ...int) error {
	for _, index := range links {
		for wait, waited := 50*time.Microsecond, time.Duration(0); ; wait *= 2 {
			up, err := s.operational(index)
			if err != nil {
				return err
			}
			if up || waited > patience {
				break
			}
			time.Sleep(wait)
			waited += wait
		}
	}
	return nil
}

// operational tells whether a link's operational state is up.
func (s *Socket) operational(index int) (up bool, err error) {
	r := newRequest(unix.RTM_GETLINK, 0, "ask for the state of link %d", index)
	r.message.AddData(linkMessage(index, false))
	r.message.AddData(nl.NewRtAttr(unix.IFLA_EXT_MASK, nl.Uint32Attr(skipStatistics)))
	err = s.ask(func(h unix.NlMsghdr, body []byte) {
		if h.Type == unix.RTM_NEWLINK {
			up = up || operationalState(body)
		}
	}, r)
	return up, err
}

// operationalState reads the state out of a message about a link.
func operationalState(body []byte) bool {
	const head = unix.SizeofIfInfomsg
	for b := body[min(head, len(body)):]; len(b) >= unix.SizeofRtAttr; {
		size, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
		if size < unix.SizeofRtAttr || size > len(b) {
			return false
		}
		if kind == unix.IFLA_OPERSTATE && size > unix.SizeofRtAttr {
			state := b[unix.SizeofRtAttr]
			return state == operUp || state == operUnknown
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return false
}
