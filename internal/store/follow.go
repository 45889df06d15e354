package store

import (
	"io"
	"sync"
)

// Follower lets a layer be unpacked while its blob comes: what is fetched is written into it as well. A fetch that does not begin at the blob's
// first byte cannot be followed; then the layer is unpacked when the blob is there.
type Follower struct {
	r     *io.PipeReader
	w     *io.PipeWriter
	once  sync.Once
	begun chan struct{} // closed with the first byte
	lost  bool          // nobody reads on; used by the writing side alone
}

func newFollower() *Follower {
	f := &Follower{begun: make(chan struct{})}
	f.r, f.w = io.Pipe()
	return f
}

// Reader returns r with all that is read from it written into the follower. It may be called on nil.
func (f *Follower) Reader(r io.ReadCloser) io.ReadCloser {
	if f == nil {
		return r
	}
	return &followed{ReadCloser: r, by: f}
}

// ended says that the blob is there and is what its digest says, or why not.
func (f *Follower) ended(err error) {
	_ = f.w.CloseWithError(err) // nil is the end of the stream
}

// followed is a blob that is fetched and followed.
type followed struct {
	io.ReadCloser
	by *Follower
}

func (r *followed) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if n > 0 && !r.by.lost {
		r.by.once.Do(func() { close(r.by.begun) })
		if _, err := r.by.w.Write(p[:n]); err != nil {
			r.by.lost = true // who unpacks has failed, and says so himself
		}
	}
	return n, err
}

// Seek is called before the first read, to go on where an earlier fetch broke off.
func (r *followed) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		r.by.lost = true
	}
	s, ok := r.ReadCloser.(io.Seeker)
	if !ok {
		return 0, errNoSeek
	}
	return s.Seek(offset, whence)
}
