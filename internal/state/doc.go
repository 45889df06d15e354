// Package state keeps the daemon's records of containers, networks and volumes: JSON values under string keys, in named buckets. It
// knows nothing of what they mean, and nobody reads them on a path that somebody waits for: the domains load them once and
// keep their own index.
//
//	db.go        the durable store: one bbolt file, an acknowledged record survives a power cut
//	bucket.go    its buckets of records
//	commit.go    one sync for all who write at the same time
//	format.go    the version of the file, and how older ones become newer
//	holder.go    who else has the file open
//	volatile.go  records that die with a reboot, and cost no sync
package state
