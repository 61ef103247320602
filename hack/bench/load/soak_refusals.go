package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"
)

// What of a soak must fail, and how: the client's fault, or the backend's.

// isReset must see the backend's reset as a reset: an end in order would pass for the whole answer.
func (v *visitor) isReset() error {
	connection, err := v.greets(v.hellos.reset)
	if err != nil {
		return err
	}
	defer connection.Close()
	received, err := readPattern(connection, 1<<30, 0)
	if errors.Is(err, syscall.ECONNRESET) {
		return nil
	}
	return fmt.Errorf("a backend's reset after %d bytes is seen as: %v", received, err)
}

// isRefused must see an end in order, without a byte.
func (v *visitor) isRefused(first []byte) error {
	connection, err := v.greets(first)
	if err != nil {
		return err
	}
	defer connection.Close()
	return expectEnd(connection)
}

func expectEnd(connection io.Reader) error {
	var none [1]byte
	count, err := connection.Read(none[:])
	if count == 0 && err == io.EOF {
		return nil
	}
	return fmt.Errorf("expected an end without a byte: %d, %v", count, err)
}

// sendsMalformed is a hello of which one length is wrong; which one is by turns.
func (v *visitor) sendsMalformed() error {
	malformed := bytes.Clone(v.hellos.routes)
	// The handshake's own length, the session id's, that of the cipher suites (RFC 8446, section 4.1.2).
	places := []int{recordHeader + 1, recordHeader + 38, recordHeader + 39 + int(malformed[recordHeader+38])}
	malformed[places[v.number%len(places)]] ^= 0xff
	return v.isRefused(malformed)
}

func (v *visitor) endsInHello() error {
	connection, err := v.greets(v.hellos.routes[:1+v.number%1000])
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := connection.CloseWrite(); err != nil {
		return err
	}
	return expectEnd(connection)
}

func (v *visitor) resetsInHello() error {
	connection, err := v.greets(v.hellos.routes[:1+v.number%1000])
	if err != nil {
		return err
	}
	time.Sleep(time.Duration(v.number%50) * time.Millisecond)
	connection.SetLinger(0)
	return connection.Close()
}
