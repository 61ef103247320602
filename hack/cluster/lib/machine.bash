# shellcheck shell=bash
# What a cluster changes on the machine itself, and how each change is undone: cgroups and one sysctl. Nothing else may.

# The kubelet wants its cgroup root to exist in every hierarchy.
make_cgroups() {
  local hierarchy file
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p "/sys/fs/cgroup$CGROUP_ROOT"
    return
  fi
  for hierarchy in $(v1_hierarchies); do mkdir -p "$hierarchy$CGROUP_ROOT"; done
  # A new cpuset has no CPU and no memory node, and nothing can run in it.
  for file in cpuset.cpus cpuset.mems; do
    [ ! -e "/sys/fs/cgroup/cpuset/$file" ] || cat "/sys/fs/cgroup/cpuset/$file" > "/sys/fs/cgroup/cpuset$CGROUP_ROOT/$file"
  done
}

v1_hierarchies() { find -L /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d ! -name unified; }

# Every cgroup of this cluster, deepest first. A dead process leaves its cgroup a moment later: a few tries.
remove_cgroups() {
  local try roots
  for try in {1..50}; do
    mapfile -t roots < <(find /sys/fs/cgroup -maxdepth 2 -type d -path "*$CGROUP_ROOT" 2> /dev/null)
    [ ${#roots[@]} -gt 0 ] || return 0
    find "${roots[@]}" -depth -type d -exec rmdir {} + 2> /dev/null || true
    [ "$try" -eq 1 ] || sleep 0.1
  done
  say "these cgroups could not be removed: ${roots[*]}"
  return 1
}

INOTIFY=fs.inotify.max_user_instances

# 128 by default: too few for a kubelet and several pods.
raise_inotify_limit() {
  local now
  now=$(sysctl -n $INOTIFY)
  [ "$now" -lt 1024 ] || return 0
  echo "$now" > "$STATE/inotify.before"
  sysctl -qw $INOTIFY=1024
}

# The last cluster to go puts the limit back; until then another one keeps the old value.
restore_inotify_limit() {
  local other
  [ -s "$STATE/inotify.before" ] || return 0
  for other in "$STATES"/*/init.pid; do
    if [ -e "$other" ] && [ "$other" != "$STATE/init.pid" ]; then
      mv "$STATE/inotify.before" "$(dirname "$other")/"
      return 0
    fi
  done
  sysctl -qw $INOTIFY="$(cat "$STATE/inotify.before")"
  rm "$STATE/inotify.before"
}
