#!/bin/sh
# The system packages that tests start for real: a broker, a browser, PostgreSQL; and the yardsticks of `audio` (ffmpeg)
# and of `scheduler` (libical).
# Installs what is missing when run as root on Debian or Ubuntu; elsewhere says in one sentence what to install.
# Arguments name more that is wanted (`make soak`: rabbitmq-server), each a package and a program of that name.
set -eu
cd "$(dirname "$0")/.."

missing=""
has() { command -v "$1" >/dev/null 2>&1; }
has mosquitto || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
has chromium || has chromium-browser || has google-chrome || missing="$missing chromium"
has ffmpeg || missing="$missing ffmpeg"
.venv/bin/python -c 'import ctypes; ctypes.CDLL("libical.so.3")' 2>/dev/null || missing="$missing libical3"
# Who is not root may use the PostgreSQL that the pgserver wheel carries (tests/support/postgres.py).
if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && ! has postgres; then
    [ "$(id -u)" != 0 ] && .venv/bin/python -c 'import pgserver' 2>/dev/null || missing="$missing postgresql"
fi
for package in "$@"; do
    has "$package" || [ -x "/usr/sbin/$package" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! has apt-get; then
    echo "The tests need these system packages; please install them and try again:$missing" >&2
    exit 1
fi
echo "Installing for the tests:$missing"
# The packages bring services of their own; tests start theirs, so those must not start now (Debian policy 9.3.3.1).
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086  # one word a package
if { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; } > "$log" 2>&1; then
    rm -f "$log"
else
    tail -n 15 "$log" >&2
    rm -f "$log"
    echo "The tests need these system packages, and apt-get could not install them:$missing" >&2
    exit 1
fi
