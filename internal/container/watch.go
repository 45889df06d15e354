package container

// Watch gives a view of one container that stays when it is removed. Errors: NotFound.
func (s *Store) Watch(ref string) (*Watch, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, err := s.find(ref)
	if err != nil {
		return nil, err
	}
	return &Watch{s, e}, nil
}

// Watch is a view of one container.
type Watch struct {
	store *Store
	entry *entry
}

// Look gives the record as it is, or was when the container was removed, and a channel that is closed when that changes.
func (w *Watch) Look() (r *Record, changed <-chan struct{}, removed bool) {
	w.store.mu.RLock()
	defer w.store.mu.RUnlock()
	return w.entry.record, w.entry.changed, w.entry.removed
}
