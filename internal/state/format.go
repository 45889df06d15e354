package state

import (
	"encoding/binary"
	"fmt"
	"log/slog"

	"github.com/containerd/errdefs"
	"go.etcd.io/bbolt"
)

// The bucket ".tug" holds under "format" the version of the file as a big-endian uint64. The first one is 1.

func formatBucket() []byte { return []byte(".tug") }
func formatKey() []byte    { return []byte("format") }

// migration turns a store of one version into one of the next, within the transaction that also writes the new version.
type migration struct {
	what  string // as in "containers get a restart policy"
	apply func(tx *bbolt.Tx) error
}

// migrations is the table of all steps: the first leads from version 1 to 2, and so on. The version that this program writes is
// therefore one more than their number. Steps are added and never changed: there are stores of every version.
func migrations() []migration {
	return []migration{}
}

// migrate brings the file to the version that the steps lead to.
func migrate(file *bbolt.DB, log *slog.Logger, steps []migration) error {
	newest := uint64(len(steps)) + 1
	have, err := version(file)
	if err != nil {
		return err
	}
	switch {
	case have == newest:
		return nil
	case have > newest:
		return fmt.Errorf("it has format %d, and this version of tug knows formats up to %d: a newer tug wrote it; use that one: %w", have, newest, errdefs.ErrFailedPrecondition)
	case have == 0:
		return file.Update(func(tx *bbolt.Tx) error { return setVersion(tx, newest) })
	}
	for ; have < newest; have++ {
		step := steps[have-1]
		log.Info("migrating state", "file", file.Path(), "from", have, "to", have+1, "what", step.what)
		err := file.Update(func(tx *bbolt.Tx) error {
			if err := step.apply(tx); err != nil {
				return err
			}
			return setVersion(tx, have+1)
		})
		if err != nil {
			return fmt.Errorf("migrate from format %d to %d (%s): %w", have, have+1, step.what, err)
		}
	}
	return nil
}

// version returns that of the file, 0 if it is new.
func version(file *bbolt.DB) (uint64, error) {
	var found uint64
	err := file.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(formatBucket())
		if bucket == nil {
			if first, _ := tx.Cursor().First(); first != nil {
				return fmt.Errorf("it is a database of another program: %w", errdefs.ErrFailedPrecondition)
			}
			return nil
		}
		value := bucket.Get(formatKey())
		if len(value) != 8 {
			return fmt.Errorf("its format version is damaged: %w", errdefs.ErrDataLoss)
		}
		found = binary.BigEndian.Uint64(value)
		return nil
	})
	return found, err
}

func setVersion(tx *bbolt.Tx, version uint64) error {
	bucket, err := tx.CreateBucketIfNotExists(formatBucket())
	if err != nil {
		return err
	}
	return bucket.Put(formatKey(), binary.BigEndian.AppendUint64(nil, version))
}
