package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"tug/internal/archive"
	"tug/internal/container"
	"tug/internal/view"
)

// withFiles runs f with a container's files as the container sees them: through its own mounts if it runs, else with its volumes and
// binds over its layers. Changes are kept with write; a container that does not run is not started meanwhile.
func (e *Engine) withFiles(ctx context.Context, r *container.Record, write bool, f func(*container.Record, archive.Tree) error) error {
	if run, ok := e.run(r.ID); ok {
		return e.throughProcess(ctx, r, run, f)
	}
	if !write {
		return e.withStopped(ctx, r, false, f)
	}
	r, release, err := e.containers.Claim(ctx, r.ID)
	if err != nil {
		return err
	}
	if run, ok := e.run(r.ID); ok {
		release()
		return e.throughProcess(ctx, r, run, f)
	}
	defer release()
	return e.withStopped(ctx, r, true, f)
}

// throughProcess is withFiles for a running container.
func (e *Engine) throughProcess(ctx context.Context, r *container.Record, run *run, f func(*container.Record, archive.Tree) error) error {
	alive := func() bool {
		hello, err := run.client.Hello(ctx)
		return err == nil && hello.Pid == run.pid && !hello.Exited
	}
	return view.Process(run.pid, alive, func(t archive.Tree) error { return f(r, t) })
}

// withStopped is withFiles for a container that does not run.
func (e *Engine) withStopped(ctx context.Context, r *container.Record, keep bool, f func(*container.Record, archive.Tree) error) error {
	layers, err := e.viewLayers(ctx, r)
	if err != nil {
		return err
	}
	var mounts []view.Mount
	files := e.etcFiles(e.networkOwner(r).ID) // which are there once it has run
	for source, destination := range map[string]string{files.Hosts: "/etc/hosts", files.Hostname: "/etc/hostname", files.ResolvConf: "/etc/resolv.conf"} {
		mounts = append(mounts, view.Mount{Source: source, Destination: destination})
	}
	for _, m := range r.Mounts { // by destination: what lies below another comes after it
		if m.Source != "" {
			mounts = append(mounts, view.Mount{
				Source: m.Source, Destination: m.Destination,
				ReadOnly: !m.RW, ReadOnlyTop: m.ReadOnlyTop || m.Type != "bind", NonRecursive: m.NonRecursive,
			})
		}
	}
	looker := container.NewID() // two may look at once, and the container itself may start meanwhile
	for _, name := range r.VolumeNames() {
		if err := e.volumes.Use(ctx, name, looker); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
		defer e.releaseVolume(name, looker)
	}
	return layers.Stopped(mounts, keep, keep && r.Host.ReadonlyRootfs, func(t archive.Tree) error { return f(r, t) })
}

// viewLayers are the folders of a container's file system.
func (e *Engine) viewLayers(ctx context.Context, r *container.Record) (view.Layers, error) {
	img, err := e.imageOf(ctx, r)
	if err != nil {
		return view.Layers{}, err
	}
	root, err := e.images.Rootfs(ctx, img)
	if err != nil {
		return view.Layers{}, err
	}
	return view.Layers{Base: root.Base, Lower: root.Layers, Dir: e.dir(r.ID)}, nil
}

// checkWritable tells whether a place in a container may be written to. Errors: InvalidArgument, in Docker's words.
func checkWritable(r *container.Record, place string) error {
	var on *container.MountPoint
	for i, m := range r.Mounts {
		if under(place, m.Destination) && (on == nil || len(m.Destination) > len(on.Destination)) {
			on = &r.Mounts[i]
		}
	}
	switch {
	case on != nil && !on.RW:
		return invalid("mounted volume is marked read-only")
	case on == nil && r.Host.ReadonlyRootfs:
		return invalid("container rootfs is marked read-only")
	}
	return nil
}

// containerPath makes a path that a client gave absolute, and keeps what its end says: "dir/." and "dir/" are the folder that a link leads to.
func containerPath(name string) string {
	clean := path.Clean("/" + name)
	switch {
	case name == ".", strings.HasSuffix(name, "/."):
		return strings.TrimSuffix(clean, "/") + "/."
	case strings.HasSuffix(name, "/") && clean != "/":
		return clean + "/"
	}
	return clean
}

// fileError gives an error of looking for a file in a container its class, and Docker's words.
func fileError(err error, file, ref string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist) && !errdefs.IsNotFound(err):
		return fmt.Errorf("Could not find the file %s in container %s: %w", file, ref, errdefs.ErrNotFound) //nolint:staticcheck // Docker's words
	}
	for _, fault := range []error{unix.ENOTDIR, unix.ELOOP, unix.ENAMETOOLONG, unix.EROFS, unix.EXDEV, unix.EBUSY} {
		if errors.Is(err, fault) {
			return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
		}
	}
	return err
}
