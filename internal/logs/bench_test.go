package logs

import (
	"bytes"
	"path/filepath"
	"testing"
)

// BenchmarkShortLines writes 100 MB of short lines as a shim reads them from a pipe.
func BenchmarkShortLines(b *testing.B) {
	chunk := bytes.Repeat([]byte("2026-01-02 request served in 12 ms, status=200 <ok>\n"), 64<<10/52)
	b.SetBytes(100 << 20)
	for b.Loop() {
		w := open(b, filepath.Join(b.TempDir(), "x-json.log"), Options{MaxSize: 20 << 20, MaxFiles: 5})
		s := w.Stream("stdout")
		for sent := 0; sent < 100<<20; sent += len(chunk) {
			if _, err := s.Write(chunk); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
