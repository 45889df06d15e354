// Command mkimage packs tar archives of file systems into images, without a container engine. images/make drives it.
//
//	mkimage push -config FILE [-layer TAR[=CREATED BY]]... REFERENCE...   make an image and push it under each name
//	mkimage diff BASE.tar FULL.tar >LAYER.tar                           the layer that turns BASE into FULL
//	mkimage save -o FILE REFERENCE...                                   images of a registry as one `docker load` archive
//	mkimage has REFERENCE                                               exit 0 if the registry has that image
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mkimage:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command given; one of push, diff, save, has is wanted")
	}
	name, args := args[0], args[1:]
	flags := flag.NewFlagSet("mkimage "+name, flag.ContinueOnError)
	switch name {
	case "push":
		var layers layerFlags
		config := flags.String("config", "", "JSON file of the image's configuration (Cmd, Env, ExposedPorts, ...)")
		flags.Var(&layers, "layer", "tar archive of a layer, lowest first, and after a = what made it")
		if err := flags.Parse(args); err != nil {
			return err
		}
		return push(ctx, *config, layers, flags.Args())
	case "diff":
		if len(args) != 2 {
			return fmt.Errorf("diff wants two archives, BASE.tar and FULL.tar; got %d arguments", len(args))
		}
		return diff(args[0], args[1], stdout)
	case "save":
		out := flags.String("o", "", "file to write")
		if err := flags.Parse(args); err != nil {
			return err
		}
		return save(ctx, *out, flags.Args())
	case "has":
		if len(args) != 1 {
			return fmt.Errorf("has wants one reference; got %d", len(args))
		}
		return has(ctx, args[0])
	default:
		return fmt.Errorf("no command %q; one of push, diff, save, has is wanted", name)
	}
}
