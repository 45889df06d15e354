package logs

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Options are a log's limits and what is added to each of its entries.
type Options struct {
	MaxSize  int64             // bytes after which a new file is begun; 0 or less: never
	MaxFiles int               // how many files there may be, the current one included; at least 1
	Compress bool              // rotated files are gzipped, in the background
	Attrs    map[string]string // written with each entry
}

// batchSize is how many bytes of entries are collected before they are written, if one Write brings so many.
const batchSize = 64 << 10

// Writer appends entries to a log file. Only one may be open for a path.
type Writer struct {
	path  string
	limit Options
	attrs []byte

	mu      sync.Mutex // guards the file and all below
	file    *os.File   // nil after Close
	size    int64      // of the file: it ends after a whole entry
	batch   []byte     // entries that are not in the file yet
	failed  error      // the first failure since it was last returned
	retryAt int64      // size before which a rotation that failed is not tried again
	clock   clock
	streams []*stream

	packing    bool           // a goroutine compresses rotated files
	background sync.WaitGroup // that goroutine
}

// OpenWriter opens the log file at path for appending and makes it, with mode 0640, if there is none. The folder must
// exist. An entry that a killed writer left without its end is cut off, and an interrupted rotation or compression is tidied up.
func OpenWriter(path string, o Options) (*Writer, error) {
	o.MaxFiles = max(o.MaxFiles, 1)
	if err := tidy(path); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	size, err := repair(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("repair log %s: %w", path, err)
	}
	w := &Writer{path: path, limit: o, attrs: appendAttrs(nil, o.Attrs), file: file, size: size}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.startPacking()
	return w, nil
}

// Close writes what open streams hold, closes them and the file, and waits for a compression that runs.
func (w *Writer) Close() error {
	err := w.close()
	w.background.Wait()
	return err
}

func (w *Writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil
	}
	var first error
	for _, s := range slices.Clone(w.streams) {
		if err := s.close(); err != nil && first == nil {
			first = err
		}
	}
	if err := w.file.Close(); err != nil && first == nil {
		first = err
	}
	w.file, w.streams, w.batch = nil, nil, nil
	return first
}

// put adds an entry to the batch. A failure is kept for flush to return.
func (w *Writer) put(stream string, line []byte, ended bool, at time.Time) {
	if w.file == nil {
		w.fail(os.ErrClosed)
		return
	}
	if size := w.size + int64(len(w.batch)); w.limit.MaxSize > 0 && size >= w.limit.MaxSize && size >= w.retryAt {
		w.fail(w.rotate())
	}
	w.batch = appendEntry(w.batch, stream, line, ended, w.attrs, w.clock.format(at))
	if len(w.batch) >= batchSize {
		w.writeBatch()
	}
}

func (w *Writer) fail(err error) {
	if w.failed == nil {
		w.failed = err
	}
}

// flush writes the batch and returns the first failure since the last flush.
func (w *Writer) flush() error {
	w.writeBatch()
	err := w.failed
	w.failed = nil
	return err
}

// writeBatch writes all entries at once. Of a write that breaks off, the entries that are whole stay.
func (w *Writer) writeBatch() {
	if len(w.batch) == 0 || w.file == nil {
		return
	}
	n, err := w.file.Write(w.batch)
	if err != nil {
		w.fail(fmt.Errorf("write log: %w", err))
		whole := bytes.LastIndexByte(w.batch[:n], '\n') + 1
		w.cutOff(int64(n - whole))
		n = whole
	}
	w.size += int64(n)
	if cap(w.batch) > 4*batchSize { // one entry with huge attrs shall not be held for ever
		w.batch = nil
	}
	w.batch = w.batch[:0]
}

// cutOff removes the last n bytes of the file. It asks for the size, since somebody may have cleared the file.
func (w *Writer) cutOff(n int64) {
	if n == 0 {
		return
	}
	info, err := w.file.Stat()
	if err == nil {
		err = w.file.Truncate(info.Size() - n)
	}
	if err != nil {
		w.fail(fmt.Errorf("write log: %w", err))
	}
}
