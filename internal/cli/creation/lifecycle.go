package creation

import (
	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/spf13/pflag"
)

// lifecycleOptions say how the container ends and what happens then.
type lifecycleOptions struct {
	autoRemove  bool
	restart     string
	stopSignal  string
	stopTimeout int
	init        bool
	cidFile     string
}

func (o *lifecycleOptions) register(flags *pflag.FlagSet) {
	flags.BoolVar(&o.autoRemove, "rm", false, "Automatically remove the container and its associated anonymous volumes when it exits")
	flags.StringVar(&o.restart, "restart", string(container.RestartPolicyDisabled), "Restart policy to apply when a container exits")
	flags.StringVar(&o.stopSignal, "stop-signal", "", "Signal to stop the container")
	flags.IntVar(&o.stopTimeout, "stop-timeout", 0, "Timeout (in seconds) to stop a container")
	flags.BoolVar(&o.init, "init", false, "Run an init inside the container that forwards signals and reaps processes")
	flags.StringVar(&o.cidFile, "cidfile", "", "Write the container ID to the file")
}

func (o *lifecycleOptions) apply(r *Request, flags *pflag.FlagSet) error {
	policy, err := opts.ParseRestartPolicy(o.restart)
	if err != nil {
		return err
	}
	r.HostConfig.RestartPolicy = policy
	r.HostConfig.AutoRemove = o.autoRemove
	r.HostConfig.ContainerIDFile = o.cidFile
	if flags.Changed("init") { // unsaid, the daemon's default decides
		r.HostConfig.Init = &o.init
	}
	r.Config.StopSignal = o.stopSignal
	if flags.Changed("stop-timeout") {
		r.Config.StopTimeout = &o.stopTimeout
	}
	return nil
}
