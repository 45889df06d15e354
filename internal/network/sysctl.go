package network

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/errdefs"
)

const sysctlRoot = "/proc/sys/net"

// setSysctl writes a setting below net, in the calling thread's network namespace: setSysctl("1", "ipv4", "ip_forward"). What is
// set already is left alone, as on hosts where /proc/sys is read-only.
func setSysctl(value string, name ...string) error {
	path := filepath.Join(append([]string{sysctlRoot}, name...)...)
	err := os.WriteFile(path, []byte(value), 0)
	if err == nil {
		return nil
	}
	if now, readErr := os.ReadFile(path); readErr == nil && strings.TrimSpace(string(now)) == value {
		return nil
	}
	return fmt.Errorf("set net.%s=%s: %w", strings.Join(name, "."), value, err)
}

// setSysctl6 is setSysctl for a kernel that may have no IPv6.
func setSysctl6(value string, name ...string) error {
	err := setSysctl(value, append([]string{"ipv6"}, name...)...)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// interfaceSysctl checks the name of a setting of an endpoint's interface and returns its path below net.
func interfaceSysctl(name, ifName string) ([]string, error) {
	fields := strings.Split(name, ".")
	ok := len(fields) == 5 && fields[0] == "net" && fields[3] == "IFNAME" &&
		(fields[1] == "ipv4" || fields[1] == "ipv6" || fields[1] == "mpls") && (fields[2] == "conf" || fields[2] == "neigh")
	if !ok || strings.Contains(name, "/") || fields[4] == "" {
		return nil, fmt.Errorf("sysctl %q is no setting of an interface: it must look like net.ipv4.conf.IFNAME.log_martians: %w",
			name, errdefs.ErrInvalidArgument)
	}
	return []string{fields[1], fields[2], ifName, fields[4]}, nil
}
