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
		include/ws/session.h include/ws/conn.h share/man/man1/wscat.1 \
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

@test "no private header is installed" {
	same "" "$(find "$STAGE" -name '*_private.h')"
}

@test "every installed header compiles on its own" {
	local header std
	while read -r header; do
		std=gnu17
		[[ $header != libws/proto/* ]] || std=c17 # the protocol needs nothing of the system
		echo "#include <$header>" >"$BATS_TEST_TMPDIR/one.c"
		gcc -std=$std -Wall -Wextra -Werror -fsyntax-only -I"$STAGE/opt/ws/include" \
			"$BATS_TEST_TMPDIR/one.c"
	done < <(cd "$STAGE/opt/ws/include" && find . -name '*.h' -printf '%P\n')
}

echo_program() { # OUTPUT
	local flags
	flags=$(PKG_CONFIG_SYSROOT_DIR=$STAGE PKG_CONFIG_PATH=$STAGE/opt/ws/lib/pkgconfig \
		pkg-config --static --cflags --libs libws)
	# shellcheck disable=SC2086 # words
	gcc -Wall -o "$1" "$FIXTURES/echo_program.c" -Wno-unused-result $flags
}

@test "a separate program, built with the headers and pkg-config only, is an echo server" {
	echo_program "$BATS_TEST_TMPDIR/echo_program"
	start "$BATS_TEST_TMPDIR/echo_program"
	run -0 bash -c "seq 1 20000 | wscat -w 0.5 '$URL' | cmp - <(seq 1 20000)"
	finished
	start "$BATS_TEST_TMPDIR/echo_program"
	head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	wscat -b --input=whole -N 1 "$URL" <"$BATS_TEST_TMPDIR/bytes" | cmp - "$BATS_TEST_TMPDIR/bytes"
	finished
}

@test "it is short" {
	(($(grep -c '[^[:space:]]' "$FIXTURES/echo_program.c") <= 40))
}

@test "CC, CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS from the command line are used" {
	run -0 make -n -B build/wscat CC=their-cc CFLAGS=-their-cflag CPPFLAGS=-DTHEIR_CPPFLAG \
		LDFLAGS=-their-ldflag LDLIBS=-ltheir
	says '(^|;)their-cc .*-DTHEIR_CPPFLAG.*-their-cflag.* -c ' "$output"
	says '(^|[;&] ?)their-cc .*-their-cflag.*-their-ldflag.*-o build/wscat .*-ltheir' "$output"
	run ! grep -E '(^|[;&] ?)their-cc.* -O2' <<<"$output"
}

@test "pkg-config has the version of the tools" {
	local version
	version=$(PKG_CONFIG_PATH=$STAGE/opt/ws/lib/pkgconfig pkg-config --modversion libws)
	run -0 wscat --version
	says "$version" "$output"
}
