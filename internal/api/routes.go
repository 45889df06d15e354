package api

// routes is the table of contents: which method and path lead to which use case. Docker answers 404 to what is not in it.
func (s *server) routes() map[string]handler {
	return map[string]handler{
		"GET /_ping":  ping,
		"HEAD /_ping": ping,

		"POST /containers/create":       containerCreate,
		"POST /containers/{id}/start":   containerStart,
		"POST /containers/{id}/stop":    containerStop,
		"POST /containers/{id}/restart": containerRestart,
		"POST /containers/{id}/kill":    containerKill,
		"POST /containers/{id}/pause":   containerPause,
		"POST /containers/{id}/unpause": containerUnpause,
		"POST /containers/{id}/rename":  containerRename,
		"POST /containers/{id}/resize":  containerResize,
		"POST /containers/{id}/attach":  containerAttach,
		"POST /containers/{id}/wait":    containerWait,
		"DELETE /containers/{id}":       containerRemove,

		"POST /tug/plan": containerPlan,
	}
}
