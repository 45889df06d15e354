package server

import (
	"encoding/binary"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/plan"
	"tug/internal/plan/fork"
	"tug/internal/shim"
)

// process is one that the shim started: the container's first, or an exec.
type process struct {
	first   bool // the container's, not an exec
	streams shim.Streams
	pid     int
	started time.Time
	pty     *os.File // the master end of its terminal, or nil
	stdin   *os.File // nil: none, or closed
	inputs  sync.Mutex

	clients sync.Mutex // guards list
	list    []*client

	done chan struct{} // closed once it has ended, its output is read and exit is set
	exit shim.Exit
}

// client is an attached connection.
type client struct {
	conn *conn
	want shim.Attach
	tty  bool
	gone chan struct{} // closed once nothing more is written to it
	once sync.Once
}

func (c *client) leave() { c.once.Do(func() { close(c.gone) }) }

// streamOut and streamErr are the stream numbers in the head of a frame (Docker Engine API, "Stream format").
const (
	streamOut = 1
	streamErr = 2
)

// give writes a piece of output to the client, framed unless there is a terminal.
func (c *client) give(stream byte, p []byte) error {
	if c.tty {
		_, err := c.conn.Write(p)
		return err
	}
	frame := make([]byte, 8, 8+len(p))
	frame[0] = stream
	binary.BigEndian.PutUint32(frame[4:], uint32(len(p)))
	_, err := c.conn.Write(append(frame, p...))
	return err
}

// start carries out the plan; the process's output goes to the log, if it is the container's first, and to the clients
// that are attached by then.
func (s *Server) start(encoded []byte, st shim.Streams, regs *fork.Registers, first bool, pending []*client) (*process, []string, error) {
	p, err := plan.Decode(encoded)
	if err != nil {
		return nil, nil, err
	}
	ends, err := openStreams(st, regs)
	if err != nil {
		return nil, nil, err
	}
	proc := &process{first: first, streams: st, done: make(chan struct{}), list: pending, stdin: ends.stdin}
	for _, c := range pending {
		c.tty = st.Terminal
	}
	var started fork.Started
	end, err := s.reaper.start(func() (int, error) {
		started, err = fork.Start(p, regs)
		return started.Pid, err
	})
	ends.closeChild()
	if err != nil {
		ends.closeParent()
		return nil, nil, err
	}
	proc.pid, proc.started = started.Pid, time.Now()
	s.keepDevpts(started.Devpts)
	outputs := []output{{ends.stdout, streamOut}, {ends.stderr, streamErr}}
	if st.Terminal {
		proc.pty = nonblocking(started.Pty)
		proc.stdin = proc.pty
		proc.resize(st.Height, st.Width)
		outputs = []output{{proc.pty, streamOut}}
	}
	go proc.run(outputs, end, s)
	for _, c := range pending {
		go proc.input(c)
	}
	return proc, started.Warnings, nil
}

// sink takes a process's output beside the clients: the log.
type sink interface{ Write(p []byte) (int, error) }

type output struct {
	file   *os.File
	stream byte
}

// afterExit is how long output is still read once its process has ended while another process holds the stream open.
const afterExit = 250 * time.Millisecond

// run reads the outputs until the process has ended and they are empty, then tells how it ended.
func (p *process) run(outputs []output, end <-chan ended, s *Server) {
	var readers sync.WaitGroup
	for _, o := range outputs {
		readers.Go(func() { p.pump(o, s.sink(p, o.stream)) })
	}
	e := <-end
	drained := make(chan struct{})
	go func() {
		readers.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-time.After(afterExit):
		for _, o := range outputs {
			o.file.SetReadDeadline(time.Now())
		}
		<-drained
	}
	for _, o := range outputs {
		o.file.Close()
	}
	p.closeStdin()
	p.exit = shim.Exit{Code: e.code, At: e.at}
	s.ended(p)
	p.clients.Lock()
	close(p.done)
	list := p.list
	p.list = nil
	p.clients.Unlock()
	for _, c := range list {
		c.leave()
	}
}

// pump copies one output to the sink and to every client that wants it. A client that does not read holds the process
// up, as a full pipe would; one that is gone is forgotten.
func (p *process) pump(o output, to sink) {
	buf := make([]byte, 32<<10)
	for {
		n, err := o.file.Read(buf)
		if n > 0 {
			if to != nil {
				to.Write(buf[:n])
			}
			for _, c := range p.wanting(o.stream) {
				if c.give(o.stream, buf[:n]) != nil {
					p.forget(c)
				}
			}
		}
		if err != nil { // a terminal gives EIO once its last user is gone
			return
		}
	}
}

func (p *process) wanting(stream byte) []*client {
	p.clients.Lock()
	defer p.clients.Unlock()
	var list []*client
	for _, c := range p.list {
		if stream == streamOut && c.want.Stdout || stream == streamErr && c.want.Stderr {
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

// attach adds a client; its gone channel is closed when the process has ended.
func (p *process) attach(c *client) {
	c.tty = p.streams.Terminal
	p.clients.Lock()
	defer p.clients.Unlock()
	select {
	case <-p.done:
		c.leave()
	default:
		p.list = append(p.list, c)
		go p.input(c)
	}
}

// input copies what a client sends to the process, until the client closes its side.
func (p *process) input(c *client) {
	buf := make([]byte, 4096)
	for {
		n, err := c.conn.Read(buf)
		if n > 0 && c.want.Stdin && !p.feed(buf[:n]) {
			c.want.Stdin = false
		}
		if err != nil {
			break
		}
	}
	if c.want.Stdin && p.streams.StdinOnce && !p.streams.Terminal {
		p.closeStdin()
	}
}

func (p *process) feed(b []byte) bool {
	p.inputs.Lock()
	f := p.stdin
	p.inputs.Unlock()
	if f == nil {
		return false
	}
	_, err := f.Write(b)
	return err == nil
}

func (p *process) closeStdin() {
	p.inputs.Lock()
	defer p.inputs.Unlock()
	if p.stdin != nil {
		p.stdin.Close()
		p.stdin = nil
	}
}

func (p *process) resize(height, width int) {
	if p.pty == nil || height == 0 && width == 0 {
		return
	}
	if raw, err := p.pty.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) {
			unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(height), Col: uint16(width)})
		})
	}
}
