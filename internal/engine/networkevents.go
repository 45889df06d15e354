package engine

import (
	"context"

	"tug/internal/container"
	"tug/internal/events"
	"tug/internal/network"
)

// Networks are the engine's networks: what changes them is told as an event.
type Networks struct {
	*network.Networks
	engine *Engine
}

// Networks are the engine's networks.
func (e *Engine) Networks() *Networks { return &Networks{e.networks, e} }

// Create is network.Networks.Create.
func (n *Networks) Create(ctx context.Context, wish network.Network) (network.Network, error) {
	made, err := n.Networks.Create(ctx, wish)
	if err == nil {
		n.engine.publishNetwork(&made, events.Create)
	}
	return made, err
}

// Remove is network.Networks.Remove.
func (n *Networks) Remove(ctx context.Context, ref string) error {
	gone, err := n.Get(ref)
	if err != nil {
		return err
	}
	if err := n.Networks.Remove(ctx, gone.ID); err != nil {
		return err
	}
	n.engine.publishNetwork(&gone, events.Destroy)
	return nil
}

// publishConnected tells that a container was connected to its networks, or disconnected from them.
func (e *Engine) publishConnected(r *container.Record, endpoints []*network.Endpoint, action string) {
	var names []string
	for _, ep := range endpoints {
		names = append(names, ep.NetworkID)
	}
	if _, shared := joined(r.Host.NetworkMode); len(endpoints) == 0 && !shared {
		names = e.networksOf(r) // those of the host, or none
	}
	for _, name := range names {
		if n, err := e.networks.Get(name); err == nil {
			e.publishNetwork(&n, action, "container", r.ID)
		}
	}
}
