package logread

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"tug/internal/logs"
)

// file is one file of a log, held open: it can be read to its end whatever becomes of its name.
type file struct {
	*os.File
	id         uint64 // inode, for a compressed file that of its source
	compressed bool
	size       int64 // when it was opened
	changed    time.Time
}

// opened are files of a log, the oldest first. The last one is the log itself, unless it does not exist.
type opened struct {
	files   []*file
	cleared int64 // how often the log was emptied before
}

// openAll opens the files of the log at path.
func openAll(path string) (opened, error) {
	return openYounger(path, nil)
}

// openYounger opens the files younger than the known one, which the caller holds open, or all if that is among them no more: then so
// are all older ones.
func openYounger(path string, known *file) (o opened, err error) {
	lock, err := logs.LockShared(path)
	if err != nil {
		return o, err
	}
	defer lock.Release()
	o.cleared = logs.Clearings(path)
	rotated, err := logs.ListRotated(path)
	if err != nil {
		return o, err
	}
	defer func() {
		if err != nil {
			closeAll(o.files)
			o.files = nil
		}
	}()
	for _, r := range append([]logs.Rotated{{Path: path}}, rotated...) { // from the youngest to the oldest
		f, err := openFile(r)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return o, err
		}
		if known != nil && f.was(known) {
			f.Close()
			break
		}
		o.files = append([]*file{f}, o.files...)
	}
	return o, nil
}

func closeAll(files []*file) {
	for _, f := range files {
		f.Close()
	}
}

func openFile(r logs.Rotated) (*file, error) {
	f, err := os.Open(r.Path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	opened := &file{File: f, id: inode(info), compressed: r.Compressed, size: info.Size(), changed: info.ModTime()}
	if r.Compressed {
		opened.id = sourceID(f)
	}
	return opened, nil
}

// was says whether f is the known file, maybe compressed in the meantime. An inode cannot have been used again while known is open, and
// among files from the youngest on the first one with the number is it.
func (f *file) was(known *file) bool {
	return f.id == known.id && (f.compressed || !known.compressed)
}

func inode(info os.FileInfo) uint64 {
	return info.Sys().(*syscall.Stat_t).Ino
}

// sourceID reads from the header of a compressed file which file it was made from, 0 if it does not say.
func sourceID(f io.ReaderAt) uint64 {
	z, err := gzip.NewReader(io.NewSectionReader(f, 0, 1<<62))
	if err != nil {
		return 0
	}
	defer z.Close()
	var extra struct {
		Inode uint64 `json:"inode"`
	}
	_ = json.Unmarshal(z.Extra, &extra) // files from elsewhere have other fields or none
	return extra.Inode
}

// content returns what the file holds from an offset on (0 for a compressed one), up to the size that it had when it was opened. Of a
// compressed file that is damaged it is what can be read: the others shall be readable all the same.
func (f *file) content(offset int64) io.Reader {
	section := io.NewSectionReader(f, offset, f.size-offset)
	if !f.compressed {
		return section
	}
	z, err := gzip.NewReader(section)
	if err != nil {
		return eofReader{}
	}
	return lenient{z}
}

type eofReader struct{}

func (eofReader) Read([]byte) (int, error) { return 0, io.EOF }

// lenient takes an error for the end.
type lenient struct{ io.Reader }

func (l lenient) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}
