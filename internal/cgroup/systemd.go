package cgroup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
)

// Where systemd owns the tree, nobody else may make groups in it but below a unit that is delegated to him. For each slice that is a parent,
// systemd is asked once for such a unit; groups are then made in it without asking. (A unit for each container would cost
// every start a round trip, and could only be had once the container's process runs, since systemd drops a scope without processes.)
//
// The unit is a transient service that has run and counts as active, so it needs no process to live on, outlives the daemon, and
// is stopped, with what runs in it, when the host shuts down.

// isSlice says whether a parent is the name of a systemd slice.
func isSlice(parent string) bool {
	return strings.HasSuffix(parent, ".slice") && !strings.Contains(parent, "/")
}

// parentPath is where a parent lies below the root of the hierarchies.
func parentPath(parent string) string {
	if !isSlice(parent) {
		return path.Join("/", parent)
	}
	slice, err := slicePath(parent)
	if err != nil {
		return path.Join("/", parent) // Create refuses it
	}
	return path.Join(slice, unitName(parent))
}

// slicePath is where systemd puts a slice: a-b.slice lies in a.slice.
func slicePath(slice string) (string, error) {
	name := strings.TrimSuffix(slice, ".slice")
	if name == "-" {
		return "/", nil
	}
	at, parts := "/", strings.Split(name, "-")
	for i, part := range parts {
		if part == "" {
			return "", fmt.Errorf("%q cannot be the name of a systemd slice: %w", slice, errdefs.ErrInvalidArgument)
		}
		at = path.Join(at, strings.Join(parts[:i+1], "-")+".slice")
	}
	return at, nil
}

// unitName is the unit that holds the groups of a slice.
func unitName(slice string) string {
	name := strings.TrimSuffix(slice, ".slice")
	if name == "-" {
		name = "root"
	}
	return "tug-containers-" + name + ".service"
}

// patience bounds how long systemd is waited for.
const patience = 30 * time.Second

// startUnit asks systemd for the slice's unit, if it is not there.
func startUnit(slice string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	bus, err := connect(ctx, slice)
	if err != nil {
		return err
	}
	defer bus.Close()
	unit := unitName(slice)
	if active(ctx, bus, unit) {
		return nil
	}
	_ = bus.ResetFailedUnitContext(ctx, unit) // the rest of one that was killed
	done := make(chan string, 1)
	_, err = bus.StartTransientUnitContext(ctx, unit, "replace", unitProperties(slice), done)
	if exists := (dbus.Error{}); errors.As(err, &exists) && exists.Name == "org.freedesktop.systemd1.UnitExists" && active(ctx, bus, unit) {
		return nil // another daemon was faster
	}
	if err != nil {
		return fmt.Errorf("ask systemd for %s: %w", unit, err)
	}
	return await(ctx, "start", unit, done)
}

// stopUnit stops the slice's unit and what runs in it.
func stopUnit(slice string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	bus, err := connect(ctx, slice)
	if err != nil {
		return err
	}
	defer bus.Close()
	unit := unitName(slice)
	if !active(ctx, bus, unit) {
		return nil
	}
	done := make(chan string, 1)
	if _, err := bus.StopUnitContext(ctx, unit, "replace", done); err != nil {
		return fmt.Errorf("ask systemd to stop %s: %w", unit, err)
	}
	return await(ctx, "stop", unit, done)
}

func connect(ctx context.Context, slice string) (*systemd.Conn, error) {
	if info, err := os.Lstat("/run/systemd/system"); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is a slice of systemd, which does not run on this host; use a path such as /tug: %w", slice, errdefs.ErrFailedPrecondition)
	}
	bus, err := systemd.NewWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s is a slice of systemd, which does not answer: %w: %w", slice, err, errdefs.ErrFailedPrecondition)
	}
	return bus, nil
}

func active(ctx context.Context, bus *systemd.Conn, unit string) bool {
	state, err := bus.GetUnitPropertyContext(ctx, unit, "ActiveState")
	return err == nil && state.Value.Value() == "active"
}

func await(ctx context.Context, what, unit string, done <-chan string) error {
	select {
	case result := <-done:
		if result != "done" {
			return fmt.Errorf("systemd did not %s %s: %s; see `systemctl status %s`: %w", what, unit, result, unit, errdefs.ErrUnavailable)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("systemd did not %s %s in time: %w", what, unit, ctx.Err())
	}
}

func unitProperties(slice string) []systemd.Property {
	type command struct { // systemd's a(sasb)
		Path    string
		Args    []string
		Lenient bool
	}
	property := func(name string, value any) systemd.Property {
		return systemd.Property{Name: name, Value: dbus.MakeVariant(value)}
	}
	return []systemd.Property{
		systemd.PropDescription("tug containers in " + slice),
		systemd.PropSlice(slice),
		property("Type", "oneshot"),
		property("RemainAfterExit", true),
		property("ExecStart", []command{{Path: "/bin/sh", Args: []string{"sh", "-c", ":"}}}),
		property("Delegate", true),
		property("OOMPolicy", "continue"), // one container's death is not the others'
		property("TasksMax", ^uint64(0)),
		property("TimeoutStopUSec", uint64(10*time.Second/time.Microsecond)),
	}
}
