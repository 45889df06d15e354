package creation

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/spf13/pflag"
	cdi "tags.cncf.io/container-device-interface/pkg/parser"
)

// deviceOptions say which of the host's devices the container gets.
type deviceOptions struct {
	devices     opts.ListOpts
	cgroupRules opts.ListOpts
	gpus        opts.GpuOpts
}

func (o *deviceOptions) register(flags *pflag.FlagSet) {
	o.devices = opts.NewListOpts(nil)
	o.cgroupRules = opts.NewListOpts(validateCgroupRule)
	flags.Var(&o.devices, "device", "Add a host device to the container")
	flags.Var(&o.cgroupRules, "device-cgroup-rule", "Add a rule to the cgroup allowed devices list")
	flags.Var(&o.gpus, "gpus", "GPU devices to add to the container ('all' to pass all GPUs)")
}

func (o *deviceOptions) apply(r *Request, _ *pflag.FlagSet) error {
	res := &r.HostConfig.Resources
	res.DeviceCgroupRules = o.cgroupRules.GetSlice()
	res.Devices = []container.DeviceMapping{}
	var named []string
	for _, value := range o.devices.GetSlice() {
		if cdi.IsQualifiedName(value) {
			named = append(named, value)
			continue
		}
		device, err := parseDevice(value)
		if err != nil {
			return err
		}
		res.Devices = append(res.Devices, device)
	}
	res.DeviceRequests = o.gpus.Value()
	if len(named) > 0 {
		res.DeviceRequests = append(res.DeviceRequests, container.DeviceRequest{Driver: "cdi", DeviceIDs: named})
	}
	return nil
}

// parseDevice reads PATH[:PATH_IN_CONTAINER][:PERMISSIONS]. The path that counts in the container is
// absolute and, where it comes last or alone, cleaned.
func parseDevice(value string) (container.DeviceMapping, error) {
	fail := func(format string, a ...any) (container.DeviceMapping, error) {
		return container.DeviceMapping{}, fmt.Errorf(format, a...)
	}
	parts := strings.Split(value, ":")
	if len(parts) > 3 || parts[0] == "" {
		return fail("bad format for path: %s", value)
	}
	device := container.DeviceMapping{PathOnHost: parts[0], PathInContainer: parts[0], CgroupPermissions: "rwm"}
	switch {
	case len(parts) == 1:
		device.PathOnHost = path.Clean(parts[0])
		device.PathInContainer = device.PathOnHost
	case len(parts) == 2 && isPermissions(parts[1]):
		device.PathOnHost = path.Clean(parts[0])
		device.PathInContainer = device.PathOnHost
		device.CgroupPermissions = parts[1]
	case len(parts) == 2:
		device.PathInContainer = path.Clean(parts[1])
	case !isPermissions(parts[2]):
		return fail("bad mode specified: %s", parts[2])
	default:
		device.PathInContainer = parts[1]
		device.CgroupPermissions = parts[2]
	}
	if !path.IsAbs(device.PathInContainer) {
		return fail("%s is not an absolute path", device.PathInContainer)
	}
	return device, nil
}

// isPermissions says whether s is made of r (read), w (write) and m (mknod), each at most once.
func isPermissions(s string) bool {
	for i, char := range s {
		if !strings.ContainsRune("rwm", char) || strings.ContainsRune(s[:i], char) {
			return false
		}
	}
	return s != ""
}

// validateCgroupRule accepts "TYPE MAJOR:MINOR PERMISSIONS".
func validateCgroupRule(value string) (string, error) {
	if regexp.MustCompile(`^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$`).MatchString(value) {
		return value, nil
	}
	return value, fmt.Errorf("invalid device cgroup format '%s'", value)
}
