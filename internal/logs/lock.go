package logs

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Lock is held on the folder of a log file while its files get other names (exclusively, by the writer) or while a reader
// opens them (shared). It is an flock(2): it binds processes, and the kernel releases that of a killed one.
type Lock struct{ dir *os.File }

// LockShared waits until nobody renames files of the log at path, and keeps it so until Release.
func LockShared(path string) (*Lock, error) {
	return lock(path, syscall.LOCK_SH)
}

func lockExclusive(path string) (*Lock, error) {
	return lock(path, syscall.LOCK_EX)
}

// tryLockExclusive does not wait: it returns nil if somebody holds the lock.
func tryLockExclusive(path string) (*Lock, error) {
	l, err := lock(path, syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return l, err
}

func lock(path string, how int) (*Lock, error) {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(dir.Fd()), how)
		switch {
		case err == nil, errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS):
			// On a file system without locks a reader may miss a file that is just renamed; a log that fills the disk would be worse.
			return &Lock{dir}, nil
		case errors.Is(err, syscall.EINTR):
		default:
			dir.Close()
			return nil, &os.PathError{Op: "flock", Path: filepath.Dir(path), Err: err}
		}
	}
}

// Release lets others rename files again.
func (l *Lock) Release() {
	l.dir.Close()
}
