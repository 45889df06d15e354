package container

import (
	"errors"
	"fmt"
	"strings"

	"tug/internal/cli/session"
)

// misplaced adds to the failure of a command that was not found what people mean who write options behind what they are
// to stand before: command is "run", before "the image", and words are what came after that.
func misplaced(err error, command, before string, words []string) error {
	var status session.Status
	if len(words) == 0 || words[0] == "--" || !strings.HasPrefix(words[0], "-") || !errors.As(err, &status) || status.Code != exitNotFound {
		return err
	}
	hint := fmt.Errorf("tug: %q stands after %s, where the command is expected: the options of 'tug %s' come before it", words[0], before, command)
	if status.Err == nil {
		return session.Status{Code: exitNotFound, Err: hint}
	}
	if !strings.Contains(status.Err.Error(), fmt.Sprintf("exec: %q", words[0])) {
		return err // it is the image's own command that is missing
	}
	return session.Status{Code: exitNotFound, Err: fmt.Errorf("%w\n%w", status.Err, hint)}
}
