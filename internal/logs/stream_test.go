package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// entry is what anybody's JSON parser finds in a line.
type entry struct {
	Log    string            `json:"log"`
	Stream string            `json:"stream"`
	Time   time.Time         `json:"time"`
	Attrs  map[string]string `json:"attrs"`
}

func entries(t testing.TB, path string) []entry {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []entry
	for line := range bytes.Lines(content) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%s: %q: %v", path, line, err)
		}
		all = append(all, e)
	}
	return all
}

func lines(t testing.TB, path string) []string {
	t.Helper()
	var all []string
	for _, e := range entries(t, path) {
		all = append(all, e.Log)
	}
	return all
}

func open(t testing.TB, path string, o Options) *Writer {
	t.Helper()
	w, err := OpenWriter(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func write(t testing.TB, w interface{ Write([]byte) (int, error) }, text string) {
	t.Helper()
	if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
		t.Fatalf("wrote %d of %d: %v", n, len(text), err)
	}
}

func TestLineIsInTheFileWhenItsNewlineWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	s := open(t, path, Options{}).Stream("stdout")
	write(t, s, "one\ntw")
	if diff := cmp.Diff([]string{"one\n"}, lines(t, path)); diff != "" {
		t.Error(diff)
	}
	write(t, s, "o\n")
	if diff := cmp.Diff([]string{"one\n", "two\n"}, lines(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestLastLineWithoutNewlineIsWrittenAtClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	w := open(t, path, Options{})
	closed, left := w.Stream("stdout"), w.Stream("stderr")
	write(t, closed, "out")
	write(t, left, "err")
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"out", "err"}, lines(t, path)); diff != "" {
		t.Error(diff)
	}
	for _, s := range []interface{ Write([]byte) (int, error) }{closed, left} {
		if _, err := s.Write([]byte("x\n")); !errors.Is(err, os.ErrClosed) {
			t.Errorf("write to a closed stream: %v", err)
		}
	}
}

func TestFragmentsOfALongLineShareTheTimeOfTheFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	s := open(t, path, Options{}).Stream("stdout")
	write(t, s, strings.Repeat("a", fragmentSize+1))
	write(t, s, strings.Repeat("a", fragmentSize)+"\nnext\n")
	all := entries(t, path)
	var sizes []int
	for _, e := range all {
		sizes = append(sizes, len(e.Log))
	}
	if diff := cmp.Diff([]int{fragmentSize, fragmentSize, 2, 5}, sizes); diff != "" {
		t.Fatal(diff)
	}
	if !all[0].Time.Equal(all[1].Time) || !all[0].Time.Equal(all[2].Time) || !all[3].Time.After(all[0].Time) {
		t.Errorf("times: %v", all)
	}
}

func TestStreamsAreWrittenConcurrently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	w := open(t, path, Options{Attrs: map[string]string{"tag": "t"}})
	const count = 2000
	var writers sync.WaitGroup
	for _, name := range []string{"stdout", "stderr"} {
		s := w.Stream(name)
		writers.Go(func() {
			for range count {
				for _, piece := range []string{name, " ", "line\n"} {
					if _, err := s.Write([]byte(piece)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	writers.Wait()
	found := map[string]int{}
	for _, e := range entries(t, path) {
		if e.Log != e.Stream+" line\n" || e.Attrs["tag"] != "t" {
			t.Fatalf("%+v", e)
		}
		found[e.Stream]++
	}
	if diff := cmp.Diff(map[string]int{"stdout": count, "stderr": count}, found); diff != "" {
		t.Error(diff)
	}
}

// FuzzStream writes bytes in pieces of any size: the entries are always Docker's.
func FuzzStream(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), uint16(1), byte(1))
	f.Add([]byte("0123456789"), uint16(700), byte(255))
	f.Add(append(bytes.Repeat([]byte("x"), fragmentSize), '\n'), uint16(30000), byte(2))
	f.Add(append(bytes.Repeat([]byte("x"), fragmentSize-1), '\n'), uint16(fragmentSize), byte(3))
	f.Fuzz(func(t *testing.T, text []byte, piece uint16, times byte) {
		text = bytes.ToValidUTF8(bytes.Repeat(text, int(times)), nil)
		for i, b := range text {
			if b >= 0x80 { // a rune that is split is replaced, which is tested elsewhere
				text[i] = '?'
			}
		}
		path := filepath.Join(t.TempDir(), "x-json.log")
		w := open(t, path, Options{})
		s := w.Stream("stdout")
		for rest := text; len(rest) > 0; {
			n := min(int(piece)+1, len(rest))
			write(t, s, string(rest[:n]))
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(dockersLines(text), lines(t, path)); diff != "" {
			t.Error(diff)
		}
	})
}

// dockersLines is the rule: an entry is what comes up to a newline, or 16 KiB if none comes in these.
func dockersLines(text []byte) []string {
	var lines []string
	for len(text) > 0 {
		window := text[:min(len(text), fragmentSize)]
		end := bytes.IndexByte(window, '\n') + 1
		if end == 0 {
			end = len(window)
		}
		lines = append(lines, string(text[:end]))
		text = text[end:]
	}
	return lines
}
