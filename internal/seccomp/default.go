package seccomp

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
	profile "github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// Default is Docker's default profile for a container with these capabilities ("CAP_CHOWN", ...), on this machine and kernel.
func Default(caps []string) (*specs.LinuxSeccomp, error) {
	p, err := profile.GetDefaultProfile(holding(caps))
	if err != nil {
		return nil, fmt.Errorf("default seccomp profile: %w", err)
	}
	return p, nil
}

// Load reads a profile in Docker's format, whose rules may depend on capabilities, machine and kernel. A profile that has neither a default action
// nor rules means no seccomp: the result is nil. Errors are of the class ErrInvalidArgument.
func Load(jsonProfile []byte, caps []string) (*specs.LinuxSeccomp, error) {
	var shape struct{ Syscalls []*struct{} }
	if err := json.Unmarshal(jsonProfile, &shape); err == nil && slices.Contains(shape.Syscalls, nil) {
		return nil, fmt.Errorf("seccomp profile has null for a rule: %w", errdefs.ErrInvalidArgument) // moby's reader would panic
	}
	p, err := profile.LoadProfile(string(jsonProfile), holding(caps))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	return p, nil
}

// holding is as much of a container's specification as profiles look at.
func holding(caps []string) *specs.Spec {
	return &specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: caps}}}
}
