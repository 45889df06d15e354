package container

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/docker/go-units"
)

// counter counts bytes.
type counter struct{ total atomic.Int64 }

// reading gives a reader that counts what is read.
func (c *counter) reading(from io.Reader) io.Reader { return &countingReader{from, c} }

type countingReader struct {
	from io.Reader
	to   *counter
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.to.total.Add(int64(n))
	return n, err
}

// draw shows the count behind a label, on one line that it takes away again when ctx ends; then the channel
// is closed.
func (c *counter) draw(ctx context.Context, out io.Writer, label string) <-chan struct{} {
	const toLineStart, clearLine = "\r", "\x1b[2K"
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(75 * time.Millisecond)
		defer ticker.Stop()
		shown := int64(-1)
		for {
			if n := c.total.Load(); n != shown {
				_, _ = fmt.Fprint(out, toLineStart, clearLine, label, humanSize(n))
				shown = n
			}
			select {
			case <-ctx.Done():
				_, _ = fmt.Fprint(out, toLineStart, clearLine)
				return
			case <-ticker.C:
			}
		}
	}()
	return done
}

// copySummary says how much was copied where; the archive around it may have been larger.
func copySummary(content, transferred int64, destination string) string {
	if content == transferred {
		return fmt.Sprintf("Successfully copied %s to %s\n", humanSize(content), destination)
	}
	return fmt.Sprintf("Successfully copied %s (transferred %s) to %s\n", humanSize(content), humanSize(transferred), destination)
}

func humanSize(bytes int64) string { return units.HumanSizeWithPrecision(float64(bytes), 3) }
