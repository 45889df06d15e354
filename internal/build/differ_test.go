package build

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestALayersArchiveHasWhatTheLayerChanges: with whiteouts as images have them, without folders that were copied up, and with every byte of a file.
func TestALayersArchiveHasWhatTheLayerChanges(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("making whiteouts needs root")
	}
	lower, upper := t.TempDir(), t.TempDir()
	large := bytes.Repeat([]byte("0123456789abcdef"), bufferSize/8)
	err := errors.Join(
		os.MkdirAll(filepath.Join(lower, "etc/app"), 0o755), os.WriteFile(filepath.Join(lower, "etc/gone"), nil, 0o644),
		os.MkdirAll(filepath.Join(upper, "etc/app"), 0o755), os.WriteFile(filepath.Join(upper, "etc/app/conf"), large, 0o640),
		os.Link(filepath.Join(upper, "etc/app/conf"), filepath.Join(upper, "etc/twin")),
		unix.Mknod(filepath.Join(upper, "etc/gone"), unix.S_IFCHR, 0), unix.Mknod(filepath.Join(upper, "etc/never"), unix.S_IFCHR, 0),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		below []string
		want  string
	}{
		{[]string{lower}, "etc/app/conf etc/.wh.gone etc/twin=etc/app/conf"},
		{nil, "etc/ etc/app/ etc/app/conf etc/twin=etc/app/conf"},
	} {
		var out bytes.Buffer
		if err := writeLayer(context.Background(), &out, upper, c.below); err != nil {
			t.Fatal(err)
		}
		var names []string
		for in := tar.NewReader(&out); ; {
			h, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			name := h.Name
			if h.Typeflag == tar.TypeLink {
				name += "=" + h.Linkname
			}
			names = append(names, name)
			if content, err := io.ReadAll(in); h.Name == "etc/app/conf" && (err != nil || !bytes.Equal(content, large) || h.Mode != 0o640) {
				t.Errorf("%s has %d bytes, %v, and mode %o", h.Name, len(content), err, h.Mode)
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("the archive has %q, and not %q", got, c.want)
		}
	}
}
