# shellcheck shell=bash
# Everything a script of this folder needs, in one line of it. Defines; does nothing.
lib=$(dirname "${BASH_SOURCE[0]}")
. "$lib/settings.bash"
. "$lib/say.bash"
. "$lib/cache.bash"
. "$lib/require.bash"
. "$lib/link-binaries.bash"
. "$lib/networks.bash"
. "$lib/machine.bash"
. "$lib/life.bash"
