package state

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// holder names the process that has locked the file, as far as the kernel tells.
func holder(path string) string {
	const unknown = "another process"
	info, err := os.Stat(path)
	if err != nil {
		return unknown
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		return unknown
	}
	pid := lockHolder(string(locks), info.Sys().(*syscall.Stat_t).Ino)
	if pid == "" {
		return unknown
	}
	name, err := os.ReadFile("/proc/" + pid + "/comm")
	if err != nil {
		return "process " + pid
	}
	return fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), pid)
}

// lockHolder finds in the text of /proc/locks who holds an exclusive flock on an inode; "" if nobody does. The device is not compared: the
// kernel prints another one than stat(2) gives on some file systems.
func lockHolder(locks string, inode uint64) string {
	suffix := fmt.Sprintf(":%d", inode)
	for line := range strings.Lines(locks) {
		// 1: FLOCK  ADVISORY  WRITE 1234 00:2f:5678 0 EOF
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[1] != "FLOCK" || fields[3] != "WRITE" {
			continue
		}
		if strings.HasSuffix(fields[5], suffix) && fields[4] != "-1" && fields[4] != "0" {
			return fields[4]
		}
	}
	return ""
}
