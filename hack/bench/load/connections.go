package main

import (
	"syscall"
	"time"
)

// How long a connection may wait for its answer before it counts as failed.
const patience = 5 * time.Second

// client is one place of so many: a connection, and what it waits for. Without a connection its fd is -1.
type client struct {
	fd     int
	route  int
	opened time.Time
	sent   bool
	// Why the hello could not be written. The kernel tells that once: a read then finds an end like any other.
	failure error
}

type opener struct {
	target  *syscall.SockaddrInet4
	hellos  *helloFor
	poller  *poller
	clients []client
	// Places without a connection, and moments at which a connection was due but no place was free. Only at a fixed rate.
	free    []int
	due     []time.Time
	paced   bool
	latency []time.Duration
	result  outcome
}

// openConnections opens connection after connection: a hello out, the backend's letter in, close. The letter must be that
// of the backend that the server name belongs to. Each place opens the next at once; at a fixed rate, when one is due,
// and then time counts from that moment.
func openConnections(s settings) {
	o := &opener{
		target:  socketAddress(s.target),
		hellos:  newHelloFor(s.names, s.every, s.from),
		poller:  newPoller(),
		clients: make([]client, s.concurrency),
		paced:   s.perSecond > 0,
		latency: make([]time.Duration, 0, 1<<20),
		result:  outcome{Failures: map[string]int{}},
	}
	const clockTag = 1 << 30
	var metronome *metronome
	if o.paced {
		metronome = startMetronome(s.perSecond)
		o.poller.add(metronome.fd, syscall.EPOLLIN, clockTag)
	}
	for i := range o.clients {
		if o.paced {
			o.clients[i].fd = -1
			o.free = append(o.free, i)
		} else {
			o.open(i, time.Now())
		}
	}
	begin := func() {
		o.result = outcome{Failures: map[string]int{}}
		o.latency = o.latency[:0]
	}
	o.result.Seconds = s.window.during(o.poller, begin, func(tag int, events uint32) {
		if tag == clockTag {
			metronome.due(o.openWhenFree)
		} else {
			o.event(tag, events)
		}
	})
	for i := range o.clients {
		if c := &o.clients[i]; c.fd >= 0 && time.Since(c.opened) > patience {
			o.result.Failures["no answer"]++
			o.latency = append(o.latency, time.Since(c.opened))
		}
	}
	o.result.Latency = summarise(o.latency)
	o.result.print()
}

func (o *opener) openWhenFree(at time.Time) {
	if len(o.free) == 0 {
		o.due = append(o.due, at)
		return
	}
	i := o.free[len(o.free)-1]
	o.free = o.free[:len(o.free)-1]
	o.open(i, at)
}

func (o *opener) open(i int, due time.Time) {
	fd, err := dial(o.target)
	if err != nil && o.paced {
		o.result.Failures["dial: "+err.Error()]++
		o.free = append(o.free, i)
		return
	}
	for try := 0; err != nil && try < 100; try++ {
		o.result.Failures["dial: "+err.Error()]++
		time.Sleep(time.Millisecond)
		fd, err = dial(o.target)
	}
	must(err, "dial")
	o.clients[i] = client{fd: fd, opened: due}
	o.greet(&o.clients[i])
	o.poller.add(fd, syscall.EPOLLIN|syscall.EPOLLOUT|syscall.EPOLLRDHUP|edgeTriggered, i)
}

func (o *opener) greet(c *client) {
	hello, route := o.hellos.hello()
	count, err := syscall.Write(c.fd, hello)
	switch {
	case err == nil && count == len(hello):
		c.sent, c.route = true, route
	case err != nil && err != syscall.EAGAIN && err != syscall.ENOTCONN:
		c.failure = err
	}
}

func (o *opener) event(i int, events uint32) {
	c := &o.clients[i]
	if !c.sent && c.failure == nil && events&syscall.EPOLLOUT != 0 {
		o.greet(c)
	}
	if c.failure == nil && events&(syscall.EPOLLIN|syscall.EPOLLRDHUP|anyEnd) == 0 {
		return
	}
	var answer [64]byte
	count, err := syscall.Read(c.fd, answer[:])
	switch {
	case c.failure != nil:
		o.result.Failures["hello: "+c.failure.Error()]++
	case err == syscall.EAGAIN:
		return
	case err != nil:
		o.result.Failures[err.Error()]++
	case count == 0:
		o.result.Failures["closed without an answer"]++
	case answer[0] != answerOf(c.route % answeringBackends)[0]:
		o.result.Failures["answered by the wrong backend"]++
	default:
		o.result.Done++
		o.latency = append(o.latency, time.Since(c.opened))
	}
	syscall.Close(c.fd)
	c.fd = -1
	switch {
	case !o.paced:
		o.open(i, time.Now())
	case len(o.due) > 0:
		at := o.due[0]
		o.due = o.due[1:]
		o.open(i, at)
	default:
		o.free = append(o.free, i)
	}
}

// Route i leads to the answering backend i mod this.
const answeringBackends = 16
