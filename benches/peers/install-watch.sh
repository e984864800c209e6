#!/bin/sh
# Installs the engines that `peers watch` runs beside Townbell's into a folder of the build, never into the project:
# Apache Flink's jars, Bytewax and Pathway from PyPI, Node-RED from npm. What is there already is left alone. An engine
# that cannot be had is said so and left out of the table: it is there when its file in FOLDER/versions is.
# usage: install-watch.sh FOLDER
set -u
mkdir -p "$1/versions" || exit 1
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/watch" || exit 1
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
left_out() { echo "install-watch: $1 is left out" >&2; }

debian=""
command -v javac >/dev/null 2>&1 || debian="$debian openjdk-17-jdk-headless"
command -v npm >/dev/null 2>&1 || debian="$debian nodejs npm"
python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || debian="$debian python3-venv"
if [ -n "$debian" ]; then
  as_root apt-get update -qq
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $debian
fi

python="$folder/python/bin/python"
[ -x "$python" ] || python3 -m venv "$folder/python"
for engine in bytewax pathway; do
  [ -e "$folder/versions/$engine" ] && continue
  "$python" -m pip install --quiet --only-binary :all: "$engine" &&
    "$python" -c "from importlib.metadata import version; print(version('$engine'))" >"$folder/new" &&
    mv "$folder/new" "$folder/versions/$engine" || left_out "$engine"
done

# The jars are in the source archive of a Python package; building that package would copy them once more.
flink() {
  "$python" -m pip install --quiet setuptools wheel &&
    "$python" -m pip download --quiet --no-deps --no-build-isolation --no-binary :all: --dest "$folder/download" 'apache-flink-libraries==1.20.*' &&
    archive=$(ls "$folder"/download/apache[_-]flink[_-]libraries-1.20.*.tar.gz | tail -n 1) &&
    mkdir -p "$folder/flink" && tar xzf "$archive" -C "$folder/flink" --strip-components=2 --wildcards '*/deps/lib/*.jar' &&
    basename "$archive" .tar.gz | sed 's/.*-//' >"$folder/new" && mv "$folder/new" "$folder/versions/flink" && rm -r "$folder/download"
}
[ -e "$folder/versions/flink" ] || flink || left_out flink
# Compiled anew each time: it takes two seconds, and is of this source then.
if [ -e "$folder/versions/flink" ]; then
  mkdir -p "$folder/classes" && javac -nowarn -cp "$folder/flink/lib/*" -d "$folder/classes" RulesJob.java ||
    { rm -f "$folder/versions/flink"; left_out flink; }
fi

node_red() {
  mkdir -p "$folder/node" && cd "$folder/node" && { [ -e package.json ] || npm init --yes >/dev/null; } &&
    npm install --no-audit --no-fund --loglevel=error node-red &&
    node -p 'require("node-red/package.json").version' >"$folder/new" && mv "$folder/new" "$folder/versions/node-red"
}
[ -e "$folder/versions/node-red" ] || (node_red) || left_out node-red
exit 0
