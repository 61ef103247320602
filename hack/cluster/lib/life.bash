# shellcheck shell=bash
# Is the cluster up, and its end. Ends only processes that are ours: those of the node's pid namespace, whose first
# process must be lib/node-init, and those of the two network namespaces.

# Prints the node's pid 1. A stale file may name a pid that some other program has by now.
node_init_pid() {
  local pid
  [ -s "$STATE/init.pid" ] || return 1
  pid=$(< "$STATE/init.pid")
  tr '\0' ' ' 2> /dev/null < "/proc/$pid/cmdline" | grep -qF "lib/node-init $CLUSTER_NAME " || return 1
  echo "$pid"
}

# The cluster is up once `up` has seen it whole.
is_up() { [ -e "$STATE/up" ] && node_init_pid > /dev/null; }

require_up() { is_up || unusable "no cluster named $CLUSTER_NAME is up (hack/cluster/up starts it)"; }

# One `up` or `down` of a cluster at a time. The lock lies outside the state folder, which comes and goes.
lock_cluster() {
  mkdir -p "$STATES"
  exec 9> "$STATES/.lock-$CLUSTER_NAME"
  flock --nonblock 9 || { say "waiting for another up or down of this cluster"; flock 9; }
}

tear_down() {
  local pid
  if pid=$(node_init_pid); then
    kill -KILL "$pid"
    for _ in {1..200}; do
      [ -e "/proc/$pid" ] || break
      sleep 0.05
    done
  fi
  rm -f "$STATE/up" "$STATE/init.pid"
  remove_networks
  restore_inotify_limit
  remove_cgroups
}

# run_in NAMESPACE COMMAND…: replaces this process with COMMAND in a network namespace of the cluster, with kubectl on
# the PATH and the kubeconfig set. The discovery cache is the cluster's own: kubectl would believe what an earlier
# cluster at the same address served.
run_in() {
  local namespace=$1
  shift
  export PATH=$STATE/path:$PATH KUBECONFIG=$STATE/kubeconfig KUBECACHEDIR=$STATE/kubectl-cache
  exec nsenter --net="/run/netns/$namespace" "$@"
}
