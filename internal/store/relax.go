package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// A step of a build writes some thirty transactions to the metadata database, of which none is worth waiting for the disk: what a build has
// cached may be lost when the power fails, as long as what was there before is not. So while the builder writes, the database does not wait
// for the disk, and a copy of it lies beside it that is on disk and whole. After another boot the copy takes the place of the database. What
// others are told is done (see Update) goes to the copy at once; nothing is removed while there is one.

// relaxGrace is how long after the builder's last write the database waits for the disk again.
const relaxGrace = time.Second

// relaxed says whether the database waits for the disk.
type relaxed struct {
	store *Store
	used  atomic.Int64 // when the builder wrote last, in nanoseconds of Unix time
	is    atomic.Bool  // it does not wait; changed under mu

	mu     sync.Mutex // guards what follows
	strict int        // how many need it to wait
	copied int        // the last transaction that the copy has
	synced func()     // has the layers that were made brought to disk
	also   []*func(relaxed bool) error
	timer  *time.Timer
}

// Relax is called before the builder writes: for a moment the metadata database need not wait for the disk.
func (s *Store) Relax() {
	r := &s.relaxed
	r.used.Store(time.Now().UnixNano())
	if r.is.Load() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.is.Load() || r.strict > 0 {
		return
	}
	if err := r.begin(); err != nil {
		s.log.Warn("builds wait for the disk more often than they need to", "error", err)
	}
}

// WhenRelaxed has another database wait for the disk or not, as the metadata database does, until done is called.
func (s *Store) WhenRelaxed(set func(relaxed bool) error) (done func() error) {
	r := &s.relaxed
	r.mu.Lock()
	defer r.mu.Unlock()
	r.also = append(r.also, &set)
	return func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.also = slices.DeleteFunc(r.also, func(other *func(bool) error) bool { return other == &set })
		return set(false)
	}
}

// begin makes the copy; nothing is written meanwhile. It does all of it or nothing. The caller holds mu.
func (r *relaxed) begin() (err error) {
	tx, err := r.store.db.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // there is nothing in it
	if r.synced, err = r.store.Unpacking(); err != nil {
		return err
	}
	told := 0
	defer func() {
		if err != nil {
			err = errors.Join(err, r.takeBack(told))
		}
	}()
	if err := r.copy(); err != nil {
		return err
	}
	for _, fn := range r.also {
		told++
		if err := (*fn)(true); err != nil {
			return err
		}
	}
	r.store.db.NoSync = true
	r.begun()
	return nil
}

// begun is for when there is a copy, which is kept up from now on.
func (r *relaxed) begun() {
	r.is.Store(true)
	r.timer = time.AfterFunc(relaxGrace, r.expire)
}

// takeBack undoes what a begin has done that fails, having told the first of the others. A copy that cannot be removed is kept up, or it would
// be old when it takes the place of the database, until it can be.
func (r *relaxed) takeBack(told int) error {
	var failed []error
	for _, fn := range r.also[:told] {
		failed = append(failed, (*fn)(false))
	}
	if err := removeSynced(copyPath(r.store.root, r.store.boot)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.begun()
		return errors.Join(append(failed, err)...)
	}
	r.synced()
	return errors.Join(failed...)
}

// expire ends it once the builder has not written for a moment.
func (r *relaxed) expire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.is.Load() {
		return
	}
	if idle := time.Since(time.Unix(0, r.used.Load())); idle < relaxGrace {
		r.timer.Reset(relaxGrace - idle)
		return
	}
	if err := r.end(); err != nil {
		r.store.log.Warn("cannot bring the image store's database to disk", "error", err) // the copy stays, and is kept up
		r.timer.Reset(relaxGrace)
	}
}

// end brings the database to disk and removes the copy. The caller holds mu.
func (r *relaxed) end() error {
	tx, err := r.store.db.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // there is nothing in it
	for _, fn := range r.also {
		if err := (*fn)(false); err != nil {
			return err
		}
	}
	if err := r.store.db.Sync(); err != nil {
		return err
	}
	if err := removeSynced(copyPath(r.store.root, r.store.boot)); err != nil {
		return err
	}
	r.store.db.NoSync = false
	r.is.Store(false)
	r.timer.Stop()
	r.synced()
	return nil
}

// settle brings what was written to disk: into the copy, if there is one.
func (r *relaxed) settle() error {
	if !r.is.Load() {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.is.Load() {
		return nil
	}
	return r.copy()
}

// strictly has the database wait for the disk until done is called.
func (r *relaxed) strictly() (done func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.is.Load() {
		if err := r.end(); err != nil {
			return nil, err
		}
	}
	r.strict++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.strict--
	}, nil
}

// copy writes what is in the database to the copy, unless that has it. The caller holds mu.
func (r *relaxed) copy() error {
	path := copyPath(r.store.root, r.store.boot)
	return r.store.db.View(func(tx *bolt.Tx) error {
		if r.is.Load() && r.copied == tx.ID() {
			return nil
		}
		half, err := os.OpenFile(path+".half", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer half.Close()
		if _, err := tx.WriteTo(half); err != nil {
			return fmt.Errorf("copy the image store's database: %w", err)
		}
		if err := half.Sync(); err != nil {
			return err
		}
		if err := errors.Join(os.Rename(half.Name(), path), syncDir(r.store.root)); err != nil {
			return err
		}
		r.copied = tx.ID()
		return nil
	})
}

// copyPath is where the copy lies that was made in a boot of the kernel.
func copyPath(root, boot string) string { return filepath.Join(root, "meta.db.of-"+boot) }

// copies finds the copy that an earlier process has left, "" if there is none, and whether the machine went down since.
func copies(root, boot string) (path string, lost bool, err error) {
	half, err := filepath.Glob(copyPath(root, "*.half"))
	if err != nil {
		return "", false, err
	}
	for _, h := range half {
		if err := os.Remove(h); err != nil {
			return "", false, err
		}
	}
	found, err := filepath.Glob(copyPath(root, "*"))
	if err != nil || len(found) == 0 {
		return "", false, err
	}
	return found[0], found[0] != copyPath(root, boot), nil
}

// restore puts the copy in the place of the database if the machine went down while there was one.
func restore(root, boot string) error {
	path, lost, err := copies(root, boot)
	if err != nil || !lost {
		return err
	}
	if err := markLost(root); err != nil {
		return err
	}
	if err := os.Rename(path, filepath.Join(root, databaseName)); err != nil {
		return err
	}
	return syncDir(root)
}

// settleLeft brings to disk what a process that was killed has left in memory, and removes its copy.
func settleLeft(db *bolt.DB, root, boot string) error {
	path, _, err := copies(root, boot)
	if err != nil || path == "" {
		return err
	}
	if err := db.Sync(); err != nil {
		return err
	}
	return removeSynced(path)
}

func removeSynced(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
