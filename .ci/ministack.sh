# Sourced by the scripts beside it: ministack, an emulator of DynamoDB, from PyPI, on loopback.
ministack=1.5.33

# Installs it once into this directory.
install_ministack() {
    ministack_venv=$1/ministack-$ministack
    [ -x "$ministack_venv/bin/ministack" ] && return
    rm -rf "$ministack_venv"
    python3 -m venv "$ministack_venv"
    "$ministack_venv/bin/pip" install --quiet --disable-pip-version-check "ministack==$ministack" cryptography
}

# As many as said, all different. Below those that the system gives to clients: a connection to one of
# those, tried while nothing listens yet, may end up connected to itself.
free_ports() {
    python3 - "$1" <<'PYTHON'
import random, socket, sys
sockets = []
while len(sockets) < int(sys.argv[1]):
    try:
        sockets.append(socket.create_server(("127.0.0.1", random.randrange(20_000, 32_000))))
    except OSError:
        pass
print(*(it.getsockname()[1] for it in sockets))
PYTHON
}

wait_for_port() { # a port, and the process that is to listen on it
    local deadline=$((SECONDS + 60))
    until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
        kill -0 "$2" 2>/dev/null && [ $SECONDS -lt $deadline ] || return 1
        sleep 0.05
    done
}

# Starts it with a log in this file: $ministack_process, $ministack_url.
start_ministack() {
    local port
    read -r port <<<"$(free_ports 1)"
    SERVICES=dynamodb BIND_HOST=127.0.0.1 IOT_MTLS_ENABLED=0 GATEWAY_PORT=$port \
        "$ministack_venv/bin/ministack" >"$1" 2>&1 &
    ministack_process=$!
    ministack_url=http://127.0.0.1:$port
    wait_for_port "$port" "$ministack_process"
}
