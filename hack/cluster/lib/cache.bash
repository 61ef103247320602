# shellcheck shell=bash
# The cache of built parts, outside the checkout. An entry is named by a hash of all that goes into it, is filled in a
# temporary folder and renamed when it is whole: an interrupted build leaves nothing that counts.

# part_key PART: the hash of the part's inputs. Paths are relative, so two checkouts of one tree share an entry.
part_key() {
  case $1 in
    hyper | runtime | dns | policies | tools | helm) { go_version && tree_hash "$1" "build/$1"; } ;;
    images) { part_key tools && part_key dns && "$(node_binary)" --version && tree_hash build/images ../image; } ;;
    conformance) { go_version && part_key dns && tree_hash ../../test/conformance/module build/conformance ../image; } ;;
    httpbin) { python3 -VV && tree_hash requirements.txt build/httpbin; } ;;
  esac | sha256sum | cut -c1-16
}

tree_hash() {
  (cd "$CLUSTER_DIR" && find "$@" -type f ! -name '*.test.ts' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

go_version() { GOTOOLCHAIN=local go version; }

# The Node binary itself; what npm puts into .bin may be a link to it.
node_binary() { readlink -f "$CHECKOUT/node_modules/.bin/node"; }

# part_folder PART: where the part is once it is built.
part_folder() {
  local key
  key=$(part_key "$1") && printf '%s/%s/%s\n' "$CLUSTER_CACHE" "$1" "$key"
}

# build_part PART: builds it unless it is there. A second builder waits for the first and then finds it done.
build_part() {
  local part=$1 folder temporary
  folder=$(part_folder "$part")
  # The time of an entry is that of its last use.
  if [ -d "$folder" ]; then touch "$folder"; return; fi
  mkdir -p "$CLUSTER_CACHE/$part"
  exec 8> "$CLUSTER_CACHE/$part/.lock"
  flock --nonblock 8 || { say "waiting for another build of $part"; flock 8; }
  if [ ! -d "$folder" ]; then
    lap "building $part (kept in $folder)"
    # What an earlier, interrupted build left: the lock says that nobody works on it now.
    rm -rf "$CLUSTER_CACHE/$part"/.building.*
    temporary=$(mktemp -d "$CLUSTER_CACHE/$part/.building.XXXXXX")
    chmod 755 "$temporary"
    "$CLUSTER_DIR/build/$part" "$temporary" "$folder" 8>&- || { rm -rf "$temporary"; fail "building $part failed"; }
    mv "$temporary" "$folder"
    remove_old_entries "$part"
    lap "built $part"
  fi
  exec 8>&-
}

# Keeps the four entries last used: the images alone are 200 MB each.
remove_old_entries() {
  local old
  mapfile -t old < <(
    find "$CLUSTER_CACHE/$1" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +5 | cut -d' ' -f2-
  )
  [ ${#old[@]} -eq 0 ] || rm -rf "${old[@]}"
}
