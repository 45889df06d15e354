package volume

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
)

// checkOptions checks what the driver "local" is told: type, device and o, as of mount(8), of which device and type must be there.
func checkOptions(options map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(options)) {
		switch key {
		case "type", "device", "o":
		case "size":
			return fmt.Errorf("quota size requested but no quota support: the folder of a volume has no size of its own; use type=tmpfs with o=size=..., or a bind of a file system of that size: %w", errdefs.ErrInvalidArgument)
		default:
			return fmt.Errorf("invalid option: %q: the driver \"local\" knows type, device and o: %w", key, errdefs.ErrInvalidArgument)
		}
	}
	if len(options) == 0 {
		return nil
	}
	for _, key := range []string{"device", "type"} {
		if options[key] == "" {
			return fmt.Errorf("missing required option: %q: %w", key, errdefs.ErrInvalidArgument)
		}
	}
	return nil
}

// withAddress replaces the name of a host in the option addr of a network file system by its address, which the kernel wants.
func withAddress(ctx context.Context, fsType, options string) (string, error) {
	if fsType != "nfs" && fsType != "nfs4" && fsType != "cifs" {
		return options, nil
	}
	fields := strings.Split(options, ",")
	for i, f := range fields {
		host, ok := strings.CutPrefix(f, "addr=")
		if !ok || net.ParseIP(host) != nil {
			continue
		}
		found, err := net.DefaultResolver.LookupIPAddr(ctx, host)
		if err != nil {
			return "", fmt.Errorf("resolve the file server %s: %w", host, err)
		}
		fields[i] = "addr=" + found[0].String()
	}
	return strings.Join(fields, ","), nil
}
