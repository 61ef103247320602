// Command hyper is etcd, the Kubernetes control plane, kubelet, kube-proxy, kubectl and a cloud controller manager in
// one binary: linked once instead of eight times, and 140 MB instead of 600. It runs what it is called as (argv[0]).
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var programs = map[string]func(){
	"cloud-controller-manager": ccmMain,
	"etcd":                     etcdMain,
	"kube-apiserver":           program(apiserver.NewAPIServerCommand),
	"kube-controller-manager":  program(controllers.NewControllerManagerCommand),
	"kube-proxy":               program(proxy.NewProxyCommand),
	"kube-scheduler":           program(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubectl":                  kubectlMain,
	"kubelet":                  program(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
}

// program makes the main function of one that component-base's runner runs. The command is made only when it is run:
// making one registers flags and metrics, which two of them may not both do.
func program(command func() *cobra.Command) func() {
	return func() { os.Exit(cli.Run(command())) }
}

func kubectlMain() {
	if _, err := logs.GlogSetter(cmd.GetLogVerbosity(os.Args)); err != nil {
		fmt.Fprintln(os.Stderr, "kubectl:", err)
	}
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}

func main() {
	run, known := programs[filepath.Base(os.Args[0])]
	if !known {
		names := slices.Sorted(maps.Keys(programs))
		fmt.Fprintln(os.Stderr, "hyper: link me as one of", strings.Join(names, ", "))
		os.Exit(2)
	}
	run()
}
