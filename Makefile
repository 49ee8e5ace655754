# libws and its four tools. `make help` lists the targets; everything built goes to build/.
#
# Three variants are built from the same rules: plain (what is installed), san (ASan and UBSan) and
# tsan (threads), for tests. V=1 shows the commands. CC, CFLAGS, CPPFLAGS, LDFLAGS, LDLIBS, PREFIX and DESTDIR are the packager's.

VERSION := 0.1.0
PREFIX  ?= /usr/local
CFLAGS  ?= -O2 -g
WERROR  ?= $(if $(CI),1)
Q       := $(if $(V),,@)

WARN := -Wall -Wextra -Wshadow -Wundef -Wwrite-strings -Wredundant-decls -Wdouble-promotion \
	-Wmissing-declarations -Wmissing-prototypes -Wnested-externs -Wstrict-prototypes \
	-Wold-style-definition -Wdisabled-optimization -Wformat=2 -Wvla -Wpointer-arith \
	-Wimplicit-fallthrough -Wcast-qual $(if $(WERROR),-Werror)
BASE := -std=gnu17 -D_GNU_SOURCE -DWS_VERSION='"$(VERSION)"' -I. -Ilibws/include -MMD -MP -pthread -fPIC
SAN  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g
TSAN := -fsanitize=thread -fno-omit-frame-pointer -O1 -g
LIBS := -lssl -lcrypto -lz -ljansson -pthread

# wsframe reads captures with libpcap; WITH_PCAP=0 leaves that out.
WITH_PCAP ?= 1
ifeq ($(WITH_PCAP),1)
PCAP := $(shell pkg-config --libs libpcap 2>/dev/null || echo -lpcap)
BASE += -DWITH_PCAP
endif

