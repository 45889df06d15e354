package cli

import (
	"tug/internal/cli/build"
	"tug/internal/cli/container"
	"tug/internal/cli/contexts"
	"tug/internal/cli/image"
	"tug/internal/cli/network"
	"tug/internal/cli/registry"
	"tug/internal/cli/system"
	"tug/internal/cli/volume"
)

// commands is the whole tree.
func commands() []node {
	return []node{
		leaf(container.Run, "run"),
		leaf(container.Exec, "exec"),
		leaf(container.Ps, "ps"),
		leaf(build.Build, "build"),
		leaf(image.Pull, "pull"),
		leaf(image.Push, "push"),
		leaf(image.Images, "images"),
		leaf(registry.Login, "login"),
		leaf(registry.Logout, "logout"),
		leaf(registry.Search, "search"),
		leaf(system.Version, "version"),
		leaf(system.Info, "info"),

		branch("builder", "Manage builds", builderCommands()...),
		branch("container", "Manage containers", containerCommands()...),
		branch("context", "Manage contexts", contextCommands()...),
		branch("image", "Manage images", imageCommands()...),
		branch("network", "Manage networks", networkCommands()...),
		branch("system", "Manage tug", systemCommands()...),
		branch("volume", "Manage volumes", volumeCommands()...),

		leaf(container.Attach, "attach"),
		leaf(build.Bake, "bake"),
		leaf(build.Buildx, "buildx"),
		leaf(container.Commit, "commit"),
		leaf(build.Compose, "compose"),
		leaf(container.Copy, "cp"),
		leaf(container.Create, "create"),
		leaf(container.Diff, "diff"),
		leaf(system.Events, "events"),
		leaf(container.Export, "export"),
		leaf(image.History, "history"),
		leaf(image.Import, "import"),
		leaf(system.Inspect, "inspect"),
		leaf(container.Kill, "kill"),
		leaf(image.Load, "load"),
		leaf(container.Logs, "logs"),
		leaf(container.Pause, "pause"),
		leaf(container.Port, "port"),
		leaf(container.Rename, "rename"),
		leaf(container.Restart, "restart"),
		leaf(container.Remove, "rm"),
		leaf(image.Rmi, "rmi"),
		leaf(image.Save, "save"),
		leaf(container.Start, "start"),
		leaf(container.Stats, "stats"),
		leaf(container.Stop, "stop"),
		leaf(image.Tag, "tag"),
		leaf(container.Top, "top"),
		leaf(container.Unpause, "unpause"),
		leaf(container.Update, "update"),
		leaf(container.Wait, "wait"),
	}
}

func builderCommands() []node {
	return []node{
		leaf(build.Build, "build"),
		leaf(build.OfBuilder("create", "Create a builder instance"), "create"),
		leaf(build.OfBuilder("du", "Disk usage"), "du"),
		leaf(build.OfBuilder("history", "Look at builds of the past"), "history"),
		leaf(build.OfBuilder("imagetools", "Look at images in registries"), "imagetools"),
		leaf(build.OfBuilder("inspect", "Inspect a builder instance"), "inspect"),
		leaf(build.OfBuilder("ls", "List builder instances"), "ls"),
		leaf(build.Prune, "prune"),
		leaf(build.OfBuilder("rm", "Remove builder instances"), "rm"),
		leaf(build.OfBuilder("stop", "Stop a builder instance"), "stop"),
		leaf(build.OfBuilder("use", "Set the builder instance"), "use"),
	}
}

func containerCommands() []node {
	return []node{
		leaf(container.Attach, "attach"),
		leaf(container.Commit, "commit"),
		leaf(container.Copy, "cp"),
		leaf(container.Create, "create"),
		leaf(container.Diff, "diff"),
		leaf(container.Exec, "exec"),
		leaf(container.Export, "export"),
		leaf(container.Inspect, "inspect"),
		leaf(container.Kill, "kill"),
		leaf(container.List, "ls", "ps", "list"),
		leaf(container.Logs, "logs"),
		leaf(container.Pause, "pause"),
		leaf(container.Port, "port"),
		leaf(container.Prune, "prune"),
		leaf(container.Rename, "rename"),
		leaf(container.Restart, "restart"),
		leaf(container.RemoveBelow, "rm", "remove"),
		leaf(container.Run, "run"),
		leaf(container.Start, "start"),
		leaf(container.Stats, "stats"),
		leaf(container.Stop, "stop"),
		leaf(container.Top, "top"),
		leaf(container.Unpause, "unpause"),
		leaf(container.Update, "update"),
		leaf(container.Wait, "wait"),
	}
}

func contextCommands() []node {
	return []node{
		leaf(contexts.Create, "create"),
		leaf(contexts.Export, "export"),
		leaf(contexts.Import, "import"),
		leaf(contexts.Inspect, "inspect"),
		leaf(contexts.List, "ls", "list"),
		leaf(contexts.Remove, "rm", "remove"),
		leaf(contexts.Show, "show"),
		leaf(contexts.Update, "update"),
		leaf(contexts.Use, "use"),
	}
}

func imageCommands() []node {
	return []node{
		leaf(build.Build, "build"),
		leaf(image.History, "history"),
		leaf(image.Import, "import"),
		leaf(image.Inspect, "inspect"),
		leaf(image.Load, "load"),
		leaf(image.List, "ls", "list"),
		leaf(image.Prune, "prune"),
		leaf(image.Pull, "pull"),
		leaf(image.Push, "push"),
		leaf(image.Remove, "rm", "rmi", "remove"),
		leaf(image.Save, "save"),
		leaf(image.Tag, "tag"),
	}
}

func networkCommands() []node {
	return []node{
		leaf(network.Connect, "connect"),
		leaf(network.Create, "create"),
		leaf(network.Disconnect, "disconnect"),
		leaf(network.Inspect, "inspect"),
		leaf(network.List, "ls", "list"),
		leaf(network.Prune, "prune"),
		leaf(network.Remove, "rm", "remove"),
	}
}

func systemCommands() []node {
	return []node{
		leaf(system.DiskUsage, "df"),
		leaf(system.DialStdio, "dial-stdio"),
		leaf(system.Events, "events"),
		leaf(system.Info, "info"),
		leaf(system.Prune, "prune"),
	}
}

func volumeCommands() []node {
	return []node{
		leaf(volume.Create, "create"),
		leaf(volume.Inspect, "inspect"),
		leaf(volume.List, "ls", "list"),
		leaf(volume.Prune, "prune"),
		leaf(volume.Remove, "rm", "remove"),
		leaf(volume.Update, "update"),
	}
}
