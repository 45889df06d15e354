// Package server is the shim's side of package shim: it holds a container's processes. It is linked into tug-shim
// alone, of which a thousand may run on a host, so it takes in little: not the package net, no JSON.
package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"tug/internal/frame"
	"tug/internal/logs"
	"tug/internal/plan"
	"tug/internal/plan/fork"
	"tug/internal/shim"
)

// Options are what a shim is started with.
type Options struct {
	Dir     string   // its folder
	IDBase  uint32   // first id of the user namespace to make; 0: none
	Network bool     // make a network namespace
	Owner   string   // path of the user namespace that the network belongs to, if there is no new one; "": this one
	Leash   *os.File // a socket to the daemon: the shim says there that it is ready; while it has no container it ends with it
}

// Server holds one container.
type Server struct {
	dir           string
	userNS, netNS int
	reaper        *reaper

	// These are set by begin before the container's process is started, and read only after that.
	log       *logs.Writer
	oomFile   string
	oomBefore string
	words     sync.WaitGroup // the exit file is being written
	forwards  forwards

	mu        sync.Mutex // guards all below
	container string
	leashed   bool     // the container ends with the daemon
	lost      bool     // the daemon is gone
	runtime   *runtime // to which the container was handed over; nil: it was not
	main      *process
	execs     map[string]*process
	pending   map[string][]*client // attached to a process that is not started yet
	devpts    int
	mounts    int           // the container's mount namespace; see keepMounts
	held      []int         // sockets that keep published ports
	open      int           // connections that are being served
	served    chan struct{} // closed with the last of them; nil while the shim is not about to end
}

// Serve makes the namespaces, says that it is ready and serves until its container has ended or it is told to quit.
func Serve(o Options) error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become a subreaper: %w", err)
	}
	unix.Umask(0) // modes in a plan are meant as they stand
	s := &Server{dir: o.Dir, reaper: newReaper(), execs: map[string]*process{}, pending: map[string][]*client{}}
	var err error
	if o.Owner != "" {
		s.netNS, err = fork.NetworkIn(o.Owner)
	} else {
		s.userNS, s.netNS, err = fork.Namespaces(o.IDBase, o.Network)
	}
	if err != nil {
		return err
	}
	l, err := listen(filepath.Join(o.Dir, "sock"))
	if err != nil {
		return err
	}
	if o.Leash != nil {
		h := s.hello()
		if err := shim.WriteMessage(o.Leash, shim.KindOK, h.Encode()); err != nil {
			return fmt.Errorf("say that the shim is ready: %w", err)
		}
		go s.watchLeash(o.Leash)
	}
	for {
		c, err := accept(l)
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		s.count(1)
		go s.serve(c)
	}
}

// watchLeash ends the shim if its daemon goes while there is no container to live for, or one that is to end with the daemon.
func (s *Server) watchLeash(leash *os.File) {
	var b [1]byte
	leash.Read(b[:])
	leash.Close()
	s.mu.Lock()
	idle, leashed, main := s.container == "", s.leashed, s.main
	s.lost = true
	s.mu.Unlock()
	switch {
	case idle:
		s.quit()
	case leashed && main != nil: // else begin sees to it
		main.signal(unix.SIGKILL)
	}
}

func (s *Server) quit() {
	if rt := s.handed(); rt != nil {
		rt.stop()
	}
	os.Remove(filepath.Join(s.dir, "sock"))
	os.Exit(0)
}

// serve answers one request.
func (s *Server) serve(c *conn) {
	defer s.count(-1)
	defer c.Close()
	kind, body, err := shim.ReadMessage(c)
	if err != nil {
		return
	}
	answer, err := s.answer(c, kind, body)
	switch {
	case errors.Is(err, errServed):
	case err != nil:
		refuse(c, err)
	default:
		shim.WriteMessage(c, shim.KindOK, answer)
	}
}

// refuse answers that a request has failed.
func refuse(c *conn, err error) {
	told := &shim.Failure{Note: err.Error()}
	var f *fork.Failure
	if !errors.As(err, &told) && errors.As(err, &f) {
		told = &shim.Failure{Note: f.Note, Errno: int(f.Errno)}
	}
	shim.WriteMessage(c, shim.KindFail, shim.EncodeFailure(told))
}

// errServed tells that a request has been answered already.
var errServed = errors.New("served")

