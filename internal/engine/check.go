package engine

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/sys/signal"

	"tug/internal/container"
	"tug/internal/logs/logopt"
	"tug/internal/oci"
)

// check finds what cannot work before anything is made. Errors: InvalidArgument, NotFound.
func (e *Engine) check(r *container.Record) error {
	h, c := &r.Host, &r.Config
	if wd := c.WorkingDir; wd != "" && !path.IsAbs(wd) {
		return invalid("the working directory %q is invalid, it needs to be an absolute path", wd)
	}
	if s := c.StopSignal; s != "" {
		if _, err := signal.ParseSignal(s); err != nil {
			return invalid("invalid stop signal: %s", s)
		}
	}
	if h.AutoRemove && h.RestartPolicy.Name != "" && h.RestartPolicy.Name != "no" {
		return invalid("can't create 'AutoRemove' container with restart policy")
	}
	if err := logopt.Validate(h.LogConfig.Type, h.LogConfig.Config); err != nil {
		return err
	}
	if err := checkLimits(h); err != nil {
		return err
	}
	if err := checkNames(c, h); err != nil {
		return err
	}
	if _, err := oci.Capabilities(h.CapAdd, h.CapDrop, h.Privileged, e.allCaps(e.isolated(h))); err != nil {
		return err
	}
	if _, err := securityOptions(h.SecurityOpt); err != nil {
		return err
	}
	if h.Runtime != "" && h.Runtime != "tug" {
		return invalid("unknown or invalid runtime name: %s; the built-in one is called tug", h.Runtime)
	}
	if len(h.DeviceRequests) > 0 {
		q := h.DeviceRequests[0]
		return invalid("could not select device driver %q with capabilities: %v: tug has no drivers for --gpus; give device nodes with --device", q.Driver, q.Capabilities)
	}
	for _, u := range h.Ulimits {
		if u.Hard != -1 && (u.Soft == -1 || u.Soft > u.Hard) {
			return invalid("ulimit %s: soft limit must be less than or equal to hard limit: %d > %d", u.Name, u.Soft, u.Hard)
		}
	}
	return e.checkModes(h)
}

// checkLimits holds Docker's rules for limits.
func checkLimits(h *container.HostConfig) error {
	const minMemory = 6 << 20 // bytes
	switch {
	case h.Memory < 0 || h.Memory > 0 && h.Memory < minMemory:
		return invalid("Minimum memory limit allowed is 6MB")
	case h.Memory > 0 && h.MemorySwap > 0 && h.MemorySwap < h.Memory:
		return invalid("Minimum memoryswap limit should be larger than memory limit, see usage")
	case h.Memory == 0 && h.MemorySwap > 0:
		return invalid("You should always set the Memory limit when using Memoryswap limit, see usage")
	case h.MemorySwappiness != nil && (*h.MemorySwappiness < -1 || *h.MemorySwappiness > 100):
		return invalid("Invalid value: %d, valid memory swappiness range is 0-100", *h.MemorySwappiness)
	case h.MemoryReservation > 0 && h.MemoryReservation < minMemory:
		return invalid("Minimum memory reservation allowed is 6MB")
	case h.Memory > 0 && h.MemoryReservation > h.Memory:
		return invalid("Minimum memory limit can not be less than memory reservation limit, see usage")
	case h.NanoCPUs < 0 || h.NanoCPUs > int64(runtime.NumCPU())*1e9:
		return invalid("Range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", runtime.NumCPU(), runtime.NumCPU())
	case h.NanoCPUs > 0 && (h.CPUPeriod > 0 || h.CPUQuota > 0):
		return invalid("Conflicting options: Nano CPUs and CPU Period or Quota cannot both be set")
	case h.CPUPeriod != 0 && (h.CPUPeriod < 1000 || h.CPUPeriod > 1000000):
		return invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
	case h.CPUQuota > 0 && h.CPUQuota < 1000:
		return invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)")
	case h.BlkioWeight > 0 && (h.BlkioWeight < 10 || h.BlkioWeight > 1000):
		return invalid("Range of blkio weight is from 10 to 1000")
	case h.OomScoreAdj < -1000 || h.OomScoreAdj > 1000:
		return invalid("Invalid value %d, range for oom score adj is [-1000, 1000]", h.OomScoreAdj)
	case h.ShmSize < 0:
		return invalid("SHM size can not be less than 0")
	}
	return nil
}

// checkModes finds the containers that are to share namespaces, and notes them by their IDs, and networks that are not
// there.
func (e *Engine) checkModes(h *container.HostConfig) error {
	for _, m := range []*string{&h.NetworkMode, &h.IpcMode, &h.PidMode} {
		if owner, ok := joined(*m); ok {
			o, err := e.containers.Get(owner)
			if err != nil {
				return unlikeImage(err)
			}
			*m = "container:" + o.ID // the name may be another's one day
		}
	}
	if _, ok := joined(h.NetworkMode); ok && (len(h.PortBindings) > 0 || h.PublishAllPorts) {
		return invalid("conflicting options: port publishing and the container type network mode")
	}
	for _, c := range []struct {
		mode    string
		joins   bool // another container's may be joined
		allowed []string
	}{
		{h.IpcMode, true, []string{"", "none", "private", "shareable", "host"}},
		{h.PidMode, true, []string{"", "host", "private"}},
		{h.UTSMode, false, []string{"", "host", "private"}},
		{h.UsernsMode, false, []string{"", "host", "auto"}},
		{h.CgroupnsMode, false, []string{"", "private", "host"}},
	} {
		if _, ok := joined(c.mode); ok && c.joins {
			continue
		}
		if !slices.Contains(c.allowed, c.mode) {
			return invalid("invalid namespace mode %q: one of %s", c.mode, strings.Join(c.allowed[1:], ", "))
		}
	}
	if _, ok := joined(h.NetworkMode); ok || h.NetworkMode == "default" {
		return nil
	}
	if _, err := e.networks.Get(h.NetworkMode); err != nil {
		return unlikeImage(err)
	}
	return nil
}

// unlikeImage takes the class NotFound from an error: clients that create a container take it for the image's, and pull.
func unlikeImage(err error) error {
	return invalid("%s", strings.TrimSuffix(err.Error(), ": not found"))
}

// joined gives the container that a mode "container:NAME" names.
func joined(mode string) (owner string, ok bool) { return strings.CutPrefix(mode, "container:") }

func invalid(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, errdefs.ErrInvalidArgument)...)
}
