package engine

import (
	"context"
	"encoding/json"

	"tug/internal/shim"
)

// adoptExecs takes over the processes that an earlier daemon has started in a container, as its shim tells of them. How
// those have ended that did so meanwhile is known when it returns.
func (e *Engine) adoptExecs(a adoption) {
	for _, told := range a.execs {
		x := &execution{id: told.ID, container: a.record.ID, started: true, running: !told.Exited, pid: told.Pid, done: make(chan struct{})}
		if err := json.Unmarshal(told.Note, &x.config); err != nil {
			e.log.Warn("what an exec of an earlier daemon is, is unknown", "container", a.record.ID, "exec", told.ID, "error", err)
		}
		e.addExec(x)
		if told.Exited {
			e.endAdoptedExec(x, a.run)
		} else {
			e.work.Go(func() {
				e.watchExec(x, func(ctx context.Context) (shim.Exit, error) { return a.run.client.Wait(ctx, x.id) })
			})
		}
	}
}

// endAdoptedExec records how a process has ended of which the shim said that it has.
func (e *Engine) endAdoptedExec(x *execution, run *run) {
	ctx, cancel := context.WithTimeout(e.life, helloTimeout)
	defer cancel()
	exit, err := run.client.Wait(ctx, x.id)
	if err != nil {
		exit = shim.Exit{Code: 137}
	}
	e.endExec(x, exit.Code)
}
