# shellcheck shell=bash
# The names, addresses and folders of the cluster. Owns every constant that more than one script needs; does nothing.
# Sourced by the scripts; never run. CLUSTER_NAME=x gives a second cluster beside the default one: the addresses
# exist only inside its two network namespaces, so they never clash.

CLUSTER_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CHECKOUT=$(cd "$CLUSTER_DIR/../.." && pwd)
CLUSTER_CACHE=${FSM_GATEWAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fsm-gateway}/cluster
CLUSTER_NAME=${CLUSTER_NAME:-k8s}
STATES=$CLUSTER_CACHE/state
STATE=$STATES/$CLUSTER_NAME

# The two network namespaces: the node, and the outside world. A veth joins them; nothing joins them to the machine.
NODE_NS=$CLUSTER_NAME
OUTSIDE_NS=${CLUSTER_NAME}ext
NODE_NAME=node1
NODE_IP=10.77.0.2
OUTSIDE_IP=10.77.0.1
HTTPBIN_IP=10.77.0.80
POD_CIDR=10.78.0.0/24
SERVICE_CIDR=10.96.0.0/16
API_SERVICE_IP=10.96.0.1
DNS_SERVICE_IP=10.96.0.10
LOAD_BALANCER_CIDR=10.77.1.0/24

CGROUP_ROOT=/fsm-gateway-$CLUSTER_NAME
PROXY_MODE=${PROXY_MODE:-nftables}

# ctr and containerd keep the images of Kubernetes in this namespace of theirs.
CRI_NAMESPACE=k8s.io
CONTAINERD_SOCKET=/run/containerd/containerd.sock

export CLUSTER_DIR CHECKOUT CLUSTER_CACHE CLUSTER_NAME STATES STATE NODE_NS OUTSIDE_NS NODE_NAME NODE_IP OUTSIDE_IP \
  HTTPBIN_IP POD_CIDR SERVICE_CIDR API_SERVICE_IP DNS_SERVICE_IP LOAD_BALANCER_CIDR CGROUP_ROOT PROXY_MODE \
  CRI_NAMESPACE CONTAINERD_SOCKET
