package server

import (
	"time"

	"tug/internal/shim"
)

// endWithin is how long whoever asks is kept waiting for the end of a container whose process has ended: its output is still
// read, or its runtime called.
const endWithin = 400 * time.Millisecond

func (s *Server) awaitEnd() {
	s.mu.Lock()
	p := s.main
	s.mu.Unlock()
	if p == nil {
		return
	}
	select {
	case <-p.over:
	default:
		return
	}
	select {
	case <-p.done:
	case <-time.After(endWithin):
	}
}

// maxNotes bounds the notes of execs in one hello, in bytes: the daemon refuses messages that are too long, and what does not
// fit is only forgotten.
const maxNotes = 8 << 20

func (s *Server) hello() shim.Hello {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := shim.Hello{Version: shim.Version, Container: s.container, UserNS: s.userNS, NetNS: s.netNS}
	if s.main == nil {
		return h
	}
	h.Pid, h.Started = s.main.pid, s.main.started
	select {
	case <-s.main.done:
		h.Exited, h.Exit = true, s.main.exit
	default:
	}
	noted := 0
	for id, p := range s.execs {
		if noted += len(p.note); p.note != nil && noted <= maxNotes {
			h.Execs = append(h.Execs, shim.ExecState{ID: id, Note: p.note, Pid: p.pid, Exited: p.ended()})
		}
	}
	return h
}
