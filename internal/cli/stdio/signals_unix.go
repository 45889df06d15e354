//go:build !windows

package stdio

import (
	"os"

	"golang.org/x/sys/unix"
)

// isRuntimeSignal says whether Go's scheduler uses the signal for itself.
func isRuntimeSignal(s os.Signal) bool { return s == unix.SIGURG }
