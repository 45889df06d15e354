package creation

import (
	"fmt"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/spf13/pflag"
)

// loggingOptions say where the container's output is kept.
type loggingOptions struct {
	driver  string
	options opts.ListOpts
}

func (o *loggingOptions) register(flags *pflag.FlagSet) {
	o.options = opts.NewListOpts(nil)
	flags.StringVar(&o.driver, "log-driver", "", "Logging driver for the container")
	flags.Var(&o.options, "log-opt", "Log driver options")
}

func (o *loggingOptions) apply(r *Request, _ *pflag.FlagSet) error {
	if o.driver == "none" && o.options.Len() > 0 {
		return fmt.Errorf("invalid logging opts for driver %s", o.driver)
	}
	r.HostConfig.LogConfig = container.LogConfig{
		Type:   o.driver,
		Config: opts.ConvertKVStringsToMap(o.options.GetSlice()),
	}
	return nil
}
