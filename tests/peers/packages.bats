#!/usr/bin/env bats
# What `make dist`, `make deb` and `make static` make. tests/fresh installs the packages.

load ../cli/helper
load ../cli/redis

# make, without the environment of the make that runs the tests, and with little optimization, which takes time.
make() {
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS LTO=0 CFLAGS=-O1 make -s "$@" >/dev/null
}

# The last commit in another folder.
setup_file() {
	git clone --quiet --shared "$BATS_TEST_DIRNAME/../.." "$BATS_FILE_TMPDIR/clone"
}

setup() {
	CLONE=$BATS_FILE_TMPDIR/clone
}

number() {
	sed -n 's/^#define WS_VERSION  *"\(.*\)"/\1/p' "$ROOT/libws/include/ws/version.h"
}

@test "the tarball has every file of the commit, and the same bytes wherever and whenever it is made" {
	make -C "$CLONE" dist
	local tarball
	tarball=libws-$(number).tar.gz
	# The tree may have changes that are not committed: the time of its own tarball is the commit's too.
	make -C "$ROOT" dist
	cmp "$ROOT/build/dist/$tarball" "$CLONE/build/dist/$tarball"
	same "$(git -C "$CLONE" ls-files | sort)" \
		"$(tar -tf "$CLONE/build/dist/$tarball" | grep -v '/$' | sed 's|^[^/]*/||' | sort)"
}

@test "every recipe of a package has the version of the tools" {
	local version
	version=$(number)
	says "^libws \\($version-1\\) " "$(head -n 1 "$ROOT/docs/packaging/debian/changelog")"
	says "^Version: +$version$" "$(<"$ROOT/docs/packaging/libws.spec")"
	says "^pkgver=$version$" "$(<"$ROOT/docs/packaging/APKBUILD")"
	says "^## $version" "$(<"$ROOT/CHANGELOG.md")"
}

@test "make release says everything that is missing for a release, and nothing else" {
	local release=$BATS_TEST_TMPDIR/release version day
	version=$(number)
	day=2026-12-31
	git clone --quiet --shared "$CLONE" "$release"
	cd "$release"
	git config user.name test
	git config user.email test@example.org
	run -1 docs/packaging/release "$version"
	says "^CHANGELOG.md: begins with .*not with '## $version, YYYY-MM-DD'" "$output"
	sed -i "s/^## $version, unreleased/## $version, $day/" CHANGELOG.md
	run -1 docs/packaging/release "$version"
	says "^docs/man/wscat.1: has no line '.Dd December 31, 2026'" "$output"
	says "^there are changes that are not committed" "$output"
	sed -i '1s/.*/.Dd December 31, 2026/' docs/man/*.[13]
	git commit -qam release
	run -0 docs/packaging/release "$version"
	says "^[0-9a-f]{64}  build/dist/libws-$version.tar.gz$" "$output"
	git tag "v$version"
	run -1 docs/packaging/release "$version"
	same "the tag v$version exists" "$output"
	run -1 docs/packaging/release 9.9.9
	says "WS_VERSION is not 9.9.9" "$output"
	says "APKBUILD: has no line 'pkgver=9.9.9'" "$output"
}

@test "lintian has no objection to Debian's packages" {
	run -0 lintian --allow-root -E --pedantic --fail-on error,warning,info,pedantic \
		"$ROOT"/build/dist/*_"$(number)"-1_*.deb
	same "" "$output"
}

@test "rpmlint and shellcheck have no objection to what other systems' packages are made from" {
	run -0 rpmlint "$ROOT/docs/packaging/libws.spec"
	says '0 errors, ' "$output"
	# What abuild reads, and what it sets.
	shellcheck -s sh -e SC2034,SC2154 "$ROOT/docs/packaging/APKBUILD"
}

@test "static programs are the same bytes wherever they are made, and run where there is nothing else" {
	local place=$BATS_TEST_TMPDIR/place
	make -C "$CLONE" static TOOLS="wscat wsserve"
	git clone --quiet --shared "$CLONE" "$BATS_TEST_TMPDIR/other"
	make -C "$BATS_TEST_TMPDIR/other" static TOOLS=wsserve
	cmp "$CLONE/build/dist/static/wsserve" "$BATS_TEST_TMPDIR/other/build/dist/static/wsserve"
	(cd "$CLONE/build/dist/static" && sha256sum --check --quiet SHA256SUMS)
	run -0 readelf -SW "$CLONE/build/dist/static/wsserve"
	[[ $output != *.symtab* && $output != *.interp* ]]
	# As the container of docs/examples/Containerfile, with names from a file.
	mkdir -p "$place/etc"
	cp "$CLONE"/build/dist/static/ws* "$place"
	echo "127.0.0.1 server.example" >"$place/etc/hosts"
	start chroot --userspec=65534:65534 "$place" /wsserve --port=0 --announce
	run -0 chroot --userspec=65534:65534 "$place" /wscat -1 "ws://server.example:$PORT/" hello
	same hello "$output"
}

@test "the container for development is JSON and installs by make deps" {
	run -0 jq -r .postCreateCommand "$ROOT/.devcontainer/devcontainer.json"
	says 'make deps$' "$output"
}

# buildah without a registry, without namespaces and without a place of its own on this machine.
image() { # COMMAND [ARG]...
	local command=$1
	shift
	buildah --root "$BATS_TEST_TMPDIR/images" --runroot "$BATS_TEST_TMPDIR/run" --storage-driver vfs \
		"$command" "$@"
}

# The process in the container that has this argument.
inside() { # ARG
	ps -eo pid=,args= | awk -v argument="$1" '$2 == "/wsserve" && index($0, argument) { print $1 }'
}

container_ended() {
	[[ -z $(inside "--port=$1") ]]
}

@test "a node of a cluster in a container: it speaks with one outside, and drains on SIGTERM" {
	command -v buildah >/dev/null || skip "buildah is not installed"
	local container entry port
	[[ -x $CLONE/build/dist/static/wsserve ]] || make -C "$CLONE" static TOOLS=wsserve
	image build --quiet --isolation=chroot -f "$ROOT/docs/examples/Containerfile" -t wsserve \
		"$CLONE/build/dist/static" >/dev/null
	container=$(image from wsserve)
	same 65534:65534 "$(image inspect --format '{{.OCIv1.Config.User}}' "$container")"
	entry=$(image inspect --format '{{.OCIv1.Config.Entrypoint}}' "$container" | tr -d '[]')
	redis_runs
	node_runs 1 --broadcast
	port=$(free_port)
	# shellcheck disable=SC2086 # the program and its arguments
	background image run --isolation=chroot --env "CLUSTER_URL=$REDIS_URL" "$container" -- $entry --port="$port" \
		--broadcast --health --drain=8s --cluster=env:CLUSTER_URL
	local log=$LOG node=$PID
	await 'cluster connected' "$log"
	says '^\{"status":"ok"' "$(curl -s "http://127.0.0.1:$port/health")"
	same 65534 "$(ps -o uid= -p "$(inside "--port=$port")" | tr -d ' ')"
	background wscat -v -w -1 --no-stdin "ws://127.0.0.1:$port/"
	local out=$OUT client=$PID
	await 101 "$LOG"
	wscat -w 0.2 "${NODE_URL[1]}" hello </dev/null >/dev/null
	await '^hello$' "$out"
	kill -TERM "$(inside "--port=$port")"
	finished "$client" || :
	says 'code 1001|1001 \(going away\)' "$(<"$LOG")"
	eventually container_ended "$port"
	finished "$node" || :
}
