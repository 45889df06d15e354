package creation

import (
	"errors"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/spf13/pflag"
)

// healthActionKey is the annotation that carries --health-action, which Docker's API has no field for. Docker's clients may set it too.
const healthActionKey = "tug.health-action"

// healthOptions say how it is found out whether the container is well.
type healthOptions struct {
	command       string
	interval      time.Duration
	timeout       time.Duration
	startPeriod   time.Duration
	startInterval time.Duration
	retries       int
	none          bool
	action        string
}

func (o *healthOptions) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.command, "health-cmd", "", "Command to run to check health")
	flags.DurationVar(&o.interval, "health-interval", 0, "Time between running the check (ms|s|m|h) (default 0s)")
	flags.IntVar(&o.retries, "health-retries", 0, "Consecutive failures needed to report unhealthy")
	flags.DurationVar(&o.timeout, "health-timeout", 0, "Maximum time to allow one check to run (ms|s|m|h) (default 0s)")
	flags.DurationVar(&o.startPeriod, "health-start-period", 0, "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h) (default 0s)")
	flags.DurationVar(&o.startInterval, "health-start-interval", 0, "Time between running the check during the start period (ms|s|m|h) (default 0s)")
	flags.StringVar(&o.action, "health-action", "", "What happens when the container becomes unhealthy: restart, stop or none (default none)")
	flags.BoolVar(&o.none, "no-healthcheck", false, "Disable any container-specified HEALTHCHECK")
}

func (o *healthOptions) apply(r *Request, _ *pflag.FlagSet) error {
	if o.action != "" {
		if r.HostConfig.Annotations == nil {
			r.HostConfig.Annotations = map[string]string{}
		}
		r.HostConfig.Annotations[healthActionKey] = o.action // which the daemon checks
	}
	given := o.command != "" || o.interval != 0 || o.timeout != 0 || o.startPeriod != 0 || o.startInterval != 0 || o.retries != 0
	if o.none {
		if given {
			return errors.New("--no-healthcheck conflicts with --health-* options")
		}
		r.Config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}}
		return nil
	}
	if !given {
		return nil
	}
	for _, number := range []struct {
		flag     string
		negative bool
	}{
		{"--health-interval", o.interval < 0},
		{"--health-timeout", o.timeout < 0},
		{"--health-retries", o.retries < 0},
		{"--health-start-period", o.startPeriod < 0},
		{"--health-start-interval", o.startInterval < 0},
	} {
		if number.negative {
			return fmt.Errorf("%s cannot be negative", number.flag)
		}
	}
	check := &container.HealthConfig{
		Interval:      o.interval,
		Timeout:       o.timeout,
		StartPeriod:   o.startPeriod,
		StartInterval: o.startInterval,
		Retries:       o.retries,
	}
	if o.command != "" {
		check.Test = []string{"CMD-SHELL", o.command}
	}
	r.Config.Healthcheck = check
	return nil
}
