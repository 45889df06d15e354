//go:build !linux

package connection

import "context"

// autostart is nil: tugd runs on Linux only.
func autostart(Host) func(context.Context) error { return nil }
