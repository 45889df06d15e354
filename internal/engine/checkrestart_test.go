package engine

import (
	"testing"

	"github.com/containerd/errdefs"

	"tug/internal/container"
)

func TestRestartPoliciesAreDockers(t *testing.T) {
	for policy, ok := range map[container.RestartPolicy]bool{
		{}:                       true,
		{Name: "no"}:             true,
		{Name: "always"}:         true,
		{Name: "unless-stopped"}: true,
		{Name: "on-failure", MaximumRetryCount: 3}:  true,
		{Name: "on-failure", MaximumRetryCount: -1}: false,
		{Name: "always", MaximumRetryCount: 3}:      false,
		{Name: "sometimes"}:                         false,
	} {
		if err := checkRestartPolicy(policy); (err == nil) != ok || err != nil && !errdefs.IsInvalidArgument(err) {
			t.Errorf("%+v: %v", policy, err)
		}
	}
}
