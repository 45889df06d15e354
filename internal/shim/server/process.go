package server

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/frame"
	"tug/internal/plan"
	"tug/internal/plan/fork"
	"tug/internal/shim"
)

// process is one that the shim started: the container's first, or an exec.
type process struct {
	first   bool // the container's, not an exec
	streams shim.Streams
	note    []byte // what the daemon said of an exec
	pid     int
	started time.Time
	pty     *os.File // the master end of its terminal, or nil
	stdin   *os.File // nil: none, or closed
	inputs  sync.Mutex

	handles sync.Mutex // guards pidfd
	pidfd   int        // -1: it has ended

	clients sync.Mutex // guards list
	list    []*client

	over chan struct{} // closed once it has ended
	done chan struct{} // closed once it has ended, its output is read and exit is set
	exit shim.Exit
}

// start carries out the plan; the process's output goes to the log, if it is the container's first, and to the clients
// that are attached by then.
func (s *Server) start(encoded []byte, st shim.Streams, regs *fork.Registers, first bool, pending []*client) (*process, []string, error) {
	p, err := plan.Decode(encoded)
	if err != nil {
		return nil, nil, err
	}
	ends, err := openStreams(st, regs, hostNull)
	if err != nil {
		return nil, nil, err
	}
	var started fork.Started
	end, pidfd, err := s.reaper.start(func() (int, error) {
		started, err = fork.Start(p, regs)
		return started.Pid, err
	})
	ends.closeChild()
	if err != nil {
		ends.closeParent()
		return nil, nil, err
	}
	s.keepDevpts(started.Devpts)
	return s.follow(child{started.Pid, pidfd, started.Pty, end}, ends, st, first, pending), started.Warnings, nil
}

// child is a process that was just started.
type child struct {
	pid, pidfd int
	pty        int // the master end of its terminal, if it has one
	end        <-chan ended
}

// follow reads what a process writes, and sees to it until it ends.
func (s *Server) follow(c child, ends *ends, st shim.Streams, first bool, pending []*client) *process {
	proc := &process{
		first: first, streams: st, over: make(chan struct{}), done: make(chan struct{}), list: pending, stdin: ends.stdin,
		pid: c.pid, pidfd: c.pidfd, started: time.Now(),
	}
	for _, c := range pending {
		c.tty = st.Terminal
	}
	outputs := []output{{ends.stdout, frame.Stdout}, {ends.stderr, frame.Stderr}}
	if st.Terminal {
		proc.pty = nonblocking(c.pty)
		proc.stdin = proc.pty
		proc.resize(st.Height, st.Width)
		outputs = []output{{proc.pty, frame.Stdout}}
	}
	go proc.run(outputs, c.end, s)
	for _, c := range pending {
		go proc.input(c)
	}
	return proc
}

// afterExit is how long output is still read once its process has ended while another process holds the stream open;
// unread is when clients that do not read no longer hold that up.
const (
	afterExit = 250 * time.Millisecond
	unread    = 100 * time.Millisecond
)

// run reads the outputs until the process has ended and they are empty, then tells how it ended.
func (p *process) run(outputs []output, end <-chan ended, s *Server) {
	var readers sync.WaitGroup
	for _, o := range outputs {
		readers.Go(func() { p.pump(o, s.sink(p, o.stream)) })
	}
	e := <-end
	p.exit = shim.Exit{Code: e.code, At: e.at}
	if p.first {
		s.noteExit(p)
	}
	close(p.over)
	drained := make(chan struct{})
	go func() {
		readers.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-time.After(unread):
		p.outrun()
		select {
		case <-drained:
		case <-time.After(afterExit - unread):
			for _, o := range outputs {
				o.file.SetReadDeadline(time.Now())
			}
			<-drained
		}
	}
	for _, o := range outputs {
		o.file.Close()
	}
	p.closeStdin()
	s.ended(p)
	p.clients.Lock()
	close(p.done)
	list := p.list
	p.list = nil
	p.clients.Unlock()
	p.release()
	for _, c := range list {
		if c.late {
			go c.finish()
		} else {
			c.leave()
		}
	}
}

// ended tells whether the process has ended and its output is read.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// outrun lets the output be read to its end although some clients do not read it.
func (p *process) outrun() {
	p.clients.Lock()
	defer p.clients.Unlock()
	for _, c := range p.list {
		c.conn.SetWriteDeadline(time.Now())
	}
}

// release closes the pidfd of an exec. That of the container's first process stays, for execs under way.
func (p *process) release() {
	if p.first {
		return
	}
	p.handles.Lock()
	defer p.handles.Unlock()
	if p.pidfd >= 0 {
		unix.Close(p.pidfd)
		p.pidfd = -1
	}
}

// signal sends a signal to the process. Errors: ESRCH if it has ended.
func (p *process) signal(sig unix.Signal) error {
	p.handles.Lock()
	defer p.handles.Unlock()
	if p.pidfd < 0 {
		return unix.ESRCH
	}
	return unix.PidfdSendSignal(p.pidfd, sig, nil, 0)
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

// input copies what a client sends to the process, until the client closes its side, and forgets one that is gone.
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
	if c.conn.awaitHangup() == nil {
		p.forget(c)
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
