package rtnl

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unsafe"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// receiveSize holds the answers to every batch of this package: an acknowledgement takes 36 bytes, and the longest answer
// to a single question (a link with its statistics) stays well below it.
const receiveSize = 32 << 10

// Socket is a route netlink socket of the network namespace in which it was opened. It serves one caller at a time.
type Socket struct {
	fd  int
	seq uint32
	buf []byte
}

// Error is the kernel's answer to one request of a batch.
type Error struct {
	What  string // what the request was to do
	Errno unix.Errno
	Hint  string // the kernel's own words, where it has any
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %v", e.What, e.Errno)
	}
	return fmt.Sprintf("%s: %v (%s)", e.What, e.Errno, strings.TrimSuffix(e.Hint, "."))
}

// Unwrap lets errors.Is see the errno.
func (e *Error) Unwrap() error { return e.Errno }

// Open opens a socket in the calling thread's network namespace.
func Open() (*Socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open a route netlink socket: %w", err)
	}
	// Both only make answers shorter or clearer, so that a kernel without them does no harm.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1)
	return &Socket{fd: fd, buf: make([]byte, receiveSize)}, nil
}

// Close releases the descriptor.
func (s *Socket) Close() error { return unix.Close(s.fd) }

// Do sends the requests in one datagram and reads the answer to each. The kernel works through all of them in order, also
// after one has failed; the first failure is returned, as *Error.
func (s *Socket) Do(requests ...Request) error {
	return s.ask(func(unix.NlMsghdr, []byte) {}, requests...)
}

// ask is Do for questions: answer is called with what the kernel says to them.
func (s *Socket) ask(answer func(h unix.NlMsghdr, body []byte), requests ...Request) error {
	var datagram []byte
	first := s.seq + 1
	for _, r := range requests {
		s.seq++
		m := r.message
		m.Flags |= unix.NLM_F_REQUEST | unix.NLM_F_ACK
		m.Seq = s.seq
		datagram = append(datagram, m.Serialize()...)
	}
	if err := unix.Sendto(s.fd, datagram, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("%s: send to the kernel: %w", requests[0].what, err)
	}

	var failed error
	for acks := 0; acks < len(requests); {
		n, err := s.receive()
		if err == unix.EAGAIN {
			return fmt.Errorf("%s: the kernel left out an answer: %w", requests[0].what, unix.EINTR)
		}
		if err != nil {
			return fmt.Errorf("%s: read the kernel's answer: %w", requests[0].what, err)
		}
		err = eachMessage(s.buf[:n], func(h unix.NlMsghdr, body []byte) {
			i := int(h.Seq - first)
			if i < 0 || i >= len(requests) {
				return // the rest of an answer that an interrupted caller left behind
			}
			if h.Type != unix.NLMSG_ERROR || len(body) < 4 {
				answer(h, body)
				return
			}
			acks++
			errno := unix.Errno(-int32(binary.NativeEndian.Uint32(body)))
			if errno != 0 && failed == nil && !(errno == unix.EEXIST && requests[i].orThere) {
				failed = &Error{What: requests[i].what, Errno: errno, Hint: hint(h, body)}
			}
		})
		if err != nil {
			return err
		}
	}
	return failed
}

// receive reads what is there. The kernel works requests through while they are being sent, so that all answers are; to one
// that was interrupted it gives none (netlink_rcv_skb passes over EINTR), for which nobody must wait.
func (s *Socket) receive() (int, error) {
	for {
		n, _, err := unix.Recvfrom(s.fd, s.buf, unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// Index returns the index of the link with that name, without the lock that requests take. ENODEV: there is none.
func (s *Socket) Index(name string) (int, error) {
	r, err := unix.NewIfreq(name)
	if err != nil {
		return 0, fmt.Errorf("interface name %q: %w", name, err)
	}
	if err := ioctlIfreq(s.fd, unix.SIOCGIFINDEX, r); err != nil {
		return 0, err
	}
	return int(r.Uint32()), nil
}

func ioctlIfreq(fd int, request uintptr, r *unix.Ifreq) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(r)))
	if errno != 0 {
		return errno
	}
	return nil
}

// eachMessage walks through the messages of a datagram.
func eachMessage(b []byte, fn func(h unix.NlMsghdr, body []byte)) error {
	for len(b) >= unix.SizeofNlMsghdr {
		h := unix.NlMsghdr{
			Len:   binary.NativeEndian.Uint32(b[0:]),
			Type:  binary.NativeEndian.Uint16(b[4:]),
			Flags: binary.NativeEndian.Uint16(b[6:]),
			Seq:   binary.NativeEndian.Uint32(b[8:]),
		}
		if h.Len < unix.SizeofNlMsghdr || int(h.Len) > len(b) {
			return fmt.Errorf("the kernel's answer is cut short: %w", unix.EBADMSG)
		}
		fn(h, b[unix.SizeofNlMsghdr:h.Len])
		b = b[min(len(b), int(h.Len+3)&^3):]
	}
	return nil
}

// hint finds the kernel's explanation behind a negative acknowledgement (NLMSGERR_ATTR_MSG).
func hint(h unix.NlMsghdr, body []byte) string {
	const head = 4 + unix.SizeofNlMsghdr // the errno and the head of the refused request
	if h.Flags&unix.NLM_F_ACK_TLVS == 0 || len(body) <= head {
		return ""
	}
	rest := body[head:]
	if h.Flags&unix.NLM_F_CAPPED == 0 { // the whole request comes back first
		whole := 4 + int(binary.NativeEndian.Uint32(body[4:])+3)&^3
		if whole < head || whole > len(body) {
			return ""
		}
		rest = body[whole:]
	}
	attributes, err := nl.ParseRouteAttr(rest)
	if err != nil {
		return ""
	}
	for _, a := range attributes {
		if a.Attr.Type == nl.NLMSGERR_ATTR_MSG {
			return unix.ByteSliceToString(a.Value)
		}
	}
	return ""
}
