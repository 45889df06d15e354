package api

// routes is the table of contents: which method and path lead to which use case. Docker answers 404 to what is not in it.
func (s *server) routes() map[string]handler {
	return map[string]handler{
		"GET /_ping":   ping,
		"HEAD /_ping":  ping,
		"GET /events":  eventStream,
		"GET /info":    systemInfo,
		"GET /version": systemVersion,

		"GET /containers/json":           containerList,
		"POST /containers/create":        containerCreate,
		"POST /containers/prune":         containerPrune,
		"GET /containers/{id}/archive":   containerCopyOut,
		"HEAD /containers/{id}/archive":  containerStatFile,
		"PUT /containers/{id}/archive":   containerCopyIn,
		"GET /containers/{id}/attach/ws": containerAttachWebsocket,
		"GET /containers/{id}/changes":   containerChanges,
		"GET /containers/{id}/export":    containerExport,
		"GET /containers/{id}/json":      containerInspect,
		"GET /containers/{id}/logs":      containerLogs,
		"GET /containers/{id}/stats":     containerStats,
		"GET /containers/{id}/top":       containerTop,
		"POST /containers/{id}/attach":   containerAttach,
		"POST /containers/{id}/exec":     execCreate,
		"POST /containers/{id}/kill":     containerKill,
		"POST /containers/{id}/pause":    containerPause,
		"POST /containers/{id}/rename":   containerRename,
		"POST /containers/{id}/resize":   containerResize,
		"POST /containers/{id}/restart":  containerRestart,
		"POST /containers/{id}/start":    containerStart,
		"POST /containers/{id}/stop":     containerStop,
		"POST /containers/{id}/unpause":  containerUnpause,
		"POST /containers/{id}/update":   containerUpdate,
		"POST /containers/{id}/wait":     containerWait,
		"DELETE /containers/{id}":        containerRemove,

		"POST /commit": containerCommit,

		"GET /exec/{id}/json":    execInspect,
		"POST /exec/{id}/resize": execResize,
		"POST /exec/{id}/start":  execStart,

		"POST /auth":                  registryLogin,
		"GET /distribution/{path...}": imageNamed(map[string]handler{"json": distributionInspect}),
		"GET /images/json":            imageList,
		"GET /images/search":          imageSearch,
		"GET /images/get":             imagesSave,
		"POST /images/create":         imageCreate,
		"POST /images/load":           imageLoad,
		"POST /images/prune":          imagePrune,
		"GET /images/{path...}": imageNamed(map[string]handler{
			"attestations": imageAttestations,
			"get":          imageSave,
			"history":      imageHistory,
			"json":         imageInspect,
		}),
		"POST /images/{path...}":   imageNamed(map[string]handler{"push": imagePush, "tag": imageTag}),
		"DELETE /images":           imageRemove, // a name that is empty
		"DELETE /images/{path...}": imageRemove,

		"GET /networks":                  networkList,
		"GET /networks/{id}":             networkInspect,
		"POST /networks/create":          networkCreate,
		"POST /networks/prune":           networkPrune,
		"POST /networks/{id}/connect":    networkConnect,
		"POST /networks/{id}/disconnect": networkConnect,
		"DELETE /networks/{id}":          networkRemove,

		"POST /grpc":        buildControl,
		"POST /session":     buildSession,
		"GET /system/df":    systemDF,
		"POST /build":       imageBuild,
		"POST /build/prune": buildPrune,

		"GET /volumes":         volumeList,
		"GET /volumes/{id}":    volumeInspect,
		"POST /volumes/create": volumeCreate,
		"POST /volumes/prune":  volumePrune,
		"PUT /volumes/{id}":    volumeUpdate,
		"DELETE /volumes/{id}": volumeRemove,

		"POST /tug/containers/{id}/logs/clear": containerLogsClear,
		"POST /tug/plan":                       containerPlan,
		"POST /tug/run":                        tugRun,
		"GET /tug/stats":                       tugStats,
	}
}
