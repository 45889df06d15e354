// Package creation turns the options of `run` and `create` into the body of a create request, exactly
// as Docker's command line does: the same flags, the same checks, the same defaults on the wire.
//
// The options are grouped by subject, one file each. A group registers its flags and, once they are
// parsed, writes its part of the request; no group knows another. Nothing here talks to a daemon;
// what is read from outside is what the options name (env files, label files, seccomp profiles) and
// the environment.
package creation

import (
	"errors"
	"fmt"
	"slices"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/spf13/pflag"
)

// Options are the flags that shape a container.
type Options struct {
	process    processOptions
	identity   identityOptions
	storage    storageOptions
	network    networkOptions
	ports      portOptions
	resources  resourceOptions
	blockIO    blockIOOptions
	devices    deviceOptions
	security   securityOptions
	namespaces namespaceOptions
	health     healthOptions
	logging    loggingOptions
	lifecycle  lifecycleOptions
}

// Request is the body of a create request.
type Request struct {
	Config           *container.Config
	HostConfig       *container.HostConfig
	NetworkingConfig *network.NetworkingConfig
}

// Body is the request as it goes over the wire, with capabilities spelled as the API has them. The client
// library makes the same of a request that it is given.
func (r *Request) Body() container.CreateRequest {
	host := *r.HostConfig
	host.CapAdd = capabilities(host.CapAdd)
	host.CapDrop = capabilities(host.CapDrop)
	return container.CreateRequest{Config: r.Config, HostConfig: &host, NetworkingConfig: r.NetworkingConfig}
}

func capabilities(given []string) []string {
	spelled := slices.Clone(given)
	for i, name := range spelled {
		spelled[i] = opts.NormalizeCapability(name)
	}
	slices.Sort(spelled)
	return slices.Compact(spelled)
}

// group is the options of one subject.
type group interface {
	register(flags *pflag.FlagSet)
	apply(r *Request, flags *pflag.FlagSet) error
}

func (o *Options) groups() []group {
	return []group{
		&o.process, &o.identity, &o.storage, &o.network, &o.ports, &o.resources, &o.blockIO,
		&o.devices, &o.security, &o.namespaces, &o.health, &o.logging, &o.lifecycle,
	}
}

// Register adds the flags to a command's set.
func (o *Options) Register(flags *pflag.FlagSet) {
	for _, g := range o.groups() {
		g.register(flags)
	}
}

// AddEnv adds environment variables (NAME=value) after those that the person gave.
func (o *Options) AddEnv(vars ...string) {
	o.process.extraEnv = append(o.process.extraEnv, vars...)
}

// GivenEnv lists the environment variables given with --env, NAME=value or NAME.
func (o *Options) GivenEnv() []string { return o.process.env.GetSlice() }

// Attaches says whether --attach was given.
func (o *Options) Attaches() bool { return o.process.attach.Len() > 0 }

// AutoRemove says whether --rm was given.
func (o *Options) AutoRemove() bool { return o.lifecycle.autoRemove }

// Request makes the request for image, run with args. The flags are those that Register added to,
// parsed. An error says which option makes no sense.
func (o *Options) Request(flags *pflag.FlagSet, image string, args []string) (*Request, error) {
	r := &Request{
		Config:           &container.Config{Image: image},
		HostConfig:       &container.HostConfig{},
		NetworkingConfig: &network.NetworkingConfig{},
	}
	if len(args) > 0 {
		r.Config.Cmd = args
	}
	for _, g := range o.groups() {
		if err := g.apply(r, flags); err != nil {
			return nil, err
		}
	}
	if err := refuseWindowsOnly(flags); err != nil {
		return nil, err
	}
	if r.HostConfig.AutoRemove && !r.HostConfig.RestartPolicy.IsNone() {
		return nil, errors.New("conflicting options: cannot specify both --restart and --rm")
	}
	return r, nil
}

// refuseWindowsOnly refuses the flags that are there because Docker has them, and mean nothing on Linux.
func refuseWindowsOnly(flags *pflag.FlagSet) error {
	var errs []error
	for _, name := range []string{"cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"} {
		if flags.Changed(name) {
			errs = append(errs, fmt.Errorf(`"--%s" is only supported on a daemon running on windows, but the daemon is running on linux`, name))
		}
	}
	return errors.Join(errs...)
}
