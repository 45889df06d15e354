package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// parseValues reads a text that consists of JSON objects and lists, one or several.
func parseValues(text string) (values []any, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	for {
		var v any
		err := decoder.Decode(&v)
		if errors.Is(err, io.EOF) {
			return values, len(values) > 0
		}
		if err != nil {
			return nil, false
		}
		switch v.(type) {
		case map[string]any, []any:
			values = append(values, v)
		default:
			return nil, false
		}
	}
}

// leaf is a value that has none in it, and the way to it: `.HostConfig.ShmSize`.
type leaf struct{ path, value string }

// machine are paths of numbers that no two runs have in common; whether they are zero is compared.
var machine = regexp.MustCompile(`\.(Pid|Size|SizeRw|SizeRootFs|VirtualSize|SharedSize|Created|time|timeNano|MemTotal)$`)

// flat gives all leaves, with the keys of each object in order.
func (n normaliser) flat(values []any) (leaves []leaf) {
	for i, v := range values {
		path := ""
		if len(values) > 1 {
			path = fmt.Sprintf("#%d", i)
		}
		leaves = append(leaves, n.flatten(path, v)...)
	}
	return leaves
}

func (n normaliser) flatten(path string, v any) (leaves []leaf) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			leaves = append(leaves, n.flatten(path+"."+n.word(key), v[key])...)
		}
		if len(v) == 0 {
			leaves = []leaf{{path, "{}"}}
		}
	case []any:
		for i, element := range sorted(v) {
			at := fmt.Sprintf("%s[%d]", path, i)
			if path == "" && len(v) == 1 { // inspect's list of one
				at = ""
			}
			leaves = append(leaves, n.flatten(at, element)...)
		}
		if len(v) == 0 {
			leaves = []leaf{{path, "[]"}}
		}
	case string:
		leaves = []leaf{{path, fmt.Sprintf("%q", n.word(v))}}
	case json.Number:
		value := v.String()
		if value != "0" && machine.MatchString(path) {
			value = "<number>"
		}
		leaves = []leaf{{path, value}}
	default:
		leaves = []leaf{{path, fmt.Sprint(v)}}
		if v == nil {
			leaves[0].value = "null"
		}
	}
	return leaves
}

// sorted puts a list of mounts into the order of their targets: Docker's has none.
func sorted(list []any) []any {
	key := func(v any) string {
		m, _ := v.(map[string]any)
		s, _ := m["Destination"].(string)
		return s
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b any) int {
		x, y := key(a), key(b)
		return strings.Compare(x, y)
	})
	return list
}

// compareValues gives a difference for each path at which the values differ or only one side has one.
func compareValues(a, b []leaf) (hunks []difference) {
	of := func(leaves []leaf) map[string]string {
		m := map[string]string{}
		for _, l := range leaves {
			m[l.path] = l.value
		}
		return m
	}
	x, y := of(a), of(b)
	for _, path := range slices.Sorted(maps.Keys(x)) {
		if value, ok := y[path]; !ok {
			hunks = append(hunks, difference{Minus: []string{path + ": " + x[path]}})
		} else if value != x[path] {
			hunks = append(hunks, difference{Minus: []string{path + ": " + x[path]}, Plus: []string{path + ": " + value}})
		}
	}
	for _, path := range slices.Sorted(maps.Keys(y)) {
		if _, ok := x[path]; !ok {
			hunks = append(hunks, difference{Plus: []string{path + ": " + y[path]}})
		}
	}
	return hunks
}
