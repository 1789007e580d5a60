# SPDX-License-Identifier: ISC
#
# Builds the fuzz targets with clang, apart from everything else, in the
# current directory.  TOP is the top of the source.

TARGETS = capture conf event fastcgi html input journal serve verify
FUZZ_CC = clang
CFLAGS = -g -O1
SANITIZE = address,undefined
PKG_CONFIG = pkg-config

modules = json-c sqlite3 libcrypto fcgi
flags = -std=c17 -D_GNU_SOURCE -pthread $(CFLAGS) -I$(TOP)/common \
	-fno-omit-frame-pointer -fno-sanitize-recover=all \
	-DHAVE_POSTGRESQL=1 -DPELIHOOK_VERSION='"fuzz"' -DPELIHOOK_BUILD='"fuzz"' \
	-DPELIHOOK_CONFIG_FILE='"/nowhere"' -DPELIHOOK_CTL='"/nowhere"' \
	$(shell $(PKG_CONFIG) --cflags $(modules) libpq)
libraries = $(shell $(PKG_CONFIG) --libs $(modules))

sources = $(filter-out %/page_css.c,$(wildcard $(TOP)/common/*/*.c)) \
	$(TOP)/ctl/recipe_search.c \
	$(filter-out %/main.c,$(wildcard $(TOP)/fcgi/*.c))
objects = $(patsubst $(TOP)/%.c,o/%.o,$(sources)) o/page_css.o

all: $(TARGETS)

$(TARGETS): %: o/tests/fuzz/%.o core.a
	$(FUZZ_CC) -fsanitize=fuzzer,$(SANITIZE) -pthread -o $@ $< core.a \
	    $(libraries)

core.a: $(objects)
	rm -f $@
	ar cr $@ $(objects)

# Built in, as the Makefile does it.
o/page_css.o: $(TOP)/common/page/page.css $(TOP)/common/page/embed.sh
	@mkdir -p $(@D)
	sh $(TOP)/common/page/embed.sh <$< >o/page_css.c
	$(FUZZ_CC) -fsanitize=fuzzer-no-link,$(SANITIZE) $(flags) -c -o $@ \
	    o/page_css.c

o/%.o: $(TOP)/%.c $(wildcard $(TOP)/common/*/*.h $(TOP)/fcgi/*.h) \
		$(TOP)/tests/fuzz/fuzz.h $(wildcard $(TOP)/tests/*.h)
	@mkdir -p $(@D)
	$(FUZZ_CC) -fsanitize=fuzzer-no-link,$(SANITIZE) $(flags) -c -o $@ $<

.PHONY: all
