// Command hello is all that there is in the image hello-world.
package main

import (
	"fmt"
	"os"
)

func main() {
	host, _ := os.Hostname()
	fmt.Printf(`
Hello from tug!
This message shows that your installation works.

To print it,
 1. tug asked the daemon, tugd, for a container of the image hello-world;
 2. tugd fetched the image from a registry, since it was not here yet;
 3. tugd made the container %s with a network of its own, and tug-shim started
    this program in it, as process %d;
 4. tug-shim passed these lines on to tug, and tug to your terminal.

Something more:
 $ tug run -it debian bash

`, host, os.Getpid())
}
