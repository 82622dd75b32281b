# Transplant: one graph for the product, its tests and its sandbox.
#
#   make              all steps, each a small static program in build/bin
#   make demo         a whole migration in the sandbox (KEEP=1 leaves it up)
#   make test         unit, contract and step tests and the end-to-end run
#   make test-mysql   what is proven of grants alone, on three servers or on that
#                     which TRANSPLANT_TEST_MYSQL_URL names
#   make setup        what both need: distribution packages, static libraries
#   make sandbox-full a world with the real Kubernetes and Argo CD; test-full,
#                     demo FULL=1: tests and demo in it
#   make fuzz SECONDS=60 [TARGET=yaml]: each target of tests/fuzz for so long
#   make bench [PART=yaml]: beside other programs that do the same
#   make lint actions sandbox-up sandbox-down clean
#
# MODE=release|asan|cov|fuzz chooses how it is built. A new step, module or test
# needs no edit here: the folders are read.

MODE ?= release
ifeq ($(origin CC),default)
CC := gcc
endif
SHELL := bash
.DELETE_ON_ERROR:
.SECONDARY:
# V=1 shows the commands.
ifeq ($(V),)
Q := @
SAY = @echo '  $(1)'
endif
MAKEFLAGS += --no-builtin-rules

ifeq ($(MODE),release)
BIN := build/bin
else
BIN := build/$(MODE)/bin
endif
OBJ := build/$(MODE)/obj
TEST := build/$(MODE)/test

# ---- flags -----------------------------------------------------------------

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wundef -Wvla
CFLAGS_release := -O2 -ffunction-sections -fdata-sections \
	-fstack-protector-strong -D_FORTIFY_SOURCE=2
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=undefined
CFLAGS_cov := -O0 -g --coverage
# The commit's date and no path of this machine: the same bytes anywhere.
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -Isrc -I. $(WARN) $(CFLAGS_$(MODE)) \
	-ffile-prefix-map=$(CURDIR)=. $(LIBS_CFLAGS) -MMD -MP
CFLAGS_fuzz := $(CFLAGS_asan) -fsanitize=fuzzer-no-link
LDFLAGS_release := -static -s -Wl,--gc-sections
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_cov := --coverage
LDFLAGS_fuzz := $(LDFLAGS_asan)

PRODUCT_LIBS = $(CURL_LIBS) $(MYSQL_LIBS) $(MONGO_LIBS) $(CJSON_LIBS) \
	$(YAML_LIBS) $(EXPAT_LIBS) $(ZSTD_LIBS) $(TREE_SITTER_LIBS) \
	$(ARES_LIBS) $(CHECK_LIBS) -lldns $(TLS_LIBS)

# ---- what there is ---------------------------------------------------------

