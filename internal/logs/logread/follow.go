package logread

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"tug/internal/logs"
)

// follower stands at a place in a log.
type follower struct {
	path    string
	out     *output
	current *file // nil if there has been no file yet
	offset  int64 // in current: all entries before it are handed out
	cleared int64 // how often the log was emptied before current was opened, or its beginning was gone back to
	suspect int64 // offset+1 of a line that was no entry when it was read first
}

func (f *follower) close() {
	if f.current != nil {
		f.current.Close()
	}
}

// follow hands out what is written until ended is closed, ctx is done or the time of Until has come.
func (f *follower) follow(ctx context.Context, wake, ended <-chan struct{}) error {
	var until <-chan time.Time
	if t := f.out.options.Until; !t.IsZero() {
		timer := time.NewTimer(time.Until(t))
		defer timer.Stop()
		until = timer.C
	}
	for last := false; ; {
		if err := f.catchUp(ctx); err != nil || last {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		case <-ended:
			last = true // what was written before it was closed is still to be read
		case <-until:
			last = true
		}
	}
}

// catchUp hands out all there is, file after file.
func (f *follower) catchUp(ctx context.Context) error {
	for {
		if err := f.drain(ctx); err != nil {
			return err
		}
		younger, err := f.younger()
		if err != nil || len(younger) == 0 {
			return err
		}
		// The file at hand has been renamed: nothing is written to it any more, but it may have been after it was read.
		err = f.drain(ctx)
		for i, next := range younger {
			if err != nil {
				closeAll(younger[i:])
				return err
			}
			f.close()
			f.current, f.offset, f.suspect = next, 0, 0
			if i < len(younger)-1 {
				_, err = f.out.readFile(ctx, next, place{})
			}
		}
	}
}

// younger opens the files that came after the one at hand, in order, if that is not the log itself any more.
func (f *follower) younger() ([]*file, error) {
	if f.current != nil {
		if info, err := os.Stat(f.path); err == nil && inode(info) == f.current.id {
			return nil, nil
		}
	}
	younger, err := openYounger(f.path, f.current)
	if errors.Is(err, fs.ErrNotExist) { // the folder was removed, with the container: nothing comes any more
		return nil, nil
	}
	if len(younger.files) > 0 {
		f.cleared = younger.cleared
	}
	return younger.files, err
}

// drain hands out what the file at hand holds beyond the offset.
func (f *follower) drain(ctx context.Context) error {
	if f.current == nil || f.current.compressed { // that one was read as a whole
		return nil
	}
	for {
		info, err := f.current.Stat()
		if err != nil {
			return err
		}
		if f.wasCleared(info) {
			f.offset, f.suspect = 0, 0
			continue // its size is another
		}
		if info.Size() == f.offset {
			return nil
		}
		again := false
		n, err := scan(ctx, io.NewSectionReader(f.current, f.offset, 1<<62), f.lineOrAgain(&again))
		f.offset += n
		if !again {
			return err
		}
	}
}

// wasCleared tells whether the file at hand was emptied since this was asked last. A file that has no name any more is none that is.
func (f *follower) wasCleared(info os.FileInfo) bool {
	shorter := info.Size() < f.offset
	if !shorter && logs.Clearings(f.path) <= f.cleared {
		return false
	}
	lock, err := logs.LockShared(f.path) // until that is done with
	if err != nil {
		return shorter
	}
	defer lock.Release()
	f.cleared = logs.Clearings(f.path)
	return shorter || info.Sys().(*syscall.Stat_t).Nlink > 0
}

// lineOrAgain hands out a line. One that is no entry is read a second time, because the end of a killed writer's entry may have been cut off and
// written over between two reads that made the line; if it still is none, it is passed over.
func (f *follower) lineOrAgain(again *bool) func([]byte) error {
	at := f.offset
	return func(line []byte) error {
		err := f.out.line(line)
		if errors.Is(err, errNoEntry) {
			err = nil
			if f.suspect != at+1 {
				f.suspect, *again = at+1, true
				return errStop
			}
		}
		at += int64(len(line)) + 1
		return err
	}
}
