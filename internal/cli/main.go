package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/containerd/errdefs"

	"tug/internal/cli/connection"
	"tug/internal/cli/session"
	"tug/internal/fault"
)

// Main runs the command line args (with the program's name first) and returns the exit code.
func Main(args []string, in io.ReadCloser, out, errOut io.Writer, getenv func(string) string, version session.Version) int {
	ctx, stop := untilSignal(context.Background())
	defer stop()

	s := session.New(in, out, errOut, getenv, version)
	go forceExit(ctx, s)
	root := newRoot(s, args[1:])
	err := root.ExecuteContext(ctx)

	if number, stopped := stoppedBy(ctx, err); stopped {
		return 128 + number
	}
	if err == nil || errdefs.IsCanceled(err) {
		return 0
	}
	if errors.Is(err, syscall.EPIPE) {
		return 1 // whoever read our output has had enough
	}
	if text := words(err); text != "" {
		_, _ = fmt.Fprintln(s.Err, text)
	}
	var status session.Status
	if errors.As(err, &status) && status.Code != 0 {
		return status.Code
	}
	return 1
}

// stoppedBy says which signal cut a command short. One that came to its own end in spite of a signal, as
// `run` does when it passes the signal on, gives an exit code or no error; any other error after a signal is
// one of the many faces of what the signal has cut off.
func stoppedBy(ctx context.Context, err error) (number int, stopped bool) {
	var signal signalError
	if err == nil || !errors.As(context.Cause(ctx), &signal) {
		return 0, false
	}
	var status session.Status
	if errors.As(err, &status) && status.Err == nil {
		return 0, false
	}
	return signal.number(), true
}

// words is what a person is shown of an error, "" if nothing.
func words(err error) string {
	var unreachable *connection.UnreachableError
	if errors.As(err, &unreachable) {
		return "tug: " + unreachable.Error() // without the request that happened to be the first
	}
	switch {
	case connection.Gone(err):
		return "tug: " + connection.ErrGone.Error()
	case strings.HasSuffix(err.Error(), "page not found"):
		return "tug: this daemon has no such call: its version is another than this program's, or the command is not there yet"
	}
	return fault.Words(err)
}

// signalError is why the context ended: somebody wants the program to stop.
type signalError struct{ os.Signal }

func (e signalError) Error() string { return "stopped by " + e.String() }

func (e signalError) number() int {
	if number, ok := e.Signal.(syscall.Signal); ok {
		return int(number)
	}
	return int(syscall.SIGINT)
}

// untilSignal gives a context that ends, with a signalError as its cause, when the first SIGINT or SIGTERM
// arrives.
func untilSignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	received := make(chan os.Signal, 1)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-ctx.Done():
		case s := <-received:
			cancel(signalError{s})
		}
		signal.Stop(received)
	}()
	return ctx, func() { cancel(nil) }
}

// forceExit ends the program at the third SIGINT or SIGTERM, for a command that does not come to its end
// by the first.
func forceExit(ctx context.Context, s *session.Session) {
	<-ctx.Done()
	if context.Cause(ctx) == context.Canceled {
		return // the command is through
	}
	received := make(chan os.Signal, 2)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	<-received
	<-received
	_, _ = fmt.Fprint(s.Err, "\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n")
	s.In.RestoreTerminal()
	s.Out.RestoreTerminal()
	os.Exit(1)
}
