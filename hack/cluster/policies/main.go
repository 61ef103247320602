// Command network-policies enforces the cluster's NetworkPolicies on one node. The decisions are those of
// kube-network-policies, which reads the first packet of each connection from a netfilter queue.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

// queueNumber is a netfilter queue of the node's own network namespace: clusters on one machine do not share it.
const queueNumber = 100

func main() {
	kubeconfig := flag.String("kubeconfig", "", "Path of a kubeconfig that may list Pods, Namespaces and NetworkPolicies")
	node := flag.String("node", "", "Name of this node")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, *kubeconfig, *node); err != nil {
		log.Fatalf("network-policies: %v", err)
	}
}

func run(ctx context.Context, kubeconfig, node string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	controller, err := networkpolicy.NewController(
		client,
		factory.Networking().V1().NetworkPolicies(),
		factory.Core().V1().Namespaces(),
		factory.Core().V1().Pods(),
		nil, nil, nil, nil,
		networkpolicy.Config{QueueID: queueNumber, NodeName: node},
	)
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if err := queueNewConnections(queueNumber); err != nil {
		return err
	}
	return controller.Run(ctx)
}
