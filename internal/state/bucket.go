package state

import (
	"encoding/json"
	"fmt"

	"github.com/containerd/errdefs"
	"go.etcd.io/bbolt"
)

// Bucket is a set of records of one kind.
type Bucket struct {
	db   *DB
	name []byte
}

// Put writes v as JSON under a key, over what was there, and returns when it is on the disk.
func (b *Bucket) Put(key string, v any) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("write state %s: %w", b.name, err)
	}
	record, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write state %s %s: %w", b.name, key, err)
	}
	if err := b.db.committer.do(change{bucket: b.name, key: []byte(key), record: record}); err != nil {
		return fmt.Errorf("write state %s %s: %w", b.name, key, err)
	}
	return nil
}

// Delete removes the record under a key, and returns when that is on the disk. It is no error if there is none.
func (b *Bucket) Delete(key string) error {
	if err := checkKey(key); err != nil {
		return fmt.Errorf("delete state %s: %w", b.name, err)
	}
	if err := b.db.committer.do(change{bucket: b.name, key: []byte(key)}); err != nil {
		return fmt.Errorf("delete state %s %s: %w", b.name, key, err)
	}
	return nil
}

// Load calls fn for each record, in the order of the keys. decode fills v as json.Unmarshal does. An error of fn ends the loading and
// is returned. fn may write to the store.
func (b *Bucket) Load(fn func(key string, decode func(v any) error) error) error {
	var keys []string
	var records [][]byte
	err := b.db.file.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(b.name)
		if bucket == nil {
			return nil
		}
		return bucket.ForEach(func(key, record []byte) error {
			keys = append(keys, string(key))
			records = append(records, append([]byte(nil), record...))
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("load state %s: %w", b.name, err)
	}
	for i, key := range keys {
		if err := fn(key, decoder(string(b.name)+" "+key, records[i])); err != nil {
			return err
		}
	}
	return nil
}

func decoder(what string, record []byte) func(v any) error {
	return func(v any) error {
		if err := json.Unmarshal(record, v); err != nil {
			return fmt.Errorf("decode state %s: %w", what, err)
		}
		return nil
	}
}

// checkKey refuses what the store could not hold, so that one bad key does not spoil the commit of others.
func checkKey(key string) error {
	if key == "" || len(key) > bbolt.MaxKeySize {
		return fmt.Errorf("key of %d bytes: %w", len(key), errdefs.ErrInvalidArgument)
	}
	return nil
}
