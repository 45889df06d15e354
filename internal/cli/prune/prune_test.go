package prune

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/moby/moby/client"

	"tug/internal/cli/session"
)

// run runs a command that prunes things, with an answer to its question and with arguments, and gives what it
// prints. With --all, there is something to remove.
func run(answer, args string) (string, error) {
	var out bytes.Buffer
	s := session.New(io.NopCloser(strings.NewReader(answer)), &out, io.Discard, func(string) string { return "" }, session.Version{})
	cmd := Command{
		All:     "Remove all things",
		Warning: Either("Some. ", "All. "),
		Remove: func(_ context.Context, all bool, given client.Filters) (uint64, error) {
			if given["until"]["1h"] {
				return 0, errors.New("nothing is that old")
			}
			if !all {
				Tell(s.Out, "Deleted Things:", nil)
				return 0, nil
			}
			Tell(s.Out, "Deleted Things:", []string{"old", "older"})
			return 2000, nil
		},
	}.Build(s)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(strings.Fields(args))
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

func TestAPruneAsksFirstAndTellsWhatWent(t *testing.T) {
	const (
		question = "Are you sure you want to continue? [y/N] "
		removed  = "Deleted Things:\nold\nolder\n\nTotal reclaimed space: 2kB\n"
	)
	for _, c := range []struct {
		answer, args string
		want         string
		err          string
	}{
		{"y\n", "", "Some. " + question + "Total reclaimed space: 0B\n", ""},
		{"y\n", "-a", "All. " + question + removed, ""},
		{"n\n", "-a", "All. " + question, "not confirmed: context canceled"},
		{"", "-a", "All. " + question, "not confirmed: context canceled"},
		{"", "-af", removed, ""},
		{"", "-f --filter until=1h", "", "nothing is that old"},
	} {
		got, err := run(c.answer, c.args)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != c.want || text != c.err {
			t.Errorf("%q, answered %q: %q, %s", c.args, c.answer, got, text)
		}
	}
}

func TestWhatIsRefusedIsNotAskedFor(t *testing.T) {
	var out bytes.Buffer
	s := session.New(io.NopCloser(strings.NewReader("y\n")), &out, io.Discard, func(string) string { return "" }, session.Version{})
	refused := errors.New("these do not go together")
	cmd := Command{Warning: func(bool, client.Filters) (string, error) { return "", refused }}.Build(s)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(nil)
	if err := cmd.Execute(); !errors.Is(err, refused) || out.Len() > 0 {
		t.Errorf("%v: %s", err, out.String())
	}
	if cmd.Flags().Lookup("all") != nil {
		t.Error("--all is there without a meaning")
	}
}
