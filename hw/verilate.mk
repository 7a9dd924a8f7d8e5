# SPDX-License-Identifier: BSD-2-Clause
#
# Verilated models: $(MODELS)/NAME/model.a is one, with its C interface and Verilator's runtime. They
# are never built with sanitizers: generated code is not what they are for, and they would make it ten
# times slower.
#
# Verilator writes a dozen C++ files or more, and reading the headers is most of the work on half of
# them: hw/verilate gathers them in a few. What runs once (constructors, reset values, initial blocks;
# Verilator's word is slow) is not optimized, and what writes waves hardly: it is the longest function
# of all, and -O2 on it takes as long as on the rest, for waves 6 % sooner.

VERILATOR_INC := $(shell verilator --getenv VERILATOR_ROOT 2>/dev/null)/include
# Warnings are for our own code.
VERILATED_CXX := $(CXX) -std=gnu++17 -isystem $(VERILATOR_INC) -isystem $(VERILATOR_INC)/vltstd

# A kept build runs on every machine of the architecture, so models are built for its baseline, as
# all else is. NATIVE=1 builds them for this very processor, in a folder that is named after what the
# compiler says it has: no other processor runs them, and the two never mix.
NATIVE ?= 0
ifeq ($(NATIVE),1)
NATIVE_CPU := $(shell clang -march=native -E -dM -x c /dev/null | md5sum | cut -c1-8)
MODELS     := $(BUILD)/native-$(NATIVE_CPU)
# ccache sees the flags, not the processor.
VERILATED_CXX += -march=native -DNATIVE_CPU=0x$(NATIVE_CPU)
else
MODELS := $(BUILD)/model
endif

# Which of them programs were linked with last, so that they are linked again when that changes.
$(BUILD)/linked: FORCE
	@mkdir -p $(@D)
	@echo $(if $(NATIVE_CPU),native,portable) $(MODELS) | cmp -s - $@ || \
	  echo $(if $(NATIVE_CPU),native,portable) $(MODELS) >$@

RUNTIME := $(MODELS)/runtime/verilated.o $(MODELS)/runtime/verilated_threads.o $(MODELS)/runtime/verilated_fst_c.o
$(RUNTIME): $(MODELS)/runtime/%.o: hw/verilate.mk
	@mkdir -p $(@D)
	$(VERILATED_CXX) -O2 -c -o $@ $(VERILATOR_INC)/$*.cpp

VERILATED :=
OPT_trace := -O1
OPT_slow  := -O0

# $(eval $(call verilated,NAME,TOP,SOURCES,VERILATOR FLAGS,WRAPPER,C++ FLAGS,FAST))
#
# WRAPPER is the source of the model's C interface. C++ FLAGS are for it and the model; FAST is how
# many files what runs in each cycle is gathered in: more are compiled side by side, in more time.
define verilated
VERILATED += $(1)
OBJECTS   += $(MODELS)/$(1)/wrapper.o

$(MODELS)/$(1)/V$(2).h $(call verilated_parts,$(1),$(7),cpp) &: $(3) hw/verilate hw/verilate.mk $(lastword $(MAKEFILE_LIST))
	hw/verilate $(MODELS)/$(1) $(2) $(7) $(4) -- $$^

$(call verilated_parts,$(1),$(7),o): %.o: %.cpp
	$$(VERILATED_CXX) -O2 $(6) $$(OPT_$$(*F)) -c -o $$@ $$<

$(MODELS)/$(1)/wrapper.o: $(5) $(MODELS)/$(1)/V$(2).h
	$$(VERILATED_CXX) -isystem $$(@D) $$(CPPFLAGS) -O2 -Wall -Wextra -Werror $(6) -MMD -MP -c -o $$@ $$<

$(MODELS)/$(1)/model.a: $(MODELS)/$(1)/wrapper.o $(call verilated_parts,$(1),$(7),o) $(RUNTIME)
	@rm -f $$@.$$$$$$$$
	$$(AR) rcs $$@.$$$$$$$$ $$^ && mv $$@.$$$$$$$$ $$@
endef

# $(call verilated_parts,NAME,FAST,EXTENSION)
verilated_parts = $(patsubst %,$(MODELS)/$(1)/%.$(3),trace slow $(addprefix fast,$(wordlist 1,$(2),1 2 3 4)))

# $(eval $(call verilated_link,FILE,NAME,SRCS,LDLIBS)): FILE, from C sources and a model
define verilated_link
OBJECTS += $(call c_objects,$(3))
$(1): $(call c_objects,$(3)) $(MODELS)/$(2)/model.a $(BUILD)/linked
	@mkdir -p $$(@D)
	$$(CXX) $$(LDFLAGS) -o $$@ $$(filter %.o %.a,$$^) $(4) -pthread -latomic
endef

# $(eval $(call verilated_test,NAME,SRCS,LDLIBS)): $(B)/tests/NAME, a suite with the model of that name
define verilated_test
TESTS += $(B)/tests/$(1)
$(call verilated_link,$(B)/tests/$(1),$(1),$(2),$(3))
endef
