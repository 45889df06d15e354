package state

import (
	"sync"

	"go.etcd.io/bbolt"
)

// change is one record to be written, or deleted if record is nil.
type change struct {
	bucket, key, record []byte
}

// committer writes changes in transactions. A transaction costs two syncs however much is in it, so whoever comes while one is being
// written waits and then goes into the next, with all others that came meanwhile. Who comes alone waits for nobody.
//
// There is no goroutine: of those who wait, the first writes for all.
type committer struct {
	file *bbolt.DB

	mu      sync.Mutex // guards what is below
	writing bool
	waiting []*waiter // in the order they came
}

type waiter struct {
	change change
	wake   chan struct{}
	batch  []*waiter // if woken to write: for whom; itself is the first
	err    error     // if woken without a batch: what became of it
}

// do returns when the change is on the disk, or cannot be.
func (c *committer) do(ch change) error {
	me := &waiter{change: ch, wake: make(chan struct{}, 1)}
	c.mu.Lock()
	if c.writing {
		c.waiting = append(c.waiting, me)
		c.mu.Unlock()
		<-me.wake
		if me.batch == nil {
			return me.err
		}
	} else {
		c.writing = true
		me.batch = []*waiter{me}
		c.mu.Unlock()
	}
	err := c.write(me.batch)
	c.handOver()
	for _, other := range me.batch[1:] {
		other.err = err
		other.wake <- struct{}{}
	}
	return err
}

// handOver lets the first of those who came meanwhile write for all of them.
func (c *committer) handOver() {
	c.mu.Lock()
	defer c.mu.Unlock()
	batch := c.waiting
	c.waiting = nil
	if len(batch) == 0 {
		c.writing = false
		return
	}
	batch[0].batch = batch
	batch[0].wake <- struct{}{}
}

// write applies the changes in their order, all or none.
func (c *committer) write(batch []*waiter) error {
	return c.file.Update(func(tx *bbolt.Tx) error {
		for _, w := range batch {
			if err := w.change.apply(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (ch change) apply(tx *bbolt.Tx) error {
	if ch.record == nil {
		bucket := tx.Bucket(ch.bucket)
		if bucket == nil {
			return nil
		}
		return bucket.Delete(ch.key)
	}
	bucket, err := tx.CreateBucketIfNotExists(ch.bucket)
	if err != nil {
		return err
	}
	return bucket.Put(ch.key, ch.record)
}
