package logs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stuck is a stream on a disk that hangs until it is let go.
type stuck struct {
	entered, release chan struct{}
	got              strings.Builder
	err              error
	closed           bool
}

func (s *stuck) Write(p []byte) (int, error) {
	s.entered <- struct{}{}
	<-s.release
	s.got.Write(p)
	return len(p), s.err
}

func (s *stuck) Close() error {
	s.closed = true
	return nil
}

func newStuck(t *testing.T, limit int64) (*stuck, *NonBlocking) {
	t.Helper()
	s := &stuck{entered: make(chan struct{}, 100), release: make(chan struct{})}
	b := NewNonBlocking(s, limit)
	write(t, b, "first\n")
	<-s.entered // from here on everything waits
	return s, b
}

func TestNonBlockingDropsWholeLines(t *testing.T) {
	for name, c := range map[string]struct {
		writes  []string
		want    string
		dropped uint64
	}{
		"what fits":           {[]string{"12345\n", "1234"}, "12345\n1234", 0},
		"a line too many":     {[]string{"12345\n", "12345\n", "123\n"}, "12345\n123\n", 1},
		"in one write":        {[]string{"12345\n12345\n123\n"}, "12345\n123\n", 1},
		"the rest of a line":  {[]string{"1234\n", "12", "345678", "9\n", "1\n"}, "1234\n12\n1\n", 1},
		"all of a long line":  {[]string{"12345678901", "12345678901", "1\n", "2\n"}, "2\n", 1},
		"begun before it all": {[]string{"1234567890", "x", "\n"}, "1234567890\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := newStuck(t, 10)
			for _, text := range c.writes {
				write(t, b, text)
			}
			close(s.release)
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("first\n"+c.want, s.got.String()); diff != "" {
				t.Error(diff)
			}
			if b.Dropped() != c.dropped || !s.closed {
				t.Errorf("%d dropped, closed %v", b.Dropped(), s.closed)
			}
			if _, err := b.Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
				t.Error(err)
			}
		})
	}
}

func TestNonBlockingReportsFailures(t *testing.T) {
	s, b := newStuck(t, 10)
	s.err = errors.New("the disk is full")
	close(s.release)
	if err := b.Close(); !errors.Is(err, s.err) {
		t.Error(err)
	}
}

func TestNonBlockingWritesToTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	b := NewNonBlocking(open(t, path, Options{}).Stream("stdout"), 1<<20)
	var want []string
	for i := range 1000 {
		fmt.Fprintln(b, i)
		want = append(want, fmt.Sprintln(i))
	}
	write(t, b, "end")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append(want, "end"), lines(t, path)); diff != "" {
		t.Error(diff)
	}
}
