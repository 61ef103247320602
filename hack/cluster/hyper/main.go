// hyper: etcd, the Kubernetes control plane, kubelet, kube-proxy, kubectl and a cloud controller manager in one
// binary. It dispatches on the name it is called by (argv[0]) or on its first argument.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata"

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"

	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func k8s(mk func() *cobra.Command) func() {
	return func() { os.Exit(cli.Run(mk())) }
}

var tools = map[string]func(){
	"etcd":                     etcdMain,
	"kube-apiserver":           k8s(apiserver.NewAPIServerCommand),
	"kube-controller-manager":  k8s(kcm.NewControllerManagerCommand),
	"kube-scheduler":           k8s(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubelet":                  k8s(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	"kube-proxy":               k8s(proxy.NewProxyCommand),
	"cloud-controller-manager": ccmMain,
	"kubectl": func() {
		logs.GlogSetter(cmd.GetLogVerbosity(os.Args)) //nolint:errcheck
		if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
			util.CheckErr(err)
		}
	},
}

func main() {
	name := filepath.Base(os.Args[0])
	run, ok := tools[name]
	if !ok && len(os.Args) > 1 {
		name = os.Args[1]
		if run, ok = tools[name]; ok {
			os.Args = append([]string{name}, os.Args[2:]...)
		}
	}
	if !ok {
		fmt.Fprintln(os.Stderr, "hyper: call me as (or with) one of:")
		for n := range tools {
			fmt.Fprintln(os.Stderr, "  "+n)
		}
		os.Exit(2)
	}
	run()
}
