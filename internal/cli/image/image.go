// Package image holds the commands on images, one a file.
package image

import (
	"github.com/spf13/pflag"

	"tug/internal/cli/session"
)

// platformFlag adds --platform, whose default is DOCKER_DEFAULT_PLATFORM.
func platformFlag(s *session.Session, flags *pflag.FlagSet, value *string, usage string) {
	flags.StringVar(value, "platform", s.Getenv("DOCKER_DEFAULT_PLATFORM"), usage)
}
