package logread

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tug/internal/logs"
)

// following is a Read with Follow that runs.
type following struct {
	t      *testing.T
	lines  chan string
	ended  chan struct{}
	result chan error
}

func follow(t *testing.T, r *Reader, path string, o ReadOptions) *following {
	t.Helper()
	f := &following{t, make(chan string, 100), make(chan struct{}), make(chan error, 1)}
	o.Follow = true
	ctx := t.Context()
	go func() {
		f.result <- r.Read(ctx, path, o, f.ended, func(e Entry) error {
			select {
			case f.lines <- strings.TrimSuffix(string(e.Line), "\n"):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		close(f.lines)
	}()
	return f
}

func (f *following) expect(want ...string) {
	f.t.Helper()
	for _, line := range want {
		if got := <-f.lines; got != line {
			f.t.Fatalf("got %q, want %q", got, line)
		}
	}
}

// end closes ended and returns what still came.
func (f *following) end() []string {
	f.t.Helper()
	close(f.ended)
	var rest []string
	for line := range f.lines {
		rest = append(rest, line)
	}
	if err := <-f.result; err != nil {
		f.t.Fatal(err)
	}
	return rest
}

func newReader(t *testing.T) *Reader {
	r := NewReader()
	t.Cleanup(func() { r.Close() })
	return r
}

func newWriter(t *testing.T, path string, o logs.Options) (*logs.Writer, io.Writer) {
	t.Helper()
	w, err := logs.OpenWriter(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w, w.Stream("stdout")
}

func TestFollowGoesOnUntilEndedAndAllIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	r := newReader(t)
	before := follow(t, r, path, all) // there is no file yet
	_, s := newWriter(t, path, logs.Options{})
	fmt.Fprintln(s, "1")
	before.expect("1")
	after := follow(t, r, path, all)
	after.expect("1")
	fmt.Fprintln(s, "2")
	before.expect("2")
	after.expect("2")
	fmt.Fprintln(s, "3")
	expect(t, []string{"3"}, before.end())
	expect(t, []string{"3"}, after.end())
}

func TestFollowFromTheEnd(t *testing.T) {
	path := newLog(t, 50, false)
	o := all
	o.Tail = 0
	f := follow(t, newReader(t), path, o)
	o.Tail = 2
	g := follow(t, newReader(t), path, o)
	g.expect("48", "49")
	_, s := newWriter(t, path, logs.Options{})
	fmt.Fprintln(s, "new")
	g.expect("new")
	g.end()
	expect(t, nil, func() []string { f.expect(); return nil }())
	if rest := f.end(); len(rest) > 1 || len(rest) == 1 && rest[0] != "new" {
		t.Errorf("%q", rest)
	}
}

func TestFollowAcrossRotation(t *testing.T) {
	for _, o := range []logs.Options{{MaxSize: 1, MaxFiles: 5}, {MaxSize: 1, MaxFiles: 5, Compress: true}, {MaxSize: 1, MaxFiles: 1}} {
		path := filepath.Join(t.TempDir(), "x-json.log")
		_, s := newWriter(t, path, o)
		f := follow(t, newReader(t), path, all)
		for _, line := range numbers(0, 200) {
			fmt.Fprintln(s, line)
			f.expect(line)
		}
		expect(t, nil, f.end())
	}
}

func TestFollowerThatFallsBehindFindsItsWay(t *testing.T) {
	for _, compress := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "x-json.log")
		w, s := newWriter(t, path, logs.Options{MaxSize: 1, MaxFiles: 500, Compress: compress})
		f := follow(t, newReader(t), path, all)
		fmt.Fprintln(s, "0")
		f.expect("0")
		for _, line := range numbers(1, 300) { // the channel holds 100: the follower is stuck in one file while others come
			fmt.Fprintln(s, line)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		expect(t, numbers(1, 300), f.end())
	}
}

func TestFollowSeesAClearedLogFromItsBeginning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	_, s := newWriter(t, path, logs.Options{})
	f := follow(t, newReader(t), path, all)
	fmt.Fprintln(s, "a long line before")
	f.expect("a long line before")
	if err := logs.Clear(path); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(s, "after")
	f.expect("after")
	f.end()
}

// What is written after a clearing may make the log longer than it was before anybody looks.
func TestFollowMissesNothingThatIsWrittenAfterAClearing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	_, s := newWriter(t, path, logs.Options{})
	fmt.Fprintln(s, "before")
	all, err := openAll(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	f := &follower{path: path, cleared: all.cleared, out: &output{options: ReadOptions{Tail: -1, Follow: true, Stdout: true, Stderr: true}, fn: func(e Entry) error {
		got = append(got, strings.TrimSpace(string(e.Line)))
		return nil
	}}}
	defer f.close()
	if err := f.begin(t.Context(), all.files); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := logs.Clear(path); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"first", "second", "third"} {
			fmt.Fprintln(s, line)
		}
		for range 2 { // the second finds nothing
			if err := f.catchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect(t, []string{"before", "first", "second", "third", "first", "second", "third"}, got)
}

// A predecessor that a clearing has removed, and that a reader has still open, is not read again.
func TestFollowDoesNotRepeatWhatAClearingHasRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	_, s := newWriter(t, path, logs.Options{MaxSize: 1, MaxFiles: 3})
	f := follow(t, newReader(t), path, all)
	fmt.Fprintln(s, "old")
	f.expect("old")
	fmt.Fprintln(s, "rotates") // and may or may not be seen before it is cleared
	if err := logs.Clear(path); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(s, "new")
	seen := <-f.lines
	if seen == "rotates" {
		seen = <-f.lines
	}
	expect(t, []string{"new"}, append([]string{seen}, f.end()...))
}

