package state

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/containerd/errdefs"
	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// lockPatience is how long Open waits for a daemon that is just going.
const lockPatience = 2 * time.Second

// DB is the durable store. Its methods may be called concurrently.
type DB struct {
	file      *bbolt.DB
	committer committer
}

// Open opens the store at path, and makes it, readable for its owner only, if there is none. A store of an older format is migrated.
//
// Errors: FailedPrecondition if a newer version of tug wrote the store, or if another daemon has it open (the message names it).
func Open(path string, log *slog.Logger) (*DB, error) {
	return open(path, log, migrations())
}

func open(path string, log *slog.Logger, steps []migration) (*DB, error) {
	file, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:        lockPatience,
		NoFreelistSync: true, // the file is small: finding its free pages at the start costs less than writing them each time
		FreelistType:   bbolt.FreelistMapType,
	})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("open state %s: it is in use by %s; stop that daemon, or give this one another data root: %w", path, holder(path), errdefs.ErrFailedPrecondition)
	}
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	if err := migrate(file, log, steps); err != nil {
		file.Close()
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	if err := syncFolder(path); err != nil {
		file.Close()
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	return &DB{file: file, committer: committer{file: file}}, nil
}

// syncFolder makes the name of a new file durable, as bbolt makes its content.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// Close waits for writes that have begun and closes the file. Later ones fail.
func (db *DB) Close() error {
	return db.file.Close()
}

// Bucket returns the bucket of that name. It need not exist: the first Put makes it. Names that begin with a dot are reserved.
func (db *DB) Bucket(name string) *Bucket {
	return &Bucket{db: db, name: []byte(name)}
}
