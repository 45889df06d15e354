package engine

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"

	"tug/internal/cgroup"
	"tug/internal/container"
	"tug/internal/fault"
	"tug/internal/logs/logopt"
	"tug/internal/oci"
)

// check finds what cannot work before anything is made, and notes in the record what will have no effect. Errors: InvalidArgument, NotFound.
func (e *Engine) check(r *container.Record) error {
	h, c := &r.Host, &r.Config
	if wd := c.WorkingDir; wd != "" && !path.IsAbs(wd) {
		return invalid("the working directory '%s' is invalid, it needs to be an absolute path", wd)
	}
	if s := c.StopSignal; s != "" {
		if _, err := parseSignal(s); err != nil {
			return err
		}
	}
	if err := checkRestartPolicy(h.RestartPolicy); err != nil {
		return err
	}
	if h.RestartPolicy.Name == "" && h.RestartPolicy.MaximumRetryCount != 0 {
		r.Warnings = append(r.Warnings, "A maximum retry count has no effect without a restart policy: name it, on-failure.")
	}
	if h.AutoRemove && h.RestartPolicy.Name != "" && h.RestartPolicy.Name != "no" {
		return invalid("can't create 'AutoRemove' container with restart policy")
	}
	if err := checkHealthcheck(r); err != nil {
		return err
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
	security, err := securityOptions(h.SecurityOpt)
	if err != nil {
		return err
	}
	if err := security.check(h, e.cgroups.V2); err != nil {
		return err
	}
	r.Warnings = append(r.Warnings, security.warnings()...)
	if _, err := e.now().Runtimes.Get(h.Runtime); err != nil {
		return err
	}
	if err := refused(h); err != nil {
		return err
	}
	if err := checkWords(c, h); err != nil {
		return err
	}
	if h.CgroupParent != "" {
		if err := cgroup.CheckParent(absoluteParent(h.CgroupParent)); err != nil {
			return err
		}
	}
	if err := checkUlimits(h.Ulimits); err != nil {
		return err
	}
	if err := e.cgroups.CheckCpuset(h.CpusetCpus, h.CpusetMems); err != nil {
		return err
	}
	if err := checkDevices(&h.Resources); err != nil {
		return err
	}
	if _, err := bindings(r); err != nil {
		return err
	}
	warnings, err := checkEndpoints(r.Networks)
	if err != nil {
		return err
	}
	r.Warnings = append(r.Warnings, warnings...)
	if warnings, err = e.settleLinks(h); err != nil {
		return err
	}
	r.Warnings = append(r.Warnings, warnings...)
	if err := e.checkModes(h); err != nil {
		return err
	}
	for _, name := range e.networksOf(r) {
		if _, shares := joined(name); shares {
			continue
		}
		if _, err := e.networks.Get(name); err != nil {
			return fmt.Errorf("failed to set up container networking: %w", unlikeImage(err))
		}
	}
	return nil
}

// checkModes finds the containers that are to share namespaces, and notes them by their IDs, and networks that are not
// there.
func (e *Engine) checkModes(h *container.HostConfig) error {
	for _, m := range []*string{&h.NetworkMode, &h.IpcMode, &h.PidMode} {
		if owner, ok := joined(*m); ok {
			o, err := e.containers.Get(owner)
			switch {
			case err != nil && m == &h.NetworkMode:
				return fmt.Errorf("joining network namespace of container: %w", unlikeImage(err))
			case err != nil:
				return unlikeImage(err)
			}
			*m = "container:" + o.ID // the name may be another's one day
		}
	}
	for _, c := range []struct {
		what    string
		mode    string
		joins   bool // another container's may be joined
		allowed []string
	}{
		{"IPC", h.IpcMode, true, []string{"", "none", "private", "shareable", "host"}},
		{"PID", h.PidMode, true, []string{"", "host", "private"}},
		{"UTS", h.UTSMode, false, []string{"", "host", "private"}},
		{"userns", h.UsernsMode, false, []string{"", "host", "auto"}},
		{"cgroup namespace", h.CgroupnsMode, false, []string{"", "private", "host"}},
	} {
		if _, ok := joined(c.mode); ok && c.joins {
			continue
		}
		if !slices.Contains(c.allowed, c.mode) {
			return invalid("invalid %s mode: %s: one of %s", c.what, c.mode, strings.Join(c.allowed[1:], ", "))
		}
	}
	return nil
}

// unlikeImage takes the class NotFound from an error: clients that create a container take it for the image's, and pull.
func unlikeImage(err error) error {
	return invalid("%s", fault.Words(err))
}

// joined gives the container that a mode "container:NAME" names.
func joined(mode string) (owner string, ok bool) { return strings.CutPrefix(mode, "container:") }

func invalid(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, errdefs.ErrInvalidArgument)...)
}
