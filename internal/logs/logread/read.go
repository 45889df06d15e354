package logread

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/containerd/errdefs"
)

// ReadOptions say which entries are wanted.
type ReadOptions struct {
	Since, Until   time.Time // not before, not after; zero: no bound
	Tail           int       // only the last so many of both streams; -1: all. Since and Until apply to what is left, as with Docker
	Follow         bool      // then go on with what is written next
	Stdout, Stderr bool      // at least one
}

// Read is Reader.Read for one who reads a single log.
func Read(ctx context.Context, path string, o ReadOptions, ended <-chan struct{}, fn func(Entry) error) error {
	r := NewReader()
	defer r.Close()
	return r.Read(ctx, path, o, ended, fn)
}

// Read calls fn for each entry of the log at path, in the order they were written, across rotated files. A log that does not exist yet
// is empty; a folder that does not is NotFound.
//
// It returns nil when all is read: without Follow that is what the files held at the time of the call; with it Read goes on until
// ended is closed and nothing is left, or until the time of Until. It returns the error of ctx when that is done, and that of fn if
// it has one.
//
// A reader that is slower than the writer for so long that a file is rotated away before it was begun loses that file and goes on
// with the next; nothing else is lost, and nothing is repeated. Lines that are no entries are passed over.
func (r *Reader) Read(ctx context.Context, path string, o ReadOptions, ended <-chan struct{}, fn func(Entry) error) error {
	if !o.Stdout && !o.Stderr {
		return fmt.Errorf("read log: you must choose at least one stream: %w", errdefs.ErrInvalidArgument)
	}
	out := &output{options: o, fn: fn}
	wake, stop := (<-chan struct{})(nil), func() {}
	if o.Follow {
		wake, stop = r.watch(path) // before the files are opened, so that no change is missed
	}
	defer stop()
	all, err := openAll(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read log %s: %w: %w", path, err, errdefs.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	f := &follower{path: path, out: out, cleared: all.cleared}
	defer f.close()
	if err := f.begin(ctx, all.files); err != nil {
		return done(err)
	}
	if !o.Follow {
		return nil
	}
	return done(f.follow(ctx, wake, ended))
}

// done turns the wish to stop into success.
func done(err error) error {
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// begin reads the files from where the options say, and keeps the last one to go on with. It takes the files over.
func (f *follower) begin(ctx context.Context, files []*file) error {
	defer func() { closeAll(files) }()
	from, err := f.out.start(ctx, files)
	if err != nil {
		return err
	}
	for i := from.file; i < len(files); i++ {
		if i > from.file {
			from = place{file: i}
		}
		if i < len(files)-1 && f.out.options.Since.After(files[i].changed.Add(clockSlack)) {
			continue
		}
		if from.offset, err = f.out.readFile(ctx, files[i], from); err != nil {
			return err
		}
	}
	if last := len(files) - 1; last >= 0 {
		f.current, f.offset = files[last], from.offset
		files = files[:last]
	}
	return nil
}

// clockSlack is how much older than its last entry a file may look: its times come from a coarser clock.
const clockSlack = time.Second

// output picks the wanted entries out of lines.
type output struct {
	options ReadOptions
	fn      func(Entry) error
	decoder decoder
}

// start returns where to begin.
func (o *output) start(ctx context.Context, files []*file) (place, error) {
	if o.options.Tail < 0 || len(files) == 0 {
		return place{}, nil
	}
	return lastLines(ctx, files, o.options.Tail)
}

// readFile hands out the lines of a file from a place up to the size that it had when opened, and returns the offset of what is left.
func (o *output) readFile(ctx context.Context, f *file, from place) (int64, error) {
	skip := from.lines
	n, err := scan(ctx, f.content(from.offset), func(line []byte) error {
		if skip > 0 {
			skip--
			return nil
		}
		if err := o.line(line); !errors.Is(err, errNoEntry) {
			return err
		}
		return nil
	})
	return from.offset + n, err
}

// line hands out the entry of a line if it is wanted.
func (o *output) line(raw []byte) error {
	if !o.options.Since.IsZero() { // most are too old: their time is all that has to be read
		if _, at, ok := cutTime(raw); ok && at.Before(o.options.Since) {
			return nil
		}
	}
	e, err := o.decoder.decode(raw)
	if err != nil {
		return err
	}
	if e.Time.Before(o.options.Since) {
		return nil
	}
	if !o.options.Until.IsZero() && e.Time.After(o.options.Until) {
		return errStop
	}
	if e.Stream == "stdout" && !o.options.Stdout || e.Stream == "stderr" && !o.options.Stderr {
		return nil
	}
	return o.fn(e)
}
