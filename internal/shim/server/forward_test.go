package server_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"tug/internal/shim"
)

// boundTo is a socket that is bound to a free port of [::1] and does not listen, and the port's address.
func boundTo(t *testing.T) (*os.File, string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skip("needs IPv6: ", err)
	}
	held := os.NewFile(uintptr(fd), "port")
	t.Cleanup(func() { held.Close() })
	if err := unix.Bind(fd, &unix.SockaddrInet6{Addr: [16]byte{15: 1}}); err != nil {
		t.Skip("needs [::1]: ", err)
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return held, (&net.TCPAddr{IP: net.IPv6loopback, Port: bound.(*unix.SockaddrInet6).Port}).String()
}

// Connections to a held port are passed on, each side's end too, and the port is free when the container has ended.
func TestHeldPortsArePassedOn(t *testing.T) {
	inside, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	go func() {
		for {
			conn, err := inside.Accept()
			if err != nil {
				return
			}
			all, _ := io.ReadAll(conn) // until the client has closed its half
			io.WriteString(conn, "got "+string(all))
			conn.Close()
		}
	}()
	b := start(t)
	forwarded, address := boundTo(t)
	silent, elsewhere := boundTo(t)
	b.held, b.forwards = []*os.File{silent, forwarded}, []string{"", inside.Addr().String()}
	b.run("read line", shim.Streams{Stdin: true})
	forwarded.Close() // the shim's alone now
	silent.Close()

	before := b.descriptors()
	for _, text := range []string{"one", "two"} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, text)
		conn.(*net.TCPConn).CloseWrite()
		if answer, err := io.ReadAll(conn); string(answer) != "got "+text || err != nil {
			t.Errorf("%q, %v", answer, err)
		}
		conn.Close()
	}
	eventually(t, "descriptors are as many as before", func() bool { return b.descriptors() <= before })
	if _, err := net.Dial("tcp", elsewhere); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("a port that is only held: %v", err)
	}
	if _, err := net.Listen("tcp", address); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("a port that is taken: %v", err)
	}

	inside.Close() // nobody answers in the container
	conn, err := net.Dial("tcp", address)
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	if !errors.Is(err, unix.ECONNRESET) {
		t.Errorf("without a server inside: %v", err)
	}

	io.WriteString(b.attach(shim.Attach{Stdin: true}), "the line\n")
	b.wait("")
	if _, err := net.Dial("tcp", address); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("after the container's end: %v", err)
	}
}

func TestForwardsMustFitTheSockets(t *testing.T) {
	b := start(t)
	if _, err := b.Run(t.Context(), &shim.Run{Container: "c1", Forwards: []string{"127.0.0.1:1"}}, nil); err == nil {
		t.Error("a forward without a socket was taken")
	}
}
