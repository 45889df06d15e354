package server

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tug/internal/shim"
)

// settleAfter is how long a container must have run before its shim tidies its own memory up.
const settleAfter = 2 * time.Second

// settle gives memory that the start has left back to the system, and keeps the shim small from then on.
func (s *Server) settle(p *process) {
	select {
	case <-p.done:
	case <-time.After(settleAfter):
		debug.SetGCPercent(20)
		debug.FreeOSMemory()
	}
}

// endWith ends the shim once its container has ended, everything is told and every client is served.
func (s *Server) endWith(p *process) {
	<-p.done
	s.words.Wait()
	served := make(chan struct{})
	s.mu.Lock()
	s.served = served
	s.mu.Unlock()
	s.count(0)
	select {
	case <-served:
	case <-time.After(30 * time.Second): // a client that neither reads nor goes
	}
	s.quit()
}

// count notes that connections have come or gone, and tells endWith once none is left.
func (s *Server) count(change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += change
	if s.open == 0 && s.served != nil {
		close(s.served)
		s.served = nil
	}
}

// ended is called when a process has ended, before anybody is told: its log is whole then and its ports are free.
func (s *Server) ended(p *process) {
	if !p.first {
		return
	}
	if rt := s.handed(); rt != nil {
		rt.remove()
	}
	if s.log != nil {
		s.log.Close()
	}
	s.forwards.end()
	s.mu.Lock()
	for _, fd := range s.held {
		unix.Close(fd)
	}
	s.held = nil
	s.mu.Unlock()
}

// noteExit sees how the container's process has ended, and writes that down at once, while its output is still read: should
// the shim be killed meanwhile, its last word is true.
func (s *Server) noteExit(p *process) {
	p.exit.OOM = readOOM(s.oomFile) != s.oomBefore
	exit := p.exit
	s.words.Go(func() { s.writeExit(exit) })
}

// writeExit leaves word on disk of how the container ended, for a daemon that finds no shim to ask.
func (s *Server) writeExit(x shim.Exit) {
	text := fmt.Sprintf("%d %d %t\n", x.Code, x.At.UnixNano(), x.OOM)
	tmp := filepath.Join(s.dir, "exit.tmp")
	if err := os.WriteFile(tmp, []byte(text), 0o600); err == nil {
		os.Rename(tmp, filepath.Join(s.dir, "exit"))
	}
}

// readOOM gives the counter of processes killed for lack of memory, or "".
func readOOM(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			return n
		}
	}
	return ""
}
