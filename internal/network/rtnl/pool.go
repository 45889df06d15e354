package rtnl

import (
	"errors"
	"sync"
)

// maxIdle is how many sockets a pool keeps for the next workers, however many were at work at the same time.
const maxIdle = 4

// Pool keeps sockets of one network namespace open, one for each worker that is at work, and a few for those that come.
type Pool struct {
	state  sync.Mutex // guards the rest
	idle   []*Socket
	closed bool
}

// NewPool makes an empty pool. Its callers must all be in the same network namespace.
func NewPool() *Pool { return &Pool{} }

// With runs fn with a socket that nobody else uses meanwhile.
func (p *Pool) With(fn func(*Socket) error) error {
	s, err := p.take()
	if err != nil {
		return err
	}
	err = fn(s)
	p.state.Lock()
	defer p.state.Unlock()
	var refused *Error
	failed := err != nil && !errors.As(err, &refused) // such a socket may have answers left in it
	if p.closed || failed || len(p.idle) >= maxIdle {
		return errors.Join(err, s.Close())
	}
	p.idle = append(p.idle, s)
	return err
}

// Do sends requests over one of the sockets.
func (p *Pool) Do(requests ...Request) error {
	return p.With(func(s *Socket) error { return s.Do(requests...) })
}

func (p *Pool) take() (*Socket, error) {
	p.state.Lock()
	if last := len(p.idle) - 1; last >= 0 {
		s := p.idle[last]
		p.idle = p.idle[:last]
		p.state.Unlock()
		return s, nil
	}
	p.state.Unlock()
	return Open()
}

// Close closes the idle sockets; those at work follow when they are done.
func (p *Pool) Close() error {
	p.state.Lock()
	defer p.state.Unlock()
	p.closed = true
	var errs []error
	for _, s := range p.idle {
		errs = append(errs, s.Close())
	}
	p.idle = nil
	return errors.Join(errs...)
}
