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
	"strings"
)

// cluster is what the certificates of one cluster depend on.
type cluster struct {
	folder string
	server string   // URL of the API server, as the kubeconfigs name it
	hosts  []string // names and addresses of the API server
	nodes  []node
}

type node struct{ name, ip string }

// parseNodes reads NAME=IP,NAME=IP.
func parseNodes(text string) ([]node, error) {
	var nodes []node
	for _, item := range strings.Split(text, ",") {
		name, ip, found := strings.Cut(item, "=")
		if !found {
			return nil, fmt.Errorf("--nodes: %q is not NAME=IP", item)
		}
		nodes = append(nodes, node{name, ip})
	}
	return nodes, nil
}

// users are the clients of the API server: the file's name, the user, its groups.
// (https://kubernetes.io/docs/setup/best-practices/certificates/)
func (c cluster) users() [][]string {
	users := [][]string{
		{"admin", "admin", "system:masters"},
		{"controller-manager", "system:kube-controller-manager"},
		{"cloud-controller-manager", "cloud-controller-manager", "system:masters"},
		{"scheduler", "system:kube-scheduler"},
		{"proxy", "system:kube-proxy"},
		{"front-proxy", "front-proxy-client"},
		{"apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters"},
	}
	for _, node := range c.nodes {
		users = append(users, []string{node.name, "system:node:" + node.name, "system:nodes"})
	}
	return users
}

// write makes the CA, all certificates, the key that signs the tokens of ServiceAccounts, and a kubeconfig for each user.
func (c cluster) write() error {
	ca, err := newAuthority(c.folder, "fsm-gateway test cluster")
	if err != nil {
		return err
	}
	if err := ca.serving("apiserver", pkix.Name{CommonName: "kube-apiserver"}, c.hosts); err != nil {
		return err
	}
	for _, node := range c.nodes {
		kubelet := pkix.Name{CommonName: "system:node:" + node.name, Organization: []string{"system:nodes"}}
		if err := ca.serving("kubelet-"+node.name, kubelet, []string{node.name, node.ip, "127.0.0.1"}); err != nil {
			return err
		}
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