STEPS := $(patsubst actions/%/,%,$(filter-out actions/_lib/,\
	$(wildcard actions/*/)))
MODULES := $(filter-out src/step/main.c src/step/tables.c \
	src/step/transplant.c,$(wildcard src/*/*.c)) $(wildcard verify/*.c)
STEP_OBJS := $(foreach s,$(STEPS),$(OBJ)/actions/$s/$s.o)
SCRIPT_OBJS := $(patsubst %.py,$(OBJ)/%.o,$(wildcard src/*/*.py))
MODULE_OBJS := $(MODULES:%.c=$(OBJ)/%.o) $(SCRIPT_OBJS)
KIT_OBJS := $(patsubst %.c,$(OBJ)/%.o,$(wildcard tests/kit/*.c))
UNIT := $(patsubst tests/unit/%.c,$(TEST)/unit/%,$(wildcard tests/unit/*.c))
STEP_TESTS := $(patsubst tests/steps/%.c,$(TEST)/steps/%,\
	$(wildcard tests/steps/*.c))
CONTRACT_SHARED := http argocd_app mongodb_at
CONTRACT := $(patsubst tests/contract/%.c,$(TEST)/contract/%,\
	$(filter-out $(CONTRACT_SHARED:%=tests/contract/%.c),\
	$(wildcard tests/contract/*.c)))
# A file of tests/fuzz is a target, but for the main that they share.
FUZZ := $(patsubst tests/fuzz/%.c,$(TEST)/fuzz/%,\
	$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
MYSQL_TESTS := $(patsubst tests/mysql/%.c,$(TEST)/mysql/%,\
	$(wildcard tests/mysql/*_test.c))
MYSQL_SHARED := $(patsubst %.c,$(OBJ)/%.o,\
	$(filter-out %_test.c,$(wildcard tests/mysql/*.c)))
REAL := $(patsubst tests/real/%.c,$(TEST)/real/%,$(wildcard tests/real/*.c))
BENCH := $(patsubst tests/bench/%.c,$(TEST)/bench/%,\
	$(wildcard tests/bench/*.c))
DOUBLES := $(addprefix build/doubles/,world mongo lms smtp faultproxy askmongo)

.PHONY: all setup test test-unit fuzz fuzz-programs demo bench lint \
	actions sandbox-up sandbox-full test-full test-mysql get-full sandbox-down \
	clean programs doubles tests dist print-cflags print-double-cflags
all: programs

# The libraries' place and link lines; remade by make itself when missing.
NEED_LIBS := $(filter-out clean sandbox-down lint-text get-full,\
	$(or $(MAKECMDGOALS),all))
ifneq ($(NEED_LIBS),)
include build/libs.mk
endif
build/libs.mk: src/libs/build.sh src/libs/packages.sh
	@mkdir -p build
	@src/libs/packages.sh install build test
	@prefix=$$(src/libs/build.sh) && \
	    printf 'include %s/flags.mk\n' "$$prefix" >$@

setup: build/libs.mk
	@src/libs/packages.sh install build test
	@tests/contract/judge --setup || true
	@tests/contract/moto --setup || true
	@tests/contract/route53-model --ready || true
	@tests/mysql/get
	@tests/mongodb/pymongo >/dev/null || true

# ---- the product -----------------------------------------------------------

programs: $(STEPS:%=$(BIN)/%) $(BIN)/transplant

$(OBJ)/%.o: %.c build/libs.mk
	@mkdir -p $(@D)
	$(call SAY,CC $<)
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

# What other machines run for us: src/site/x.py is the text x[].
$(SCRIPT_OBJS): $(OBJ)/%.o: %.py Makefile
	@mkdir -p $(@D)
	$(call SAY,CC $<)
	@{ echo 'extern const char $(*F)[];'; echo 'const char $(*F)[] ='; \
	    sed -e 's/[\\"]/\\&/g' -e 's/.*/    "&\\n"/' $<; echo ';'; } \
	    >$(@:.o=.c)
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $(@:.o=.c)

$(OBJ)/libtransplant.a: $(MODULE_OBJS) $(OBJ)/places.o
	@rm -f $@
	$(Q)ar rcs $@ $^

# What a plan may hold: all steps' tables say it, and each step must know it.
# So a program with all tables and none of this comes first.
$(OBJ)/places.c: $(OBJ)/tables
	$(Q)$< places >$@.new && \
	    { cmp -s $@.new $@ && rm $@.new || mv $@.new $@; }
$(OBJ)/no-places.c: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' 'extern const char *const frame_places[];' \
	    'extern const char frame_schema[];' \
	    'const char *const frame_places[] = { 0 };' \
	    'const char frame_schema[] = "";' >$@
$(OBJ)/places.o $(OBJ)/no-places.o: %.o: %.c
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<
$(OBJ)/tables: $(OBJ)/src/step/tables.o $(OBJ)/steps.o $(OBJ)/no-places.o \
    $(STEP_OBJS) $(MODULE_OBJS)
	$(call SAY,LINK $@)
	$(Q)$(CC) $(LDFLAGS_$(MODE)) -o $@ $^ $(PRODUCT_LIBS) \
	    2> >(grep -vE 'statically linked applications|in function|^$$' >&2)

# main.c with the name of the step's struct: set-dns-ttl -> step_set_dns_ttl.
$(OBJ)/main/%.o: src/step/main.c build/libs.mk
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -DSTEP=step_$(subst -,_,$*) -c -o $@ $<

# glibc warns that name look-ups and plugins of a static program are limited:
# curl resolves by c-ares, and no plugin is loaded.
define link_step
$(BIN)/$1: $(OBJ)/main/$1.o $(OBJ)/actions/$1/$1.o $(OBJ)/libtransplant.a
	@mkdir -p $$(@D)
	$$(call SAY,LINK $$@)
	$$(Q)$$(CC) $$(LDFLAGS_$(MODE)) -o $$@ $$^ $$(PRODUCT_LIBS) \
	    2> >(grep -vE 'statically linked applications|in function|^$$$$' >&2)
endef
$(foreach s,$(STEPS),$(eval $(call link_step,$s)))

$(OBJ)/steps.c: Makefile $(STEPS:%=actions/%)
	@mkdir -p $(@D)
	@{ echo '#include "step/step.h"'; \
	   echo 'extern const struct step *const transplant_steps[];'; \
	   for s in $(subst -,_,$(STEPS)); do \
	       echo "extern const struct step step_$$s;"; done; \
	   echo 'const struct step *const transplant_steps[] = {'; \
	   for s in $(subst -,_,$(STEPS)); do echo "	&step_$$s,"; done; \
	   echo '	0'; echo '};'; } >$@
$(OBJ)/steps.o: $(OBJ)/steps.c build/libs.mk
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BIN)/transplant: $(OBJ)/src/step/transplant.o $(OBJ)/steps.o $(STEP_OBJS) \
    $(OBJ)/libtransplant.a
	@mkdir -p $(@D)
	$(call SAY,LINK $@)
	$(Q)$(CC) $(LDFLAGS_$(MODE)) -o $@ $^ $(PRODUCT_LIBS) \
	    2> >(grep -vE 'statically linked applications|in function|^$$' >&2)

# What a release tag carries.
MACHINE := $(shell uname -m)
PLATFORM := linux-$(subst aarch64,arm64,$(subst x86_64,amd64,$(MACHINE)))
dist: $(BIN)/transplant
	@mkdir -p build/dist/$(PLATFORM)
	@cp $< build/dist/$(PLATFORM)/transplant
	@cd build/dist/$(PLATFORM) && sha256sum transplant >SHA256SUMS

# action.yml of every step, and what a plan may hold, from their tables.
actions: programs
	@$(OBJ)/tables schema >actions/_lib/plan.schema.json
	@for s in $(STEPS); do \
	    $(BIN)/$$s --action >actions/$$s/action.yml.new && \
	    { cmp -s actions/$$s/action.yml.new actions/$$s/action.yml && \
	      rm actions/$$s/action.yml.new || \
	      mv actions/$$s/action.yml.new actions/$$s/action.yml; } || exit 1; \
	done

# ---- doubles and tests -----------------------------------------------------

DOUBLE_PACKAGES := libmicrohttpd gnutls libcjson openssl libbson-1.0 libmongoc-1.0 \
	libmariadb yaml-0.1 expat
DOUBLE_CFLAGS = -std=c17 -D_GNU_SOURCE -O2 -g $(WARN) -pthread -MMD -MP \
	$(shell pkg-config --cflags $(DOUBLE_PACKAGES))
# The distribution's libmongoc leaves a file in /dev/shm when it is killed.
DOUBLE_LIBS = $(MONGO_LIBS) $(shell pkg-config --libs \
	$(filter-out libbson-1.0 libmongoc-1.0,$(DOUBLE_PACKAGES))) \
	-pthread -lm
doubles_of = $(patsubst tests/doubles/%.c,build/doubles/obj/%.o,$1)
SOURCES_mongo := $(wildcard tests/doubles/mongo*.c)
SOURCES_lms := $(wildcard tests/doubles/lms*.c)
SOURCES_faultproxy := $(wildcard tests/doubles/faultproxy*.c)
SOURCES_smtp := tests/doubles/smtp.c
SOURCES_askmongo := tests/doubles/askmongo.c
SOURCES_world := $(filter-out $(SOURCES_mongo) $(SOURCES_lms) \
	$(SOURCES_faultproxy) $(SOURCES_smtp) $(SOURCES_askmongo),$(wildcard tests/doubles/*.c))

doubles: $(DOUBLES)
build/doubles/obj/%.o: tests/doubles/%.c build/libs.mk
	@mkdir -p $(@D)
	$(call SAY,CC $<)
	$(Q)$(CC) $(DOUBLE_CFLAGS) -c -o $@ $<
define link_double
build/doubles/$1: $$(call doubles_of,$$(SOURCES_$1))
	$$(call SAY,LINK $$@)
	$$(Q)$$(CC) -Wl,--as-needed -o $$@ $$^ $$(DOUBLE_LIBS)
endef
$(foreach d,$(DOUBLES:build/doubles/%=%),$(eval $(call link_double,$d)))

LDFLAGS_TEST := $(filter-out -static -s,$(LDFLAGS_$(MODE)))
$(TEST)/unit/%: $(OBJ)/tests/unit/%.o $(KIT_OBJS) $(OBJ)/libtransplant.a
	@mkdir -p $(@D)
	$(call SAY,LINK $@)
	$(Q)$(CC) $(LDFLAGS_TEST) -o $@ $^ $(PRODUCT_LIBS) -lpthread
$(TEST)/steps/%: $(OBJ)/tests/steps/%.o $(KIT_OBJS) $(OBJ)/libtransplant.a
	@mkdir -p $(@D)
	$(call SAY,LINK $@)
	$(Q)$(CC) $(LDFLAGS_TEST) -o $@ $^ $(PRODUCT_LIBS) -lpthread
$(TEST)/real/%: $(OBJ)/tests/real/%.o $(KIT_OBJS) $(OBJ)/libtransplant.a
	@mkdir -p $(@D)
	$(call SAY,LINK $@)
	$(Q)$(CC) $(LDFLAGS_TEST) -o $@ $^ $(PRODUCT_LIBS) -lpthread
$(TEST)/mysql/%: $(OBJ)/tests/mysql/%.o $(MYSQL_SHARED) $(KIT_OBJS) \
    $(OBJ)/libtransplant.a
	@mkdir -p $(@D)
	$(call SAY,LINK $@)
	$(Q)$(CC) $(LDFLAGS_TEST) -o $@ $^ $(PRODUCT_LIBS) -lpthread
# This one reads the steps' own tables.
$(TEST)/steps/wrong_inputs: $(OBJ)/tests/steps/wrong_inputs.o \
    $(OBJ)/steps.o $(STEP_OBJS) $(KIT_OBJS) $(OBJ)/libtransplant.a
	@mkdir -p $(@D)
	$(call SAY,LINK $@)
	$(Q)$(CC) $(LDFLAGS_TEST) -o $@ $^ $(PRODUCT_LIBS) -lpthread
$(TEST)/contract/%: $(OBJ)/tests/contract/%.o $(KIT_OBJS) \
    $(CONTRACT_SHARED:%=$(OBJ)/tests/contract/%.o) $(OBJ)/libtransplant.a
	@mkdir -p $(@D)
	$(call SAY,LINK $@)
	$(Q)$(CC) $(LDFLAGS_TEST) -o $@ $^ $(PRODUCT_LIBS) -lpthread

# As static as a step is.
$(TEST)/bench/%: $(OBJ)/tests/bench/%.o $(OBJ)/libtransplant.a
	@mkdir -p $(@D)
	$(call SAY,LINK $@)
	$(Q)$(CC) $(LDFLAGS_$(MODE)) -o $@ $^ $(PRODUCT_LIBS) \
	    2> >(grep -vE 'statically linked applications|in function|^$$' >&2)

# With libFuzzer, or with a main that feeds the kept inputs once.
ifeq ($(MODE),fuzz)
FUZZ_MAIN :=
$(FUZZ): LDFLAGS_TEST += -fsanitize=fuzzer
else
FUZZ_MAIN := $(OBJ)/tests/fuzz/replay.o $(KIT_OBJS)
endif
$(TEST)/fuzz/%: $(OBJ)/tests/fuzz/%.o $(FUZZ_MAIN) $(OBJ)/libtransplant.a
	@mkdir -p $(@D)
	$(call SAY,LINK $@)
	$(Q)$(CC) $(LDFLAGS_TEST) -o $@ $^ $(PRODUCT_LIBS) -lpthread

fuzz-programs: $(FUZZ)
tests: $(UNIT) $(FUZZ) $(STEP_TESTS) $(CONTRACT) $(MYSQL_TESTS) \
	$(REAL)
test-unit: $(UNIT) $(FUZZ)
	@tests/run unit
test: setup
	@tests/sandbox/s3/get >/dev/null || true
	@$(MAKE) --no-print-directory programs doubles tests dist
	@tests/run all

SECONDS ?= 60
FUZZ_CC ?= clang
fuzz: setup
	@src/libs/packages.sh install fuzz
	@$(MAKE) --no-print-directory MODE=fuzz CC="$(FUZZ_CC)" \
	    $(if $(TARGET),build/fuzz/test/fuzz/$(TARGET),fuzz-programs)
	@tests/fuzz/fuzz $(SECONDS) $(TARGET)

# FULL=1: with the real Kubernetes and Argo CD
demo: setup $(if $(FULL),get-full)
	@$(MAKE) --no-print-directory programs doubles
	@SB_FULL=$(FULL) tests/demo/demo

sandbox-up: setup doubles
	@tests/sandbox/sandbox up
sandbox-down:
	@tests/sandbox/sandbox down

# The real Kubernetes and Argo CD: built once into the cache (20 minutes).
get-full:
	@src/libs/packages.sh install full
	@tests/sandbox/full/get >/dev/null
	@tests/real/get 20 >/dev/null
	@tests/mongodb/get >/dev/null || [ $$? = 3 ]
sandbox-full: setup doubles get-full
	@SB_FULL=1 tests/sandbox/sandbox up
test-full: setup get-full
	@$(MAKE) --no-print-directory programs doubles tests
	@tests/run full

lint: setup
	@src/libs/packages.sh install lint
	@$(MAKE) --no-print-directory programs
	@tests/lint/lint

bench: setup
	@src/libs/packages.sh install bench
	@$(MAKE) --no-print-directory programs $(BENCH)
	@tests/bench/bench $(PART)

# For lint: what a file is compiled with.
print-cflags:
	@echo '$(filter-out -MMD -MP -Werror,$(CFLAGS_ALL))'
print-double-cflags:
	@echo '$(filter-out -MMD -MP -Werror,$(DOUBLE_CFLAGS))'

clean:
	@[ ! -x tests/sandbox/sandbox ] || tests/sandbox/sandbox down
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
