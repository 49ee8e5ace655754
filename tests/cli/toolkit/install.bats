#!/usr/bin/env bats
# only: build
# For packagers and users of the library: make install, the headers, pkg-config.

load ../helper

# make, without the environment of the make that runs the tests.
make() {
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -C "$ROOT" "$@"
}

setup_file() {
	export STAGE=$BATS_FILE_TMPDIR/stage
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$BATS_TEST_DIRNAME/../../.." \
		install DESTDIR="$STAGE" PREFIX=/opt/ws >/dev/null
}

@test "everything is installed under DESTDIR and PREFIX, in the usual folders" {
	same opt "$(ls "$STAGE")"
	same ws "$(ls "$STAGE/opt")"
	same "bin include lib share" "$(cd "$STAGE/opt/ws" && echo *)"
	local file
	for file in bin/wscat bin/wsserve lib/libws.a lib/pkgconfig/libws.pc include/ws/ws.h \
		include/ws/net.h share/doc/libws/examples/server.c share/man/man1/wscat.1 \
		share/man/man1/wsserve.1 share/bash-completion/completions/wscat \
		share/zsh/site-functions/_wsserve share/fish/vendor_completions.d/wscat.fish; do
		[[ -s $STAGE/opt/ws/$file ]] || {
			echo "lacks $file" >&2
			return 1
		}
	done
	[[ -x $STAGE/opt/ws/bin/wscat ]]
	[[ ! -x $STAGE/opt/ws/lib/libws.a ]]
}

@test "no installed file contains DESTDIR" {
	run ! grep -rIl -e "$STAGE" "$STAGE"
}

@test "the public headers are installed, and no others" {
	same "$(cd "$ROOT/libws/include" && find . -name '*.h' | sort)" \
		"$(cd "$STAGE/opt/ws/include" && find . -name '*.h' | sort)"
}

# Reads a program's text; flags as for `gcc`.
compiles() { # LANGUAGE STANDARD
	gcc -x "$1" -std="$2" -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
		-I"$STAGE/opt/ws/include" -
}

@test "every installed header compiles on its own, as C17 and as C++17" {
	local header
	while read -r header; do
		compiles c c17 <<<"#include <$header>"
		compiles c++ c++17 <<<"#include <$header>"
	done < <(cd "$STAGE/opt/ws/include" && find . -name '*.h' -printf '%P\n')
}

# Builds a program with what is installed and nothing else.
build() { # LANGUAGE SOURCE OUTPUT
	local flags std=c17 lto=-flto=auto
	[[ $1 == c ]] || std=c++17 lto=-fno-lto # libws.a serves both
	flags=$(PKG_CONFIG_SYSROOT_DIR=$STAGE PKG_CONFIG_PATH=$STAGE/opt/ws/lib/pkgconfig \
		pkg-config --static --cflags --libs libws)
	# shellcheck disable=SC2086 # words
	gcc -x "$1" -std="$std" -Wall -Werror -Wno-unused-result "$lto" -o "$3" "$2" -x none $flags
}

@test "the examples are built in C and in C++, and speak with each other and with the tools" {
	local examples=$STAGE/opt/ws/share/doc/libws/examples language other
	for language in c c++; do
		build "$language" "$examples/server.c" "$BATS_TEST_TMPDIR/server-$language"
		build "$language" "$examples/client.c" "$BATS_TEST_TMPDIR/client-$language"
	done
	for language in c c++; do
		start "$BATS_TEST_TMPDIR/server-$language"
		for other in c c++; do
			run -0 "$BATS_TEST_TMPDIR/client-$other" "$URL" "hello from $other"
			same "hello from $other" "$output"
		done
		run -0 bash -c "seq 1 20000 | wscat -w 0.5 '$URL' | cmp - <(seq 1 20000)"
		kill "$PID"
		finished
		serve --echo
		run -0 "$BATS_TEST_TMPDIR/client-$language" "$URL" "hello wsserve"
		same "hello wsserve" "$output"
	done
}

