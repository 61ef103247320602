// Command pki writes the certificates of a test cluster, or of a server in its outside world, into one folder.
//
//	pki cluster --folder DIR --server URL --hosts a,b --nodes NAME=IP,NAME=IP
//	pki server --folder DIR --hosts a,b
package main

import (
	"crypto/x509/pkix"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pki:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say what to make: cluster or server")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	folder := flags.String("folder", "pki", "folder to write to")
	hosts := flags.String("hosts", "127.0.0.1,localhost", "names and addresses of the server")
	server := flags.String("server", "https://127.0.0.1:6443", "URL of the API server in the kubeconfigs")
	nodes := flags.String("nodes", "node1=127.0.0.1", "names and addresses of the nodes")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	names := strings.Split(*hosts, ",")
	switch args[0] {
	case "cluster":
		parsed, err := parseNodes(*nodes)
		if err != nil {
			return err
		}
		return cluster{folder: *folder, server: *server, hosts: names, nodes: parsed}.write()
	case "server":
		// One CA for each server: a test that trusts it trusts nothing of the cluster.
		ca, err := newAuthority(*folder, "outside world of a test cluster")
		if err != nil {
			return err
		}
		return ca.serving("server", pkix.Name{CommonName: names[0]}, names)
	default:
		return fmt.Errorf("%q is neither cluster nor server", args[0])
	}
}
