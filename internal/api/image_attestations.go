package api

import (
	"encoding/json"
	"net/http"
	"strings"

	moby "github.com/moby/moby/api/types/image"
)

// imageAttestations answers with what was attested of an image: how it was built, what is in it.
func imageAttestations(c *call) error {
	if c.before(55) {
		return errPageNotFound
	}
	if len(c.query["platform"]) > 1 {
		return invalid("only one platform value is currently supported")
	}
	platform, err := c.platform(55)
	if err != nil {
		return err
	}
	kinds := map[string]bool{}
	for _, k := range c.query["type"] {
		if k = strings.TrimSpace(k); k != "" {
			kinds[k] = true
		}
	}
	list, err := c.engine.Images().Attestations(c.ctx(), c.id(), platform, kinds, c.flag("statement"))
	if err != nil {
		return err
	}
	out := []moby.AttestationStatement{}
	for _, s := range list {
		shown := moby.AttestationStatement{Descriptor: s.Descriptor, PredicateType: s.Predicate}
		if s.Body != nil {
			body := json.RawMessage(s.Body)
			shown.Statement = &body
		}
		out = append(out, shown)
	}
	return c.json(http.StatusOK, out)
}
