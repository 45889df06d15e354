// Command counter is what the containers of the crash tests run. It numbers the lines of its output, so that a lost one
// shows, answers with its name (NAME) on port 80, and ends with 7 when it is stopped and with 3 on SIGUSR1.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// pace is how long it waits from one line to the next: twenty of them are to cost the machine nothing.
const pace = 20 * time.Millisecond

func main() {
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGUSR1)
	if err := serve(os.Getenv("NAME")); err != nil {
		fmt.Fprintln(os.Stderr, "counter:", err)
		os.Exit(1)
	}
	for i := 1; ; i++ {
		fmt.Println(i)
		select {
		case s := <-ends:
			if s == syscall.SIGTERM {
				os.Exit(7)
			}
			os.Exit(3)
		case <-time.After(pace):
		}
	}
}

// serve answers every connection with a page that has the name on it.
func serve(name string) error {
	l, err := net.Listen("tcp", ":80")
	if err != nil {
		return err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c, name)
		}
	}()
	return nil
}

func answer(c net.Conn, name string) {
	defer c.Close()
	if _, err := c.Read(make([]byte, 4096)); err == nil {
		fmt.Fprintf(c, "HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s\n", len(name)+1, name)
	}
}
