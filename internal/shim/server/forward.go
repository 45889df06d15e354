package server

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// forwards are the sockets of published ports that the shim listens on. The kernel's packet rules lead connections to a container
// within a family of addresses; who comes by IPv6 to a container that has IPv4 alone is passed on here. Like all of the shim it
// does without package net, which would make each shim larger.
type forwards struct {
	listeners []*os.File
	accepting sync.WaitGroup
	ended     chan struct{} // closed when connections are accepted no more; nil: they never were
}

// begin listens on those of the held sockets that have an address to pass connections on to.
func (f *forwards) begin(held []int, to []string) error {
	if len(to) > 0 && len(to) != len(held) {
		return fmt.Errorf("%d addresses to pass connections on to for %d sockets", len(to), len(held))
	}
	for i, address := range to {
		if address == "" {
			continue
		}
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		l, err := listenOn(held[i])
		if err != nil {
			return fmt.Errorf("listen on the port for %s: %w", address, err)
		}
		if f.ended == nil {
			f.ended = make(chan struct{})
		}
		f.listeners = append(f.listeners, l)
		f.accepting.Go(func() { serveForward(l, target, f.ended) })
	}
	return nil
}

// end frees the ports. Connections that are being served end with the container's side, or with the shim.
func (f *forwards) end() {
	if f.ended == nil {
		return
	}
	close(f.ended)
	for _, l := range f.listeners {
		l.Close()
	}
	f.accepting.Wait()
}

// listenOn makes a listener of a socket that is bound. The socket's own descriptor stays as it is.
func listenOn(fd int) (*os.File, error) {
	for _, option := range []struct{ level, name, value int }{
		// Ended connections may still be on the port; while somebody listens, nobody else can have it either way.
		{unix.SOL_SOCKET, unix.SO_REUSEADDR, 1},
		// Connections have these from their listener: a client that is gone without a word is noticed.
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
	} {
		if err := unix.SetsockoptInt(fd, option.level, option.name, option.value); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(unix.SetNonblock(fd, true), unix.Listen(fd, unix.SOMAXCONN)); err != nil {
		return nil, err
	}
	second, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(second), "port"), nil
}

// serveForward serves a listener until it is closed.
func serveForward(l *os.File, to netip.AddrPort, ended <-chan struct{}) {
	for {
		client, err := accept(l)
		if err == nil {
			go pass(client.File, to)
			continue
		}
		select {
		case <-ended:
			return
		case <-time.After(20 * time.Millisecond): // too many files are open: that passes
		}
	}
}

// pass joins a client to the container. Where nobody answers there, the client's connection is reset, as it would be without us.
func pass(client *os.File, to netip.AddrPort) {
	defer client.Close()
	inside, err := dial(to)
	if err != nil {
		_ = control(client, func(fd int) error {
			return unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		})
		return
	}
	defer inside.Close()
	var sent sync.WaitGroup
	sent.Go(func() { copyHalf(inside, client) })
	copyHalf(client, inside)
	sent.Wait()
}

// copyHalf copies one direction to its end, which it passes on. Whoever cannot be written to any more is not read for.
func copyHalf(to, from *os.File) {
	if _, err := io.Copy(to, from); err != nil {
		_ = control(from, func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RD) })
	}
	_ = control(to, func(fd int) error { return unix.Shutdown(fd, unix.SHUT_WR) })
}

// dial connects to an address of the container.
func dial(to netip.AddrPort) (*os.File, error) {
	family, address := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Addr: to.Addr().As16(), Port: int(to.Port())})
	if to.Addr().Is4() {
		family, address = unix.AF_INET, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	err = unix.Connect(fd, address)
	conn := os.NewFile(uintptr(fd), to.String())
	if errors.Is(err, unix.EINPROGRESS) {
		err = awaitConnected(conn)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// awaitConnected waits until a connection is there, or has failed.
func awaitConnected(conn *os.File) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		number, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		switch {
		case err != nil:
			failed = err
		case number != 0:
			failed = syscall.Errno(number)
		default:
			_, err := unix.Getpeername(int(fd))
			return err == nil
		}
		return true
	})
	return errors.Join(err, failed)
}

// control does something to a socket that only its descriptor allows.
func control(conn *os.File, f func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = f(int(fd)) })
	return errors.Join(err, failed)
}
