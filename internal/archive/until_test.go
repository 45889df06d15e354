package archive

import (
	"context"
	"errors"
	"io"
	"testing"
)

// ending is a context that ends when it was asked so many times whether it has.
type ending struct {
	context.Context
	left int
}

func (e *ending) Err() error {
	if e.left--; e.left < 0 {
		return context.Canceled
	}
	return nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestUntilEndsWithItsContext(t *testing.T) {
	ctx := &ending{t.Context(), 3}
	n, err := io.CopyBuffer(onlyWriter{io.Discard}, Until(ctx, zeros{}), make([]byte, 10))
	if n != 30 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d bytes, %v", n, err)
	}
}
