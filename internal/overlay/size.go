package overlay

import (
	"fmt"

	"golang.org/x/sys/unix"

	"tug/internal/beneath"
)

// Size adds up the bytes of the files in a layer; a file of several names counts once, and one counts however deep it lies.
func Size(layer string) (bytes int64, err error) {
	top, err := unix.Open(layer, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("measure the layer %s: %w", layer, err)
	}
	defer unix.Close(top)
	type file struct{ dev, ino uint64 }
	seen := map[file]bool{}
	err = beneath.Each(top, func(st *unix.Stat_t) error {
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			return nil
		}
		if id := (file{uint64(st.Dev), st.Ino}); st.Nlink > 1 { //nolint:unconvert // 32 bits on some architectures
			if seen[id] {
				return nil
			}
			seen[id] = true
		}
		bytes += st.Size
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("measure the layer %s: %w", layer, err)
	}
	return bytes, nil
}
