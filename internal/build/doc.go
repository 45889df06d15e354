// Package build builds images: BuildKit as a library, on the engine's own image store and runtime.
//
// BuildKit's solver, its control API, its Dockerfile frontend and its gateway are taken as they are; what lies below them is ours: snapshots
// and blobs are those of package store, so that a built image is there at once, and a RUN step is a container like any other.
package build
