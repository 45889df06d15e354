package container

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tug/internal/cli/session"
)

type updateOptions struct {
	resources         container.Resources
	memory            opts.MemBytes
	memoryReservation opts.MemBytes
	memorySwap        opts.MemSwapBytes
	cpus              opts.NanoCPUs
	pidsLimit         int64
	restart           string
}

// Update gives the update command.
func Update(s *session.Session) *cobra.Command {
	var o updateOptions
	cmd := &cobra.Command{
		Use:                   "update [OPTIONS] CONTAINER [CONTAINER...]",
		Short:                 "Update configuration of one or more containers",
		Args:                  session.MinArgs(1),
		Annotations:           map[string]string{"aliases": "tug container update, tug update"},
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().NFlag() == 0 {
				return errors.New("you must provide one or more flags when using this command")
			}
			return o.update(cmd.Context(), s, args)
		},
	}
	o.register(cmd.Flags())
	return cmd
}

func (o *updateOptions) register(flags *pflag.FlagSet) {
	r := &o.resources
	flags.Uint16Var(&r.BlkioWeight, "blkio-weight", 0, "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)")
	flags.Int64Var(&r.CPUPeriod, "cpu-period", 0, "Limit CPU CFS (Completely Fair Scheduler) period")
	flags.Int64Var(&r.CPUQuota, "cpu-quota", 0, "Limit CPU CFS (Completely Fair Scheduler) quota")
	flags.Int64Var(&r.CPURealtimePeriod, "cpu-rt-period", 0, "Limit the CPU real-time period in microseconds")
	flags.Int64Var(&r.CPURealtimeRuntime, "cpu-rt-runtime", 0, "Limit the CPU real-time runtime in microseconds")
	flags.StringVar(&r.CpusetCpus, "cpuset-cpus", "", "CPUs in which to allow execution (0-3, 0,1)")
	flags.StringVar(&r.CpusetMems, "cpuset-mems", "", "MEMs in which to allow execution (0-3, 0,1)")
	flags.Int64VarP(&r.CPUShares, "cpu-shares", "c", 0, "CPU shares (relative weight)")
	flags.VarP(&o.memory, "memory", "m", "Memory limit")
	flags.Var(&o.memoryReservation, "memory-reservation", "Memory soft limit")
	flags.Var(&o.memorySwap, "memory-swap", "Swap limit equal to memory plus swap: -1 to enable unlimited swap")
	flags.StringVar(&o.restart, "restart", "", "Restart policy to apply when a container exits")
	flags.Int64Var(&o.pidsLimit, "pids-limit", 0, "Tune container pids limit (set -1 for unlimited)")
	flags.Var(&o.cpus, "cpus", "Number of CPUs")
	var ignored opts.MemBytes
	flags.Var(&ignored, "kernel-memory", "Kernel memory limit (deprecated)")
	_ = flags.MarkDeprecated("kernel-memory", "and no longer supported by the kernel")
}

func (o *updateOptions) update(ctx context.Context, s *session.Session, refs []string) error {
	r := o.resources
	r.Memory = o.memory.Value()
	r.MemoryReservation = o.memoryReservation.Value()
	r.MemorySwap = o.memorySwap.Value()
	r.NanoCPUs = o.cpus.Value()
	if o.pidsLimit != 0 {
		r.PidsLimit = &o.pidsLimit
	}
	policy, err := opts.ParseRestartPolicy(o.restart)
	if err != nil {
		return err
	}
	api, err := s.API()
	if err != nil {
		return err
	}
	var warnings []string
	var errs []error
	for _, ref := range refs {
		updated, err := api.ContainerUpdate(ctx, ref, client.ContainerUpdateOptions{Resources: &r, RestartPolicy: &policy})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		_, _ = fmt.Fprintln(s.Out, ref)
		warnings = append(warnings, updated.Warnings...)
	}
	if len(warnings) > 0 {
		_, _ = fmt.Fprintln(s.Out, strings.Join(warnings, "\n"))
	}
	return errors.Join(errs...)
}
