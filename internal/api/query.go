package api

import (
	"strconv"
	"strings"
)

// flag reads a boolean parameter as Docker does: anything but nothing, 0, no, false and none is true.
func (c *call) flag(name string) bool {
	switch strings.ToLower(strings.TrimSpace(c.query.Get(name))) {
	case "", "0", "no", "false", "none":
		return false
	}
	return true
}

// flagOr is flag with a default for a parameter that is not there.
func (c *call) flagOr(name string, otherwise bool) bool {
	if !c.query.Has(name) {
		return otherwise
	}
	return c.flag(name)
}

// number reads an optional integer parameter; nil when it is not there or empty.
func (c *call) number(name string) (*int, error) {
	s := c.query.Get(name)
	if s == "" {
		return nil, nil //nolint:nilnil // not there is no error
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return nil, invalid("invalid value for %s: %q is not a whole number", name, s)
	}
	return &n, nil
}

// side reads the height or width of a terminal.
func (c *call) side(name, what string) (uint16, error) {
	n, err := strconv.ParseUint(c.query.Get(name), 10, 16)
	if err != nil {
		if numErr, ok := err.(*strconv.NumError); ok { //nolint:errorlint // ParseUint returns it bare
			err = numErr.Err
		}
		return 0, invalid("invalid resize %s %q: %w", what, c.query.Get(name), err)
	}
	return uint16(n), nil
}
