# shellcheck shell=bash
# What the machine must have. Says everything that is missing, one line each, and ends with status 2; with apt-get it
# first installs the Debian packages of what is missing. Touches nothing else.

# A command (lib.X: a pkg-config module; venv: Python's) and the Debian package that has it.
NEEDED_PACKAGES=(
  ip:iproute2 nft:nftables nsenter:util-linux unshare:util-linux flock:util-linux sysctl:procps curl:curl
  gcc:gcc pkg-config:pkg-config lib.libseccomp:libseccomp-dev python3:python3 venv:python3-venv
)

has() {
  case $1 in
    lib.*) pkg-config --exists "${1#lib.}" 2> /dev/null ;;
    venv) python3 -c 'import ensurepip, venv' 2> /dev/null ;;
    *) [ -n "$(type -P "$1")" ] ;;
  esac
}

missing_packages() {
  local need
  for need in "${NEEDED_PACKAGES[@]}"; do has "${need%%:*}" || printf '%s\n' "${need#*:}"; done | sort -u
}

# The highest `go` line of the modules that are built here: an older Go refuses them.
go_needed() { sed -n 's/^go //p' "$CLUSTER_DIR"/*/go.mod "$CHECKOUT/test/conformance/module/go.mod" | sort -V | tail -n 1; }

# Each check prints one line for each thing that is missing, and nothing when all is there.
go_missing() {
  local need have
  need=$(go_needed)
  if ! has go; then
    echo "missing: Go $need or newer (no \`go\` on the PATH; https://go.dev/dl has it)"
    return
  fi
  have=$(GOTOOLCHAIN=local go env GOVERSION)
  [ "$(printf '%s\n' "$need" "${have#go}" | sort -V | head -n 1)" = "$need" ] ||
    echo "missing: Go $need or newer (\`go\` on the PATH is ${have#go})"
}

node_missing() {
  [ -x "$CHECKOUT/node_modules/.bin/node" ] || echo "missing: the Node of this checkout (\`sh hack/setup\` installs it)"
}

kernel_missing() { [ "$(uname -s)" = Linux ] || echo "missing: Linux (this is $(uname -s))"; }
root_missing() { [ "$(id -u)" = 0 ] || echo "missing: root (network namespaces and mounts need it)"; }

packages_missing() {
  local packages package
  mapfile -t packages < <(missing_packages)
  if [ ${#packages[@]} -gt 0 ] && has apt-get && [ "$(id -u)" = 0 ]; then
    say "installing Debian packages: ${packages[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } \
      > /dev/null 2>&1 < /dev/null || true
    mapfile -t packages < <(missing_packages)
  fi
  for package in "${packages[@]}"; do echo "missing: what Debian's package $package has"; done
}

# require CHECK…: runs every check, and ends with status 2 when one had something to say.
require() {
  local check lines
  mapfile -t lines < <(for check in "$@"; do "${check}_missing"; done)
  [ ${#lines[@]} -eq 0 ] || { printf 'hack/cluster: %s\n' "${lines[@]}" >&2; exit 2; }
}
