#!/usr/bin/env bats
# `make soak`, for a short time, and how it judges a series.
# only: build

load ../cli/helper

@test "twenty seconds of mixed load" {
	run -0 "$PYTHON" "$ROOT/tests/soak/run.py" --build "$BUILD" --seconds 20 \
		--samples "$BATS_TEST_TMPDIR/samples" --plot "$BATS_TEST_TMPDIR/plot.svg"
	says '^ok [0-9]+ - echo: [1-9][0-9]+ messages sent, [1-9][0-9]+ received, none lost' "$output"
	says '^1\.\.23$' "$output"
	(($(wc -l <"$BATS_TEST_TMPDIR/samples") > 80))
	grep -q '</svg>' "$BATS_TEST_TMPDIR/plot.svg"
}

# Samples of ten minutes with the noise of a real run, and a leak of so many bytes a second.
grows() { # LEAK
	"$PYTHON" - "$ROOT/tests/soak" "$1" <<'END'
import random
import sys
sys.path.insert(0, sys.argv[1])
from trend import Trend
wrong = 0
for seed in range(50):
    draw = random.Random(seed)
    noise, samples = 0, []
    for t in range(400):
        noise = 0.8 * noise + draw.gauss(0, 20000)
        peak = 300000 if draw.random() < 0.01 else 0
        samples.append((t, 10000000 + noise + peak + float(sys.argv[2]) * t))
    wrong += Trend(samples, 0.02, 0).grows
print(wrong)
END
}

@test "the trend: noise and single peaks are no growth, a slow leak is" {
	same 0 "$(grows 0)"
	same 50 "$(grows 2000)"
	same 0 "$(grows -2000)"
}
