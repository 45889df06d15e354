package contexts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	dcontext "github.com/docker/cli/cli/context"
	"github.com/docker/cli/cli/context/docker"
	"github.com/moby/moby/client"

	"tug/internal/cli/contextstore"
)

// The keys of --docker.
const (
	keyFrom       = "from"
	keyHost       = "host"
	keyCA         = "ca"
	keyCert       = "cert"
	keyKey        = "key"
	keySkipVerify = "skip-tls-verify"
)

// endpointHelp is the help of a command that has --docker.
func endpointHelp(verb, command string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s a context\n\nDocker endpoint config:\n\n%-20sDESCRIPTION\n", verb, "NAME")
	for _, key := range [][2]string{
		{keyFrom, "Copy named context's Docker endpoint configuration"},
		{keyHost, "Docker endpoint on which to connect"},
		{keyCA, "Trust certs signed only by this CA"},
		{keyCert, "Path to TLS certificate file"},
		{keyKey, "Path to TLS key file"},
		{keySkipVerify, "Skip TLS certificate validation"},
	} {
		fmt.Fprintf(&b, "%-20s%s\n", key[0], key[1])
	}
	fmt.Fprintf(&b, "\nExample:\n\n$ tug context %s my-context --description \"some description\" --docker \"host=tcp://myserver:2376,ca=~/ca-file,cert=~/cert-file,key=~/key-file\"\n", command)
	return b.String()
}

// endpoint is the daemon that --docker's keys describe.
func endpoint(contexts *contextstore.Store, given map[string]string) (docker.Endpoint, error) {
	daemon, err := describe(contexts, given)
	if err != nil {
		return docker.Endpoint{}, fmt.Errorf("unable to create docker endpoint config: %w", err)
	}
	return daemon, nil
}

func describe(contexts *contextstore.Store, given map[string]string) (docker.Endpoint, error) {
	if err := onlyKnownKeys(given); err != nil {
		return docker.Endpoint{}, err
	}
	if name, has := given[keyFrom]; has {
		context, err := contexts.GetMetadata(name)
		if err != nil {
			return docker.Endpoint{}, err
		}
		meta, err := docker.EndpointFromContext(context)
		if err != nil {
			return docker.Endpoint{}, fmt.Errorf("unable to get endpoint from context %q", name)
		}
		return docker.WithTLSData(contexts, name, meta)
	}
	tls, err := dcontext.TLSDataFromFiles(given[keyCA], given[keyCert], given[keyKey])
	if err != nil {
		return docker.Endpoint{}, err
	}
	skip, err := boolean(given, keySkipVerify)
	if err != nil {
		return docker.Endpoint{}, err
	}
	daemon := docker.Endpoint{EndpointMeta: docker.EndpointMeta{Host: given[keyHost], SkipTLSVerify: skip}, TLSData: tls}
	return daemon, usable(daemon)
}

// usable says what is wrong with a daemon's address or TLS material.
func usable(daemon docker.Endpoint) error {
	options, err := daemon.ClientOpts()
	if err != nil {
		return fmt.Errorf("invalid docker endpoint options: %w", err)
	}
	if _, err := client.New(options...); err != nil {
		return fmt.Errorf("unable to apply docker endpoint options: %w", err)
	}
	return nil
}

func onlyKnownKeys(given map[string]string) error {
	known := []string{keyFrom, keyHost, keyCA, keyCert, keyKey, keySkipVerify}
	var unknown []error
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, key) {
			unknown = append(unknown, errors.New("unrecognized config key: "+key))
		}
	}
	return errors.Join(unknown...)
}

// boolean reads a key; false if it is not given.
func boolean(given map[string]string, key string) (bool, error) {
	text, has := given[key]
	if !has {
		return false, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%s: parsing %q: %w", key, text, strconv.ErrSyntax)
	}
	return value, nil
}
