// Package prompt asks the person something.
package prompt

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/docker/cli/cli/streams"
	"github.com/moby/term"
)

// Confirm shows message and a question mark's worth of "[y/N]", and says whether the answer was yes. The end
// of the input is a no; the end of ctx is an error.
func Confirm(ctx context.Context, in io.Reader, out io.Writer, message string) (bool, error) {
	answer, err := Line(ctx, in, out, message+" [y/N] ")
	return strings.EqualFold(answer, "y"), err
}

// ConfirmOr asks unless force is given, and gives an error of the canceled class, which ends the program
// quietly, unless the answer is yes.
func ConfirmOr(ctx context.Context, force bool, in io.Reader, out io.Writer, message string) error {
	if force {
		return nil
	}
	yes, err := Confirm(ctx, in, out, message)
	if err != nil {
		return err
	}
	if !yes {
		return fmt.Errorf("not confirmed: %w", context.Canceled)
	}
	return nil
}

// Line shows message and reads a line, without the spaces around it; "" at the end of the input.
func Line(ctx context.Context, in io.Reader, out io.Writer, message string) (string, error) {
	_, _ = io.WriteString(out, message)
	read := make(chan string, 1)
	go func() { // not waited for: nothing can end the reading of a terminal, but the program's end
		line := ""
		if lines := bufio.NewScanner(in); lines.Scan() {
			line = strings.TrimSpace(lines.Text())
		}
		read <- line
	}()
	select {
	case <-ctx.Done():
		_, _ = io.WriteString(out, "\n")
		return "", ctx.Err()
	case line := <-read:
		return line, nil
	}
}

// Secret is Line for something that is not to be seen on the screen.
func Secret(ctx context.Context, in *streams.In, out io.Writer, message string) (string, error) {
	if in.IsTerminal() {
		state, err := term.SaveState(in.FD())
		if err != nil {
			return "", err
		}
		if err := term.DisableEcho(in.FD(), state); err != nil {
			return "", err
		}
		defer func() { _ = term.RestoreTerminal(in.FD(), state) }()
	}
	line, err := Line(ctx, in, out, message)
	_, _ = io.WriteString(out, "\n")
	return line, err
}
