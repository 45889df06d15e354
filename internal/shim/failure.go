package shim

import "syscall"

func (f *Failure) Error() string {
	if f.Errno == 0 {
		return f.Note
	}
	return f.Note + ": " + syscall.Errno(f.Errno).Error()
}

// Unwrap gives the error number, for errors.Is.
func (f *Failure) Unwrap() error {
	if f.Errno == 0 {
		return nil
	}
	return syscall.Errno(f.Errno)
}
