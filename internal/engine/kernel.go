package engine

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"tug/internal/plan"
)

// kernelRelease gives the release ("6.18.44-x") and its first two numbers.
func kernelRelease() (release string, major, minor int) {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "", 0, 0
	}
	release = unix.ByteSliceToString(u.Release[:])
	parts := strings.SplitN(release, ".", 3)
	if len(parts) >= 2 {
		major, _ = strconv.Atoi(parts[0])
		minor, _ = strconv.Atoi(strings.FieldsFunc(parts[1], func(r rune) bool { return r < '0' || r > '9' })[0])
	}
	return release, major, minor
}

// kernelSince tells whether the kernel is of the given release or a later one.
func kernelSince(major, minor int) bool {
	_, ma, mi := kernelRelease()
	return ma > major || ma == major && mi >= minor
}

// probeKernel finds out what the kernel can do and the engine may do.
func probeKernel() plan.Kernel {
	since := kernelSince
	k := plan.Kernel{
		LastCap: 40, MountSetattr: since(5, 12), IDMapped: since(5, 19),
		LowerdirAdd: since(6, 8), OverlayFD: since(6, 13), DetachedLayers: since(6, 15),
	}
	if data, err := os.ReadFile("/proc/sys/kernel/cap_last_cap"); err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil {
			k.LastCap = n
		}
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&hdr, &data[0]) == nil {
		k.Caps = uint64(data[0].Permitted) | uint64(data[1].Permitted)<<32
	}
	return k
}
