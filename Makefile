# libws and its four tools. `make help` lists the targets; everything built goes to build/.
#
# Five variants are built by the same rules: plain (what is installed), and for tests san (ASan and
# UBSan), tsan (threads), cov (which lines run) and libfuzzer (by clang). CC, CFLAGS, CPPFLAGS, LDFLAGS, LDLIBS and DESTDIR are the
# packager's, and so are the folders below. V=1 shows whole commands; WERROR=1 makes warnings errors;
# STATIC=1 links the tools statically; LTO=0 leaves out optimization across files, WITH_ISAL=0 ISA-L,
# WITH_REDIS=0 hiredis, and with it wsserve's --cluster, WITH_HTTP2=0 nghttp2, and with it --http2.

VERSION := $(shell sed -n 's/^\#define WS_VERSION  *"\(.*\)"/\1/p' libws/include/ws/version.h)

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
DOCDIR     ?= $(DATADIR)/doc/libws

CFLAGS     ?= -O3 -g
PKG_CONFIG ?= pkg-config
Q          := $(if $(V),,@)
say         = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

# --- what is needed ---

# Fast compression; WITH_ISAL=0 leaves it to zlib. Debian has no static libisal.
WITH_ISAL ?= $(if $(STATIC),0,1)
# WebSockets over HTTP/2.
WITH_HTTP2 ?= 1
HTTP2     := $(if $(filter 1,$(WITH_HTTP2)),libnghttp2)
LIB_NEEDS := libssl libcrypto zlib libidn2 $(if $(filter 1,$(WITH_ISAL)),libisal) $(HTTP2)
# Redis's protocol, for wsserve alone.
WITH_REDIS ?= 1
REDIS      := $(if $(filter 1,$(WITH_REDIS)),hiredis)
NEEDED    := $(LIB_NEEDS) jansson libedit $(REDIS)
found     := $(shell $(PKG_CONFIG) --exists $(NEEDED) 2>/dev/null && echo yes)
pkg        = $(if $(found),$(shell $(PKG_CONFIG) $(if $(STATIC),--static) $(1)))
PC_CFLAGS := $(call pkg,--cflags $(NEEDED))
LIB_LIBS  := $(call pkg,--libs $(LIB_NEEDS))
TOOL_LIBS := $(call pkg,--libs jansson) $(LIB_LIBS) -lm
EDIT_LIBS := $(call pkg,--libs libedit)
REDIS_LIBS := $(if $(REDIS),$(call pkg,--libs $(REDIS)))

# --- flags ---

# The flags, if the compiler knows all of them.
can   = $(shell echo 'int main(void) { return 0; }' | \
	$(CC) -Werror $(1) -x c -o /dev/null - 2>/dev/null && echo '$(1)')
comma := ,

WARN := -Wall -Wextra -Wshadow -Wundef -Wwrite-strings -Wredundant-decls -Wdouble-promotion \
	-Wmissing-declarations -Wmissing-prototypes -Wnested-externs -Wstrict-prototypes \
	-Wold-style-definition -Wdisabled-optimization -Wformat=2 -Wvla -Wpointer-arith \
	-Wimplicit-fallthrough -Wcast-qual $(if $(WERROR),-Werror)
# What is installed is optimized across files: libws.a has machine code too, for links without it. No
# call goes through a table, for nothing may take a function's place.
LTO  ?= 1
FAST := $(if $(filter 1,$(LTO)),$(call can,-flto=auto -ffat-lto-objects)) $(call can,-fno-plt) \
	$(call can,-fno-semantic-interposition)
# What stops an overflow that is there in spite of all.
HARD := -D_FORTIFY_SOURCE=2 $(call can,-fstack-protector-strong) $(call can,-fstack-clash-protection)
HARD_LINK := $(call can,-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now)
# Captures, records and files to serve may be longer than 2 GiB, also where a long has 32 bits.
BASE := -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(if $(filter 1,$(WITH_ISAL)),-DWITH_ISAL) \
	-I. -Ilibws/include $(PC_CFLAGS) -MMD -MP -pthread -fPIC
SAN  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g
TSAN := -fsanitize=thread -fno-omit-frame-pointer -O1 -g
# Of the hundreds that are linked for tests; CI has no debugger that would look at variables.
SAN_LINK := $(call can,-fuse-ld=gold)
SAN      += $(if $(CI),-g1)
COV  := --coverage -fprofile-update=atomic -O0 -g
LIBFUZZER := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1 -g

# --- sources ---

