package creation

import (
	"fmt"

	"github.com/docker/cli/opts"
	"github.com/spf13/pflag"
)

// identityOptions say by which names the container goes and as whom its process runs.
type identityOptions struct {
	hostname    string
	domainname  string
	user        string
	groupAdd    opts.ListOpts
	labels      opts.ListOpts
	labelFiles  opts.ListOpts
	annotations *opts.MapOpts
}

func (o *identityOptions) register(flags *pflag.FlagSet) {
	o.groupAdd = opts.NewListOpts(nil)
	o.labels = opts.NewListOpts(opts.ValidateLabel)
	o.labelFiles = opts.NewListOpts(nil)
	o.annotations = opts.NewMapOpts(nil, nil)
	flags.StringVarP(&o.hostname, "hostname", "h", "", "Container host name")
	flags.StringVar(&o.domainname, "domainname", "", "Container NIS domain name")
	flags.StringVarP(&o.user, "user", "u", "", "Username or UID (format: <name|uid>[:<group|gid>])")
	flags.Var(&o.groupAdd, "group-add", "Add additional groups to join")
	flags.VarP(&o.labels, "label", "l", "Set meta data on a container")
	flags.Var(&o.labelFiles, "label-file", "Read in a line delimited file of labels")
	flags.Var(o.annotations, "annotation", "Add an annotation to the container (passed through to the OCI runtime)")
}

func (o *identityOptions) apply(r *Request, _ *pflag.FlagSet) error {
	labels, err := opts.ReadKVStrings(o.labelFiles.GetSlice(), o.labels.GetSlice())
	if err != nil {
		return fmt.Errorf("--label-file: %w", err)
	}
	r.Config.Hostname = o.hostname
	r.Config.Domainname = o.domainname
	r.Config.User = o.user
	r.Config.Labels = opts.ConvertKVStringsToMap(labels)
	r.HostConfig.GroupAdd = o.groupAdd.GetSlice()
	r.HostConfig.Annotations = o.annotations.GetAll()
	return nil
}
