package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/proc"
)

// listen opens the sockets on which the API is served. Clients that come before it is wait.
func (c *config) listen(log *slog.Logger) (listeners []net.Listener, err error) {
	defer func() {
		if err != nil {
			closeAll(listeners)
		}
	}()
	for _, h := range c.Hosts {
		scheme, address, ok := strings.Cut(h, "://")
		if !ok {
			return listeners, fmt.Errorf("-H %s: it is like unix:///path or tcp://127.0.0.1:2375", h)
		}
		var l net.Listener
		switch scheme {
		case "unix":
			l, err = c.listenUnix(address)
		case "tcp":
			l, err = listenTCP(address, log)
		case "fd":
			l, err = inherited()
		default:
			err = fmt.Errorf("scheme %s is unknown: it is unix, tcp or fd", scheme)
		}
		if err != nil {
			return listeners, fmt.Errorf("listen on %s: %w", h, err)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// listenUnix makes the socket, which root and one group may use. One that a daemon has left is replaced; one that a
// daemon serves is not.
func (c *config) listenUnix(path string) (net.Listener, error) {
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, errors.New("another daemon serves this socket: stop it first, or give another path with -H")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	old := unix.Umask(0o177)
	l, err := net.Listen("unix", path)
	unix.Umask(old)
	if err != nil {
		return nil, err
	}
	gid, err := c.groupID()
	if err == nil {
		err = errors.Join(os.Chown(path, 0, gid), os.Chmod(path, 0o660))
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// groupID is the group that may use the socket.
func (c *config) groupID() (int, error) {
	name := c.Group
	if name == "" {
		if g, err := user.LookupGroup("docker"); err == nil {
			return strconv.Atoi(g.Gid)
		}
		return 0, nil
	}
	if n, err := strconv.Atoi(name); err == nil {
		return n, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("--group %s: %w", name, err)
	}
	return strconv.Atoi(g.Gid)
}

// listenTCP serves without TLS on loopback alone: whoever reaches the API is root on this host.
func listenTCP(address string, log *slog.Logger) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ip := net.ParseIP(host)
	if host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, errors.New("without TLS the API is served on loopback addresses alone, since whoever reaches it is root here: give 127.0.0.1, or reach the unix socket through ssh")
	}
	log.Warn("the API is served over TCP: every user of this host can be root through it", "address", address)
	return net.Listen("tcp", address)
}

// inherited gives the socket that systemd has opened (sd_listen_fds(3)).
func inherited() (net.Listener, error) {
	const first = 3
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) || os.Getenv("LISTEN_FDS") == "" {
		return nil, errors.New("systemd has handed over no socket")
	}
	unix.CloseOnExec(first)
	return net.FileListener(os.NewFile(first, "systemd"))
}

// ready tells systemd that the daemon serves (sd_notify(3)).
func ready() {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if conn, err := net.Dial("unixgram", path); err == nil {
		conn.Write([]byte("READY=1"))
		conn.Close()
	}
}

// How long a daemon that runs may take to be gone, if it is just going, and one that was killed: that one waits for what the disk has of it.
const (
	pidPatience   = 2 * time.Second
	dyingPatience = 30 * time.Second
)

// writePid writes the daemon's pid, unless another daemon lives that has written its own; release removes it.
func writePid(path string) (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		other := otherDaemon(path)
		if other == nil {
			break
		}
		patience := pidPatience
		if isDying(other) {
			patience = dyingPatience
		}
		if time.Since(begun) > patience {
			return nil, fmt.Errorf("a daemon with the same pid file runs already: process %d (%s): stop it, or give other --pidfile, --data-root, --exec-root and -H", other.Pid, path)
		}
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		return nil, err
	}
	return func() { os.Remove(path) }, nil
}

// otherDaemon is the daemon that lives of which the pid file tells, nil if there is none: one that has ended and only waits for its parent's
// attention does not live.
func otherDaemon(path string) *proc.Process {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid == os.Getpid() {
		return nil
	}
	p, err := proc.Read(pid)
	if err != nil || p.Comm != "tugd" || p.State == 'Z' || p.State == 'X' {
		return nil
	}
	return p
}

// isDying tells whether a process has been killed, and cannot but end: it is on its way out, or SIGKILL waits for it.
func isDying(p *proc.Process) bool {
	const exiting = 0x4 // PF_EXITING in the kernel's linux/sched.h
	pending, err := strconv.ParseUint(p.Pending, 16, 64)
	return p.Flags&exiting != 0 || err == nil && pending&(1<<(unix.SIGKILL-1)) != 0
}
