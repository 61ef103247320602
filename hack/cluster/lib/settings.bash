# shellcheck shell=bash
# The names, addresses and folders of the cluster. Owns every constant that more than one script needs; does nothing.
# Sourced by the scripts; never run. CLUSTER_NAME=x gives a second cluster beside the default one: the addresses
# exist only inside its network namespaces, so they never clash. CLUSTER_NODES is read by `up` only; CLUSTER_NODE
# selects the node that a command acts on.

CLUSTER_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CHECKOUT=$(cd "$CLUSTER_DIR/../.." && pwd)
CLUSTER_CACHE=${FSM_GATEWAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fsm-gateway}/cluster
CLUSTER_NAME=${CLUSTER_NAME:-k8s}
STATES=$CLUSTER_CACHE/state
STATE=$STATES/$CLUSTER_NAME

# The network namespaces: one for each node, and the outside world. A bridge in the outside namespace connects them;
# nothing connects them to the machine.
OUTSIDE_NS=${CLUSTER_NAME}ext
API_SERVER_IP=10.77.0.2
OUTSIDE_IP=10.77.0.1
HTTPBIN_IP=10.77.0.80
CLUSTER_CIDR=10.78.0.0/16
SERVICE_CIDR=10.96.0.0/16
API_SERVICE_IP=10.96.0.1
DNS_SERVICE_IP=10.96.0.10
LOAD_BALANCER_CIDR=10.77.1.0/24

PROXY_MODE=${PROXY_MODE:-nftables}

# select_node NUMBER: sets what belongs to one node. Node 1 runs the control plane, and its files are in the state
# folder itself; files of node N are in the folder nodeN below it.
select_node() {
  CLUSTER_NODE=$1
  NODE_NAME=node$1
  NODE_IP=10.77.0.$(($1 + 1))
  POD_CIDR=10.78.$(($1 - 1)).0/24
  NODE_NS=$CLUSTER_NAME NODE_STATE=$STATE CGROUP_ROOT=/fsm-gateway-$CLUSTER_NAME
  if [ "$1" -gt 1 ]; then
    NODE_NS=${CLUSTER_NAME}n$1 NODE_STATE=$STATE/$NODE_NAME CGROUP_ROOT+=-$1
  fi
}

# Prints the numbers of the cluster's nodes. A cluster that is not up has at least the first.
node_numbers() { seq "$(cat "$STATE/nodes" 2> /dev/null || echo 1)"; }

select_node "${CLUSTER_NODE:-1}"

# ctr and containerd keep the images of Kubernetes in this namespace of theirs.
CRI_NAMESPACE=k8s.io
CONTAINERD_SOCKET=/run/containerd/containerd.sock

export CLUSTER_DIR CHECKOUT CLUSTER_CACHE CLUSTER_NAME STATES STATE CLUSTER_NODE NODE_NS NODE_STATE OUTSIDE_NS NODE_NAME \
  NODE_IP API_SERVER_IP OUTSIDE_IP HTTPBIN_IP CLUSTER_CIDR POD_CIDR SERVICE_CIDR API_SERVICE_IP DNS_SERVICE_IP \
  LOAD_BALANCER_CIDR CGROUP_ROOT PROXY_MODE CRI_NAMESPACE CONTAINERD_SOCKET
