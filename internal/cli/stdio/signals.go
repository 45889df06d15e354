package stdio

import (
	"context"
	"os"
	"os/signal"

	mobysignal "github.com/moby/sys/signal"
)

// ForwardSignals passes every signal that this program gets on to a process, by its name ("TERM"), until
// the function that it returns is called. Not passed on are those that concern this program alone
// (SIGCHLD, SIGPIPE, SIGURG) and SIGWINCH, which reaches the process through its terminal's size.
//
// send gets a context that does not end with ctx: what ends ctx is a signal that has to be passed on.
func ForwardSignals(ctx context.Context, send func(ctx context.Context, name string) error) (stop func()) {
	ctx = context.WithoutCancel(ctx)
	received := make(chan os.Signal, 128)
	signal.Notify(received)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case s := <-received:
				if name := forwardedName(s); name != "" {
					_ = send(ctx, name) // the process may have ended
				}
			}
		}
	}()
	return func() {
		signal.Stop(received)
		close(done)
	}
}

// forwardedName is a signal's name without SIG, or "" if it is not passed on.
func forwardedName(s os.Signal) string {
	if s == mobysignal.SIGCHLD || s == mobysignal.SIGPIPE || s == mobysignal.SIGWINCH || isRuntimeSignal(s) {
		return ""
	}
	chosen := "" // of a signal's several names, always the same one
	for name, number := range mobysignal.SignalMap {
		if number == s && (chosen == "" || name < chosen) {
			chosen = name
		}
	}
	return chosen
}
