package api

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	moby "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

// foreign are the fields that are refused rather than kept.
var foreign = map[string]bool{"Isolation": true, "CPUCount": true, "CPUPercent": true, "IOMaximumIOps": true, "IOMaximumBandwidth": true}

// fill sets every field of a struct to something, so that one which a conversion forgets shows.
func fill(v reflect.Value, name string) {
	switch v.Interface().(type) {
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.MustParseAddr("10.1.2.3")))
		return
	case network.Port:
		v.Set(reflect.ValueOf(network.MustParsePort("80/udp")))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !foreign[f.Name] && f.Name != "ClusterOptions" {
				fill(v.Field(i), f.Name)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), name+" 1")
		fill(v.Index(1), name+" 2")
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), name)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, name+" key")
		fill(value, name+" value")
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	default:
		panic(fmt.Sprintf("%s: no idea how to fill a %s", name, v.Type()))
	}
}

func TestNoFieldOfAConfigIsForgotten(t *testing.T) {
	var want moby.Config
	fill(reflect.ValueOf(&want).Elem(), "Config")
	taken := takeConfig(&want)
	if diff := cmp.Diff(&want, showConfig(&taken), cmp.AllowUnexported(network.Port{})); diff != "" {
		t.Error(diff)
	}
}

func TestNoFieldOfAHostConfigIsForgotten(t *testing.T) {
	var want moby.HostConfig
	fill(reflect.ValueOf(&want).Elem(), "HostConfig")
	taken, err := takeHostConfig(&want)
	if err != nil {
		t.Fatal(err)
	}
	same := cmp.Options{cmp.AllowUnexported(network.Port{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })}
	if diff := cmp.Diff(&want, showHostConfig(&taken), same); diff != "" {
		t.Error(diff)
	}
}

func TestWhatOtherSystemsHaveIsRefused(t *testing.T) {
	for name, h := range map[string]moby.HostConfig{
		"isolation": {Isolation: "hyperv"},
		"cpu count": {Resources: moby.Resources{CPUCount: 1}},
		"percent":   {Resources: moby.Resources{CPUPercent: 1}},
		"iops":      {Resources: moby.Resources{IOMaximumIOps: 1}},
		"bandwidth": {Resources: moby.Resources{IOMaximumBandwidth: 1}},
		"null":      {Resources: moby.Resources{Ulimits: []*moby.Ulimit{nil}}},
	} {
		if _, err := takeHostConfig(&h); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}
