# The only commands that a newcomer needs:
#   make run     build everything and start the demo city at http://127.0.0.1:8080
#   make test    install what the tests need, and run all of them
#   make check   formatting, lints, types, and the rules of the house
#   make bench   the figures of docs/performance.md, measured here
#   make bench-ingest, bench-query, bench-scale   the series store beside other databases
#   make bench-watch   the rule engine beside other engines, and with more and more rules
#   make fuzz    the parsers under a fuzzer, two minutes each
.PHONY: fuzz run test check bench bench-ingest bench-query bench-scale bench-watch build web web-tests page-tests rust-tests client-tests install clean pictures generate

NPM = npm --prefix web
LISTEN ?= 127.0.0.1:8080

run: build
	target/release/townbell demo --listen $(LISTEN)

build: web
	cargo build --release --locked --package townbell

# The pages are built once, and again when something in web/ is newer.
web: web/dist/index.html

# Not `npm ci`: it refuses a lock file made where a registry does not offer the optional packages of other platforms.
web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	$(NPM) install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json web/index.html $(shell find web/src web/public -type f 2>/dev/null) web/vite.config.ts web/licences.ts CHARTER.md
	$(NPM) run build
	@touch $@

test: install rust-tests web-tests page-tests client-tests

# Chromium for the page tests and xmllint for CAP, from Debian, when they are missing.
install:
	@sh tests/install.sh

rust-tests: web
	cargo nextest run --workspace --locked
	cargo test --workspace --locked --doc

web-tests: web
	$(NPM) test

page-tests: web
	cargo build --locked --package townbell
	TOWNBELL_BIN=$(CURDIR)/target/debug/townbell node tests/pages/run.mjs

# Clients that others wrote, against a sandbox and a city: frost-sta-client, mosquitto, schemathesis.
client-tests: web
	cargo build --locked --package townbell
	TOWNBELL_BIN=$(CURDIR)/target/debug/townbell python3 tests/clients/run.py

check: web
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	cargo xtask tidy
	$(NPM) run check

bench: build
	cargo xtask bench

# Beside VictoriaMetrics, InfluxDB, PostgreSQL and Redis from Debian; starts and stops its own servers.
PEERS_BUILD = CARGO_TARGET_DIR=$(CURDIR)/target/peers cargo
PEERS = $(PEERS_BUILD) run --quiet --release --locked --manifest-path benches/peers/Cargo.toml --

bench-ingest: build
	sh benches/peers/install.sh
	$(PEERS) ingest --table docs/performance-ingest.md

bench-query: build
	sh benches/peers/install.sh
	$(PEERS) query --table docs/performance-query.md

bench-scale: build
	$(PEERS) scale --table docs/performance-scale.md

# Beside Apache Flink, Bytewax, Pathway and Node-RED, installed into target/watch-peers (2 GB) from PyPI and npm.
bench-watch: build
	sh benches/peers/install-watch.sh target/watch-peers
	$(PEERS_BUILD) build --quiet --release --locked --manifest-path benches/peers/Cargo.toml --bins
	$(PEERS) watch --table docs/performance-watch.md

# Every fuzz target for FUZZ_S seconds; what it tries is kept in target/fuzz. cargo-fuzz wants a nightly compiler; a stable one does when told so.
FUZZ_S ?= 120
fuzz:
	for target in $$(cargo fuzz list); do mkdir -p target/fuzz/$$target; RUSTC_BOOTSTRAP=1 cargo fuzz run $$target target/fuzz/$$target fuzz/corpus/$$target -- -max_total_time=$(FUZZ_S) || exit 1; done

# Writes what is generated and committed: api/openapi.json, privacy.lock.
generate: web
	cargo xtask generate

# Takes the pictures of the main pages anew into docs/pictures.
pictures: build
	KEEP_PICTURES=1 TOWNBELL_BIN=$(CURDIR)/target/release/townbell node tests/pages/run.mjs

clean:
	cargo clean
	rm -rf web/dist web/node_modules
