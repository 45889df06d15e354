package archive

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

var emptyPath = [1]byte{}

// utimensat sets the times of access and modification of what a descriptor holds. golang.org/x/sys/unix has it without the
// flag by which a descriptor alone says what is meant.
func utimensat(fd int, times [2]unix.Timespec) error {
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(fd), uintptr(unsafe.Pointer(&emptyPath[0])), uintptr(unsafe.Pointer(&times[0])), unix.AT_EMPTY_PATH, 0, 0)
	runtime.KeepAlive(&times)
	if errno != 0 {
		return errno
	}
	return nil
}
