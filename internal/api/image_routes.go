package api

import "strings"

// imageNamed leads to the handler of an image's endpoint. An image's name has slashes, so that a pattern cannot tell where it
// ends: the last part of the path says what is wanted, the rest is the name.
func imageNamed(handlers map[string]handler) handler {
	return func(c *call) error {
		path := c.r.PathValue("path")
		i := strings.LastIndexByte(path, '/')
		if i <= 0 {
			return errPageNotFound
		}
		h, ok := handlers[path[i+1:]]
		if !ok {
			return errPageNotFound
		}
		c.r.SetPathValue("id", path[:i])
		return h(c)
	}
}