TOOLS   := $(notdir $(patsubst %/main.c,%,$(wildcard cmd/*/main.c)))
LIB_SRC := $(wildcard libws/*/*.c)
COM_SRC := $(wildcard cmd/common/*.c)
tool_src = $(wildcard cmd/$(1)/*.c cmd/$(1)/*/*.c)
FRAME_SRC := $(filter-out %/main.c,$(call tool_src,wsframe))
PUBLIC  := $(wildcard libws/include/ws/*.h)
PRIVATE := $(filter-out %_private.h,$(wildcard libws/*/*.h))
ACCESS_SRC := $(patsubst %,cmd/wsserve/access/%.c,origin credentials forwarded)
SHIMS   := $(patsubst tests/shim/%.c,build/%.so,$(wildcard tests/shim/*.c))
UNIT    := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c))
FUZZ    := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
CONSOLE := $(patsubst cmd/wsserve/http/%,build/%.inc,$(wildcard cmd/wsserve/http/devconsole/*))
objects  = $(patsubst %.c,build/$(1)/%.o,$(2))

.PHONY: all help clean install deps check test test-peers lint format demo bench fuzz tests completions
.SECONDARY:
.DELETE_ON_ERROR:

all: $(TOOLS:%=build/%) build/libws.a ## the four tools and build/libws.a

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

# The console's page, as bytes that C can include.
build/devconsole/%.inc: cmd/wsserve/http/devconsole/%
	@mkdir -p $(@D)
	$(Q)od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g' >$@

build/libws.a: $(call objects,plain,$(LIB_SRC))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# One set of rules a variant: $(1) is its name, $(2) its flags, $(3) where its programs go.
define variant
build/$(1)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(BASE) $$(WARN) $$(CPPFLAGS) $$(CFLAGS) $(2) -c -o $$@ $$<

$(foreach t,$(TOOLS),$(eval $(3)/$(t): $(call objects,$(1),$(call tool_src,$(t)) $(COM_SRC) $(LIB_SRC))))
$(TOOLS:%=$(3)/%):
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS) $(2) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) $$(LIBS)

$(3)/wsframe build/$(1)/fuzz/fuzz_wsframe: LIBS += $(PCAP)
build/$(1)/fuzz/fuzz_wsframe: $(call objects,$(1),$(FRAME_SRC) $(COM_SRC))
build/$(1)/fuzz/fuzz_framing: $(call objects,$(1),cmd/wsserve/bridge/framing.c $(COM_SRC))
build/$(1)/fuzz/fuzz_entry: $(call objects,$(1),$(ACCESS_SRC))

build/$(1)/cmd/wsserve/http/devconsole.o: $(CONSOLE)

build/$(1)/unit/%: build/$(1)/tests/unit/%.o $(call objects,$(1),$(LIB_SRC) $(COM_SRC) $(wildcard tests/unit/support*.c))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS) $(2) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) -lcmocka $$(LIBS)

# The tests of a tool are linked with all of the tool but its main().
$(foreach t,$(TOOLS),$(eval $(filter build/$(1)/unit/$(t)/%,$(UNIT:%=build/$(1)/unit/%)): $(call objects,$(1),$(filter-out %/main.c,$(call tool_src,$(t))))))

build/$(1)/conformance: $(call objects,$(1),$(wildcard tests/conformance/*.c) $(LIB_SRC))
	$$(Q)$$(CC) $$(CFLAGS) $(2) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) $$(LIBS)

build/$(1)/fuzz/%: build/$(1)/tests/fuzz/%.o build/$(1)/tests/fuzz/replay.o $(call objects,$(1),$(LIB_SRC))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS) $(2) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) $$(LIBS)
endef
$(eval $(call variant,plain,,build))
$(eval $(call variant,san,$(SAN),build/san))
$(eval $(call variant,tsan,$(TSAN),build/tsan))

# Libraries that tests load into the tools before all others.
build/%.so: tests/shim/%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(WARN) $(CFLAGS) -shared -o $@ $< -ldl

# With clang's libFuzzer, for as long as one likes; `make check` only replays the corpora.
build/libfuzzer/fuzz_framing: cmd/wsserve/bridge/framing.c $(COM_SRC)
build/libfuzzer/fuzz_entry: $(ACCESS_SRC)
build/libfuzzer/%: tests/fuzz/%.c $(LIB_SRC) Makefile
	@mkdir -p $(@D)
	clang $(filter-out -MMD -MP,$(BASE)) $(CPPFLAGS) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $(filter %.c,$^) $(LIBS)

fuzz: $(FUZZ:%=build/libfuzzer/%) ## look for new faults, FUZZ_SECONDS=60 each
	@for t in $(FUZZ); do mkdir -p build/libfuzzer/corpus-$$t; \
		build/libfuzzer/$$t -max_total_time=$${FUZZ_SECONDS:-60} -print_final_stats=1 \
			build/libfuzzer/corpus-$$t tests/fuzz/corpus/$$t || exit 1; done

# The yardsticks of the scoreboard, with nothing of libws in them.
build/bench/%: tests/bench/%.c tests/bench/bench.c tests/bench/bench.h Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(WARN) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< \
		$(if $(findstring lws,$@),-lwebsockets,tests/bench/bench.c -lcrypto)

bench: all ## the scoreboard: writes docs/benchmarks.md
	@tests/install-deps bench
	@$(MAKE) --no-print-directory -s $(patsubst tests/bench/%.c,build/bench/%,$(filter-out %/bench.c,$(wildcard tests/bench/*.c)))
	tests/bench/run.py

completions: all ## write the completion files anew from the option tables
	completions/check --update build $(TOOLS)

tests: $(TOOLS:%=build/san/%) build/libws.a build/san/conformance $(UNIT:%=build/san/unit/%) \
	$(FUZZ:%=build/san/fuzz/%) $(TOOLS:%=build/%) build/tsan/wsserve $(SHIMS)

check: tests ## every test that this machine can run; ONLY=handshake runs one room's
	@tests/run $(ONLY)

test: deps check ## install what is missing, then every test
test: export REQUIRE_ALL := 1

test-peers: all ## against Chromium, nginx and the like, which it installs
	@tests/install-deps peers
	@tests/run --peers $(ONLY)

deps: ## install the packages that building and testing need
	@tests/install-deps

demo: ## see it work: a server, a pipe, every reply
	@tests/install-deps build
	@$(MAKE) --no-print-directory -s all
	@tests/demo

lint: ## layout, static analysis, shell scripts
	clang-format --dry-run --Werror $(shell git ls-files '*.[ch]')
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppress=missingIncludeSystem -I. -Ilibws/include -D_GNU_SOURCE -DWS_VERSION='""' libws cmd
	shellcheck -x $(shell git ls-files | xargs grep -lE '^#!.*(bash|sh)$$' ; git ls-files '*.bats' '*.bash')

format: ## lay out every C file
	clang-format -i $(shell git ls-files '*.[ch]')

install: all ## into $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 755 $(TOOLS:%=build/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 build/libws.a $(DESTDIR)$(PREFIX)/lib
	for h in $(PUBLIC:libws/include/%=%); do install -D -m 644 libws/include/$$h $(DESTDIR)$(PREFIX)/include/$$h; done
	for h in $(PRIVATE); do install -D -m 644 $$h $(DESTDIR)$(PREFIX)/include/$$h; done
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' libws/libws.pc.in \
		>$(DESTDIR)$(PREFIX)/lib/pkgconfig/libws.pc
	for m in $(wildcard docs/man/*.[13]); do \
		install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	for t in $(TOOLS); do \
		install -D -m 644 completions/bash/$$t $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$t; \
		install -D -m 644 completions/zsh/_$$t $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$t; \
		install -D -m 644 completions/fish/$$t.fish \
			$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$t.fish; done

clean: ## remove build/
	rm -rf build

# There allocations fail on demand.
$(foreach t,conn/test_memory proto/test_deflate_memory,build/san/unit/$(t) build/plain/unit/$(t)): LDFLAGS += \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup,--wrap=asprintf

-include $(shell find build -name '*.d' 2>/dev/null)
