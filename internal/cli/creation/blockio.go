package creation

import (
	"github.com/docker/cli/opts"
	"github.com/spf13/pflag"
)

// blockIOOptions limit what the container reads from and writes to disks.
type blockIOOptions struct {
	weight       uint16
	weightDevice opts.WeightdeviceOpt
	readBps      opts.ThrottledeviceOpt
	writeBps     opts.ThrottledeviceOpt
	readIOps     opts.ThrottledeviceOpt
	writeIOps    opts.ThrottledeviceOpt
	maxBandwidth opts.MemBytes
	maxIOps      uint64
}

func (o *blockIOOptions) register(flags *pflag.FlagSet) {
	o.weightDevice = opts.NewWeightdeviceOpt(opts.ValidateWeightDevice)
	o.readBps = opts.NewThrottledeviceOpt(opts.ValidateThrottleBpsDevice)
	o.writeBps = opts.NewThrottledeviceOpt(opts.ValidateThrottleBpsDevice)
	o.readIOps = opts.NewThrottledeviceOpt(opts.ValidateThrottleIOpsDevice)
	o.writeIOps = opts.NewThrottledeviceOpt(opts.ValidateThrottleIOpsDevice)
	flags.Uint16Var(&o.weight, "blkio-weight", 0, "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)")
	flags.Var(&o.weightDevice, "blkio-weight-device", "Block IO weight (relative device weight)")
	flags.Var(&o.readBps, "device-read-bps", "Limit read rate (bytes per second) from a device")
	flags.Var(&o.writeBps, "device-write-bps", "Limit write rate (bytes per second) to a device")
	flags.Var(&o.readIOps, "device-read-iops", "Limit read rate (IO per second) from a device")
	flags.Var(&o.writeIOps, "device-write-iops", "Limit write rate (IO per second) to a device")
	flags.Var(&o.maxBandwidth, "io-maxbandwidth", "Maximum IO bandwidth limit for the system drive (Windows only)")
	flags.Uint64Var(&o.maxIOps, "io-maxiops", 0, "Maximum IOps limit for the system drive (Windows only)")
}

func (o *blockIOOptions) apply(r *Request, _ *pflag.FlagSet) error {
	res := &r.HostConfig.Resources
	res.BlkioWeight = o.weight
	res.BlkioWeightDevice = o.weightDevice.GetList()
	res.BlkioDeviceReadBps = o.readBps.GetList()
	res.BlkioDeviceWriteBps = o.writeBps.GetList()
	res.BlkioDeviceReadIOps = o.readIOps.GetList()
	res.BlkioDeviceWriteIOps = o.writeIOps.GetList()
	res.IOMaximumBandwidth = uint64(o.maxBandwidth)
	res.IOMaximumIOps = o.maxIOps
	return nil
}