func (s *Server) answer(c *conn, kind byte, body []byte) ([]byte, error) {
	switch kind {
	case shim.KindHello:
		s.awaitEnd()
		h := s.hello()
		return h.Encode(), nil
	case shim.KindRun:
		return s.run(c, body)
	case shim.KindExec:
		return s.exec(c, body)
	case shim.KindAttach:
		return nil, s.attach(c, body)
	case shim.KindSignal:
		return nil, s.signal(body)
	case shim.KindResize:
		return nil, s.resize(body)
	case shim.KindWait:
		return s.wait(c, body)
	case shim.KindQuit:
		shim.WriteMessage(c, shim.KindOK, nil)
		s.quit()
	}
	return nil, fmt.Errorf("the shim knows no request of kind %d", kind)
}

// run starts the container. If that fails, the shim ends: what it has taken for the container is of no use for another.
func (s *Server) run(c *conn, body []byte) ([]byte, error) {
	r, err := shim.DecodeRun(body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.container != "" {
		s.mu.Unlock()
		return nil, fmt.Errorf("the shim already has container %s", s.container)
	}
	s.container, s.leashed, s.held, c.fds = r.Container, r.Leashed, c.fds, nil
	s.mu.Unlock()
	answer, err := s.begin(r)
	if err != nil {
		refuse(c, err)
		s.quit()
	}
	return answer, nil
}

// begin starts the container's first process.
func (s *Server) begin(r *shim.Run) (answer []byte, err error) {
	s.oomFile, s.oomBefore = r.OOMFile, readOOM(r.OOMFile)
	if r.Log.Path != "" {
		s.log, err = logs.OpenWriter(r.Log.Path, logs.Options{MaxSize: r.Log.MaxSize, MaxFiles: r.Log.MaxFiles, Compress: r.Log.Compress, Attrs: r.Log.Attrs})
		if err != nil {
			return nil, err
		}
	}
	if err := s.forwards.begin(s.held, r.Forwards); err != nil {
		return nil, err
	}
	var regs fork.Registers
	regs[plan.UserNS], regs[plan.NetNS] = s.userNS, s.netNS
	p, warnings, err := s.startFirst(r, &regs)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.main = p
	s.adoptPending("", p)
	orphan := s.leashed && s.lost
	s.mu.Unlock()
	if orphan {
		p.signal(unix.SIGKILL)
	}
	// The namespaces live on in the container.
	for _, fd := range []int{s.userNS, s.netNS} {
		if fd > 0 {
			unix.Close(fd)
		}
	}
	s.keepMounts(p.pid)
	go s.endWith(p)
	go s.settle(p)
	return shim.Proc{Pid: p.pid, Started: p.started, Warnings: warnings}.Encode(), nil
}

// startFirst starts the container's first process, itself or through a runtime of the host.
func (s *Server) startFirst(r *shim.Run, regs *fork.Registers) (*process, []string, error) {
	if r.Runtime != nil {
		return s.handOver(r, regs, s.take(""))
	}
	return s.start(r.Plan, r.Process, regs, true, s.take(""))
}

// sink gives what takes the output of a process beside its clients: the log, if it is the container's first.
func (s *Server) sink(p *process, stream byte) sink {
	if s.log == nil || !p.first {
		return nil
	}
	if stream == frame.Stderr {
		return s.log.Stream("stderr")
	}
	return s.log.Stream("stdout")
}

// take gives the clients that wait for a process.
func (s *Server) take(id string) []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.pending[id]
	delete(s.pending, id)
	return list
}

// adoptPending attaches the clients that came while the process was being started. The caller holds mu.
func (s *Server) adoptPending(id string, p *process) {
	for _, c := range s.pending[id] {
		p.attach(c)
	}
	delete(s.pending, id)
}

// keepDevpts keeps the container's devpts, in which execs get their terminals.
func (s *Server) keepDevpts(fd int) {
	if fd > 0 {
		s.mu.Lock()
		s.devpts = fd
		s.mu.Unlock()
	}
}

// keepMounts holds the container's mount namespace open until the shim ends. Else the container's last process would take
// its mounts apart as it ends, for which the kernel waits a while, and everybody who waits for the container with it.
func (s *Server) keepMounts(pid int) {
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/mnt", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil { // else it has ended already
		s.mu.Lock()
		s.mounts = fd
		s.mu.Unlock()
	}
}
