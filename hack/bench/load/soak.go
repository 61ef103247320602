package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

// So many connections at most; when there are as many, a beat is skipped and counted.
const mostInSoak = 2000

// told is how the connections of one act went.
type told struct {
	Done     int            `json:"done"`
	Failures map[string]int `json:"failures"`
}

// soaked is the last line of a soak.
type soaked struct {
	Seconds float64          `json:"seconds"`
	Acts    map[string]*told `json:"acts"`
	// Beats without a connection, because there were too many.
	Skipped int `json:"skipped"`
}

// soak opens connections at a fixed rate, each with an act of its own: what clients do to a proxy in a day, well-meant or not. Each
// act knows what must come of it, and anything else is told as a failure. Ends early when a line comes in.
func soak(s settings) {
	runtime.GOMAXPROCS(1)
	socketAddress(s.target)
	hellos := newHellos()
	result := soaked{Acts: map[string]*told{}}
	var mutex sync.Mutex
	var acting sync.WaitGroup
	places := make(chan struct{}, mostInSoak)
	stopped := make(chan struct{})
	go func() { readLine(); close(stopped) }()
	programme := programmeOf(acts)
	for _, a := range acts {
		result.Acts[a.name] = &told{Failures: map[string]int{}}
	}
	began := time.Now()
	beat := time.NewTicker(time.Duration(float64(time.Second) / s.perSecond))
	over := time.After(s.window.duration)
	for i, going := 0, true; going; i++ {
		select {
		case <-stopped:
			going = false
			continue
		case <-over:
			going = false
			continue
		case <-beat.C:
		}
		select {
		case places <- struct{}{}:
		default:
			result.Skipped++
			continue
		}
		a := programme[i%len(programme)]
		acting.Go(func() {
			err := a.once(&visitor{number: i, target: s.target, hellos: hellos})
			mutex.Lock()
			defer mutex.Unlock()
			if told := result.Acts[a.name]; err == nil {
				told.Done++
			} else {
				told.Failures[err.Error()]++
				fmt.Fprintf(os.Stderr, "%s %s: %v\n", time.Now().UTC().Format(time.RFC3339Nano), a.name, err)
			}
			<-places
		})
	}
	beat.Stop()
	acting.Wait()
	result.Seconds = time.Since(began).Seconds()
	text, err := json.Marshal(result)
	must(err, "soak")
	fmt.Println(string(text))
}

// programmeOf deals the acts out by their weights, mixed: a prime stride over the list of all.
func programmeOf(acts []act) []act {
	var all, mixed []act
	for _, a := range acts {
		for range a.weight {
			all = append(all, a)
		}
	}
	for i := range all {
		mixed = append(mixed, all[i*7919%len(all)])
	}
	return mixed
}
