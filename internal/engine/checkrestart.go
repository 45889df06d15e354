package engine

import "tug/internal/container"

// checkRestartPolicy holds Docker's rules for when a container is started again. Errors: InvalidArgument.
func checkRestartPolicy(p container.RestartPolicy) error {
	switch p.Name {
	case "", "no", "always", "unless-stopped":
		if p.MaximumRetryCount > 0 && p.Name != "" {
			return invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'")
		}
	case "on-failure":
	default:
		return invalid("invalid restart policy: unknown policy '%s'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'", p.Name)
	}
	if p.MaximumRetryCount < 0 {
		return invalid("invalid restart policy: maximum retry count cannot be negative")
	}
	return nil
}
