package server

import (
	"errors"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"tug/internal/frame"
)

// sink takes a process's output beside the clients: the log.
type sink interface{ Write(p []byte) (int, error) }

type output struct {
	file   *os.File
	stream byte
}

// pump copies one output to the sink and to every client that wants it. A client that does not read holds the process
// up, as a full pipe would; one that is gone is forgotten.
func (p *process) pump(o output, to sink) {
	buf := make([]byte, 32<<10)
	for {
		n, err := o.file.Read(buf)
		p.deliver(o.stream, buf[:n], to)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			p.rest(o, to, buf)
		}
		if err != nil { // a terminal gives EIO once its last user is gone
			return
		}
	}
}

// rest delivers what lies in a stream that is read no longer: on a busy machine that may be all of its output. It ends
// even if another process goes on writing.
func (p *process) rest(o output, to sink, buf []byte) {
	const most = 1 << 20 // bytes that a pipe can hold
	raw, err := o.file.SyscallConn()
	if err != nil {
		return
	}
	for left := most; left > 0; {
		n := 0
		raw.Control(func(fd uintptr) { n, _ = unix.Read(int(fd), buf) })
		if n <= 0 {
			return
		}
		p.deliver(o.stream, buf[:n], to)
		left -= n
	}
}

// deliver gives a piece of output to the sink and to the clients.
func (p *process) deliver(stream byte, b []byte, to sink) {
	if len(b) == 0 {
		return
	}
	if to != nil {
		to.Write(b)
	}
	for _, c := range p.wanting(stream) {
		if c.give(stream, b) != nil {
			p.forget(c)
		}
	}
}

func (p *process) wanting(stream byte) []*client {
	p.clients.Lock()
	defer p.clients.Unlock()
	var list []*client
	for _, c := range p.list {
		if stream == frame.Stdout && c.want.Stdout || stream == frame.Stderr && c.want.Stderr {
			list = append(list, c)
		}
	}
	return list
}

func (p *process) forget(c *client) {
	p.clients.Lock()
	p.list = slices.DeleteFunc(p.list, func(o *client) bool { return o == c })
	p.clients.Unlock()
	c.leave()
}
