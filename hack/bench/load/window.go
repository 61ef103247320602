package main

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"
)

// window is the time in which work counts: after a warm-up, for a duration or until a line comes in.
//
// At either edge the program says so in a line and waits for one: meanwhile the driver reads what the proxy has used. Work
// in flight is finished in both pauses alike.
type window struct {
	warmUp   time.Duration
	duration time.Duration
}

// How long a window may be that is open until told.
const longestWait = longestRun

// during runs an event loop over the window. begin is called when counting starts, event for each event.
func (w window) during(p *poller, begin func(), event func(tag int, events uint32)) (seconds float64) {
	const toldTag = 1<<31 - 1
	opens := time.Now().Add(w.warmUp)
	var opened, closes time.Time
	for {
		events := p.wait(20)
		now := time.Now()
		if opened.IsZero() && !now.Before(opens) {
			edge("begin")
			if w.duration == 0 {
				p.add(0, syscall.EPOLLIN, toldTag)
			}
			opened = time.Now()
			closes = opened.Add(w.orLongest())
			begin()
		} else if !opened.IsZero() && !now.Before(closes) {
			break
		}
		told := false
		for _, e := range events {
			if int(e.Fd) == toldTag {
				told = true
			} else {
				event(int(e.Fd), e.Events)
			}
		}
		if told {
			readLine()
			break
		}
	}
	seconds = time.Since(opened).Seconds()
	edge("end")
	return seconds
}

// sleeping is the window of a load that runs by itself.
func (w window) sleeping(begin func(), end func()) (seconds float64) {
	time.Sleep(w.warmUp)
	edge("begin")
	begin()
	opened := time.Now()
	time.Sleep(w.orLongest())
	end()
	seconds = time.Since(opened).Seconds()
	edge("end")
	return seconds
}

func (w window) orLongest() time.Duration {
	if w.duration == 0 {
		return longestWait
	}
	return w.duration
}

func edge(name string) {
	fmt.Println(name)
	readLine()
}

// readLine reads what the driver wrote, and ends the program when the driver is gone.
func readLine() {
	var buffer [64]byte
	for {
		count, err := syscall.Read(0, buffer[:])
		if err == syscall.EINTR || err == syscall.EAGAIN {
			continue
		}
		if err != nil || count == 0 {
			os.Exit(1)
		}
		return
	}
}

// outcome is what a run did: the last line of output, as JSON.
type outcome struct {
	Seconds float64 `json:"seconds"`
	// What was completed in the window: connections, handshakes or round trips.
	Done int `json:"done"`
	// What went wrong in the window, by what was seen.
	Failures map[string]int `json:"failures"`
	// Moved in the direction that was asked for.
	Bytes int64 `json:"bytes"`
	// Of what was completed, in microseconds.
	Latency latencies `json:"latency"`
}

func (o outcome) print() {
	text, err := json.Marshal(o)
	must(err, "outcome")
	fmt.Println(string(text))
}
