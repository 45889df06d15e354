package creation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/spf13/pflag"
)

// securityOptions say what the container may do.
type securityOptions struct {
	capAdd      opts.ListOpts
	capDrop     opts.ListOpts
	privileged  bool
	securityOpt opts.ListOpts
	sysctls     *opts.MapOpts
}

func (o *securityOptions) register(flags *pflag.FlagSet) {
	o.capAdd = opts.NewListOpts(nil)
	o.capDrop = opts.NewListOpts(nil)
	o.securityOpt = opts.NewListOpts(nil)
	o.sysctls = opts.NewMapOpts(nil, opts.ValidateSysctl)
	flags.Var(&o.capAdd, "cap-add", "Add Linux capabilities")
	flags.Var(&o.capDrop, "cap-drop", "Drop Linux capabilities")
	flags.BoolVar(&o.privileged, "privileged", false, "Give extended privileges to this container")
	flags.Var(&o.securityOpt, "security-opt", "Security Options")
	flags.Var(o.sysctls, "sysctl", "Sysctl options")
}

func (o *securityOptions) apply(r *Request, _ *pflag.FlagSet) error {
	h := r.HostConfig
	h.CapAdd = o.capAdd.GetSlice()
	h.CapDrop = o.capDrop.GetSlice()
	h.Privileged = o.privileged
	h.Sysctls = o.sysctls.GetAll()
	for _, option := range o.securityOpt.GetSlice() {
		if option == "systempaths=unconfined" {
			// Said by empty, not by absent lists: the daemon's defaults are not wanted.
			h.MaskedPaths = []string{}
			h.ReadonlyPaths = []string{}
			continue
		}
		option, err := readProfile(option)
		if err != nil {
			return err
		}
		h.SecurityOpt = append(h.SecurityOpt, option)
	}
	return nil
}

// readProfile checks a value of --security-opt, and puts the content of the file that seccomp=FILE
// names in the name's place: the daemon cannot read the client's files.
func readProfile(option string) (string, error) {
	key, value, ok := strings.Cut(option, "=")
	if !ok {
		key, value, _ = strings.Cut(option, ":")
	}
	if key == "no-new-privileges" {
		return option, nil
	}
	if value == "" {
		return "", fmt.Errorf("invalid --security-opt: %q", option)
	}
	if key != "seccomp" || value == "builtin" || value == "unconfined" {
		return option, nil
	}
	profile, err := os.ReadFile(value)
	if err != nil {
		return "", fmt.Errorf("opening seccomp profile (%s) failed: %w", value, err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, profile); err != nil {
		return "", fmt.Errorf("compacting json for seccomp profile (%s) failed: %w", value, err)
	}
	return "seccomp=" + compact.String(), nil
}
