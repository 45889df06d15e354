package shim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Version is that of the protocol. A daemon speaks to shims of its own version and adopts those of earlier ones, whose
// requests must therefore keep their meaning.
const Version = 2

// The kinds of messages.
const (
	KindHello byte = iota + 1
	KindRun
	KindExec
	KindAttach
	KindSignal
	KindResize
	KindWait
	KindQuit
	KindOK   // an answer, with fields of its own
	KindFail // an answer: what failed, and the error number (0: none)
)

// maxMessage bounds a message; a plan of a container with a hundred mounts has some 100 KiB.
const maxMessage = 16 << 20

// encoder appends fields to a message.
type encoder struct{ b []byte }

func (e *encoder) int(n int64)     { e.b = binary.AppendVarint(e.b, n) }
func (e *encoder) bytes(s []byte)  { e.int(int64(len(s))); e.b = append(e.b, s...) }
func (e *encoder) string(s string) { e.int(int64(len(s))); e.b = append(e.b, s...) }
func (e *encoder) bool(v bool) {
	if v {
		e.int(1)
	} else {
		e.int(0)
	}
}

var errTorn = errors.New("a torn message")

// decoder reads fields; after a fault it gives zeros and keeps the error.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) int() int64 {
	n, k := binary.Varint(d.b)
	if k <= 0 {
		d.b, d.err = nil, errTorn
		return 0
	}
	d.b = d.b[k:]
	return n
}

func (d *decoder) bytes() []byte {
	n := d.int()
	if n < 0 || n > int64(len(d.b)) {
		d.b, d.err = nil, errTorn
		return nil
	}
	s := d.b[:n:n]
	d.b = d.b[n:]
	return s
}

func (d *decoder) string() string { return string(d.bytes()) }
func (d *decoder) bool() bool     { return d.int() != 0 }

// WriteMessage writes one message in one write.
func WriteMessage(w io.Writer, kind byte, body []byte) error {
	m := make([]byte, 5, 5+len(body))
	binary.BigEndian.PutUint32(m, uint32(len(body)))
	m[4] = kind
	_, err := w.Write(append(m, body...))
	return err
}

// ReadMessage reads one message.
func ReadMessage(r io.Reader) (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxMessage {
		return 0, nil, fmt.Errorf("a message of %d bytes", n)
	}
	body = make([]byte, n)
	_, err = io.ReadFull(r, body)
	return head[4], body, err
}
