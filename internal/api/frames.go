package api

import "encoding/binary"

// frames takes Docker's frames (see appendFrame) off a stream that comes in pieces of any length.
type frames struct {
	head []byte // of the frame that has just begun, as far as it is there
	left uint32 // bytes of the present frame's content still to come
}

// headSize is the length of a frame's head in bytes.
const headSize = 8

// next gives the first bytes of content in a piece, if there are any, and what of the piece comes after them.
func (f *frames) next(piece []byte) (content, rest []byte) {
	if f.left == 0 {
		n := min(headSize-len(f.head), len(piece))
		f.head, piece = append(f.head, piece[:n]...), piece[n:]
		if len(f.head) < headSize {
			return nil, nil
		}
		f.left, f.head = binary.BigEndian.Uint32(f.head[4:]), f.head[:0]
	}
	n := min(int(f.left), len(piece))
	f.left -= uint32(n)
	return piece[:n], piece[n:]
}
