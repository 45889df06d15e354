// Package store keeps images on disk: blobs by digest, unpacked layers, and the records that hold them together. It is
// containerd's core libraries, in this process: a content store, an overlay snapshotter, and a metadata database over both
// with leases and a garbage collector. No containerd runs.
//
// What an image is, how it is named and when it goes is not decided here but in package image.
//
// On disk, below the root (mode 0700):
//
//	content/               blobs, by digest; what is being written is in content/ingest
//	snapshots/snapshots/N  one folder a layer, its files in N/fs: what Layers returns, relative to Base
//	snapshots/early/       layers of an archive that is still being read
//	snapshots/metadata.db  which layer lies on which
//	unsynced/              markers: there are layers that a power loss may damage (see unsynced.go)
//	meta.db                labels, references between blobs and layers, image records, leases
//
// Everything that no image record and no lease leads to is removed in the background some time after Collect.
package store
