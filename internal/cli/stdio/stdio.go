// Package stdio joins the person's terminal, or pipes, to a process in a container: the bytes of the
// three streams, the raw mode of the terminal, the keys that detach, the window's size, and signals.
package stdio

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/docker/cli/cli/streams"
	"github.com/moby/moby/client"
	"github.com/moby/term"
)

// Pipe is a hijacked connection to a process and what is to be joined to it.
type Pipe struct {
	Conn client.HijackedResponse

	In       *streams.In  // nil: the process gets no input
	Out, Err *streams.Out // nil: not wanted

	TTY        bool   // the process has a terminal: one raw stream, which goes to Out
	DetachKeys string // "" is ctrl-p,ctrl-q; only with a TTY
}

// CheckDetachKeys says whether keys, as configured, can be understood.
func CheckDetachKeys(keys string) error {
	if keys == "" {
		return nil
	}
	if _, err := term.ToBytes(keys); err != nil {
		return fmt.Errorf("invalid detach keys (%s): %w", keys, err)
	}
	return nil
}

// Run copies until the process closes its output, the person detaches (then the error is a
// term.EscapeError), or ctx ends. The terminal is as it was before when Run returns. The end of In is
// passed on by closing half of the connection.
func (p *Pipe) Run(ctx context.Context) error {
	input, restore, err := p.openInput()
	if err != nil {
		return err
	}
	defer restore()

	outputDone := p.copyOutput(restore)
	inputDone, detached := p.copyInput(input, restore)

	select {
	case err := <-outputDone:
		return err
	case err := <-detached:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-inputDone:
	}
	if p.Out == nil && p.Err == nil {
		return nil
	}
	select {
	case err := <-outputDone:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// openInput puts the terminal into raw mode and watches for the keys that detach, if the process has a
// terminal. restore may be called more than once.
func (p *Pipe) openInput() (input io.Reader, restore func(), err error) {
	if p.In == nil {
		return nil, func() {}, nil
	}
	if !p.TTY {
		return p.In, func() {}, nil
	}
	keys := []byte{16, 17} // ctrl-p, ctrl-q
	if p.DetachKeys != "" {
		if keys, err = term.ToBytes(p.DetachKeys); err != nil {
			return nil, nil, fmt.Errorf("invalid detach keys (%s): %w", p.DetachKeys, err)
		}
	}
	restore = sync.OnceFunc(func() {
		p.In.RestoreTerminal()
		if p.Out != nil {
			p.Out.RestoreTerminal()
		}
		// Closing a terminal that is being read from can hang on these two; the program ends soon.
		if runtime.GOOS != "darwin" && runtime.GOOS != "windows" {
			_ = p.In.Close()
		}
	})
	if err := p.In.SetRawTerminal(); err != nil {
		return nil, nil, fmt.Errorf("set the terminal to raw mode: %w", err)
	}
	if p.Out != nil {
		if err := p.Out.SetRawTerminal(); err != nil {
			restore()
			return nil, nil, fmt.Errorf("set the terminal to raw mode: %w", err)
		}
	}
	return term.NewEscapeProxy(p.In, keys), restore, nil
}

// copyOutput sends one value when the process has closed its output; never, if no output is wanted.
func (p *Pipe) copyOutput(restore func()) <-chan error {
	if p.Out == nil && p.Err == nil {
		return nil
	}
	done := make(chan error, 1)
	go func() {
		if p.TTY && p.Out != nil {
			_, err := io.Copy(p.Out, p.Conn.Reader)
			restore() // whatever is printed from now on finds an ordinary terminal
			done <- err
			return
		}
		err := Demux(orDiscard(p.Out), orDiscard(p.Err), p.Conn.Reader)
		done <- err
	}()
	return done
}

// copyInput closes done when the input has ended and the process was told so. The keys that detach send
// an error instead.
func (p *Pipe) copyInput(input io.Reader, restore func()) (done <-chan struct{}, detached <-chan error) {
	end, keys := make(chan struct{}), make(chan error, 1)
	go func() {
		if input != nil {
			_, err := io.Copy(p.Conn.Conn, input)
			restore()
			if _, ok := err.(term.EscapeError); ok {
				keys <- err
				return
			}
			// Any other error shows on the output's side as well, where it is reported.
		}
		_ = p.Conn.CloseWrite()
		close(end)
	}()
	return end, keys
}

func orDiscard(out *streams.Out) io.Writer {
	if out == nil {
		return io.Discard
	}
	return out
}
