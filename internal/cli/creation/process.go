package creation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/spf13/pflag"
)

// processOptions say what runs in the container and what it is connected to.
type processOptions struct {
	attach     opts.ListOpts
	stdin      bool
	tty        bool
	env        opts.ListOpts
	envFiles   opts.ListOpts
	extraEnv   []string
	entrypoint string
	workingDir string
	umask      opts.UmaskOpt
}

func (o *processOptions) register(flags *pflag.FlagSet) {
	o.attach = opts.NewListOpts(validateStream)
	o.env = opts.NewListOpts(opts.ValidateEnv)
	o.envFiles = opts.NewListOpts(nil)
	flags.VarP(&o.attach, "attach", "a", "Attach to STDIN, STDOUT or STDERR")
	flags.BoolVarP(&o.stdin, "interactive", "i", false, "Keep STDIN open even if not attached")
	flags.BoolVarP(&o.tty, "tty", "t", false, "Allocate a pseudo-TTY")
	flags.VarP(&o.env, "env", "e", "Set environment variables")
	flags.Var(&o.envFiles, "env-file", "Read in a file of environment variables")
	flags.StringVar(&o.entrypoint, "entrypoint", "", "Overwrite the default ENTRYPOINT of the image")
	flags.StringVarP(&o.workingDir, "workdir", "w", "", "Working directory inside the container")
	flags.Var(&o.umask, "umask", "Set umask for the container")
}

func (o *processOptions) apply(r *Request, flags *pflag.FlagSet) error {
	c := r.Config
	c.Tty = o.tty
	c.OpenStdin = o.stdin
	c.AttachStdin = o.stdin || o.attach.Get("stdin")
	everything := o.attach.Len() == 0
	c.AttachStdout = everything || o.attach.Get("stdout")
	c.AttachStderr = everything || o.attach.Get("stderr")
	// A program that reads its standard input has to see the end of it when the client goes away.
	c.StdinOnce = c.OpenStdin && c.AttachStdin

	env, err := opts.ReadKVEnvStrings(o.envFiles.GetSlice(), o.env.GetSlice())
	if err != nil {
		return fmt.Errorf("--env-file: %w", err)
	}
	c.Env = append(env, o.extraEnv...)

	switch {
	case o.entrypoint != "":
		c.Entrypoint = []string{o.entrypoint}
	case flags.Changed("entrypoint"):
		c.Entrypoint = []string{""} // --entrypoint= takes the image's away
	}
	c.WorkingDir = o.workingDir
	r.HostConfig.Umask = o.umask.Value()
	return nil
}

// validateStream accepts the names of the three standard streams.
func validateStream(value string) (string, error) {
	name := strings.ToLower(value)
	if slices.Contains([]string{"stdin", "stdout", "stderr"}, name) {
		return name, nil
	}
	return value, errors.New("valid streams are STDIN, STDOUT and STDERR")
}
