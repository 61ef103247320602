# shellcheck shell=bash
# The network namespaces and the outside world's names. No link to the machine's own network, and none may be made:
# what a test sends can reach nothing but the test's own hosts.

# The bridge is the outside world's eth0. Its port for a node has the node's name.
make_networks() {
  ip netns add "$OUTSIDE_NS"
  ip -n "$OUTSIDE_NS" link add eth0 type bridge
  ip -n "$OUTSIDE_NS" link set lo up
  ip -n "$OUTSIDE_NS" link set eth0 up
  ip -n "$OUTSIDE_NS" addr add "$OUTSIDE_IP/24" dev eth0
  for_each_node make_node_network
  for_each_node connect_node
  ip -n "$OUTSIDE_NS" route add "$LOAD_BALANCER_CIDR" via "$API_SERVER_IP"
}

# for_each_node COMMAND…: runs it once for each node of the cluster, with that node selected.
for_each_node() {
  local number selected=$CLUSTER_NODE
  for number in $(node_numbers); do
    select_node "$number"
    "$@"
  done
  select_node "$selected"
}

make_node_network() {
  ip netns add "$NODE_NS"
  ip -n "$NODE_NS" link set lo up
  ip link add eth0 netns "$NODE_NS" type veth peer name "$NODE_NAME" netns "$OUTSIDE_NS"
  ip -n "$OUTSIDE_NS" link set "$NODE_NAME" master eth0 up
  ip -n "$OUTSIDE_NS" route add "$POD_CIDR" via "$NODE_IP"
  # kube-proxy takes LoadBalancer addresses before routing. What it does not take must end here with a RST; by the
  # default route it would go outside and come back until its TTL is used up.
  ip -n "$NODE_NS" route add local "$LOAD_BALANCER_CIDR" dev lo
  # Traffic between two pods crosses the bridge alone; for Services it must cross netfilter too.
  [ -e /proc/sys/net/bridge ] || modprobe br_netfilter || fail "the kernel has no br_netfilter"
  nsenter --net="/run/netns/$NODE_NS" sysctl -qw \
    net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.bridge.bridge-nf-call-iptables=1
}

# A link that goes down loses its routes: this is the power-on of a node, too.
connect_node() {
  local number
  ip -n "$NODE_NS" link set eth0 up
  ip -n "$NODE_NS" addr replace "$NODE_IP/24" dev eth0
  ip -n "$NODE_NS" route replace default via "$OUTSIDE_IP"
  for number in $(node_numbers); do
    [ "$number" -eq "$CLUSTER_NODE" ] ||
      ip -n "$NODE_NS" route replace "10.78.$((number - 1)).0/24" via "10.77.0.$((number + 1))"
  done
}

disconnect_node() { ip -n "$NODE_NS" link set eth0 down; }

# add_outside_host ADDRESS NAME…: a host of the outside world. CoreDNS and `outside` read the file; each sees a change
# within a second or two.
add_outside_host() {
  local address=$1
  ip -n "$OUTSIDE_NS" addr replace "$address/24" dev eth0
  echo "$*" >> "$STATE/hosts/hosts"
}

# remove_networks: ends whatever still runs in the namespaces, and removes them.
remove_networks() {
  for_each_node remove_network NODE_NS
  remove_network OUTSIDE_NS
}

# remove_network VARIABLE: removes the namespace that the variable names.
remove_network() {
  local namespace=${!1} pids
  [ -e "/run/netns/$namespace" ] || return 0
  mapfile -t pids < <(ip netns pids "$namespace")
  [ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2> /dev/null || true
  ip netns del "$namespace"
}
