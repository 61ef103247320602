package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// validity is far longer than any test cluster lives, and short enough that a leaked key is soon worthless.
const validity = 365 * 24 * time.Hour

// authority is a CA that writes what it issues into one folder, as NAME.crt and NAME.key (PEM, PKCS #8).
type authority struct {
	folder string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	pem    []byte
	serial int64
}

// pair is a certificate and its key, as PEM.
type pair struct{ cert, key []byte }

func newAuthority(folder, commonName string) (*authority, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	a := &authority{folder: folder}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: commonName}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	issued, err := a.issue("ca", template)
	a.pem = issued.cert
	return a, err
}

// issue signs the template with a new key. The first one issued signs itself and becomes the CA.
func (a *authority) issue(name string, template *x509.Certificate) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	a.serial++
	template.SerialNumber = big.NewInt(a.serial)
	// An hour back: clocks of a client and of this machine may differ.
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(validity)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return pair{}, fmt.Errorf("%s: %w", name, err)
	}
	if a.cert == nil {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			return pair{}, err
		}
		a.key = key
	}
	return a.writePair(name, der, key)
}

func (a *authority) writePair(name string, certificate []byte, key crypto.Signer) (pair, error) {
	cert, err := a.write(name+".crt", "CERTIFICATE", certificate)
	if err != nil {
		return pair{}, err
	}
	private, err := a.writePrivate(name+".key", key)
	return pair{cert, private}, err
}

func (a *authority) writePrivate(file string, key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return a.write(file, "PRIVATE KEY", der)
}

func (a *authority) write(file, kind string, der []byte) ([]byte, error) {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return text, os.WriteFile(filepath.Join(a.folder, file), text, 0o600)
}

// serving issues a server certificate for names and addresses.
func (a *authority) serving(name string, subject pkix.Name, hosts []string) error {
	template := &x509.Certificate{
		Subject: subject, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	_, err := a.issue(name, template)
	return err
}

// client issues a client certificate; Kubernetes reads the user from the common name and the groups from the organisations.
func (a *authority) client(name, user string, groups ...string) (pair, error) {
	return a.issue(name, &x509.Certificate{
		Subject: pkix.Name{CommonName: user, Organization: groups}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}
