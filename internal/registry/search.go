package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
)

// MaxFound is how many results one search may ask for.
const MaxFound = 100

// Found is one repository that a search has found.
type Found struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Stars       int    `json:"star_count"`
	Official    bool   `json:"is_official"`
	Automated   bool   `json:"is_automated"`
}

// Search asks an index, Docker Hub's or that of the host with which the term begins, for repositories (version 1 of Docker's search API). limit is at most
// MaxFound, 0 leaves it to the index.
func (c Config) Search(ctx context.Context, term string, limit int, a Auth) ([]Found, error) {
	host, words := searched(term)
	if words == "" {
		return nil, fmt.Errorf("no term to search for is given: %w", errdefs.ErrInvalidArgument)
	}
	if limit < 0 || limit > MaxFound {
		return nil, fmt.Errorf("limit %d is outside the range of [1, %d]: %w", limit, MaxFound, errdefs.ErrInvalidArgument)
	}
	if err := c.blocked(host); err != nil {
		return nil, err
	}
	client := &Client{}
	defer client.Close()
	way, err := c.wayTo(client, host, true)
	if err != nil {
		return nil, err
	}
	query := url.Values{"q": {words}}
	if limit > 0 {
		query.Set("n", strconv.Itoa(limit))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+host+"/v1/search?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	if c.UserAgent != "" {
		r.Header.Set("User-Agent", c.UserAgent)
	}
	r.Header.Set("X-Docker-Token", "true")
	if a.Username != "" && a.Password != "" {
		r.SetBasicAuth(a.Username, a.Password)
	}
	found, err := readFound(way, r)
	if err != nil {
		return nil, fmt.Errorf("search %s: %w", host, err)
	}
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	return found, nil
}

func readFound(way *http.Client, r *http.Request) ([]Found, error) {
	resp, err := way.Do(r)
	var transport *url.Error
	if errors.As(err, &transport) {
		return nil, explainTransport(transport)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answers %s: it may have no search: %w", resp.Status, errdefs.ErrUnavailable)
	}
	var answer struct {
		Results []Found `json:"results"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("its answer cannot be read: %w: %w", err, errdefs.ErrUnavailable)
	}
	for i, f := range answer.Results {
		answer.Results[i].Name, answer.Results[i].Description = printable(f.Name), printable(f.Description)
	}
	return answer.Results, nil
}

// searched is the index that a term is for, and the words to search for there.
func searched(term string) (host, words string) {
	first, rest, found := strings.Cut(term, "/")
	if found && (strings.ContainsAny(first, ".:") || first == "localhost") {
		if hubAlias(first) == hubDomain {
			return indexHost, strings.TrimPrefix(rest, "library/")
		}
		return first, rest
	}
	return indexHost, strings.TrimPrefix(term, "library/")
}
