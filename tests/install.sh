#!/bin/sh
# Installs what the tests need and is missing: Chromium (page tests), xmllint (CAP against its schema), Mosquitto and
# OpenSSL (MQTT), Python's venv (clients that others wrote), a C compiler (the power cuts), cargo-nextest.
set -eu
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v xmllint >/dev/null 2>&1 || missing="$missing libxml2-utils"
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
command -v mosquitto >/dev/null 2>&1 || test -x /usr/sbin/mosquitto || missing="$missing mosquitto"
command -v mosquitto_sub >/dev/null 2>&1 || missing="$missing mosquitto-clients"
command -v python3 >/dev/null 2>&1 || missing="$missing python3"
python3 -c 'import venv, ensurepip' 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then
  as_root apt-get update -qq
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi
command -v cargo-nextest >/dev/null 2>&1 || cargo install --locked cargo-nextest
