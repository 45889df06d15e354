package build

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"

	"github.com/containerd/errdefs"
	"github.com/moby/buildkit/frontend/dockerui"
)

// checkRemote refuses what is no address of a context. Errors: InvalidArgument.
func (c *Classic) checkRemote() error {
	if c.Remote == "" {
		return nil
	}
	_, git, err := dockerui.DetectGitContext(c.Remote, nil)
	if git && err != nil {
		return fmt.Errorf("remote %s: %w: %w", c.Remote, err, errdefs.ErrInvalidArgument)
	}
	if _, _, web := dockerui.DetectHTTPContext(c.Remote); !git && !web {
		return fmt.Errorf("remoteURL (%s) could not be recognized as URL: it is the address of a repository of git, or begins with http:// or https://: %w", c.Remote, errdefs.ErrInvalidArgument)
	}
	return nil
}

// refused is how BuildKit says that a server does not give what an address names.
var refused = regexp.MustCompile(`invalid response status (\d{3})$`)

// explainRemote gives Docker's words for a context that its server does not give.
func (c *Classic) explainRemote(err error) error {
	m := refused.FindStringSubmatch(err.Error())
	if c.Remote == "" || m == nil {
		return err
	}
	status, _ := strconv.Atoi(m[1])
	class := map[int]error{
		http.StatusNotFound: errdefs.ErrNotFound, http.StatusBadRequest: errdefs.ErrInvalidArgument,
		http.StatusUnauthorized: errdefs.ErrUnauthenticated, http.StatusForbidden: errdefs.ErrPermissionDenied,
	}[status]
	if class == nil {
		class = errdefs.ErrUnknown
	}
	return fmt.Errorf("error downloading remote context %s: failed to GET %[1]s with status %d %s: %w", c.Remote, status, http.StatusText(status), class)
}
