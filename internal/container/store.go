package container

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/errdefs"
)

// Store holds all containers in memory and keeps them on disk. Reading never waits for a disk or for a container.
//
// A record in it is never changed in place: who changes one puts a changed copy.
type Store struct {
	durable, volatile, health Keeper

	mu    sync.RWMutex // guards what follows
	byID  map[string]*entry
	names map[string]string // name -> ID
}

type entry struct {
	record  *Record
	changed chan struct{} // closed when the record changes
	removed bool
	claim   chan struct{} // holds a token while nobody has claimed the container
	writes  sync.Mutex    // orders the writes to disk
}

func (s *Store) insert(r *Record) {
	e := &entry{record: r, changed: make(chan struct{}), claim: make(chan struct{}, 1)}
	e.claim <- struct{}{}
	s.byID[r.ID] = e
	// Two have a name if the daemon was killed while it removed the older.
	if other, ok := s.byID[s.names[r.Name]]; !ok || !other.record.Created.After(r.Created) {
		s.names[r.Name] = r.ID
	}
}

func (s *Store) keeper(r *Record) Keeper {
	if r.Host.AutoRemove {
		return s.volatile
	}
	return s.durable
}

// Hold adds a new container in memory alone, which its first Change records: it is for one that nobody has been told of
// by then. Errors: Conflict if the name is taken.
func (s *Store) Hold(r *Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := s.names[r.Name]; ok {
		return nameTaken(r.Name, id)
	}
	s.insert(r)
	return nil
}

// Add adds a new container. Errors: Conflict if the name is taken.
func (s *Store) Add(r *Record) error {
	s.mu.Lock()
	if id, ok := s.names[r.Name]; ok {
		s.mu.Unlock()
		return nameTaken(r.Name, id)
	}
	s.insert(r)
	e := s.byID[r.ID]
	e.writes.Lock() // whoever finds the container by now changes it only after it is recorded
	defer e.writes.Unlock()
	s.mu.Unlock()
	if err := s.keeper(r).Put(r.ID, r); err != nil {
		s.forget(r.ID)
		return fmt.Errorf("record the container: %w", err)
	}
	return nil
}

func nameTaken(name, by string) error {
	return fmt.Errorf("Conflict. The container name %q is already in use by container %q. You have to remove (or rename) that container to be able to reuse that name.: %w", "/"+name, by, errdefs.ErrConflict) //nolint:staticcheck // Docker's words
}

func noSuch(ref string) error {
	return fmt.Errorf("No such container: %s: %w", ref, errdefs.ErrNotFound) //nolint:staticcheck // Docker's words
}

// Forget takes a container out of memory, with its last record, and wakes who watches it; Remove has to follow, which
// takes it off the disk.
func (s *Store) Forget(last *Record) {
	s.mu.RLock()
	e, ok := s.byID[last.ID]
	s.mu.RUnlock()
	if !ok {
		return
	}
	e.writes.Lock() // see Remove
	defer e.writes.Unlock()
	s.mu.Lock()
	e.record = last
	s.mu.Unlock()
	s.forget(last.ID)
}

func (s *Store) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.byID[id]; ok {
		delete(s.byID, id)
		if s.names[e.record.Name] == id {
			delete(s.names, e.record.Name)
		}
		e.removed = true
		close(e.changed)
	}
}

// Get gives a container by its ID, its name, a name that it has by another's link ("web/db"), or the beginning of its ID
// if that is unique. The record must not be changed. Errors: NotFound, InvalidArgument if several IDs begin so.
func (s *Store) Get(ref string) (*Record, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, err := s.find(ref)
	if err != nil {
		return nil, err
	}
	return e.record, nil
}

func (s *Store) find(ref string) (*entry, error) {
	if e, ok := s.byID[ref]; ok {
		return e, nil
	}
	name := strings.TrimPrefix(ref, "/")
	if e, ok := s.byID[s.names[name]]; ok { // a name may be reserved for one that was just removed
		return e, nil
	}
	if e, ok := s.linked(name); ok {
		return e, nil
	}
	var found *entry
	if ref != "" {
		for id, e := range s.byID {
			if !strings.HasPrefix(id, ref) {
				continue
			}
			if found != nil {
				return nil, fmt.Errorf("multiple IDs found with provided prefix: %s: %w", ref, errdefs.ErrInvalidArgument)
			}
			found = e
		}
	}
	if found == nil {
		return nil, noSuch(ref)
	}
	return found, nil
}

// List gives all containers, the newest first. The records must not be changed.
func (s *Store) List() []*Record {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]*Record, 0, len(s.byID))
	for e := range maps.Values(s.byID) {
		list = append(list, e.record)
	}
	slices.SortFunc(list, func(a, b *Record) int {
		if c := b.Created.Compare(a.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// Claim waits until nobody else starts, removes or otherwise rebuilds the container, and keeps others from it until
// release is called. Errors: NotFound (also if it is removed meanwhile), and ctx's.
func (s *Store) Claim(ctx context.Context, ref string) (r *Record, release func(), err error) {
	s.mu.RLock()
	e, err := s.find(ref)
	s.mu.RUnlock()
	if err != nil {
		return nil, nil, err
	}
	select {
	case <-e.claim:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	release = func() { e.claim <- struct{}{} }
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.byID[e.record.ID] != e {
		release()
		return nil, nil, noSuch(ref)
	}
	return e.record, release, nil
}

// Change puts a changed copy of a container's record in its place, first on disk, and wakes who watches it.
// Errors: NotFound.
func (s *Store) Change(id string, change func(*Record)) (*Record, error) {
	return s.change(id, change, func(r *Record) error { return s.keeper(r).Put(id, r) })
}

func (s *Store) change(id string, change func(*Record), write func(*Record) error) (*Record, error) {
	s.mu.RLock()
	e, ok := s.byID[id]
	s.mu.RUnlock()
	if !ok {
		return nil, noSuch(id)
	}
	e.writes.Lock()
	defer e.writes.Unlock()
	s.mu.RLock()
	r, old, removed := e.record.Clone(), e.record.Name, e.removed
	s.mu.RUnlock()
	if removed { // what is written now would be a ghost that the next daemon finds
		return nil, noSuch(id)
	}
	change(r)
	if err := write(r); err != nil {
		return nil, fmt.Errorf("record the container: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.record = r
	if r.Name != old {
		delete(s.names, old)
	}
	close(e.changed)
	e.changed = make(chan struct{})
	return r, nil
}

// Rename gives a container another name. Errors: NotFound, Conflict if the name is taken.
func (s *Store) Rename(id, name string) error {
	s.mu.Lock()
	if by, ok := s.names[name]; ok {
		s.mu.Unlock()
		return nameTaken(name, by)
	}
	s.names[name] = id // nobody else takes it while the record is written
	s.mu.Unlock()
	_, err := s.Change(id, func(r *Record) { r.Name = name })
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.names, name)
	}
	return err
}

// Remove forgets a container, first on disk.
func (s *Store) Remove(r *Record) error {
	s.mu.RLock()
	e, ok := s.byID[r.ID]
	s.mu.RUnlock()
	if ok {
		e.writes.Lock() // a change under way must not write the record again
		defer e.writes.Unlock()
	}
	if err := s.keeper(r).Delete(r.ID); err != nil {
		return fmt.Errorf("forget the container: %w", err)
	}
	if err := s.health.Delete(r.ID); err != nil {
		return fmt.Errorf("forget the container: %w", err)
	}
	s.forget(r.ID)
	return nil
}
