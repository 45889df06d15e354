package logread

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"

	"tug/internal/logs"
)

var all = ReadOptions{Tail: -1, Stdout: true, Stderr: true}

// collect reads what there is and returns the lines without newlines.
func collect(t *testing.T, path string, o ReadOptions) []string {
	t.Helper()
	var got []string
	err := Read(t.Context(), path, o, nil, func(e Entry) error {
		got = append(got, strings.TrimSuffix(string(e.Line), "\n"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func numbers(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

func expect(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// newLog writes the numbers from 0 to count, odd ones to stderr, into a log of 1,000-byte files.
func newLog(t *testing.T, count int, compress bool) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "x-json.log")
	w, err := logs.OpenWriter(path, logs.Options{MaxSize: 1000, MaxFiles: 100, Compress: compress})
	if err != nil {
		t.Fatal(err)
	}
	out, errs := w.Stream("stdout"), w.Stream("stderr")
	for i := range count {
		s := out
		if i%2 == 1 {
			s = errs
		}
		if _, err := fmt.Fprintln(s, i); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAllEntriesAcrossRotatedFiles(t *testing.T) {
	for _, compress := range []bool{false, true} {
		path := newLog(t, 500, compress)
		if rotated, err := logs.ListRotated(path); err != nil || len(rotated) < 20 || rotated[5].Compressed != compress {
			t.Fatalf("%v %v", rotated, err)
		}
		expect(t, numbers(0, 500), collect(t, path, all))
	}
}

func TestTailBeginsAtTheLastEntries(t *testing.T) {
	for _, compress := range []bool{false, true} {
		path := newLog(t, 100, compress)
		for n := range 120 {
			o := all
			o.Tail = n
			expect(t, numbers(max(0, 100-n), 100), collect(t, path, o))
		}
	}
}

func TestTailOfLinesLongerThanABlock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	w, err := logs.OpenWriter(path, logs.Options{Attrs: map[string]string{"big": strings.Repeat("b", 3*blockSize)}})
	if err != nil {
		t.Fatal(err)
	}
	s := w.Stream("stdout")
	for i := range 6 {
		fmt.Fprintln(s, i)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	o := all
	o.Tail = 3
	expect(t, numbers(3, 6), collect(t, path, o))
	expect(t, numbers(0, 6), collect(t, path, all))
}

func TestOneStream(t *testing.T) {
	path := newLog(t, 6, false)
	o := all
	o.Stdout = false
	expect(t, []string{"1", "3", "5"}, collect(t, path, o))
	o.Tail = 3 // counts both, as Docker does
	expect(t, []string{"3", "5"}, collect(t, path, o))
	o.Stderr = false
	if err := Read(t.Context(), path, o, nil, nil); !errdefs.IsInvalidArgument(err) {
		t.Errorf("no stream: %v", err)
	}
}

func TestSinceAndUntilIncludeTheirTime(t *testing.T) {
	path := newLog(t, 100, false)
	var times []time.Time
	err := Read(t.Context(), path, all, nil, func(e Entry) error {
		times = append(times, e.Time)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	o := all
	o.Since = times[40]
	expect(t, numbers(40, 100), collect(t, path, o))
	o.Until = times[60]
	expect(t, numbers(40, 61), collect(t, path, o))
	o.Tail = 50
	expect(t, numbers(50, 61), collect(t, path, o))
	o = all
	o.Since = time.Now().Add(time.Hour)
	expect(t, nil, collect(t, path, o))
}

func TestFilesOlderThanSinceAreNotRead(t *testing.T) {
	path := newLog(t, 100, false)
	rotated, err := logs.ListRotated(path)
	if err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	oldest := rotated[len(rotated)-1]
	if err := os.Chtimes(oldest.Path, long, long); err != nil {
		t.Fatal(err)
	}
	o := all
	o.Since = long.Add(time.Minute)
	got := collect(t, path, o)
	if len(got) == 0 || got[0] == "0" || got[len(got)-1] != "99" {
		t.Errorf("%q", got)
	}
}

func TestWhatIsNoEntryIsPassedOver(t *testing.T) {
	path := newLog(t, 5, false)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "\x00\x00\x00\n\nnot json\n")
	fmt.Fprintln(f, `{"log":"5\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}`)
	fmt.Fprint(f, `{"log":"6\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}`) // has no newline: is still being written
	expect(t, numbers(0, 6), collect(t, path, all))
	o := all
	o.Tail = 1
	expect(t, []string{"5"}, collect(t, path, o))
}

func TestNoLogYetIsEmptyNoFolderIsNotFound(t *testing.T) {
	folder := t.TempDir()
	expect(t, nil, collect(t, filepath.Join(folder, "x-json.log"), all))
	err := Read(t.Context(), filepath.Join(folder, "none", "x-json.log"), all, nil, nil)
	if !errdefs.IsNotFound(err) {
		t.Error(err)
	}
}

func TestErrorOfTheFunctionEndsTheRead(t *testing.T) {
	path := newLog(t, 50, false)
	wanted := errors.New("client is gone")
	calls := 0
	err := Read(t.Context(), path, all, nil, func(Entry) error {
		calls++
		return wanted
	})
	if !errors.Is(err, wanted) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Read(ctx, path, all, nil, func(Entry) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDamagedCompressedFileHidesNoOther(t *testing.T) {
	path := newLog(t, 100, true)
	for age, damage := range map[int]func(string) error{
		2: func(name string) error { return os.Truncate(name, 5) },
		3: func(name string) error { return os.Truncate(name, 150) },
	} {
		if err := damage(fmt.Sprintf("%s.%d.gz", path, age)); err != nil {
			t.Fatal(err)
		}
	}
	got := collect(t, path, all)
	if len(got) < 60 || len(got) > 90 || got[0] != "0" || got[len(got)-1] != "99" {
		t.Errorf("%q", got)
	}
	o := all
	o.Tail = 40
	if got := collect(t, path, o); len(got) != 40 {
		t.Errorf("%q", got)
	}
}

func BenchmarkRead100MB(b *testing.B) {
	path := filepath.Join(b.TempDir(), "x-json.log")
	w, err := logs.OpenWriter(path, logs.Options{MaxSize: 20 << 20, MaxFiles: 10})
	if err != nil {
		b.Fatal(err)
	}
	s := w.Stream("stdout")
	for range 20 {
		if _, err := s.Write(bytes.Repeat([]byte("2026-01-02 request served in 12 ms, status=200 <ok>\n"), 45000)); err != nil {
			b.Fatal(err)
		}
	}
	w.Close()
	for name, o := range map[string]ReadOptions{"all": all, "since": {Tail: -1, Stdout: true, Since: time.Now()}, "tail": {Tail: 100, Stdout: true}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := Read(b.Context(), path, o, nil, func(Entry) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
