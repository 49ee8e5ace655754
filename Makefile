# libws and its four tools. `make help` lists the targets; everything built goes to build/.
#
# Two variants are built from the same rules: plain (what is installed) and san (ASan and UBSan, for
# tests). CC, CFLAGS, CPPFLAGS, LDFLAGS, LDLIBS, PREFIX and DESTDIR are the packager's.

VERSION := 0.1.0
PREFIX  ?= /usr/local
CFLAGS  ?= -O2 -g
WERROR  ?= $(if $(CI),1)

WARN := -Wall -Wextra -Wshadow -Wundef -Wwrite-strings -Wredundant-decls -Wdouble-promotion \
	-Wmissing-declarations -Wmissing-prototypes -Wnested-externs -Wstrict-prototypes \
	-Wold-style-definition -Wdisabled-optimization -Wformat=2 -Wvla -Wpointer-arith \
	-Wimplicit-fallthrough -Wcast-qual $(if $(WERROR),-Werror)
BASE := -std=gnu17 -D_GNU_SOURCE -DWS_VERSION='"$(VERSION)"' -I. -MMD -MP -pthread -fPIC
SAN  := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g
LIBS := -lcrypto -pthread

TOOLS   := $(notdir $(patsubst %/main.c,%,$(wildcard cmd/*/main.c)))
LIB_SRC := $(wildcard libws/*/*.c)
COM_SRC := $(wildcard cmd/common/*.c)
HEADERS := $(wildcard libws/*.h libws/*/*.h)
UNIT    := $(basename $(notdir $(wildcard tests/unit/test_*.c)))
FUZZ    := $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
objects  = $(patsubst %.c,build/$(1)/%.o,$(2))

.PHONY: all help clean install uninstall deps check test test-peers lint format demo bench fuzz tests
.SECONDARY:
.DELETE_ON_ERROR:

all: $(TOOLS:%=build/%) build/libws.a ## the four tools and build/libws.a

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

build/libws.a: $(call objects,plain,$(LIB_SRC))
	@rm -f $@
	$(AR) rcs $@ $^

# One set of rules a variant: $(1) is its name, $(2) its flags, $(3) where its programs go.
define variant
build/$(1)/%.o: %.c Makefile
	@mkdir -p $$(@D)
	$$(CC) $$(BASE) $$(WARN) $$(CPPFLAGS) $$(CFLAGS) $(2) -c -o $$@ $$<

$(foreach t,$(TOOLS),$(eval $(3)/$(t): $(call objects,$(1),$(wildcard cmd/$(t)/*.c) $(COM_SRC) $(LIB_SRC))))
$(TOOLS:%=$(3)/%):
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $(2) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) $$(LIBS)

build/$(1)/unit/%: build/$(1)/tests/unit/%.o $(call objects,$(1),$(LIB_SRC) $(COM_SRC) $(wildcard tests/unit/support*.c))
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $(2) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) -lcmocka $$(LIBS)

build/$(1)/conformance: $(call objects,$(1),$(wildcard tests/conformance/*.c) $(LIB_SRC))
	$$(CC) $$(CFLAGS) $(2) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) $$(LIBS)

build/$(1)/fuzz/%: build/$(1)/tests/fuzz/%.o build/$(1)/tests/fuzz/replay.o $(call objects,$(1),$(LIB_SRC))
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $(2) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) $$(LIBS)
endef
$(eval $(call variant,plain,,build))
$(eval $(call variant,san,$(SAN),build/san))

-include $(shell find build -name '*.d' 2>/dev/null)
