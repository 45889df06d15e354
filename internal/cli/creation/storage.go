package creation

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/spf13/pflag"
)

// storageOptions say what is mounted where, and how the root file system behaves.
type storageOptions struct {
	volumes      opts.ListOpts
	volumesFrom  opts.ListOpts
	volumeDriver string
	mounts       opts.MountOpt
	tmpfs        opts.ListOpts
	storageOpt   opts.ListOpts
	readOnly     bool
	shmSize      opts.MemBytes
}

func (o *storageOptions) register(flags *pflag.FlagSet) {
	o.volumes = opts.NewListOpts(nil)
	o.volumesFrom = opts.NewListOpts(nil)
	o.tmpfs = opts.NewListOpts(nil)
	o.storageOpt = opts.NewListOpts(nil)
	flags.VarP(&o.volumes, "volume", "v", "Bind mount a volume")
	flags.Var(&o.volumesFrom, "volumes-from", "Mount volumes from the specified container(s)")
	flags.StringVar(&o.volumeDriver, "volume-driver", "", "Optional volume driver for the container")
	flags.Var(&o.mounts, "mount", "Attach a filesystem mount to the container")
	flags.Var(&o.tmpfs, "tmpfs", "Mount a tmpfs directory")
	flags.Var(&o.storageOpt, "storage-opt", "Storage driver options for the container")
	flags.BoolVar(&o.readOnly, "read-only", false, "Mount the container's root filesystem as read only")
	flags.Var(&o.shmSize, "shm-size", "Size of /dev/shm")
}

func (o *storageOptions) apply(r *Request, _ *pflag.FlagSet) error {
	binds, anonymous, err := splitVolumes(o.volumes.GetSlice())
	if err != nil {
		return err
	}
	r.HostConfig.Binds = binds
	r.Config.Volumes = anonymous

	tmpfs := make(map[string]string)
	for _, t := range o.tmpfs.GetSlice() {
		target, options, _ := strings.Cut(t, ":") // the options are the daemon's to judge
		tmpfs[target] = options
	}
	r.HostConfig.Tmpfs = tmpfs

	storage := make(map[string]string)
	for _, option := range o.storageOpt.GetSlice() {
		key, value, ok := strings.Cut(option, "=")
		if !ok {
			return errors.New("invalid storage option")
		}
		storage[key] = value
	}
	r.HostConfig.StorageOpt = storage

	r.HostConfig.VolumesFrom = o.volumesFrom.GetSlice()
	r.HostConfig.VolumeDriver = o.volumeDriver
	r.HostConfig.Mounts = o.mounts.Value()
	r.HostConfig.ReadonlyRootfs = o.readOnly
	r.HostConfig.ShmSize = o.shmSize.Value()
	return nil
}

// splitVolumes tells the values of --volume with a source (a path or a volume's name), which become
// binds, from those that are only a path in the container, which become anonymous volumes. A source
// relative to the current folder is made absolute. What was given twice counts once.
func splitVolumes(values []string) (binds []string, anonymous map[string]struct{}, err error) {
	anonymous = make(map[string]struct{})
	seen := make(map[string]bool)
	for _, value := range values {
		if seen[value] {
			continue
		}
		seen[value] = true
		volume, err := parseVolume(value)
		if err != nil {
			return nil, nil, err
		}
		if volume.source == "" {
			anonymous[value] = struct{}{}
			continue
		}
		if volume.isPath() && strings.HasPrefix(volume.source, ".") {
			if absolute, err := filepath.Abs(volume.source); err == nil {
				_, rest, _ := strings.Cut(value, ":")
				value = absolute + ":" + rest
			}
		}
		binds = append(binds, value)
	}
	return binds, anonymous, nil
}
