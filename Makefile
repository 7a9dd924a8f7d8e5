# SPDX-License-Identifier: BSD-2-Clause
#
# One make for the whole tree; each folder's fragment adds its own libraries, programs and tests.
# `make help` lists what a person types.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
SHELL     := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

SAN     ?= 0
PREFIX  ?= /usr/local
DESTDIR ?=
BUILD   ?= build

# What SAN may be, beside 0: the sanitizers, and where what is built with them goes.
comma          := ,
SAN_1          := address$(comma)undefined
SAN_thread     := thread
SAN_DIR_1      := /san
SAN_DIR_thread := /tsan
$(if $(filter 0 1 thread,$(SAN)),,$(error SAN=$(SAN): it is 0, 1 or thread))
B       := $(BUILD)$(SAN_DIR_$(SAN))

# With ccache, if it is there and may write: a clone beside this one, or a CI that keeps its cache,
# has most of the build done. A person's CCACHE_DIR is theirs, and so is its size.
ifndef CCACHE_DIR
export CCACHE_DIR     := $(or $(RAVELIN_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ravelin)/ccache
export CCACHE_MAXSIZE := 500M
endif
CCACHE   := $(shell command -v ccache >/dev/null && mkdir -p '$(CCACHE_DIR)' 2>/dev/null && [ -w '$(CCACHE_DIR)' ] && \
            echo ccache || :)

CC       := $(CCACHE) clang
CXX      := $(CCACHE) clang++
AR       := ar
PYTHON   := /usr/bin/python3
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
SANFLAGS := $(if $(SAN_$(SAN)),-fsanitize=$(SAN_$(SAN)) -fno-sanitize-recover=all -fno-omit-frame-pointer)
OPT      := $(if $(SAN_$(SAN)),-O1,-O2)
CPPFLAGS := -I. -Idriver/core -D_GNU_SOURCE
# No object knows where the tree lies: it may be copied, and ccache finds it for another clone.
DEBUG    := -g -fdebug-prefix-map=$(CURDIR)=.
CFLAGS    = -std=gnu17 $(OPT) $(DEBUG) $(WARN) -fstack-protector-strong $(SANFLAGS)
LDFLAGS   = $(SANFLAGS)

LIBRARIES :=
PROGRAMS  :=
# Suites that `make test` runs: TAP on standard output, exit status not 0 on failure. Long ones are
# in both lists.
TESTS      :=
LONG_TESTS :=
BENCHES   :=
OBJECTS   :=

# $(call c_objects,SRCS)
c_objects = $(patsubst %.c,$(B)/obj/%.o,$(1))

# $(eval $(call c_library,NAME,SRCS)): $(B)/lib/libNAME.a
define c_library
LIBRARIES += $(B)/lib/lib$(strip $(1)).a
OBJECTS += $(call c_objects,$(2))
$(B)/lib/lib$(strip $(1)).a: $(call c_objects,$(2))
	@mkdir -p $$(@D) && rm -f $$@
	$$(AR) rcs $$@ $$^
endef

# What a library of ours takes of others; $(call c_archives,LIBS): all of their files.
NEEDS_ike := rvl_esp
c_archives = $(patsubst %,$(B)/lib/lib%.a,$(foreach lib,$(1),$(lib) $(NEEDS_$(lib))))

# $(eval $(call c_link,FILE,SRCS,LIBS,LDLIBS)): FILE, from sources, libraries of ours and others'
define c_link
OBJECTS += $(call c_objects,$(2))
$(1): $(call c_objects,$(2)) $(call c_archives,$(3))
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -o $$@ $(call c_objects,$(2)) $(call c_archives,$(3)) $(4)
endef

# $(eval $(call c_program,NAME,SRCS,LIBS,LDLIBS)): $(B)/bin/NAME
define c_program
PROGRAMS += $(B)/bin/$(strip $(1))
$(call c_link,$(B)/bin/$(strip $(1)),$(2),$(3),$(4))
endef

# $(eval $(call c_test,NAME,SRCS,LIBS,LDLIBS)): $(B)/tests/NAME, a suite of `make test`
define c_test
TESTS += $(B)/tests/$(strip $(1))
$(call c_link,$(B)/tests/$(strip $(1)),$(2),$(3),$(4))
endef

# $(eval $(call c_bench,NAME,SRCS,LIBS,LDLIBS)): $(B)/bench/NAME, a part of `make bench`
define c_bench
BENCHES += $(B)/bench/$(strip $(1))
$(call c_link,$(B)/bench/$(strip $(1)),$(2),$(3),$(4))
endef

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

include hw/hw.mk
include hw/verilate.mk
include sim/sim.mk
include driver/driver.mk
include host/host.mk
include tests/tests.mk

.PHONY: all help deps demo test check bench synth lint format regs install clean libraries programs tests everything FORCE

all: programs
libraries: $(LIBRARIES)
programs: $(PROGRAMS)
tests: $(TESTS)

# What running SUITES takes, as `make SAN=1 list-tests` names them: the programs as they are, and with
# sanitizers programs and suites. The models of both come first, as they take longest.
everything: programs $(patsubst %,$(MODELS)/%/model.a,$(filter $(VERILATED),$(notdir $(SUITES))))
	+@$(MAKE) --no-print-directory SAN=1 programs $(strip $(SUITES))

help:
	@echo 'make             build raveld, ravelctl and ravelsim into build/bin'
	@echo 'make demo        IKEv2 with strongSwan, packets through the simulated NIC (BACKEND=soft: no NIC)'
	@echo 'make demo-guest  Linux under QEMU with ravelin.ko and the simulated NIC, strongSwan with packet offload'
	@echo 'make guest       a shell in such a machine'
	@echo 'make module      the Linux driver, for each kernel whose headers are here (KDIR=...: for one)'
	@echo 'make test        all tests; ends with a line that counts them'
	@echo 'make check       the same without guests and long random runs, for every day'
	@echo 'make scenarios   raveld against strongSwan and libreswan, each scenario in every way; WORDS chooses some'
	@echo 'make fuzz        a hostile device against the driver for FUZZ_SECONDS (3600), guided by coverage'
	@echo 'make sim-ike     RUNS (100000) of IKE cores in a world that is hard on them, in virtual time from SEED'
	@echo 'make soak        states and their NIC come and go at random on three kernels, SOAK_ROUNDS (500) on each;'
	@echo '                 before that SOAK_RUNS (1000000) of sim-ike, and SOAK_PACKETS (1000000) in RTL'
	@echo 'make synth       how many levels of LUTs lie between registers of the data path, by Yosys, as a table'
	@echo '                 and as JSON in build/synth.json'
	@echo 'make bench       measured figures as a table, and as JSON in build/bench.json'
	@echo 'make lint        generated files, RTL lint (Verilator, Yosys), clang-format, cppcheck'
	@echo 'make format      clang-format over the C sources'
	@echo 'make regs        write what is generated from hw/regs/ravelin.toml'
	@echo 'make install     programs and units for systemd, into DESTDIR/PREFIX (/usr/local)'
	@echo 'make clean       remove build/'
	@echo 'SAN=1            with any of them: AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'SAN=thread       the same: ThreadSanitizer'
	@echo 'NATIVE=1         with any of them: models for this very processor, which simulate faster'

deps:
	@scripts/deps

regs:
	$(PYTHON) hw/regs/generate.py .

JOBS := -j$(shell nproc)
# Network namespaces need root.
AS_ROOT := $(if $(filter-out 0,$(shell id -u)),sudo)

demo: deps
	@echo 'building' && $(MAKE) --no-print-directory -s $(JOBS) programs
	@$(AS_ROOT) tests/interop/demo --backend $(or $(BACKEND),user) $(if $(INITIATOR),--initiator $(INITIATOR)) \
	  $(if $(FST),--fst $(FST))

test: deps
	@tests/run

check: deps
	@tests/run --check

bench: deps
	@echo 'building' && $(MAKE) --no-print-directory -s $(JOBS) programs benches
	@tests/bench/run --json $(BUILD)/bench.json

.PHONY: benches
benches: $(BENCHES)

synth: deps
	@mkdir -p $(BUILD)
	@hw/syn/synth --json $(BUILD)/synth.json

UNITS := $(PREFIX)/lib/systemd

install: programs
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(B)/bin/raveld $(B)/bin/raveld-fetch $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(B)/bin/ravelctl $(B)/bin/ravelsim $(B)/bin/ravelsim-trace $(DESTDIR)$(PREFIX)/bin/
	install -d $(DESTDIR)$(UNITS)/system $(DESTDIR)$(UNITS)/networkd.conf.d
	for unit in raveld raveld-close; do \
	  sed 's|@PREFIX@|$(PREFIX)|g' host/raveld/$$unit.service | \
	  install -m 644 /dev/stdin $(DESTDIR)$(UNITS)/system/$$unit.service; done
	install -m 644 host/raveld/networkd.conf $(DESTDIR)$(UNITS)/networkd.conf.d/ravelin.conf

C_FILES = $(shell git ls-files '*.c' '*.h' '*.cc' | grep -v driver/core/rvl_regs.h)

format:
	clang-format -i $(C_FILES)

lint: deps
	@$(MAKE) --no-print-directory $(LINTS)

LINTS := lint-regs lint-records lint-spdx lint-format lint-c lint-rtl
.PHONY: $(LINTS)

lint-regs:
	$(PYTHON) hw/regs/generate.py --check .

lint-records:
	tests/lint/records.py $(filter-out hw/rtl/ravelin_regs_pkg.sv,$(RTL_SRCS)) \
	  $(filter driver/% sim/% tests/driver/% tests/sim/% tests/chip/% tests/rtl/%,$(C_FILES))

lint-spdx:
	scripts/spdx-check

lint-format:
	clang-format --dry-run -Werror $(C_FILES)

# Not driver/linux: without the kernel's headers cppcheck guesses; tests/linux/build_test has sparse.
lint-c:
	@mkdir -p $(BUILD)/lint/cppcheck
	cppcheck --cppcheck-build-dir=$(BUILD)/lint/cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
	  --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches -I. -Idriver/core driver/core driver/user host sim

clean:
	rm -rf $(BUILD)

-include $(sort $(OBJECTS:.o=.d))
