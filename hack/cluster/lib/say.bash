# shellcheck shell=bash
# How the scripts speak and wait. Diagnostics go to standard error, so that what a script prints can be used.

start_clock() { STARTED_US=${EPOCHREALTIME/./}; }
start_clock

say() { printf '%s\n' "$*" >&2; }

# fail MESSAGE: one line, exit 1. unusable MESSAGE: the caller's mistake or a missing prerequisite, exit 2.
fail() { say "hack/cluster: $*"; exit 1; }
unusable() { say "hack/cluster: $*"; exit 2; }

# lap WHAT: what is reached, and how many seconds after the start of the script.
lap() {
  local ms=$(((${EPOCHREALTIME/./} - STARTED_US) / 1000))
  printf '%5d.%01d s  %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$*" >&2
}

# wait_for SECONDS WHAT COMMAND…: polls COMMAND. Ends early when the node has written that one of its parts ended:
# a part that died never becomes ready, and its log says why.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ ! -s "$STATE/ended" ] || fail "$what: $(head -n 1 "$STATE/ended"); logs are in $STATE/log"
    [ "$SECONDS" -lt "$deadline" ] || fail "$what: not in time; logs are in $STATE/log"
    sleep 0.1
  done
}
