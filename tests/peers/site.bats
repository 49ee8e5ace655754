#!/usr/bin/env bats
# The pages of `make site`.

load ../cli/helper

setup_file() {
	export SITE=$BATS_FILE_TMPDIR/site
	/usr/bin/python3 "$BATS_TEST_DIRNAME/../../docs/site/build" "$SITE"
}

@test "there is a page for each document and manual" {
	local file
	for file in "$ROOT"/docs/*.md; do
		[[ -s $SITE/docs/$(basename "$file" .md).html ]]
	done
	for file in "$ROOT"/docs/man/*.[13]; do
		[[ -s $SITE/docs/man/$(basename "$file").html ]]
	done
	grep -q '<h1[^>]*>libws' "$SITE/index.html"
	run ! grep -rl -e '-- run: ' "$SITE" --include=*.html
}

@test "the check of links finds one that leads nowhere, to no place, and elsewhere" {
	cp -r "$SITE" "$BATS_TEST_TMPDIR/broken"
	sed -i 's|</main>|<a href="nothing.html">x</a><a href="index.html#nothing">x</a><img src="https://example.org/x">&|' \
		"$BATS_TEST_TMPDIR/broken/index.html"
	run -0 /usr/bin/python3 "$ROOT/docs/site/build" --check "$SITE"
	run -1 /usr/bin/python3 "$ROOT/docs/site/build" --check "$BATS_TEST_TMPDIR/broken"
	says '^index.html: leads to nothing.html, which does not exist$' "$output"
	says '^index.html: leads to index.html#nothing, a place that does not exist$' "$output"
	says '^index.html: reads https://example.org/x from elsewhere$' "$output"
	same 3 "${#lines[@]}"
}

@test "in a browser: narrow screens, light and dark, no network" {
	need_websockets
	local name chromium=
	for name in chromium chromium-browser google-chrome; do
		chromium=${chromium:-$(command -v "$name" || true)}
	done
	[[ $chromium ]] || skip "Chromium is not installed"
	run -0 timeout -k 5 120 "$PYTHON" "$FIXTURES/site.py" "$chromium" "$BATS_TEST_TMPDIR/profile" "$SITE"
	says '^[0-9]+ pages$' "${lines[-1]}"
	((${lines[-1]% pages} > 40))
}
