package server

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"tug/internal/plan"
	"tug/internal/plan/fork"
	"tug/internal/shim"
)

// exec starts one more process in the container, says so, and answers when it has ended.
func (s *Server) exec(c *conn, body []byte) ([]byte, error) {
	x, err := shim.DecodeExec(body)
	if err != nil {
		return nil, err
	}
	p, err := s.startExec(x)
	if err != nil {
		return nil, err
	}
	if err := shim.WriteMessage(c, shim.KindOK, shim.Proc{Pid: p.pid, Started: p.started}.Encode()); err != nil {
		return nil, errServed
	}
	return s.end(c, x.ID, p)
}

func (s *Server) startExec(x *shim.Exec) (p *process, err error) {
	s.mu.Lock()
	main, devpts, rt := s.main, s.devpts, s.runtime
	s.mu.Unlock()
	if main == nil {
		return nil, fmt.Errorf("the container is not running")
	}
	if main.pidfd < 0 {
		return nil, fmt.Errorf("the container has ended")
	}
	var regs fork.Registers
	regs[plan.Target], regs[plan.Devpts] = main.pidfd, devpts
	waiting := s.take(x.ID)
	if rt != nil {
		p, err = s.execThrough(rt, x, waiting)
	} else {
		p, _, err = s.start(x.Plan, x.Process, &regs, false, waiting)
	}
	if err != nil {
		for _, c := range append(waiting, s.take(x.ID)...) {
			c.leave() // there is nothing to wait for any more
		}
		return nil, err
	}
	if len(x.Note) > 0 {
		p.note = x.Note
	}
	s.mu.Lock()
	s.execs[x.ID] = p
	s.adoptPending(x.ID, p)
	s.mu.Unlock()
	return p, nil
}

// process finds a process by its ID; the caller holds mu.
func (s *Server) process(id string) *process {
	if id == "" {
		return s.main
	}
	return s.execs[id]
}

func (s *Server) find(id string) (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.process(id); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("the shim has no process %q", id)
}

// attach answers, and then serves the streams on the connection until the process has ended or the client is gone.
func (s *Server) attach(c *conn, body []byte) error {
	want, err := shim.DecodeAttach(body)
	if err != nil {
		return err
	}
	cl := &client{conn: c, want: want, gone: make(chan struct{})}
	s.mu.Lock()
	p := s.process(want.ID)
	err = shim.WriteMessage(c, shim.KindOK, nil)
	if err == nil && p == nil {
		s.pending[want.ID] = append(s.pending[want.ID], cl)
	}
	s.mu.Unlock()
	if err != nil {
		return errServed
	}
	if p != nil {
		p.attach(cl)
	} else if watched, err := c.again(); err == nil {
		defer watched.Close()
		go s.awaitPending(cl, watched)
	}
	<-cl.gone
	return errServed
}

// awaitPending forgets a client that goes while the process it is attached to has not come. Once it has, the process sees
// to that. The client's connection is watched by a second descriptor, for the first is the process's to read.
func (s *Server) awaitPending(cl *client, watched *conn) {
	if watched.awaitHangup() != nil {
		return // closed here: it was served
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := cl.want.ID
	at := slices.Index(s.pending[id], cl)
	if at < 0 {
		return
	}
	if s.pending[id] = slices.Delete(s.pending[id], at, at+1); len(s.pending[id]) == 0 {
		delete(s.pending, id)
	}
	cl.leave()
}

func (s *Server) signal(body []byte) error {
	id, n, err := shim.DecodeOf(body, 1)
	if err != nil {
		return err
	}
	p, err := s.find(id)
	if err != nil {
		return err
	}
	sig := unix.Signal(n[0])
	if rt := s.handed(); rt != nil && p.first && sig != unix.SIGKILL {
		return rt.kill(sig) // what the process that it gave makes of signals is its own affair
	}
	if err := p.signal(sig); err != nil {
		return fmt.Errorf("send signal %d: %w", n[0], err)
	}
	return nil
}

func (s *Server) resize(body []byte) error {
	id, n, err := shim.DecodeOf(body, 2)
	if err != nil {
		return err
	}
	p, err := s.find(id)
	if err != nil {
		return err
	}
	p.resize(n[0], n[1])
	return nil
}

// wait answers when the process has ended.
func (s *Server) wait(c *conn, body []byte) ([]byte, error) {
	id, _, err := shim.DecodeOf(body, 0)
	if err != nil {
		return nil, err
	}
	p, err := s.find(id)
	if err != nil {
		return nil, err
	}
	return s.end(c, id, p)
}

// end gives how a process has ended, once it has. One that was told of is forgotten.
func (s *Server) end(c *conn, id string, p *process) ([]byte, error) {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		var b [1]byte
		c.Read(b[:])
	}()
	select {
	case <-p.done:
	case <-gone:
		return nil, errServed
	}
	if id != "" {
		s.mu.Lock()
		delete(s.execs, id)
		s.mu.Unlock()
	}
	return p.exit.Encode(), nil
}
