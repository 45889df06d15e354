package contextstore

import (
	"errors"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
)

// MustBeNew gives an error if a context cannot be made under a name: it is no name, or taken.
func (s *Store) MustBeNew(name string) error {
	if err := store.ValidateContextName(name); err != nil {
		return err
	}
	_, err := s.ContextStore.GetMetadata(name)
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("error while getting existing contexts: %w", err)
	}
	return fmt.Errorf("context %q already exists", name)
}

// Make keeps a daemon under a new name.
func (s *Store) Make(name, description string, daemon docker.Endpoint) error {
	tls := store.ContextTLSData{}
	if daemon.TLSData != nil {
		tls.Endpoints = map[string]store.EndpointTLSData{docker.DockerEndpoint: *daemon.TLSData.ToStoreTLSData()}
	}
	return s.keep(store.Metadata{
		Name:      name,
		Metadata:  Metadata{Description: description},
		Endpoints: map[string]any{docker.DockerEndpoint: daemon.EndpointMeta},
	}, tls)
}

// Copy keeps the context from under a new name, with its TLS material, and described anew unless description
// is "".
func (s *Store) Copy(from, name, description string) error {
	context, err := s.describedAnew(from, description)
	if err != nil {
		return err
	}
	context.Name = name
	files, err := s.ListTLSFiles(from)
	if err != nil {
		return err
	}
	tls := store.ContextTLSData{Endpoints: map[string]store.EndpointTLSData{}}
	for endpoint, names := range files {
		content := map[string][]byte{}
		for _, file := range names {
			if content[file], err = s.GetTLSData(from, endpoint, file); err != nil {
				return err
			}
		}
		tls.Endpoints[endpoint] = store.EndpointTLSData{Files: content}
	}
	return s.keep(context, tls)
}

// Update describes a context anew unless description is "", and replaces its daemon and TLS material unless
// daemon is nil.
func (s *Store) Update(name, description string, daemon *docker.Endpoint) error {
	context, err := s.describedAnew(name, description)
	if err != nil {
		return err
	}
	if daemon != nil {
		if context.Endpoints == nil {
			context.Endpoints = map[string]any{}
		}
		context.Endpoints[docker.DockerEndpoint] = daemon.EndpointMeta
		if err := s.ResetEndpointTLSMaterial(name, docker.DockerEndpoint, daemon.TLSData.ToStoreTLSData()); err != nil {
			return err
		}
	}
	return s.CreateOrUpdate(context)
}

// Import keeps what Export has written to archive, of tug or of Docker, under a new name. Nothing is kept of
// an archive that is not a context's.
func (s *Store) Import(name string, archive io.Reader) error {
	err := store.Import(name, s.ContextStore, archive)
	if err == nil {
		_, err = s.GetMetadata(name) // it has been stored as it came
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("invalid context: the archive ends too early, or is none: export one with tug context export")
	}
	if s.Exists(name) {
		err = errors.Join(err, s.Remove(name))
	}
	return err
}

// Export gives a context as an archive.
func (s *Store) Export(name string) (io.ReadCloser, error) {
	if _, err := s.GetMetadata(name); err != nil {
		return nil, err
	}
	return store.Export(name, s), nil
}

// describedAnew gives a context with another description, or with its own if description is "".
func (s *Store) describedAnew(name, description string) (store.Metadata, error) {
	context, err := s.GetMetadata(name)
	if err != nil {
		return store.Metadata{}, err
	}
	about, err := Describe(context)
	if err != nil {
		return store.Metadata{}, err
	}
	if description != "" {
		about.Description = description
	}
	context.Metadata = about
	return context, nil
}

// keep writes a new context, its TLS material first, so that it is never used without.
func (s *Store) keep(context store.Metadata, tls store.ContextTLSData) error {
	if err := s.ResetTLSMaterial(context.Name, &tls); err != nil {
		return err
	}
	return s.CreateOrUpdate(context)
}
