package main

import (
	"bytes"
	"crypto/rand"
	"syscall"
	"time"
)

// trip is a connection on which one message at a time goes to the echo backend and comes back.
type trip struct {
	fd      int
	started time.Time
	got     int
	busy    bool
	waiting []time.Time
}

type tripper struct {
	connections []trip
	message     []byte
	buffer      []byte
	latency     []time.Duration
	result      outcome
	closedLoop  bool
}

// goRoundTrips sends messages over standing connections: each as soon as the one before it is back, or at a fixed rate.
// At a fixed rate the time counts from when a message was due (what Tene calls coordinated omission is thus seen).
func goRoundTrips(s settings) {
	target := socketAddress(s.target)
	hello := clientHello(echoName)
	t := &tripper{
		connections: make([]trip, s.concurrency),
		message:     make([]byte, s.bytes),
		buffer:      make([]byte, 64<<10),
		latency:     make([]time.Duration, 0, 1<<20),
		result:      outcome{Failures: map[string]int{}},
		closedLoop:  s.perSecond == 0,
	}
	rand.Read(t.message)
	p := newPoller()
	for i := range t.connections {
		t.connections[i].fd = dialAndGreet(target, hello)
		p.add(t.connections[i].fd, syscall.EPOLLIN, i)
	}
	const clockTag = 1 << 30
	var metronome *metronome
	if t.closedLoop {
		for i := range t.connections {
			t.send(&t.connections[i], time.Now())
		}
	} else {
		metronome = startMetronome(s.perSecond)
		p.add(metronome.fd, syscall.EPOLLIN, clockTag)
	}
	next := 0
	begin := func() { t.latency = t.latency[:0] }
	t.result.Seconds = s.window.during(p, begin, func(tag int, _ uint32) {
		if tag != clockTag {
			t.receive(&t.connections[tag])
			return
		}
		metronome.due(func(at time.Time) {
			t.send(&t.connections[next], at)
			next = (next + 1) % len(t.connections)
		})
	})
	// What is still under way has waited at least so long.
	for i := range t.connections {
		if c := &t.connections[i]; c.busy && time.Since(c.started) > patience {
			t.result.Failures["no answer"]++
			t.latency = append(t.latency, time.Since(c.started))
		}
	}
	t.result.Done = len(t.latency)
	t.result.Latency = summarise(t.latency)
	t.result.print()
}

func (t *tripper) send(c *trip, due time.Time) {
	if c.fd < 0 {
		return
	}
	if c.busy {
		c.waiting = append(c.waiting, due)
		return
	}
	c.busy, c.started, c.got = true, due, 0
	if count, err := syscall.Write(c.fd, t.message); err != nil || count != len(t.message) {
		t.drop(c, "message could not be sent")
	}
}

func (t *tripper) receive(c *trip) {
	if c.fd < 0 {
		return
	}
	count, err := syscall.Read(c.fd, t.buffer)
	switch {
	case err == syscall.EAGAIN:
		return
	case err != nil:
		t.drop(c, err.Error())
		return
	case count == 0:
		t.drop(c, "connection was closed")
		return
	case c.got+count > len(t.message) || !bytes.Equal(t.buffer[:count], t.message[c.got:c.got+count]):
		t.drop(c, "came back changed")
		return
	}
	c.got += count
	if c.got < len(t.message) {
		return
	}
	now := time.Now()
	t.latency = append(t.latency, now.Sub(c.started))
	c.busy = false
	if t.closedLoop {
		t.send(c, now)
	} else if len(c.waiting) > 0 {
		due := c.waiting[0]
		c.waiting = c.waiting[1:]
		t.send(c, due)
	}
}

// A connection that is lost is lost for the whole run, and counted also in the warm-up.
func (t *tripper) drop(c *trip, why string) {
	t.result.Failures[why]++
	syscall.Close(c.fd)
	c.fd, c.busy = -1, false
}