func TestFollowReadsOverATornEntry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	w, s := newWriter(t, path, logs.Options{})
	f := follow(t, newReader(t), path, all)
	fmt.Fprintln(s, "1")
	f.expect("1")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	torn, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(torn, `{"log":"to`)
	torn.Close()
	_, s = newWriter(t, path, logs.Options{})
	fmt.Fprintln(s, "2")
	f.expect("2")
	f.end()
}

func TestFollowEndsAtUntil(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	_, s := newWriter(t, path, logs.Options{})
	o := all
	o.Until = time.Now().Add(300 * time.Millisecond)
	f := follow(t, newReader(t), path, o)
	fmt.Fprintln(s, "1")
	for range f.lines { // closed though nobody ends it and nothing comes
	}
	if err := <-f.result; err != nil {
		t.Error(err)
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	ctx, cancel := context.WithCancel(t.Context())
	o := all
	o.Follow = true
	_, s := newWriter(t, path, logs.Options{})
	fmt.Fprintln(s, "1")
	err := Read(ctx, path, o, nil, func(Entry) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFollowWithoutInotifyPolls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	_, s := newWriter(t, path, logs.Options{MaxSize: 1, MaxFiles: 3})
	wake, stop := poll()
	defer stop()
	f := &follower{path: path, out: &output{options: all}}
	defer f.close()
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	f.out.fn = func(e Entry) error {
		if got = append(got, string(e.Line)); len(got) == 2 {
			cancel()
		}
		return nil
	}
	fmt.Fprintln(s, "1")
	go func() {
		fmt.Fprintln(s, "2")
	}()
	if err := f.follow(ctx, wake, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	expect(t, []string{"1\n", "2\n"}, got)
}

func TestManyFollowersLeaveNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r := NewReader()
	folder := t.TempDir()
	var running sync.WaitGroup
	for i := range 200 { // more than a host has inotify instances
		path := filepath.Join(folder, fmt.Sprint(i/20), "x-json.log")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		f := follow(t, r, path, all)
		running.Go(func() {
			f.expect("1")
			f.end()
		})
	}
	for i := range 10 {
		_, s := newWriter(t, filepath.Join(folder, fmt.Sprint(i), "x-json.log"), logs.Options{})
		fmt.Fprintln(s, "1")
	}
	running.Wait()
	if len(r.followers) != 0 || len(r.folders) != 0 {
		t.Errorf("left: %v %v", r.followers, r.folders)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestFollowOutlivesTheFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "container", "x-json.log")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	_, s := newWriter(t, path, logs.Options{})
	f := follow(t, newReader(t), path, all)
	fmt.Fprintln(s, "1")
	f.expect("1")
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(s, "2")
	expect(t, []string{"2"}, f.end())
}
