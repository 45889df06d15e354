package engine

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"github.com/containerd/errdefs"

	"tug/internal/shim"
)

const (
	eagain  = syscall.EAGAIN
	enoent  = syscall.ENOENT
	eacces  = syscall.EACCES
	enotdir = syscall.ENOTDIR
	einval  = syscall.EINVAL
	eperm   = syscall.EPERM
)

var errConflict = errdefs.ErrConflict

func errnoOf(f *shim.Failure) error { return syscall.Errno(f.Errno) }

func isErrno(f *shim.Failure, e syscall.Errno) bool { return errors.Is(f, e) }

func hasSlash(s string) bool { return strings.Contains(s, "/") }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
