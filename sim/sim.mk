# SPDX-License-Identifier: BSD-2-Clause
#
# The Verilated NIC in three builds, and the simulator around it. The models are never built with
# sanitizers: generated code is not what they are for, and they would make it ten times slower.
#
#   libravelin_model        the fast one
#   libravelin_model_trace  writes waves; some five times slower while it does
#   libravelin_model_mut    with TestMutations, for tests that break the NIC on purpose

VERILATOR_FLAGS := --cc --prefix Vravelin --top-module ravelin -O3 --x-assign fast --x-initial fast \
                   -GErrorInjection=1\'b1 --noassert -fno-const-bit-op-tree --output-split 30000 -Wno-fatal
VERILATOR_INC   := $(shell verilator --getenv VERILATOR_ROOT 2>/dev/null)/include
MODEL_CXXFLAGS  := -std=gnu++17 -O2 -march=native

# Several makes may build at once (plain and SAN=1): a lock for each model keeps them apart.
# $(eval $(call verilated_model,NAME,VERILATOR FLAGS,C++ FLAGS)): $(BUILD)/model/libNAME.a
define verilated_model
$(BUILD)/model/$(1)/Vravelin.mk: $(RTL_SRCS) $(filter %.vlt,$(2)) sim/sim.mk hw/hw.mk
	@mkdir -p $$(@D)
	flock $$(@D).lock verilator $(VERILATOR_FLAGS) $(2) -Mdir $$(@D) $(RTL_SRCS)

$(BUILD)/model/$(1)/model.o: sim/model.cc sim/model.h $(BUILD)/model/$(1)/Vravelin.mk
	flock $$(@D).lock $(CXX) $(MODEL_CXXFLAGS) -I. -I$(BUILD)/model/$(1) -isystem $(VERILATOR_INC) \
	  -isystem $(VERILATOR_INC)/vltstd -Wall -Wextra -Werror -DVM_TRACE=0 $(3) -c -o $$@ $$<

$(BUILD)/model/lib$(1).a: $(BUILD)/model/$(1)/model.o
	+flock $(BUILD)/model/$(1).lock $(MAKE) --no-print-directory -s -C $(BUILD)/model/$(1) -f Vravelin.mk CXX=$(CXX) \
	  OPT_FAST='$(MODEL_CXXFLAGS)' OPT_SLOW='-O1 -march=native' OPT_GLOBAL='-O2 -march=native' \
	  VM_PARALLEL_BUILDS=1 CFG_WITH_CCWARN=no RM='rm -f' Vravelin__ALL.a \
	  $$$$(sed -n 's/^[[:space:]]*\(verilated[a-z_]*\) .*/\1.o/p' $(BUILD)/model/$(1)/Vravelin_classes.mk) >/dev/null
	rm -f $$@.$$$$$$$$ && cd $(BUILD)/model/$(1) && $(AR) rcs ../lib$(1).a.$$$$$$$$ *.o && \
	  mv ../lib$(1).a.$$$$$$$$ ../lib$(1).a

# where c_program and c_test look for a library
$(B)/lib/lib$(1).a: $(BUILD)/model/lib$(1).a
	@mkdir -p $$(@D)
	cp $$< $$@.$$$$$$$$ && mv $$@.$$$$$$$$ $$@

LIBRARIES += $(B)/lib/lib$(1).a
endef

$(eval $(call verilated_model,ravelin_model,,))
$(eval $(call verilated_model,ravelin_model_trace,\
  --trace-fst --trace-max-width 1024 sim/trace.vlt,-DRVL_TRACE))
$(eval $(call verilated_model,ravelin_model_mut,-GTestMutations=1\'b1,))

# What needs no model: the protocol, the configuration space, the port, the control socket
$(eval $(call c_library,rvl_sim_io,sim/vfio_user.c sim/vfio_user_msg.c sim/config_space.c \
  sim/dma_map.c sim/port.c sim/capture.c sim/listener.c sim/control.c))

# The whole simulated machine, to be linked with one of the models: SIM_LIBS and SIM_LDLIBS are what a
# test in C lists.
SIM_LIBS := rvl_sim rvl_sim_io ravelin_model
SIM_LIBS_TRACE := rvl_sim rvl_sim_io ravelin_model_trace
SIM_LIBS_MUT := rvl_sim rvl_sim_io ravelin_model_mut
SIM_LDLIBS := -ljansson -lpcap -lstdc++ -latomic -lm -lz -lpthread
$(eval $(call c_library,rvl_sim,sim/sim.c sim/faults.c sim/rings.c sim/wire.c sim/rootport.c \
  sim/rootport_up.c sim/rootport_cpl.c sim/nic_device.c))

RAVELSIM_SRCS := sim/ravelsim.c sim/options.c sim/commands.c
$(eval $(call c_program,ravelsim,$(RAVELSIM_SRCS),$(SIM_LIBS),$(SIM_LDLIBS)))
$(eval $(call c_program,ravelsim-trace,$(RAVELSIM_SRCS),$(SIM_LIBS_TRACE),$(SIM_LDLIBS)))
