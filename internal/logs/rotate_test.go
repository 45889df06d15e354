package logs

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// names returns what lies beside and at path.
func names(t testing.TB, path string) []string {
	t.Helper()
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func TestRotationKeepsTheLastFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	w := open(t, path, Options{MaxSize: 1, MaxFiles: 3})
	s := w.Stream("stdout")
	for i := range 6 {
		write(t, s, fmt.Sprintf("%d\n", i))
	}
	if diff := cmp.Diff([]string{"x-json.log", "x-json.log.1", "x-json.log.2"}, names(t, path)); diff != "" {
		t.Fatal(diff)
	}
	for name, want := range map[string]string{path: "5\n", path + ".1": "4\n", path + ".2": "3\n"} {
		if diff := cmp.Diff([]string{want}, lines(t, name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestSingleFileIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	s := open(t, path, Options{MaxSize: 1, MaxFiles: 1}).Stream("stdout")
	write(t, s, "1\n2\n3\n")
	if diff := cmp.Diff([]string{"x-json.log"}, names(t, path)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"3\n"}, lines(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestFileIsRotatedBeforeTheEntryThatFindsItFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	s := open(t, path, Options{MaxSize: 10_000, MaxFiles: 100}).Stream("stdout")
	for range 20 { // more than one batch at a time
		write(t, s, strings.Repeat(strings.Repeat("z", 99)+"\n", 1000))
	}
	rotated, err := ListRotated(path)
	if err != nil || len(rotated) != 99 {
		t.Fatalf("%d files, %v", len(rotated), err)
	}
	for _, r := range rotated {
		info, err := os.Stat(r.Path)
		if err != nil || info.Size() < 10_000 || info.Size() >= 10_000+200 {
			t.Errorf("%s: %d bytes, %v", r.Path, info.Size(), err)
		}
	}
}

func TestRotatedFilesAreCompressed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	w := open(t, path, Options{MaxSize: 1, MaxFiles: 4, Compress: true})
	s := w.Stream("stdout")
	for i := range 6 {
		write(t, s, fmt.Sprintf("%d\n", i))
		w.background.Wait() // a rotation is put off while a file is just given its compressed name
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x-json.log", "x-json.log.1.gz", "x-json.log.2.gz", "x-json.log.3.gz"}, names(t, path)); diff != "" {
		t.Fatal(diff)
	}
	for age := 1; age <= 3; age++ {
		packed, err := os.Open(rotatedPath(path, age, true))
		if err != nil {
			t.Fatal(err)
		}
		defer packed.Close()
		z, err := gzip.NewReader(packed)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if want := fmt.Sprintf(`{"log":"%d\n"`, 5-age); err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("age %d: %s %v, want %s", age, text, err, want)
		}
	}
}

func TestRotationWaitsForNoReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	s := open(t, path, Options{MaxSize: 100_000, MaxFiles: 3}).Stream("stdout")
	lock, err := LockShared(path)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	line := strings.Repeat("r", 999) + "\n"
	for range 150 {
		write(t, s, line)
	}
	if rotated, _ := ListRotated(path); len(rotated) != 0 {
		t.Fatalf("rotated under a reader's lock: %v", rotated)
	}
	for range 1000 { // but a reader that never lets go shall not fill the disk
		write(t, s, line)
	}
	if rotated, _ := ListRotated(path); len(rotated) != 1 {
		t.Fatalf("not rotated by far too late: %v", rotated)
	}
}

func TestWriterGoesOnWhereAnotherWasKilled(t *testing.T) {
	whole := `{"log":"whole\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}` + "\n"
	for name, torn := range map[string]string{
		"nothing":         "",
		"half an entry":   `{"log":"ha`,
		"all but newline": strings.TrimSuffix(whole, "\n"),
		"zeros":           strings.Repeat("\x00", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x-json.log")
			if err := os.WriteFile(path, []byte(whole+torn), 0o640); err != nil {
				t.Fatal(err)
			}
			write(t, open(t, path, Options{}).Stream("stdout"), "next\n")
			if diff := cmp.Diff([]string{"whole\n", "next\n"}, lines(t, path)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFileOfOneTornEntryIsEmptied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 100_000)), 0o640); err != nil {
		t.Fatal(err)
	}
	write(t, open(t, path, Options{}).Stream("stdout"), "next\n")
	if diff := cmp.Diff([]string{"next\n"}, lines(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestInterruptedRotationAndCompressionAreTidiedUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(path+name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	// Killed after .1 had become .2, with the log renamed but not replaced, while .1 was compressed a second ago.
	put(".1", `{"log":"1\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}`+"\n")
	put(".1.gz", "source not removed yet")
	put(".next", "")
	put(".gz.tmp", "half")
	w := open(t, path, Options{MaxSize: 1, MaxFiles: 3, Compress: true})
	write(t, w.Stream("stdout"), "2\n3\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x-json.log", "x-json.log.1.gz", "x-json.log.2.gz"}, names(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestClearEmptiesALogThatIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	s := open(t, path, Options{MaxSize: 500, MaxFiles: 3}).Stream("stdout")
	for range 12 {
		write(t, s, "before\n")
	}
	if err := Clear(path); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x-json.log", "x-json.log.cleared"}, names(t, path)); diff != "" {
		t.Fatal(diff)
	}
	for range 7 { // not rotated for what is gone
		write(t, s, "after\n")
	}
	if got := lines(t, path); len(got) != 7 || got[0] != "after\n" {
		t.Errorf("%q", got)
	}
	if err := Clear(filepath.Join(t.TempDir(), "none", "x-json.log")); err != nil {
		t.Errorf("clear of a log that does not exist: %v", err)
	}
}

func TestFailedWriteLeavesWholeEntries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-json.log")
	w := open(t, path, Options{})
	s := w.Stream("stdout")
	write(t, s, "first\n")
	limit := w.size + 90
	restore := limitFileSize(t, uint64(limit)) // as a full disk: the write that passes it is cut short
	n, err := s.Write([]byte("second\nthird\nfourth\n"))
	restore()
	if n != len("second\nthird\nfourth\n") || err == nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	write(t, s, "later\n")
	if diff := cmp.Diff([]string{"first\n", "second\n", "later\n"}, lines(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestFolderThatDoesNotExistIsAnError(t *testing.T) {
	_, err := OpenWriter(filepath.Join(t.TempDir(), "none", "x-json.log"), Options{})
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