@test "the example client says why it cannot connect" {
	build c "$STAGE/opt/ws/share/doc/libws/examples/client.c" "$BATS_TEST_TMPDIR/client"
	run -1 "$BATS_TEST_TMPDIR/client" ws://127.0.0.1:1/ hello
	says 'CONNECT: connect 127\.0\.0\.1:1: Connection refused' "$output"
	run -1 "$BATS_TEST_TMPDIR/client" wss://127.0.0.1:1/ hello
	says 'ARGUMENT: a wss URL needs a TLS context' "$output"
	run -2 "$BATS_TEST_TMPDIR/client" nonsense://
}

@test "the examples are short: 40 lines without comments and empty lines" {
	local example
	for example in client server; do
		(($(grep -vcE '^[[:space:]]*$|^/\*|^ \*' "$ROOT/docs/examples/$example.c") <= 40))
	done
}

@test "a program on <ws/ws.h> only, with sockets of its own, is an echo server" {
	build c "$FIXTURES/echo_program.c" "$BATS_TEST_TMPDIR/echo_program"
	start "$BATS_TEST_TMPDIR/echo_program"
	run -0 bash -c "seq 1 20000 | wscat -w 0.5 '$URL' | cmp - <(seq 1 20000)"
	finished
	start "$BATS_TEST_TMPDIR/echo_program"
	head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	wscat -b --input=whole -N 1 "$URL" <"$BATS_TEST_TMPDIR/bytes" | cmp - "$BATS_TEST_TMPDIR/bytes"
	finished
}

@test "CC, CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS from the command line are used" {
	run -0 make -n -B V=1 build/wscat CC=their-cc CFLAGS=-their-cflag CPPFLAGS=-DTHEIR_CPPFLAG \
		LDFLAGS=-their-ldflag LDLIBS=-ltheir
	says '^their-cc .*-DTHEIR_CPPFLAG.*-their-cflag.* -c ' "$output"
	says '^(mkdir -p build && )?their-cc .*-their-cflag.*-their-ldflag.*-o build/wscat .*-ltheir' "$output"
	run ! grep -E 'their-cc.* -O2' <<<"$output"
}

@test "pkg-config has the version of the tools" {
	local version
	version=$(PKG_CONFIG_PATH=$STAGE/opt/ws/lib/pkgconfig pkg-config --modversion libws)
	run -0 wscat --version
	says "$version" "$output"
}

@test "LIBDIR, INCLUDEDIR and MANDIR are the packager's; uninstall removes what install put there" {
	local stage=$BATS_TEST_TMPDIR/stage folders=(PREFIX=/usr LIBDIR=/usr/lib/there INCLUDEDIR=/usr/inc MANDIR=/man)
	make -s install DESTDIR="$stage" "${folders[@]}"
	[[ -s $stage/usr/lib/there/libws.a && -s $stage/usr/inc/ws/ws.h && -s $stage/man/man1/wscat.1 ]]
	grep -q '^libdir=/usr/lib/there$' "$stage/usr/lib/there/pkgconfig/libws.pc"
	make -s uninstall DESTDIR="$stage" "${folders[@]}"
	same "" "$(find "$stage" -type f)"
	[[ ! -e $stage/usr/inc/ws && ! -e $stage/usr/share/doc/libws ]]
}

@test "what the manuals name is installed: schemas, units, alert rules, examples, the licence" {
	local file
	for file in LICENSE log.schema.json record.schema.json wsframe.schema.json wsserve.service \
		wsserve.socket prometheus-alerts.yml examples/chat.sh examples/client.c; do
		[[ -s $STAGE/opt/ws/share/doc/libws/$file ]]
	done
}

@test "warnings are errors with WERROR=1, and not because a CI builds it" {
	WERROR='' run -0 make -n -B build/wscat CI=true
	[[ $output != *-Werror* ]]
	run -0 make -n -B build/wscat WERROR=1
	says '-Werror' "$output"
}

@test "a library that is not there is named, and how to install it" {
	run -2 make PKG_CONFIG=false build/needed
	says 'does not find all of: libssl libcrypto zlib libidn2 libisal libnghttp2 jansson' "$output"
}
