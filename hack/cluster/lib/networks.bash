# shellcheck shell=bash
# The two network namespaces and the outside world's names. No link to the machine's own network, and none may be made:
# what a test sends can reach nothing but the test's own hosts.

make_networks() {
  local namespace cidr
  ip netns add "$NODE_NS"
  ip netns add "$OUTSIDE_NS"
  ip link add eth0 netns "$NODE_NS" type veth peer name eth0 netns "$OUTSIDE_NS"
  for namespace in "$NODE_NS" "$OUTSIDE_NS"; do
    ip -n "$namespace" link set lo up
    ip -n "$namespace" link set eth0 up
  done
  ip -n "$NODE_NS" addr add "$NODE_IP/24" dev eth0
  ip -n "$OUTSIDE_NS" addr add "$OUTSIDE_IP/24" dev eth0
  ip -n "$NODE_NS" route add default via "$OUTSIDE_IP"
  for cidr in "$POD_CIDR" "$LOAD_BALANCER_CIDR"; do ip -n "$OUTSIDE_NS" route add "$cidr" via "$NODE_IP"; done
  # kube-proxy takes LoadBalancer addresses before routing. What it does not take must end here with a RST; by the
  # default route it would go outside and come back until its TTL is used up.
  ip -n "$NODE_NS" route add local "$LOAD_BALANCER_CIDR" dev lo src "$NODE_IP"
  # Traffic between two pods crosses the bridge alone; for Services it must cross netfilter too.
  [ -e /proc/sys/net/bridge ] || modprobe br_netfilter || fail "the kernel has no br_netfilter"
  nsenter --net="/run/netns/$NODE_NS" sysctl -qw \
    net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.bridge.bridge-nf-call-iptables=1
}

# add_outside_host ADDRESS NAME…: a host of the outside world. CoreDNS and `outside` read the file; each sees a change
# within a second or two.
add_outside_host() {
  local address=$1
  ip -n "$OUTSIDE_NS" addr replace "$address/24" dev eth0
  echo "$*" >> "$STATE/hosts/hosts"
}

# remove_networks: ends whatever still runs in the two namespaces, and removes them.
remove_networks() {
  local namespace pids
  for namespace in "$NODE_NS" "$OUTSIDE_NS"; do
    [ -e "/run/netns/$namespace" ] || continue
    mapfile -t pids < <(ip netns pids "$namespace")
    [ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2> /dev/null || true
    ip netns del "$namespace"
  done
}
