package network

import (
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
)

// whole asks the kernel for a list again for as long as it changes while it is read (the list may then lack something), with a limit
// for hosts on which it never rests; there the last answer has to do.
func whole[T any](what string, list func() ([]T, error)) ([]T, error) {
	for attempt := 0; ; attempt++ {
		got, err := list()
		switch {
		case err == nil:
			return got, nil
		case !errors.Is(err, netlink.ErrDumpInterrupted):
			return nil, fmt.Errorf("list %s: %w", what, err)
		case attempt >= 20:
			return got, nil
		}
		time.Sleep(time.Duration(attempt) * time.Millisecond)
	}
}
