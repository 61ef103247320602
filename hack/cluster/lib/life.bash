# shellcheck shell=bash
# Is the cluster up, and its end. Ends only processes that are ours: those of the nodes' pid namespaces, whose first
# process must be lib/node-init, and those of the network namespaces.

# Prints the selected node's pid 1. A stale file may name a pid that some other program has by now.
node_init_pid() {
  local pid
  [ -s "$NODE_STATE/init.pid" ] || return 1
  pid=$(< "$NODE_STATE/init.pid")
  tr '\0' ' ' 2> /dev/null < "/proc/$pid/cmdline" | grep -qF "lib/node-init $CLUSTER_NAME $CLUSTER_NODE " || return 1
  echo "$pid"
}

# The cluster is up once `up` has seen it whole, while its first node runs.
is_up() { [ -e "$STATE/up" ] && (select_node 1; node_init_pid > /dev/null); }

require_up() { is_up || unusable "no cluster named $CLUSTER_NAME is up (hack/cluster/up starts it)"; }

# One `up` or `down` of a cluster at a time. The lock lies outside the state folder, which comes and goes.
lock_cluster() {
  mkdir -p "$STATES"
  exec 9> "$STATES/.lock-$CLUSTER_NAME"
  flock --nonblock 9 || { say "waiting for another up or down of this cluster"; flock 9; }
}

# A background process must keep neither the caller's output, which may be a pipe that is read to its end, nor the lock.
start_node() {
  setsid nsenter --net="/run/netns/$NODE_NS" \
    unshare --mount --propagation private --uts --ipc --pid --fork --kill-child \
    "$CLUSTER_DIR/lib/node-init" "$CLUSTER_NAME" "$CLUSTER_NODE" > "$NODE_STATE/log/node.log" 2>&1 < /dev/null 9>&- &
}

# The kernel ends all processes of the node with its pid 1.
end_node() {
  local pid
  if pid=$(node_init_pid); then
    kill -KILL "$pid"
    for _ in {1..200}; do
      [ -e "/proc/$pid" ] || break
      sleep 0.05
    done
  fi
  rm -f "$NODE_STATE/init.pid"
}

tear_down() {
  for_each_node end_node
  rm -f "$STATE/up"
  remove_networks
  restore_inotify_limit
  for_each_node remove_cgroups
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
