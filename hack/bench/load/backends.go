package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"syscall"
)

type role int

const (
	answers role = iota
	sends
	takes
	echoes
)

// backend is one listening address and what it does with a connection once the hello is read.
type backend struct {
	role   role
	answer []byte
}

// accepted is a connection to a backend. helloLeft is what is still to come of the hello; -1 before its header.
type accepted struct {
	backend   *backend
	helloLeft int
}

// serveBackends serves every plain backend in one event loop. The answer of an address is a letter of its own, so that
// the client sees whether it was sent to the right one.
func serveBackends(s settings) {
	server := &backendServer{poller: newPoller(), listeners: map[int]*backend{}, buffer: make([]byte, 256<<10), endless: make([]byte, 256<<10)}
	rand.Read(server.endless)
	for i, address := range strings.Split(s.answer, ",") {
		server.listen(address, &backend{role: answers, answer: answerOf(i)})
	}
	server.listen(s.source, &backend{role: sends})
	server.listen(s.sink, &backend{role: takes})
	server.listen(s.echo, &backend{role: echoes})
	fmt.Println("ready")
	const stdinTag = 0
	server.poller.add(0, syscall.EPOLLIN, stdinTag)
	for {
		for _, event := range server.poller.wait(-1) {
			fd := int(event.Fd)
			if fd == stdinTag {
				os.Exit(0)
			}
			if from, isListener := server.listeners[fd]; isListener {
				server.accept(fd, from)
			} else {
				server.serve(fd, event.Events)
			}
		}
	}
}

// answerOf is the byte by which the i-th answering backend is known.
func answerOf(i int) []byte { return []byte{byte('A' + i)} }

type backendServer struct {
	poller      *poller
	listeners   map[int]*backend
	connections []accepted
	buffer      []byte
	endless     []byte
}

func (s *backendServer) listen(address string, b *backend) {
	fd := listen(address)
	s.listeners[fd] = b
	s.poller.add(fd, syscall.EPOLLIN, fd)
}

func (s *backendServer) accept(listener int, from *backend) {
	for range 64 {
		fd, _, err := syscall.Accept4(listener, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		for len(s.connections) <= fd {
			s.connections = append(s.connections, accepted{})
		}
		s.connections[fd] = accepted{backend: from, helloLeft: -1}
		s.poller.add(fd, syscall.EPOLLIN, fd)
	}
}

func (s *backendServer) serve(fd int, events uint32) {
	connection := &s.connections[fd]
	if events&anyEnd != 0 && events&syscall.EPOLLIN == 0 {
		syscall.Close(fd)
		return
	}
	if events&syscall.EPOLLIN != 0 && !s.read(fd, connection) {
		syscall.Close(fd)
		return
	}
	if events&syscall.EPOLLOUT != 0 {
		if _, err := syscall.Write(fd, s.endless); err != nil && err != syscall.EAGAIN {
			syscall.Close(fd)
		}
	}
}

// read takes what has come; false when the connection is over.
func (s *backendServer) read(fd int, connection *accepted) bool {
	if connection.helloLeft == 0 && connection.backend.role == takes {
		count, errno := discard(fd)
		return errno == syscall.EAGAIN || (errno == 0 && count > 0)
	}
	count, err := syscall.Read(fd, s.buffer)
	if err == syscall.EAGAIN {
		return true
	}
	if err != nil || count == 0 {
		return false
	}
	rest := s.buffer[:count]
	if connection.helloLeft != 0 {
		if connection.helloLeft < 0 {
			// A proxy passes a hello on in pieces of no less than a record's header.
			if count < recordHeader {
				return false
			}
			connection.helloLeft = recordHeader + int(rest[3])<<8 + int(rest[4])
		}
		taken := min(count, connection.helloLeft)
		connection.helloLeft -= taken
		rest = rest[taken:]
		if connection.helloLeft == 0 {
			s.greeted(fd, connection)
		}
	}
	return connection.backend.role != echoes || s.echo(fd, rest)
}

func (s *backendServer) greeted(fd int, connection *accepted) {
	switch connection.backend.role {
	case answers:
		syscall.Write(fd, connection.backend.answer)
	case sends:
		s.poller.change(fd, syscall.EPOLLIN|syscall.EPOLLOUT, fd)
	case takes, echoes:
	}
}

func (s *backendServer) echo(fd int, data []byte) bool {
	for len(data) > 0 {
		count, err := syscall.Write(fd, data)
		if err == syscall.EAGAIN {
			waitFor(fd, syscall.EPOLLOUT, 1000)
			continue
		}
		if err != nil {
			return false
		}
		data = data[count:]
	}
	return true
}
