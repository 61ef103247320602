# shellcheck shell=bash
# One folder of links to the built parts: a running cluster keeps its binaries whatever happens to the sources.

# link_binaries FOLDER PART…
link_binaries() {
  local folder=$1 part
  shift
  mkdir -p "$folder"
  for part in "$@"; do ln -s "$(part_folder "$part")"/* "$folder/"; done
}
