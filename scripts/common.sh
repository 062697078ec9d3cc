# What scripts/demo, scripts/test and scripts/cluster share: what the machine must have, ports, processes, HTTP.
# Sourced, never run. bash, coreutils and util-linux alone (all of them are on every Debian).
# shellcheck shell=bash

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
TARGET="${CARGO_TARGET_DIR:-$ROOT/target}"
BINARY="$TARGET/release/handoff"
YES=no
[ "${CI:-}" = true ] && YES=yes
case ":$PATH:" in *":$HOME/.cargo/bin:"*) ;; *) PATH="$PATH:$HOME/.cargo/bin" ;; esac

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# --- what the machine must have -----------------------------------------------------------------------------------

MISSING=()  # "what|command" each

as_root() { if [ "$(id -u)" = 0 ]; then printf '%s' "$1"; else printf 'sudo %s' "$1"; fi; }

missing() { MISSING+=("$1|$2"); }

# True when the installed Rust is at least the version that Cargo.toml names. With rustup, the toolchain file does it.
rust_is_new_enough() {
  local want have
  command -v rustup >/dev/null && return 0
  want="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -n 1)"
  have="$(rustc --version 2>/dev/null | cut -d ' ' -f 2)"
  [ "$(printf '%s\n' "$want" "$have" | sort -V | head -n 1)" = "$want" ]
}

wants_build() {
  if ! command -v cargo >/dev/null || ! rust_is_new_enough; then
    # Debian 12 has none of its own and too old a cargo; 'apt-cache show' succeeds there all the same.
    if LC_ALL=C apt-cache policy rustup 2>/dev/null | grep -q 'Candidate: [0-9]'; then
      missing "Rust (cargo, rustc)" "$(as_root 'apt-get install -y rustup')"
    else
      missing "Rust (cargo, rustc)" "$(as_root 'apt-get install -y curl ca-certificates') && curl --proto =https \
--tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal --default-toolchain none"
    fi
  fi
  command -v cc >/dev/null || missing "a C compiler (cc)" "$(as_root 'apt-get install -y gcc libc6-dev')"
}

WEB="$ROOT/web"

# Node.js 18 of Debian 12 will do.
wants_node() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    missing "Node.js and npm" "$(as_root 'apt-get install -y nodejs npm')"
  fi
}

# wants_packages FOLDER WHOSE: the packages of a folder, which its lock file names with their hashes.
wants_packages() {
  cmp -s "$1/package-lock.json" "$1/node_modules/.installed" ||
    missing "$2 packages" "npm ci --prefix '$1' --silent && cp '$1/package-lock.json' '$1/node_modules/.installed'"
}

# What the pages are built with.
wants_web() {
  wants_node
  wants_packages "$WEB" "the pages'"
}

BROWSER="$ROOT/tests/browser"

# What the pages are driven with.
wants_browser() {
  [ -n "${HANDOFF_CHROMIUM:-}" ] || command -v chromium >/dev/null ||
    missing "Chromium" "$(as_root 'apt-get install -y chromium')"
  wants_packages "$BROWSER" "the browser tests'"
}

# One story is told in it, too.
wants_firefox() {
  [ -n "${HANDOFF_FIREFOX:-}" ] || command -v firefox-esr >/dev/null ||
    missing "Firefox ESR" "$(as_root 'apt-get install -y firefox-esr')"
}

has_font() { command -v fc-list >/dev/null && [ -n "$(fc-list "$1" family)" ]; }

# What the pages' pictures are drawn with, whichever browser is there.
wants_fonts() {
  command -v fc-list >/dev/null || missing "fontconfig" "$(as_root 'apt-get install -y fontconfig')"
  has_font "Noto Sans Arabic" || missing "Noto fonts" "$(as_root 'apt-get install -y fonts-noto-core')"
  has_font "Noto Sans CJK JP" || missing "Noto fonts for Japanese" "$(as_root 'apt-get install -y fonts-noto-cjk')"
  has_font "Noto Color Emoji" || missing "Noto emoji" "$(as_root 'apt-get install -y fonts-noto-color-emoji')"
}

# Lists what is missing, each with its command; installs it only on yes, --yes or CI=true.
install_missing() {
  local entry answer=""
  [ ${#MISSING[@]} -gt 0 ] || return 0
  say "missing:"
  for entry in "${MISSING[@]}"; do printf '  %-24s on Debian: %s\n' "${entry%%|*}" "${entry#*|}"; done
  if [ $YES != yes ] && [ -t 0 ]; then read -r -p "run these commands now? [y/N] " answer; fi
  [ $YES = yes ] || [[ "$answer" =~ ^[yY] ]] || die "not installed. Run the commands above, or again with --yes"
  # A fresh machine knows no packages yet.
  if [[ "${MISSING[*]}" == *apt-get* ]] && ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
    bash -c "$(as_root 'apt-get update -qq')" || die "could not read the list of packages"
  fi
  for entry in "${MISSING[@]}"; do
    say "+ ${entry#*|}"
    bash -c "set -o pipefail; ${entry#*|}" || die "could not install ${entry%%|*}"
  done
  hash -r
}

# Builds the pages, unless they are newer than all they are made of.
build_web() {
  local newer
  if [ -f "$WEB/dist/manifest.json" ]; then
    newer="$(find "$WEB" \( -name node_modules -o -name dist \) -prune -o -type f -newer "$WEB/dist/manifest.json" -print -quit)"
    [ -n "$newer" ] || return 0
  fi
  npm run --silent --prefix "$WEB" build || die "the pages could not be built"
}

build() {
  build_web
  (cd "$ROOT" && cargo build --release --locked --package handoff --bin handoff) || die "the build failed"
}

# --- processes and ports ------------------------------------------------------------------------------------------

# When a process started, in clock ticks since boot: with the pid it names one process for ever.
start_time() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat="${stat##*) }"
  # shellcheck disable=SC2086
  set -- $stat
  [ "$1" != Z ] || return 1
  printf '%s' "${20}"
}

# The one letter of /proc: T is stopped.
process_state() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  stat="${stat##*) }"
  printf '%s' "${stat:0:1}"
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# --- HTTP -----------------------------------------------------------------------------------------------------------

# http LIMIT_S METHOD PORT PATH [TOKEN]: prints the body; true when the status is 200. Never waits longer.
http() {
  local limit="$1"
  shift
  timeout "$limit" bash -c '
    exec 3<>"/dev/tcp/127.0.0.1/$2" || exit 1
    printf "%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n%s\r\n" \
      "$1" "$3" "${4:+Authorization: Bearer $4$'\''\r\n'\''}" >&3
    read -r _ status _ <&3 || exit 1
    while IFS= read -r line <&3 && [ "$line" != $'\''\r'\'' ]; do :; done
    cat <&3
    [ "$status" = 200 ]' http "$@" 2>/dev/null
}
