# shellcheck shell=bash
# The flags of etcd, kube-apiserver and the controllers that a full cluster and an API server alone have in common.
# The caller gives `run NAME COMMAND…`, which starts COMMAND in the background, and $pki, the folder of the certificates.
# shellcheck disable=SC2154

# start_etcd FOLDER CLIENT_PORT PEER_PORT. No fsync: the data is thrown away with the cluster.
start_etcd() {
  run etcd etcd --data-dir "$1" --listen-client-urls "http://127.0.0.1:$2" --listen-peer-urls "http://127.0.0.1:$3" \
    --unsafe-no-fsync
}

# start_apiserver ETCD_PORT FLAG…
start_apiserver() {
  local etcd_port=$1
  shift
  run kube-apiserver kube-apiserver --etcd-servers="http://127.0.0.1:$etcd_port" \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-signing-key-file="$pki/sa.key" --service-account-key-file="$pki/sa.pub" \
    --requestheader-client-ca-file="$pki/ca.crt" --requestheader-allowed-names=front-proxy-client \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --service-cluster-ip-range="$SERVICE_CIDR" --allow-privileged=true --profiling=false "$@"
}

# start_controller NAME KUBECONFIG FLAG…: one of those that take Kubernetes' generic server options.
start_controller() {
  local name=$1 kubeconfig=$pki/$2.kubeconfig
  shift 2
  run "$name" "$name" --kubeconfig="$kubeconfig" --authentication-kubeconfig="$kubeconfig" \
    --authorization-kubeconfig="$kubeconfig" --bind-address=127.0.0.1 --leader-elect=false --profiling=false "$@"
}

# start_controller_manager STATE_FOLDER FLAG…
# Its controllers wait for one another's informers: at the default 20 requests a second that alone takes seconds.
start_controller_manager() {
  local folder=$1
  shift
  start_controller kube-controller-manager controller-manager --flex-volume-plugin-dir="$folder/flexvolume" \
    --use-service-account-credentials=true --kube-api-qps=500 --kube-api-burst=1000 \
    --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" \
    --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" "$@"
}

# start_cloud_controller_manager STATE_FOLDER FLAG…: gives LoadBalancer Services their addresses.
start_cloud_controller_manager() {
  local folder=$1
  shift
  echo "$LOAD_BALANCER_CIDR" > "$folder/load-balancers"
  start_controller cloud-controller-manager cloud-controller-manager --cloud-provider=netns \
    --cloud-config="$folder/load-balancers" "$@"
}
