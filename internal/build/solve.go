package build

import (
	"context"
	"net"
	"sync"

	controlapi "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/session"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// solve has BuildKit solve something, as its control API does for clients. The watcher is told of the progress in its order, and no more once solve has
// returned. ctx is the builder's. It gives what the exporters answer.
func (b *backend) solve(ctx context.Context, r *controlapi.SolveRequest, watch func(*controlapi.StatusResponse)) (map[string]string, error) {
	watching := &statusStream{ctx: context.WithoutCancel(ctx), watch: watch}
	over := make(chan struct{})
	b.serving.Go(func() {
		defer close(over)
		_ = b.controller.Status(&controlapi.StatusRequest{Ref: r.Ref}, watching) // the solve itself says what went wrong
	})
	answer, err := b.controller.Solve(ctx, r)
	if watching.stopUnlessBegun() { // it was over before BuildKit had found it, for which it looks for seconds
		b.replay(watching.ctx, r.Ref, watch)
	} else {
		<-over
	}
	if err != nil {
		return nil, err
	}
	return answer.ExporterResponse, nil
}

// replay tells of the progress of a solve that is over; of one that has failed before it had any there is none.
func (b *backend) replay(ctx context.Context, ref string, watch func(*controlapi.StatusResponse)) {
	known := &historyStream{ctx: ctx}
	if err := b.controller.ListenBuildHistory(&controlapi.BuildHistoryRequest{Ref: ref, EarlyExit: true}, known); err != nil || !known.found {
		return
	}
	_ = b.controller.Status(&controlapi.StatusRequest{Ref: ref}, &statusStream{ctx: ctx, watch: watch})
}

// historyStream notes whether there is a record.
type historyStream struct {
	grpc.ServerStream
	ctx   context.Context
	found bool
}

// Context implements grpc.ServerStream.
func (s *historyStream) Context() context.Context { return s.ctx }

// SendHeader implements grpc.ServerStream.
func (s *historyStream) SendHeader(metadata.MD) error { return nil }

// Send implements controlapi.Control_ListenBuildHistoryServer.
func (s *historyStream) Send(e *controlapi.BuildHistoryEvent) error {
	s.found = s.found || e.Record != nil
	return nil
}

// statusStream is a stream of progress that goes to a function.
type statusStream struct {
	grpc.ServerStream
	ctx   context.Context
	watch func(*controlapi.StatusResponse)

	mu      sync.Mutex // held while watch is called
	begun   bool
	stopped bool
}

// Context implements grpc.ServerStream.
func (s *statusStream) Context() context.Context { return s.ctx }

// SendHeader implements grpc.ServerStream.
func (s *statusStream) SendHeader(metadata.MD) error { return nil }

// SendMsg implements grpc.ServerStream.
func (s *statusStream) SendMsg(m any) error {
	if r, ok := m.(*controlapi.StatusResponse); ok {
		return s.Send(r)
	}
	return nil
}

// Send implements controlapi.Control_StatusServer.
func (s *statusStream) Send(r *controlapi.StatusResponse) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.begun = true
		s.watch(r)
	}
	return nil
}

// stopUnlessBegun has nothing passed on any more if nothing was, and tells whether that is so.
func (s *statusStream) stopUnlessBegun() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = !s.begun
	return s.stopped
}

// openSession opens a session in this process, through which a build gets at what a request has brought. Who calls end waits until it is over.
func (b *backend) openSession(ctx context.Context, sharedKey string, what ...session.Attachable) (id string, end func(), err error) {
	s, err := session.NewSession(ctx, sharedKey)
	if err != nil {
		return "", nil, err
	}
	for _, w := range what {
		s.Allow(w)
	}
	var served sync.WaitGroup
	dial := func(ctx context.Context, _ string, header map[string][]string) (net.Conn, error) {
		client, server := net.Pipe()
		served.Go(func() { _ = b.sessions.HandleConn(ctx, server, header) }) // which ends with the session
		return client, nil
	}
	served.Go(func() { _ = s.Run(ctx, dial) })
	return s.ID(), func() {
		s.Close()
		served.Wait()
	}, nil
}
