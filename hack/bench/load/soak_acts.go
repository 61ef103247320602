package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// No act takes longer, whatever becomes of it.
const longestAct = time.Minute

// act is one kind of connection: what the client does, and what must come of it.
type act struct {
	name   string
	weight int
	once   func(*visitor) error
}

// acts of a soak. About half of them are refused by the proxy: what scanners and broken clients do to an open port.
var acts = []act{
	{"answered", 30, (*visitor).isAnswered},
	{"handshake", 6, func(v *visitor) error { return shakeHandsOnce(v.target, v.number) }},
	{"hello in pieces", 3, (*visitor).sendsInPieces},
	{"round trips", 6, (*visitor).goesRoundTrips},
	{"echo with half-close", 4, (*visitor).isEchoed},
	{"download, then leave", 2, (*visitor).leavesInTheMiddle},
	{"slow reader", 1, (*visitor).readsSlowly},
	{"stays idle", 2, (*visitor).staysIdle},
	{"resets in the middle", 3, (*visitor).resets},
	{"backend resets", 3, (*visitor).isReset},
	{"backend refuses", 3, func(v *visitor) error { return v.isRefused(v.hellos.refused) }},
	{"unknown name", 8, func(v *visitor) error { return v.isRefused(v.hellos.unknown) }},
	{"not TLS", 14, func(v *visitor) error { return v.isRefused([]byte("SSH-2.0-OpenSSH_9.2\r\n")) }},
	{"malformed hello", 14, (*visitor).sendsMalformed},
	{"half a hello, then end", 10, (*visitor).endsInHello},
	{"half a hello, then reset", 6, (*visitor).resetsInHello},
}

type hellos struct{ routes, echo, source, reset, refused, unknown []byte }

func newHellos() *hellos {
	return &hellos{
		routes: clientHello(routeName(0)), echo: clientHello(echoName), source: clientHello(sourceName),
		reset: clientHello(resetName), refused: clientHello(refusedName), unknown: clientHello(unknownName),
	}
}

// visitor makes one connection.
type visitor struct {
	number int
	target string
	hellos *hellos
}

// greets connects and sends the first bytes.
func (v *visitor) greets(first []byte) (*net.TCPConn, error) {
	connection, err := dialFrom(v.number, v.target)
	if err != nil {
		return nil, err
	}
	connection.SetDeadline(time.Now().Add(longestAct))
	if _, err := connection.Write(first); err != nil {
		connection.Close()
		return nil, err
	}
	return connection, nil
}

func (v *visitor) isAnswered() error {
	route := v.number % answeringBackends
	hello := bytes.Replace(v.hellos.routes, []byte(routeName(0)), []byte(routeName(route)), 1)
	connection, err := v.greets(hello)
	if err != nil {
		return err
	}
	defer connection.Close()
	return expectAnswer(connection, route)
}

func expectAnswer(connection io.Reader, route int) error {
	var answer [1]byte
	if _, err := io.ReadFull(connection, answer[:]); err != nil {
		return err
	}
	if want := answerOf(route); !bytes.Equal(answer[:], want) {
		return fmt.Errorf("%q answered, not %q", answer, want)
	}
	return nil
}

func (v *visitor) sendsInPieces() error {
	hello, size := v.hellos.routes, 1+v.number%100
	connection, err := v.greets(hello[:size])
	if err != nil {
		return err
	}
	defer connection.Close()
	for rest := hello[size:]; len(rest) > 0; {
		time.Sleep(20 * time.Millisecond)
		piece := min(size, len(rest))
		if _, err := connection.Write(rest[:piece]); err != nil {
			return err
		}
		// Bytes that come one by one at first, and then faster: some four seconds at most.
		rest, size = rest[piece:], size+size/8+1
	}
	return expectAnswer(connection, 0)
}

func (v *visitor) goesRoundTrips() error {
	connection, err := v.greets(v.hellos.echo)
	if err != nil {
		return err
	}
	defer connection.Close()
	message, back := make([]byte, 1024), make([]byte, 1024)
	for range 20 {
		rand.Read(message)
		if _, err := connection.Write(message); err != nil {
			return err
		}
		if _, err := io.ReadFull(connection, back); err != nil {
			return err
		}
		if !bytes.Equal(message, back) {
			return errors.New("a round trip came back changed")
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}

// isEchoed sends, ends its direction, and reads everything back to the end, at the same time.
func (v *visitor) isEchoed() error {
	connection, err := v.greets(v.hellos.echo)
	if err != nil {
		return err
	}
	defer connection.Close()
	length := int64(1 + (v.number*104_729)%1_500_000)
	sent := make(chan error, 1)
	go func() {
		_, err := io.CopyN(struct{ io.Writer }{connection}, &patternReader{}, length)
		if err == nil {
			err = connection.CloseWrite()
		}
		sent <- err
	}()
	received, err := readPattern(connection, length+1, 0)
	if err == io.EOF && received == length {
		return <-sent
	}
	return fmt.Errorf("%d of %d bytes came back, then: %v", received, length, err)
}

func (v *visitor) leavesInTheMiddle() error {
	connection, err := v.greets(v.hellos.source)
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = readPattern(connection, 3<<20, 0)
	return err
}

// readsSlowly takes less than the backend offers for some seconds, so that everything between them fills.
func (v *visitor) readsSlowly() error {
	connection, err := v.greets(v.hellos.source)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetReadBuffer(32 << 10)
	_, err = readPattern(connection, 2<<20, 100*time.Millisecond)
	return err
}

func (v *visitor) staysIdle() error {
	connection, err := v.greets(v.hellos.echo)
	if err != nil {
		return err
	}
	defer connection.Close()
	time.Sleep(time.Duration(5+v.number%25) * time.Second)
	if _, err := connection.Write([]byte("still there?")); err != nil {
		return err
	}
	_, err = io.ReadFull(connection, make([]byte, 12))
	return err
}

func (v *visitor) resets() error {
	connection, err := v.greets(v.hellos.source)
	if err != nil {
		return err
	}
	_, err = readPattern(connection, 256<<10, 0)
	connection.SetLinger(0)
	connection.Close()
	return err
}
