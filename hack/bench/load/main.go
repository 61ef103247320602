// Command load is both ends of the bench: the clients that put work on a proxy, and the backends behind it.
//
// It says what was done, never what it cost: the driver measures that. All traffic stays in 127.0.0.0/8, every mode ends
// by itself, and backends end when their standard input does. Linux only.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// One run is never longer than this, whatever is asked for; a soak, whose load is light, may be.
const (
	longestRun  = 2 * time.Minute
	longestSoak = 4 * time.Hour
)

type settings struct {
	target      string
	window      window
	concurrency int
	names       int
	every       int
	from        int
	direction   string
	bytes       int
	perSecond   float64
	answer      string
	source      string
	sink        string
	echo        string
	listen      string
	name        string
	reset       string
	tls         string
}

var modes = map[string]func(settings){
	"backends":      func(s settings) { onOneThread(); serveBackends(s) },
	"tls-backend":   serveTLS,
	"check":         check,
	"connections":   func(s settings) { onOneThread(); openConnections(s) },
	"handshakes":    shakeHands,
	"bulk":          func(s settings) { onOneThread(); moveBytes(s) },
	"round-trips":   func(s settings) { onOneThread(); goRoundTrips(s) },
	"idle":          func(s settings) { onOneThread(); holdIdle(s) },
	"hello":         func(s settings) { fmt.Printf("%x\n", clientHello(s.name)) },
	"slow-hellos":   func(s settings) { onOneThread(); sendSlowHellos(s) },
	"soak":          soak,
	"soak-backends": serveSoak,
}

func main() {
	if len(os.Args) < 2 || modes[os.Args[1]] == nil {
		var names []string
		for name := range modes {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintf(os.Stderr, "usage: load %s [flags]\n", strings.Join(names, "|"))
		os.Exit(2)
	}
	var s settings
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	flags.StringVar(&s.target, "target", "", "address:port of the proxy")
	flags.DurationVar(&s.window.warmUp, "warm-up", 300*time.Millisecond, "load before the window")
	flags.DurationVar(&s.window.duration, "duration", 2*time.Second, "length of the window; 0: until a line on standard input")
	flags.IntVar(&s.concurrency, "concurrency", 64, "connections at a time")
	flags.IntVar(&s.names, "names", 16, "how many server names to use in turn")
	flags.IntVar(&s.every, "every", 1, "of the routes, use the names of each so-many-th")
	flags.IntVar(&s.from, "from", 0, "place in the order of the names at which to begin")
	flags.StringVar(&s.direction, "direction", "down", "of the bytes: down (to the client) or up")
	flags.IntVar(&s.bytes, "bytes", 1024, "of a round trip, each way")
	flags.Float64Var(&s.perSecond, "per-second", 0, "connections or round trips a second, whatever the answers do; 0: one after the other")
	flags.StringVar(&s.answer, "answer", "", "comma-separated addresses that answer a hello with one byte")
	flags.StringVar(&s.source, "source", "", "address that sends without end")
	flags.StringVar(&s.sink, "sink", "", "address that takes without end")
	flags.StringVar(&s.echo, "echo", "", "address that sends back what comes")
	flags.StringVar(&s.reset, "reset", "", "address that sends something and resets")
	flags.StringVar(&s.tls, "tls", "", "address that completes TLS handshakes")
	flags.StringVar(&s.listen, "listen", "", "address of the TLS backend")
	flags.StringVar(&s.name, "name", routeName(0), "server name of the hello to print")
	flags.Parse(os.Args[2:])
	longest := longestRun
	if os.Args[1] == "soak" {
		longest = longestSoak
	}
	s.window.duration = min(s.window.duration, longest)
	modes[os.Args[1]](s)
}

// An event loop of raw system calls is not to be moved between threads, and wants no helpers beside it.
func onOneThread() {
	runtime.GOMAXPROCS(1)
	runtime.LockOSThread()
}

func fail(arguments ...any) {
	fmt.Fprintln(os.Stderr, append([]any{"load:"}, arguments...)...)
	os.Exit(1)
}

func must(err error, what string) {
	if err != nil {
		fail(what+":", err)
	}
}
