package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/docker/go-units"

	"tug/internal/build"
	"tug/internal/engine"
)

// builderConfig says what builds may take; its keys are those of dockerd's daemon.json.
type builderConfig struct {
	GC struct {
		Enabled     *bool    `json:"enabled"`
		KeepStorage size     `json:"defaultKeepStorage"` // the old name of the next
		Reserved    size     `json:"defaultReservedSpace"`
		MaxUsed     size     `json:"defaultMaxUsedSpace"`
		MinFree     size     `json:"defaultMinFreeSpace"`
		Policy      []gcRule `json:"policy"`
	} `json:"gc"`
	Entitlements struct {
		NetworkHost *bool `json:"network-host"`
		Insecure    bool  `json:"security-insecure"`
	} `json:"entitlements"`
}

// gcRule is one rule of what of the build cache goes by itself.
type gcRule struct {
	All         bool     `json:"all"`
	Filter      []string `json:"filter"`
	KeepStorage size     `json:"keepStorage"` // the old name of the next
	Reserved    size     `json:"reservedSpace"`
	MaxUsed     size     `json:"maxUsedSpace"`
	MinFree     size     `json:"minFreeSpace"`
}

// size is a number of bytes, written as 20GB or as a number.
type size int64

// UnmarshalJSON implements json.Unmarshaler.
func (s *size) UnmarshalJSON(data []byte) error {
	var number int64
	var text string
	if json.Unmarshal(data, &number) != nil {
		if err := json.Unmarshal(data, &text); err != nil {
			return fmt.Errorf("size %s: it is a number of bytes, or text as \"20GB\"", data)
		}
		var err error
		if number, err = units.RAMInBytes(text); err != nil {
			return fmt.Errorf("size %q: %w: it is as \"20GB\"", text, err)
		}
	}
	if number < 0 {
		return fmt.Errorf("size %s: it is 0 or more", data)
	}
	*s = size(number)
	return nil
}

// options reads what is set. Errors: a rule that cannot be understood.
func (b *builderConfig) options() (o engine.BuilderOptions, err error) {
	g := &b.GC
	o.Insecure, o.NoHostNetwork = b.Entitlements.Insecure, b.Entitlements.NetworkHost != nil && !*b.Entitlements.NetworkHost
	o.GC.Off = g.Enabled != nil && !*g.Enabled
	o.GC.Default = build.Budget{Reserved: int64(max(g.KeepStorage, g.Reserved)), MaxUsed: int64(g.MaxUsed), MinFree: int64(g.MinFree)}
	for i, r := range g.Policy {
		rule := build.PruneOptions{All: r.All, Budget: build.Budget{Reserved: int64(max(r.KeepStorage, r.Reserved)), MaxUsed: int64(r.MaxUsed), MinFree: int64(r.MinFree)}}
		for _, f := range r.Filter {
			if err := addFilter(&rule, f); err != nil {
				return o, fmt.Errorf("builder.gc.policy: rule %d: %w", i+1, err)
			}
		}
		o.GC.Rules = append(o.GC.Rules, rule)
	}
	return o, nil
}

// addFilter adds a rule's filter, as "type=regular" or "unused-for=48h".
func addFilter(rule *build.PruneOptions, text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("filter %q: it is as type=regular", text)
	}
	if key != "until" && key != "unused-for" {
		return rule.Where(key, value)
	}
	kept, err := time.ParseDuration(value)
	if err != nil || kept < 0 {
		return fmt.Errorf("filter %q: it is a duration, as 48h", text)
	}
	rule.KeepDuration = kept
	return nil
}
