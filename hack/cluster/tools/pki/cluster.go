package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
)

// cluster is what the certificates of one cluster depend on.
type cluster struct {
	folder string
	server string   // URL of the API server, as the kubeconfigs name it
	hosts  []string // names and addresses of the API server
	node   string
	nodeIP string
}

// users are the clients of the API server: the file's name, the user, its groups.
// (https://kubernetes.io/docs/setup/best-practices/certificates/)
func (c cluster) users() [][]string {
	return [][]string{
		{"admin", "admin", "system:masters"},
		{"controller-manager", "system:kube-controller-manager"},
		{"cloud-controller-manager", "cloud-controller-manager", "system:masters"},
		{"scheduler", "system:kube-scheduler"},
		{"node", "system:node:" + c.node, "system:nodes"},
		{"proxy", "system:kube-proxy"},
		{"front-proxy", "front-proxy-client"},
		{"apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters"},
	}
}

// write makes the CA, all certificates, the key that signs the tokens of ServiceAccounts, and a kubeconfig for each user.
func (c cluster) write() error {
	ca, err := newAuthority(c.folder, "fsm-gateway test cluster")
	if err != nil {
		return err
	}
	if err := ca.serving("apiserver", pkix.Name{CommonName: "kube-apiserver"}, append(c.hosts, c.nodeIP, c.node)); err != nil {
		return err
	}
	kubelet := pkix.Name{CommonName: "system:node:" + c.node, Organization: []string{"system:nodes"}}
	if err := ca.serving("kubelet", kubelet, []string{c.node, c.nodeIP, "127.0.0.1"}); err != nil {
		return err
	}
	if err := writeServiceAccountKey(ca); err != nil {
		return err
	}
	for _, user := range c.users() {
		issued, err := ca.client(user[0], user[1], user[2:]...)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(c.folder, user[0]+".kubeconfig"), c.kubeconfig(ca.pem, issued), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func writeServiceAccountKey(ca *authority) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if _, err := ca.write("sa.pub", "PUBLIC KEY", public); err != nil {
		return err
	}
	_, err = ca.writePrivate("sa.key", key)
	return err
}

func (c cluster) kubeconfig(ca []byte, user pair) []byte {
	text := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: test, user: {client-certificate-data: %s, client-key-data: %s}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
current-context: test
`, c.server, text(ca), text(user.cert), text(user.key))
}
