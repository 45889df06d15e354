package store

import (
	"context"
	"sync"
)

// keyLocks is a mutex for each key in use: two pulls of one layer fetch it once. It implements unpack.KeyedLocker.
type keyLocks struct {
	mu   sync.Mutex // guards held
	held map[string]*keyLock
}

// keyLock is a mutex that can be waited for with a context; users counts its holder and those who wait.
type keyLock struct {
	free  chan struct{}
	users int
}

func newKeyLocks() *keyLocks { return &keyLocks{held: map[string]*keyLock{}} }

// Lock waits until no one else holds key, or until ctx ends.
func (k *keyLocks) Lock(ctx context.Context, key string) error {
	k.mu.Lock()
	l := k.held[key]
	if l == nil {
		l = &keyLock{free: make(chan struct{}, 1)}
		l.free <- struct{}{}
		k.held[key] = l
	}
	l.users++
	k.mu.Unlock()

	select {
	case <-l.free:
		return nil
	case <-ctx.Done():
		k.leave(key, l)
		return ctx.Err()
	}
}

// Unlock lets the next one in. It panics if nobody holds key, as sync.Mutex does.
func (k *keyLocks) Unlock(key string) {
	k.mu.Lock()
	l := k.held[key]
	k.mu.Unlock()
	if l == nil {
		panic("store: unlock of a key that is not locked: " + key)
	}
	l.free <- struct{}{}
	k.leave(key, l)
}

func (k *keyLocks) leave(key string, l *keyLock) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(k.held, key)
	}
}
