package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/errdefs"
)

// Volatile keeps records that a reboot may take: each in a file of its own, replaced as a whole and never synced. A killed daemon finds
// all of them again.
type Volatile struct {
	folder string
	log    *slog.Logger
}

const (
	recordSuffix = ".json"
	// damagedFolder is where files go that hold no record, for somebody to look at.
	damagedFolder = "damaged"
)

// OpenVolatile opens the records in a folder, which it makes, for its owner only, if there is none. Only one daemon may have it open.
func OpenVolatile(folder string, log *slog.Logger) (*Volatile, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("open volatile state: %w", err)
	}
	unfinished, err := filepath.Glob(filepath.Join(globQuote(folder), "*.tmp"))
	if err != nil {
		return nil, fmt.Errorf("open volatile state: %w", err)
	}
	for _, name := range unfinished {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open volatile state: %w", err)
		}
	}
	return &Volatile{folder: folder, log: log}, nil
}

func globQuote(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// Put writes v as JSON under a key, over what was there.
func (s *Volatile) Put(key string, v any) error {
	name, err := s.path(key)
	if err != nil {
		return fmt.Errorf("write volatile state: %w", err)
	}
	record, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write volatile state %s: %w", key, err)
	}
	if err := replace(name, record); err != nil {
		return fmt.Errorf("write volatile state %s: %w", key, err)
	}
	return nil
}

// replace gives the file a new content, or leaves it as it is.
func replace(name string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(name), "*.tmp")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// Delete removes the record under a key. It is no error if there is none.
func (s *Volatile) Delete(key string) error {
	name, err := s.path(key)
	if err != nil {
		return fmt.Errorf("delete volatile state: %w", err)
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete volatile state %s: %w", key, err)
	}
	return nil
}

// Load calls fn for each record, as Bucket.Load does. A file that holds no JSON is reported to the log, moved aside and passed over.
func (s *Volatile) Load(fn func(key string, decode func(v any) error) error) error {
	files, err := os.ReadDir(s.folder)
	if err != nil {
		return fmt.Errorf("load volatile state: %w", err)
	}
	for _, file := range files {
		key, ok := keyOf(file)
		if !ok {
			continue
		}
		name := filepath.Join(s.folder, file.Name())
		record, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) { // deleted meanwhile
			continue
		}
		if err == nil && !json.Valid(record) {
			err = errors.New("it is no JSON")
		}
		if err != nil {
			s.setAside(name, err)
			continue
		}
		if err := fn(key, decoder(key, record)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Volatile) setAside(name string, why error) {
	aside := filepath.Join(s.folder, damagedFolder)
	err := os.MkdirAll(aside, 0o700)
	if err == nil {
		err = os.Rename(name, filepath.Join(aside, filepath.Base(name)))
	}
	if err != nil {
		s.log.Error("unreadable state file cannot be moved aside", "file", name, "fault", why, "error", err)
		return
	}
	s.log.Warn("unreadable state file moved aside", "file", name, "to", aside, "fault", why)
}

// path returns the file of a key. Whatever the key holds, the file lies in the folder.
func (s *Volatile) path(key string) (string, error) {
	name := url.PathEscape(key) + recordSuffix
	if key == "" || len(name) > 255 {
		return "", fmt.Errorf("key of %d bytes: %w", len(key), errdefs.ErrInvalidArgument)
	}
	return filepath.Join(s.folder, name), nil
}

func keyOf(file fs.DirEntry) (string, bool) {
	name, ok := strings.CutSuffix(file.Name(), recordSuffix)
	if !ok || !file.Type().IsRegular() {
		return "", false
	}
	key, err := url.PathUnescape(name)
	return key, err == nil
}
