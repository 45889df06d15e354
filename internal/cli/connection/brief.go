package connection

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Brief is what a table of containers shows of one.
type Brief struct {
	ID                              string `json:"Id"`
	Image, ImageID, Command, Status string
	Names                           []string
	Created                         int64 // seconds since 1970
	Ports                           []container.PortSummary
}

// Briefs lists containers with what a table shows, which is a fraction of what tugd knows of each (brief=1, which Docker's daemon passes
// over). Sizes cannot be asked for.
func (c *Client) Briefs(ctx context.Context, o client.ContainerListOptions) ([]Brief, error) {
	query := url.Values{"brief": {"1"}}
	if o.All {
		query.Set("all", "1")
	}
	if o.Limit > 0 {
		query.Set("limit", strconv.Itoa(o.Limit))
	}
	if len(o.Filters) > 0 {
		filters, err := json.Marshal(o.Filters)
		if err != nil {
			return nil, err
		}
		query.Set("filters", string(filters))
	}
	got, err := c.get(ctx, "/containers/json", query)
	if err != nil {
		return nil, err
	}
	defer got.close()
	if got.StatusCode != http.StatusOK {
		return nil, daemonError(got.Response)
	}
	var list []Brief
	err = json.NewDecoder(got.Body).Decode(&list)
	return list, err
}
