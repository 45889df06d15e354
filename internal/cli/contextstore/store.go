// Package contextstore keeps contexts: names for daemons, each with an address and the TLS material that its
// daemon wants. They lie in the folder "contexts" beside tug's configuration, in the form of Docker's.
//
// One that is called "default" is always there and never on disk: it is the daemon that the other options and
// the environment name. Docker's own contexts are not used; where only Docker has a context of a name, the
// error says how to copy it.
package contextstore

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
)

// DefaultName is the context that is there without being made.
const DefaultName = "default"

// inMemory is shown where others have the path of their files.
const inMemory = "<IN MEMORY>"

// Store has all contexts of a person. It implements store.Reader and store.Lister of Docker's library.
type Store struct {
	*store.ContextStore                                 // all but the default one
	docker              *store.ContextStore             // Docker's
	unnamed             func() (docker.Endpoint, error) // what the default one stands for
}

// New gives the store below folder. unnamed is asked for what the default context means now; Docker's
// contexts are below dockerFolder.
func New(folder, dockerFolder string, unnamed func() (docker.Endpoint, error)) *Store {
	form := store.NewConfig(
		func() any { return &Metadata{} },
		store.EndpointTypeGetter(docker.DockerEndpoint, func() any { return &docker.EndpointMeta{} }),
	)
	return &Store{
		ContextStore: store.New(filepath.Join(folder, "contexts"), form),
		docker:       store.New(filepath.Join(dockerFolder, "contexts"), form),
		unnamed:      unnamed,
	}
}

// List gives all contexts, the default one last.
func (s *Store) List() ([]store.Metadata, error) {
	named, err := s.ContextStore.List()
	if err != nil {
		return nil, err
	}
	unnamed, err := s.GetMetadata(DefaultName)
	if err != nil {
		return nil, err
	}
	return append(named, unnamed), nil
}

// GetMetadata gives a context. The error is NotFound if there is none of that name, and says so if Docker has
// one.
func (s *Store) GetMetadata(name string) (store.Metadata, error) {
	if name != DefaultName {
		found, err := s.ContextStore.GetMetadata(name)
		if errdefs.IsNotFound(err) && exists(s.docker, name) {
			err = fmt.Errorf("%w\nDocker has a context of that name. Copy it with: docker context export %[2]s - | tug context import %[2]s -", err, name)
		}
		return found, err
	}
	endpoint, err := s.unnamed()
	if err != nil {
		return store.Metadata{}, err
	}
	return store.Metadata{
		Name:      DefaultName,
		Metadata:  Metadata{},
		Endpoints: map[string]any{docker.DockerEndpoint: endpoint.EndpointMeta},
	}, nil
}

// ListTLSFiles gives the names of the files of each endpoint of a context.
func (s *Store) ListTLSFiles(name string) (map[string]store.EndpointFiles, error) {
	if name != DefaultName {
		return s.ContextStore.ListTLSFiles(name)
	}
	files, err := s.unnamedTLS()
	if err != nil || files == nil {
		return map[string]store.EndpointFiles{}, err
	}
	return map[string]store.EndpointFiles{docker.DockerEndpoint: slices.Sorted(maps.Keys(files))}, nil
}

// GetTLSData gives the content of a file. The error is NotFound if there is none.
func (s *Store) GetTLSData(name, endpoint, file string) ([]byte, error) {
	if name != DefaultName {
		return s.ContextStore.GetTLSData(name, endpoint, file)
	}
	files, err := s.unnamedTLS()
	if err != nil {
		return nil, err
	}
	data, has := files[file]
	if !has || endpoint != docker.DockerEndpoint {
		return nil, fmt.Errorf("TLS data for %s/%s/%s does not exist: %w", name, endpoint, file, errdefs.ErrNotFound)
	}
	return data, nil
}

// GetStorageInfo says where a context's files lie.
func (s *Store) GetStorageInfo(name string) store.StorageInfo {
	if name == DefaultName {
		return store.StorageInfo{MetadataPath: inMemory, TLSPath: inMemory}
	}
	return s.ContextStore.GetStorageInfo(name)
}

// Exists says whether something is kept under a name, be it readable or not.
func (s *Store) Exists(name string) bool { return exists(s.ContextStore, name) }

func (s *Store) unnamedTLS() (map[string][]byte, error) {
	endpoint, err := s.unnamed()
	if err != nil || endpoint.TLSData == nil {
		return nil, err
	}
	return endpoint.TLSData.ToStoreTLSData().Files, nil
}

func exists(in *store.ContextStore, name string) bool {
	_, err := os.Stat(in.GetStorageInfo(name).MetadataPath)
	return err == nil
}
