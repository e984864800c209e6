#!/bin/sh
# Installs the peers from Debian: none is started here (the benchmark starts its own on other ports, with throw-away data).
set -eu
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
missing=""
command -v victoria-metrics >/dev/null 2>&1 || missing="$missing victoria-metrics"
command -v influxd >/dev/null 2>&1 || missing="$missing influxdb"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
# With PostGIS, which answers the box on the map.
[ -x /usr/lib/postgresql/15/bin/postgres ] && [ -e /usr/share/postgresql/15/extension/postgis.control ] ||
  missing="$missing postgresql-15 postgresql-15-postgis-3"
[ -n "$missing" ] || exit 0
# Debian starts a service as it is installed, unless this file says no (101: forbidden).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'as_root rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
fi
as_root apt-get update -qq
# shellcheck disable=SC2086
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
