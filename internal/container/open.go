package container

import "fmt"

// Keeper keeps records on disk.
type Keeper interface {
	Put(key string, v any) error
	Delete(key string) error
	Load(fn func(key string, decode func(v any) error) error) error
}

// Keepers are where things are kept.
type Keepers struct {
	Durable  Keeper // containers, but for
	Volatile Keeper // those with AutoRemove
	Health   Keeper // results of health checks that are younger than the container's record; may be lost with a boot
}

// OpenStore loads all containers.
func OpenStore(k Keepers) (*Store, error) {
	s := &Store{durable: k.Durable, volatile: k.Volatile, health: k.Health, byID: map[string]*entry{}, names: map[string]string{}}
	for _, k := range []Keeper{k.Durable, k.Volatile} {
		err := k.Load(func(_ string, decode func(any) error) error {
			var r Record
			if err := decode(&r); err != nil {
				return err
			}
			s.insert(&r)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("load the containers: %w", err)
		}
	}
	if err := s.loadHealth(); err != nil {
		return nil, err
	}
	return s, nil
}
