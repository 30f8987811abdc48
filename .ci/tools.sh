# Sourced by the scripts beside it: what deploy/tools.sh has, and what only these need. They run in the root of the
# repository, and have $scratch, a directory that goes when they end.
. "$(dirname "${BASH_SOURCE[0]}")/../deploy/tools.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Not in the target directory: a build machine caches that, and a virtual environment is good at its own path only.
tools=$PWD/.ci/.local
app=$PWD/examples/app
scratch=$(mktemp -d)
# Killed when the script ends.
processes=()
cleanup() {
    local status=${1:-$?}
    [ "$status" = 0 ] || tail -n 20 "$scratch"/*.log "$scratch"/*/log >&2 2>/dev/null || true
    for process in "${processes[@]}"; do kill -KILL "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$scratch"
}
trap cleanup EXIT

section() { printf '\n=== %s (%ss)\n' "$1" "$SECONDS"; }

# Where cargo builds: $target. Where the functions are, which are built for a named target: $binaries.
find_target() {
    target=$(cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    binaries=$target/$(rustc -vV | sed -n 's/^host: //p')/release
}

# An emulator of DynamoDB at $emulator_url.
start_dynamodb() {
    install_emulator
    start_emulator "$scratch/emulator" "$(free_ports 1)" SERVICES=dynamodb
    processes+=("$emulator_process")
    await_emulator "$scratch/emulator"
}

# Starts the local API with these options, on a free port: $api, $url.
start_api() {
    find_target
    cargo build --locked --workspace --example local_api
    # What the one before said is not this one's.
    : >"$scratch/api.log"
    "$target/debug/examples/local_api" --port 0 "$@" >"$scratch/api.log" &
    api=$!
    processes+=("$api")
    until grep -q '^Ctrl-C stops it' "$scratch/api.log"; do
        kill -0 "$api" || fail 'local_api ended'
        sleep 0.1
    done
    url=$(sed -n 's/^The notes API listens on //p' "$scratch/api.log")
}

# Stops it, and fails if it fails.
stop_api() {
    kill -TERM "$api"
    wait "$api"
    # Its number may soon be another's.
    unset 'processes[-1]'
}
