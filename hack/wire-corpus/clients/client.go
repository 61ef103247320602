// Opens TLS connections with Go's crypto/tls: PORT NAME VARIANT. Nothing is verified.
package main

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"os"
	"time"
)

func main() {
	port, name, variant := os.Args[1], os.Args[2], os.Args[3]
	config := &tls.Config{InsecureSkipVerify: true, ServerName: name}
	connections := 1
	switch variant {
	case "default":
	case "no-name":
		config.ServerName = ""
	case "alpn":
		config.NextProtos = []string{"h2", "http/1.1"}
	case "tls12":
		config.MaxVersion = tls.VersionTLS12
	case "classic":
		config.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
	case "resumption":
		config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		connections = 2
	case "ech":
		config.InsecureSkipVerify = false
		config.MinVersion = tls.VersionTLS13
		config.EncryptedClientHelloConfigList = echConfigList("public.example")
	default:
		panic("unknown variant " + variant)
	}
	for ; connections > 0; connections-- {
		connection, err := tls.Dial("tcp", "127.0.0.1:"+port, config)
		if err != nil {
			continue
		}
		// A ticket comes after the handshake, while something is read.
		connection.SetReadDeadline(time.Now().Add(5 * time.Second))
		connection.Read(make([]byte, 1))
		connection.Close()
	}
}

// A configuration as a server would publish it in DNS (RFC 9849, section 4): the name above is in the encrypted hello only.
func echConfigList(publicName string) []byte {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	u16 := binary.BigEndian.AppendUint16
	contents := []byte{7}            // config_id
	contents = u16(contents, 0x0020) // DHKEM(X25519, HKDF-SHA256)
	public := key.PublicKey().Bytes()
	contents = append(u16(contents, uint16(len(public))), public...)
	contents = u16(u16(u16(contents, 4), 0x0001), 0x0001) // one suite: HKDF-SHA256, AES-128-GCM
	contents = append(contents, 32, byte(len(publicName)))
	contents = append(contents, publicName...)
	contents = u16(contents, 0) // no extensions
	config := append(u16(u16(nil, 0xfe0d), uint16(len(contents))), contents...)
	return append(u16(nil, uint16(len(config))), config...)
}
