package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"time"
)

// check tells whether a proxy does the work at all: the first names lead to their backends, a few megabytes come
// back from the echo unchanged, a half-close reaches the backend, and a handshake goes through.
func check(s settings) {
	socketAddress(s.target)
	for i := range min(s.names, 2*answeringBackends) {
		must(checkAnswer(s.target, i), "answer of "+routeName(i))
	}
	must(checkEcho(s.target), "echo")
	must(shakeHandsOnce(s.target, 0), "handshake")
	fmt.Println("good")
}

func greet(target, name string) (*net.TCPConn, error) {
	connection, err := net.DialTimeout("tcp4", target, patience)
	if err != nil {
		return nil, err
	}
	connection.SetDeadline(time.Now().Add(2 * patience))
	_, err = connection.Write(clientHello(name))
	return connection.(*net.TCPConn), err
}

func checkAnswer(target string, route int) error {
	connection, err := greet(target, routeName(route))
	if err != nil {
		return err
	}
	defer connection.Close()
	var answer [1]byte
	if _, err := io.ReadFull(connection, answer[:]); err != nil {
		return err
	}
	if want := answerOf(route % answeringBackends); !bytes.Equal(answer[:], want) {
		return fmt.Errorf("%q answered, not %q", answer, want)
	}
	return nil
}

func checkEcho(target string) error {
	connection, err := greet(target, echoName)
	if err != nil {
		return err
	}
	defer connection.Close()
	sent := make([]byte, 4<<20)
	rand.Read(sent)
	go func() {
		for rest, size := sent, 1; len(rest) > 0; size = size*3%200_000 + 1 {
			piece := min(size, len(rest))
			connection.Write(rest[:piece])
			rest = rest[piece:]
		}
	}()
	received := make([]byte, len(sent))
	if _, err := io.ReadFull(connection, received); err != nil {
		return err
	}
	if sha256.Sum256(sent) != sha256.Sum256(received) {
		return fmt.Errorf("%d bytes came back changed", len(sent))
	}
	if err := connection.CloseWrite(); err != nil {
		return err
	}
	rest, err := io.ReadAll(connection)
	if len(rest) > 0 {
		return fmt.Errorf("%d bytes too many came back", len(rest))
	}
	return err
}
