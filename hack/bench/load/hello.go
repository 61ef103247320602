package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// Server names of the backends that are not the answering ones.
const (
	sourceName = "source.bench.test"
	sinkName   = "sink.bench.test"
	echoName   = "echo.bench.test"
	tlsName    = "tls.bench.test"
	// Only in a soak: resets in the middle of its answer; nobody listens where it leads; leads nowhere.
	resetName   = "reset.bench.test"
	refusedName = "refused.bench.test"
	unknownName = "unknown.bench.test"
)

// routeName is the server name of route i. All are of one length, so that a hello is made once and patched.
func routeName(i int) string { return fmt.Sprintf("h%06d.bench.test", i) }

// clientHello is the record that Go's own TLS client sends: a real hello, with a post-quantum key share, as browsers send.
func clientHello(serverName string) []byte {
	sent := &recordingConn{}
	tls.Client(sent, &tls.Config{ServerName: serverName, InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}).Handshake()
	length := recordHeader + int(sent.written[3])<<8 + int(sent.written[4])
	return sent.written[:length]
}

// RFC 8446 section 5.1: type, version, and a length of two bytes.
const recordHeader = 5

// helloFor yields hellos for the routes in turn, in an order that no cache of neighbours helps with.
type helloFor struct {
	template []byte
	offset   int
	names    int
	every    int
	next     int
}

// newHelloFor takes every so-many-th route, names of them, and begins with that at place from of their order.
func newHelloFor(names, every, from int) *helloFor {
	template := clientHello(routeName(0))
	offset := bytes.Index(template, []byte(routeName(0)))
	if offset < 0 {
		fail("the hello does not hold its server name")
	}
	return &helloFor{template: template, offset: offset, names: names, every: every, next: from}
}

// hello is good until the next call; route is the route it asks for.
func (h *helloFor) hello() (hello []byte, route int) {
	// A prime stride visits every name before it comes back.
	route = h.next * 7919 % h.names * h.every
	h.next++
	copy(h.template[h.offset:], routeName(route))
	return h.template, route
}

// recordingConn keeps what is written to it, and has nothing to read.
type recordingConn struct{ written []byte }

func (c *recordingConn) Read([]byte) (int, error) { return 0, errors.New("nothing to read") }
func (c *recordingConn) Write(p []byte) (int, error) {
	c.written = append(c.written, p...)
	return len(p), nil
}
func (c *recordingConn) Close() error                     { return nil }
func (c *recordingConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *recordingConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *recordingConn) SetDeadline(time.Time) error      { return nil }
func (c *recordingConn) SetReadDeadline(time.Time) error  { return nil }
func (c *recordingConn) SetWriteDeadline(time.Time) error { return nil }
