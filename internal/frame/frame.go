// Package frame is the form in which one connection carries several outputs (Docker Engine API, "Stream format"): a frame has
// a head of eight bytes, which are the stream's number, three zeros and the length of what follows, the most significant byte
// first.
package frame

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The numbers of the streams. Exit is tug's own.
const (
	Stdout byte = 1
	Stderr byte = 2
	Error  byte = 3 // the engine's words on why there is no more
	Exit   byte = 5 // the last frame of a run in one call: the exit code in four bytes, the most significant first
)

// HeadSize is the length of a frame's head in bytes.
const HeadSize = 8

// Of is the number of a container's output, "stdout" or "stderr".
func Of(output string) byte {
	if output == "stderr" {
		return Stderr
	}
	return Stdout
}

// Append appends a frame that holds the parts.
func Append(b []byte, stream byte, parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	b = append(b, stream, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// Size is how many bytes follow a head.
func Size(head []byte) uint32 { return binary.BigEndian.Uint32(head[4:HeadSize]) }

// Contents is a writer of frames, in pieces of any length, that hands on what is in them, whatever the stream.
type Contents struct {
	To      io.Writer
	Errors  io.Writer // takes what is of Stderr; nil: To does
	Words   io.Writer // takes what is of Error; nil: To does
	head    []byte    // of the frame that has just begun, as far as it is there
	left    uint32    // bytes of the present frame's content still to come
	present io.Writer // takes that content
}

// Write takes a piece of the stream. Nothing is handed on twice, and nothing empty. What begins with no head of a frame is refused.
func (c *Contents) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if c.left == 0 {
			n := min(HeadSize-len(c.head), len(rest))
			c.head, rest = append(c.head, rest[:n]...), rest[n:]
			if len(c.head) == HeadSize {
				if c.head[0] > Exit {
					return len(p) - len(rest), fmt.Errorf("a frame of stream %d: there is none of that number", c.head[0])
				}
				c.present = c.of(c.head[0])
				c.left, c.head = Size(c.head), c.head[:0]
			}
			continue
		}
		n := int(min(int64(c.left), int64(len(rest))))
		if _, err := c.present.Write(rest[:n]); err != nil {
			return len(p) - len(rest), err
		}
		c.left, rest = c.left-uint32(n), rest[n:]
	}
	return len(p), nil
}

// of is what takes the contents of a stream.
func (c *Contents) of(stream byte) io.Writer {
	switch {
	case stream == Stderr && c.Errors != nil:
		return c.Errors
	case stream == Error && c.Words != nil:
		return c.Words
	}
	return c.To
}
