package cli

import (
	"tug/internal/cli/container"
	"tug/internal/cli/image"
)

// commands is the whole tree.
func commands() []node {
	return []node{
		leaf(container.Run, "run"),
		leaf(container.Exec, "exec"),
		leaf(container.Ps, "ps"),
		leaf(image.Pull, "pull"),

		branch("container", "Manage containers", containerCommands()...),

		leaf(container.Attach, "attach"),
		leaf(container.Create, "create"),
		leaf(container.Diff, "diff"),
		leaf(container.Kill, "kill"),
		leaf(container.Logs, "logs"),
		leaf(container.Pause, "pause"),
		leaf(container.Port, "port"),
		leaf(container.Rename, "rename"),
		leaf(container.Restart, "restart"),
		leaf(container.Remove, "rm"),
		leaf(container.Start, "start"),
		leaf(container.Stop, "stop"),
		leaf(container.Top, "top"),
		leaf(container.Unpause, "unpause"),
		leaf(container.Wait, "wait"),
	}
}

func containerCommands() []node {
	return []node{
		leaf(container.Attach, "attach"),
		leaf(container.Create, "create"),
		leaf(container.Diff, "diff"),
		leaf(container.Exec, "exec"),
		leaf(container.Inspect, "inspect"),
		leaf(container.Kill, "kill"),
		leaf(container.List, "ls", "ps", "list"),
		leaf(container.Logs, "logs"),
		leaf(container.Pause, "pause"),
		leaf(container.Port, "port"),
		leaf(container.Rename, "rename"),
		leaf(container.Restart, "restart"),
		leaf(container.Remove, "rm", "remove"),
		leaf(container.Run, "run"),
		leaf(container.Start, "start"),
		leaf(container.Stop, "stop"),
		leaf(container.Top, "top"),
		leaf(container.Unpause, "unpause"),
		leaf(container.Wait, "wait"),
	}
}
