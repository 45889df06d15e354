package engine

import (
	"slices"

	"tug/internal/idmap"
	"tug/internal/oci"
)

// checkIDs finds a user or group that a user namespace does not have. Errors: InvalidArgument.
func checkIDs(u oci.User) error {
	if highest := max(u.UID, u.GID, slices.Max(u.Groups)); highest >= idmap.Size {
		return invalid("the user or group %d is none of a container, which has the ids 0 to %d: use another, or give up the container's user namespace with --userns host", highest, idmap.Size-1)
	}
	return nil
}
