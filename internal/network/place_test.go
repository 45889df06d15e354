package network

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
	"gotest.tools/v3/assert"

	"tug/internal/network/rtnl"
)

// place is a network namespace.
type place struct {
	ns   *os.File
	home *os.File
}

// newPlace makes an empty network namespace that lives until the test ends.
func newPlace(t testing.TB) *place {
	t.Helper()
	p, err := makePlace()
	assert.NilError(t, err)
	t.Cleanup(p.close)
	return p
}

func makePlace() (*place, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := rtnl.Namespace()
	if err != nil {
		return nil, err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	ns, err := rtnl.Namespace()
	return &place{ns, home}, errors.Join(err, netns.Set(netns.NsHandle(home.Fd())))
}

func (p *place) close() {
	_ = p.ns.Close()
	_ = p.home.Close()
}

// do runs fn inside.
func (p *place) do(t testing.TB, fn func() error) {
	t.Helper()
	assert.NilError(t, rtnl.Inside(p.ns, p.home, fn))
}

// here is the host itself.
func here(t *testing.T) *place {
	ns, err := rtnl.Namespace()
	assert.NilError(t, err)
	home, err := rtnl.Namespace()
	assert.NilError(t, err)
	p := &place{ns, home}
	t.Cleanup(p.close)
	return p
}

// serve answers on a TCP port inside with the place's word and the caller's address.
func (p *place) serve(t *testing.T, addr, word string) {
	t.Helper()
	p.do(t, func() error {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = fmt.Fprintf(c, "%s %s\n", word, c.RemoteAddr())
				_ = c.Close()
			}
		}()
		return nil
	})
}

// serveUDP does the same for datagrams.
func (p *place) serveUDP(t *testing.T, addr, word string) {
	t.Helper()
	p.do(t, func() error {
		c, err := net.ListenPacket("udp", addr)
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = c.Close() })
		go func() {
			b := make([]byte, 1500)
			for {
				_, from, err := c.ReadFrom(b)
				if err != nil {
					return
				}
				_, _ = c.WriteTo([]byte(word+" "+from.String()+"\n"), from)
			}
		}()
		return nil
	})
}

// How long to wait for an answer that must come, and for one that must not.
const (
	patience   = 5 * time.Second
	impatience = 400 * time.Millisecond
)

// ask connects from inside and returns what is answered: a word, and the address as which the caller was seen.
func (p *place) ask(network, addr string, wait time.Duration) (word, seen string, err error) {
	err = rtnl.Inside(p.ns, p.home, func() error {
		d := net.Dialer{Timeout: wait}
		if network == "udp" {
			d.Timeout = 0
		}
		c, err := d.Dial(network, addr)
		if err != nil {
			return err
		}
		defer c.Close()
		if network == "udp" {
			if _, err := io.WriteString(c, "?"); err != nil {
				return err
			}
		}
		_ = c.SetReadDeadline(time.Now().Add(wait))
		line, err := bufio.NewReader(c).ReadString('\n')
		word, seen, _ = strings.Cut(strings.TrimSpace(line), " ")
		return err
	})
	return word, seen, err
}

// retries connects from inside and returns how many packets the kernel had to send again.
func (p *place) retries(t *testing.T, addr string) (n int) {
	t.Helper()
	p.do(t, func() error {
		c, err := net.DialTimeout("tcp", addr, patience)
		if err != nil {
			return err
		}
		defer c.Close()
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			return err
		}
		var info *unix.TCPInfo
		if ctlErr := raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) }); ctlErr != nil {
			return ctlErr
		}
		if err == nil {
			n = int(info.Total_retrans)
		}
		return err
	})
	return n
}

// reaches asserts that a service answers, and returns the caller's address as the service sees it, without its port.
func (p *place) reaches(t *testing.T, network, addr, want string) string {
	t.Helper()
	word, seen, err := p.ask(network, addr, patience)
	assert.NilError(t, err, "%s %s", network, addr)
	assert.Equal(t, word, want)
	return netip.MustParseAddrPort(seen).Addr().String()
}

// fails asserts that nothing answers.
func (p *place) fails(t *testing.T, network, addr string) {
	t.Helper()
	word, _, err := p.ask(network, addr, impatience)
	assert.Assert(t, err != nil, "%s %s was answered by %q", network, addr, word)
}

// readLine reads one datagram, or "" when none comes.
func readLine(c net.Conn) string {
	b := make([]byte, 1500)
	_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	n, _ := c.Read(b)
	return string(b[:n])
}