TOOLS    := $(notdir $(patsubst %/main.c,%,$(wildcard cmd/*/main.c)))
HTTP2_SRC := $(wildcard libws/http2/*.c)
no_http2 := $(if $(HTTP2),libws/http2/http2_none.c,$(filter-out libws/http2/http2_none.c,$(HTTP2_SRC)))
LIB_SRC  := $(filter-out $(no_http2),$(wildcard libws/*/*.c))
COM_SRC  := $(wildcard cmd/common/*.c cmd/common/*/*.c)
no_redis  := cmd/wsserve/cluster/$(if $(REDIS),resp_none.c,resp.c)
no_hpack  := cmd/wsframe/http2/$(if $(HTTP2),hpack_none.c,hpack.c)
tool_src  = $(filter-out $(no_redis) $(no_hpack),$(wildcard cmd/$(1)/*.c cmd/$(1)/*/*.c))
less_main = $(filter-out %/main.c,$(call tool_src,$(1)))
SUPPORT  := $(wildcard tests/unit/support*.c)
UNIT     := $(filter-out $(if $(REDIS),,wsserve/cluster/test_resp wsserve/cluster/test_redis_link) \
	$(if $(HTTP2),,http2/test_http2 conn/test_conn_carrier wsframe/decode/test_decode_http2),$(patsubst tests/unit/%.c,%, \
	$(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c)))
FUZZ     := $(filter-out $(if $(REDIS),,fuzz_redis),$(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c))))
SHIMS    := $(patsubst tests/shim/%.c,build/%.so,$(wildcard tests/shim/*.c))
BENCH    := $(patsubst tests/bench/%.c,build/bench/%,$(filter-out %/bench.c,$(wildcard tests/bench/*.c)))
CONSOLE  := $(patsubst cmd/wsserve/http/%,build/%.inc,$(wildcard cmd/wsserve/http/devconsole/*))
objects   = $(patsubst %.c,build/$(1)/%.o,$(2))

# What of a tool a fuzzer needs.
fuzz_wsframe := $(call less_main,wsframe) $(COM_SRC)
fuzz_redis   := cmd/wsserve/cluster/resp.c cmd/wsserve/cluster/envelope.c
fuzz_framing := cmd/wsserve/bridge/framing.c $(COM_SRC)
fuzz_record  := $(COM_SRC)
fuzz_options := $(COM_SRC)
fuzz_options_wsserve := $(wildcard cmd/wsserve/options/*.c) cmd/wsserve/faults/fault.c \
	$(filter-out %/access_control.c,$(wildcard cmd/wsserve/access/*.c)) \
	$(patsubst %,cmd/wsserve/request/%.c,answer_policy target) $(COM_SRC)
fuzz_options_wscat := $(wildcard cmd/wscat/options/*.c) $(COM_SRC)
fuzz_options_wsframe := $(wildcard cmd/wsframe/options/*.c) $(COM_SRC)
fuzz_options_wsbench := $(wildcard cmd/wsbench/options/*.c cmd/wsbench/payload/*.c cmd/wsbench/count/*.c) $(COM_SRC)
fuzz_entry   := $(patsubst %,cmd/wsserve/access/%.c,origin credentials forwarded) \
	cmd/common/percent.c cmd/common/hex.c

.PHONY: all help clean install uninstall deps check test test-peers test-network test-fresh lint format demo bench \
	bench-check conformance coverage portability portable-tests soak fuzz fuzzers tests completions \
	dist deb static release site FORCE
.SECONDARY:
.DELETE_ON_ERROR:

all: $(TOOLS:%=build/%) build/libws.a ## the four tools and build/libws.a

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

# --- building ---

# Whatever is compiled needs the libraries' headers: where one is missing, this says what to install.
build/needed: FORCE
	@mkdir -p build
	$(if $(found),@touch -a $@,@echo "$(PKG_CONFIG) does not find all of: $(NEEDED)" >&2; tests/install-deps --missing build; exit 1)

# The console's page, as bytes that C can include.
build/devconsole/%.inc: cmd/wsserve/http/devconsole/%
	@mkdir -p $(@D)
	$(call say,EMBED,$<)od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g' >$@

build/libws.a: $(call objects,plain,$(LIB_SRC))
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

# A variant: $(1) is its name, $(2) its flags, $(3) where its programs go, $(4) flags for linking alone. build/NAME/flags holds the
# compiler and the flags of its last use, and changes only with them.
define variant
build/$(1)/flags: FORCE
	$$(shell mkdir -p build/$(1))$$(file >$$@.new,$$(CC) $$(BASE) $$(WARN) $$(CPPFLAGS) $$(CFLAGS) $(2) $(4) $$(LDFLAGS) $$(LDLIBS) $$(STATIC))
	@cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@

build/$(1)/%.o: %.c build/$(1)/flags | build/needed
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$$(CC) $$(BASE) $$(WARN) $$(CPPFLAGS) $$(CFLAGS) $(2) -c -o $$@ $$<

build/$(1)/cmd/wsserve/http/devconsole.o: $(CONSOLE)

# Links objects; `static` is for tools alone.
link_$(1) = $$(call say,LINK,$$@)mkdir -p $$(@D) && \
	$$(CC) $$(CFLAGS) $(2) $(4) $$(static) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) $$(LDLIBS)

$(foreach t,$(TOOLS),$(eval $(3)/$(t): $(call objects,$(1),$(call tool_src,$(t)) $(COM_SRC) $(LIB_SRC))))
$(TOOLS:%=$(3)/%): static = $$(if $$(STATIC),-static)
$(TOOLS:%=$(3)/%): build/$(1)/flags
	$$(link_$(1)) $$(if $$(findstring wscat,$$@),$$(EDIT_LIBS)) $$(if $$(findstring wsserve,$$@),$$(REDIS_LIBS)) \
		$$(TOOL_LIBS)

build/$(1)/unit/%: build/$(1)/tests/unit/%.o $(call objects,$(1),$(LIB_SRC) $(COM_SRC) $(SUPPORT))
	$$(link_$(1)) -lcmocka $$(EDIT_LIBS) $$(REDIS_LIBS) $$(TOOL_LIBS)

# A tool's tests are linked with all of it but main().
$(foreach t,$(TOOLS),$(eval $(filter build/$(1)/unit/$(t)/%,$(UNIT:%=build/$(1)/unit/%)): \
	$(call objects,$(1),$(call less_main,$(t)))))

build/$(1)/conformance: $(call objects,$(1),$(wildcard tests/conformance/*.c) $(LIB_SRC))
	$$(link_$(1)) $$(LIB_LIBS)

$(foreach t,$(FUZZ),$(eval build/$(1)/fuzz/$(t): $(call objects,$(1),$($(t)))))
build/$(1)/fuzz/%: build/$(1)/tests/fuzz/%.o $(if $(filter libfuzzer,$(1)),,build/$(1)/tests/fuzz/replay.o) \
		$(call objects,$(1),$(LIB_SRC))
	$$(link_$(1)) $$(REDIS_LIBS) $$(TOOL_LIBS)
endef
$(eval $(call variant,plain,$(FAST) $(HARD),build,$(HARD_LINK)))
$(eval $(call variant,san,$(SAN),build/san,$(SAN_LINK)))
$(eval $(call variant,tsan,$(TSAN),build/tsan))
$(eval $(call variant,cov,$(COV),build/cov))
$(eval $(call variant,libfuzzer,$(LIBFUZZER),build/libfuzzer,-fsanitize=fuzzer))

# The tests start these thousands of times: with the sanitizers inside, and at a fixed address, the
# start takes a quarter less.
$(TOOLS:%=build/san/%): private LDFLAGS += $(call can,-no-pie -static-libasan -static-libubsan)

# In these tests allocations fail on demand.
$(foreach t,conn/test_memory proto/test_deflate_memory,build/san/unit/$(t) build/plain/unit/$(t) build/cov/unit/$(t)): private LDFLAGS += \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup,--wrap=asprintf

# Here a model of a server stands in for the measurements.
build/san/unit/wsbench/test_plan build/plain/unit/wsbench/test_plan: private LDFLAGS += -Wl,--wrap=bench_run

# Libraries that tests load into the tools before all others.
build/%.so: tests/shim/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(BASE) $(WARN) $(CFLAGS) -shared -o $@ $< -ldl

# --- tests ---

tests: $(TOOLS:%=build/san/%) build/libws.a build/san/conformance $(UNIT:%=build/san/unit/%) \
	$(FUZZ:%=build/san/fuzz/%) $(TOOLS:%=build/%) build/tsan/wsserve $(SHIMS)

# What `make portability` runs, built as the tools are.
portable-tests: $(TOOLS:%=build/%) build/plain/conformance $(UNIT:%=build/plain/unit/%) $(FUZZ:%=build/plain/fuzz/%)

portability: ## the tests with other compilers, processors (emulated) and C libraries; ONLY="s390x clang"
	@tests/install-deps portability
	@tests/portability/run $(ONLY)

check: tests build/plain/conformance ## the tests of two minutes, as far as this machine can run them; ONLY=WORD all with it
	@tests/run $(ONLY)

# Each in a make of its own: the dependencies are there before anything is compiled, whatever -j says.
test: ## install what is missing, then every test
	@tests/install-deps
	@+$(MAKE) --no-print-directory tests
	@+$(MAKE) --no-print-directory fuzzers
	@REQUIRE_ALL=1 tests/run --slow $(ONLY)

test-peers: ## against Chromium, nginx and the like, which it installs, and on a fresh system
	@tests/install-deps peers
	@+$(MAKE) --no-print-directory all
	@+LTO=0 DEB_CFLAGS_APPEND=-O1 $(MAKE) --no-print-directory deb # less optimized, sooner
	@tests/run --peers $(ONLY)

test-network: ## over a network that delays, loses and reorders packets (root only)
	@tests/install-deps
	@+$(MAKE) --no-print-directory all
	@REQUIRE_ALL=1 tests/run --network $(ONLY)

# The library's own tests, and those of the tools that use most of it.
COUNTED := $(filter proto/% io/% tls/% conn/% client/% server/%,$(UNIT))
coverage: ## how much of libws the tests run; fails below the limits that SECURITY.md names
	@tests/install-deps coverage
	@+$(MAKE) --no-print-directory $(TOOLS:%=build/cov/%) build/cov/conformance $(COUNTED:%=build/cov/unit/%) \
		$(FUZZ:%=build/cov/fuzz/%) build/libws.a $(SHIMS)
	@tests/coverage

test-fresh: ## the README's commands in a new minimal system under build/ (root only)
	@tests/install-deps fresh
	@+$(MAKE) --no-print-directory deb
	@tests/fresh

deps: ## install the packages that building and testing need; FOR=build those for building alone
	@tests/install-deps $(FOR)

demo: ## see it work: a server, a pipe, every reply
	@tests/install-deps build
	@+$(MAKE) --no-print-directory all
	@tests/demo

lint: ## layout, static analysis, shell scripts, and the project's own rules in tests/lint
	@tests/install-deps
	@+$(MAKE) --no-print-directory all
	@tests/lint/run $(ONLY)
	@tests/lint/breaches $(ONLY) >build/breaches.tap || { grep '^not ok' build/breaches.tap; exit 1; }

format: ## lay out every C file
	clang-format -i $(shell git ls-files '*.[ch]')

# `make check` only replays the corpora, and `make test` looks for ten seconds each.
fuzzers:
	@+$(MAKE) --no-print-directory CC=clang $(FUZZ:%=build/libfuzzer/fuzz/%)

fuzz: ## look for new faults, FUZZ_SECONDS=60 each
	@tests/install-deps
	@+$(MAKE) --no-print-directory fuzzers
	@+$(MAKE) --no-print-directory build/san/wsserve
	@for t in $(FUZZ); do tests/fuzz/run $$t $${FUZZ_SECONDS:-60} || exit 1; done
	tests/fuzz/live.py --seconds $${FUZZ_SECONDS:-60}

# The yardsticks of the scoreboard, with nothing of libws in them.
build/bench/%: tests/bench/%.c tests/bench/bench.c tests/bench/bench.h build/plain/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(BASE) $(WARN) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< \
		$(if $(findstring lws,$@),-lwebsockets,tests/bench/bench.c -lcrypto)

bench: ## the scoreboard: writes docs/benchmarks.md
	@tests/install-deps bench
	@+$(MAKE) --no-print-directory all $(BENCH)
	tests/bench/run.py

bench-check: ## is wsserve slower than recorded? ARGS=--record writes the figures again
	@tests/install-deps bench
	@+$(MAKE) --no-print-directory build/wsserve build/bench/generator build/bench/yardstick_raw
	tests/bench/check.py $(ARGS)

soak: ## SOAK_SECONDS=600 of mixed load: does anything grow, is anything lost? Plots to build/soak.svg
	@tests/install-deps
	@+$(MAKE) --no-print-directory all
	tests/soak/run.py --seconds $${SOAK_SECONDS:-600} --samples build/soak.csv --plot build/soak.svg

conformance: ## the cases of the RFCs over the wire, beside other servers: writes docs/conformance.md
	@tests/install-deps bench
	@+$(MAKE) --no-print-directory all build/san/conformance
	tests/conformance/play.py --write docs/conformance.md

completions: all ## write the completion files again, from the option tables
	completions/check --update build $(TOOLS)

# --- packages ---

DIST := libws-$(VERSION)
# Of the last commit, whose time the files get: the same bytes each time.
build/dist/$(DIST).tar.gz: FORCE
	@mkdir -p $(@D)
	@git archive --format=tar --prefix=$(DIST)/ HEAD | gzip -9n >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

dist: build/dist/$(DIST).tar.gz ## the source as build/dist/libws-VERSION.tar.gz, the same bytes each time

# Its source in a new folder build/NAME.
unpacked = rm -rf build/$(1) && mkdir -p build/$(1) && tar -xf build/dist/$(DIST).tar.gz --strip-components=1 -C build/$(1)

deb: dist ## Debian's packages ws-tools and libws-dev, in build/dist
	@tests/install-deps deb
	@$(call unpacked,deb/source)
	@cp -r docs/packaging/debian build/deb/source/
	@cp build/dist/$(DIST).tar.gz build/deb/libws_$(VERSION).orig.tar.gz
	cd build/deb/source && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u WERROR DEB_BUILD_OPTIONS="noautodbgsym parallel=$$(nproc)" \
		dpkg-buildpackage --build=binary --no-sign >../log 2>&1 || { tail -n 40 ../log; exit 1; }
	@cp build/deb/*.deb build/dist/

site: ## the documents and manuals as pages for a browser, in build/site; a link that leads nowhere is an error
	@tests/install-deps site
	@mkdir -p build
	@/usr/bin/python3 docs/site/build build/site

release: ## VERSION=X.Y.Z: is the last commit fit to be released as this? Makes the tarball
	@docs/packaging/release $(VERSION)

static: dist ## build/dist/static: the tools, static and stripped, the same bytes each time, and SHA256SUMS
	@tests/install-deps build
	@$(call unpacked,static)
	@+env -u WERROR $(MAKE) -C build/static --no-print-directory STATIC=1 CFLAGS='$(filter-out -g,$(CFLAGS))' $(TOOLS:%=build/%)
	@mkdir -p build/dist/static
	@for t in $(TOOLS); do strip -o build/dist/static/$$t build/static/build/$$t || exit 1; done
	@cd build/dist/static && sha256sum $(TOOLS) >SHA256SUMS

# --- installing ---

build/libws.pc: libws/libws.pc.in FORCE
	@mkdir -p build
	@sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|; s|@VERSION@|$(VERSION)|; s|@NEEDS@|$(LIB_NEEDS)|' $< >$@

# MODE:SOURCE:TARGET of each file that is installed, and removed again by `make uninstall`.
INSTALLED = $(foreach t,$(TOOLS), \
		755:build/$(t):$(BINDIR)/$(t) \
		644:completions/bash/$(t):$(DATADIR)/bash-completion/completions/$(t) \
		644:completions/zsh/_$(t):$(DATADIR)/zsh/site-functions/_$(t) \
		644:completions/fish/$(t).fish:$(DATADIR)/fish/vendor_completions.d/$(t).fish) \
	644:build/libws.a:$(LIBDIR)/libws.a \
	644:build/libws.pc:$(LIBDIR)/pkgconfig/libws.pc \
	$(foreach h,$(notdir $(wildcard libws/include/ws/*.h)),644:libws/include/ws/$(h):$(INCLUDEDIR)/ws/$(h)) \
	$(foreach m,$(notdir $(wildcard docs/man/*.[13])),644:docs/man/$(m):$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(m)) \
	$(foreach f,LICENSE docs/recipes.md docs/faq.md docs/deployment.md docs/scaling.md docs/debugging.md docs/plotting.md $(wildcard docs/*.schema.json docs/latency.svg docs/*.service docs/*.socket docs/*.yml),644:$(f):$(DOCDIR)/$(notdir $(f))) \
	$(foreach f,$(notdir $(wildcard docs/examples/*)),$(if $(filter %.sh,$f),755,644):docs/examples/$(f):$(DOCDIR)/examples/$(f))

install: all build/libws.pc ## tools, library, headers, manuals, completions and documents
	@set -e; for f in $(INSTALLED); do mode=$${f%%:*} f=$${f#*:}; \
		install -D -m $$mode "$${f%%:*}" "$(DESTDIR)$${f#*:}"; done

uninstall: ## remove what install put there
	@for f in $(INSTALLED); do rm -f "$(DESTDIR)$${f##*:}"; done
	@for d in $(DOCDIR)/examples $(DOCDIR) $(INCLUDEDIR)/ws; do \
		rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$d" 2>/dev/null || :; done

clean: ## remove build/
	rm -rf build

-include $(shell find build -path build/fresh -prune -o -type f -name '*.d' -print 2>/dev/null)
