package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"runtime"
	"time"
)

// serveTLS completes TLS 1.3 handshakes without resumption, says one byte, and waits for the client to leave.
func serveTLS(s settings) {
	runtime.GOMAXPROCS(1)
	startTLS(s.listen)
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
}

func startTLS(address string) {
	socketAddress(address)
	listener, err := net.Listen("tcp4", address)
	must(err, "listen "+address)
	config := &tls.Config{
		Certificates:           []tls.Certificate{selfSigned()},
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: true,
		NextProtos:             []string{"http/1.1"},
	}
	go func() {
		for {
			connection, err := listener.Accept()
			must(err, "accept")
			go serveHandshake(tls.Server(connection, config))
		}
	}()
}

func serveHandshake(connection *tls.Conn) {
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(20 * time.Second))
	if connection.Handshake() != nil {
		return
	}
	connection.Write([]byte{'k'})
	io.Copy(io.Discard, connection)
}

func selfSigned() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err, "key")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "bench.test"},
		DNSNames:     []string{"*.bench.test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err, "certificate")
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
