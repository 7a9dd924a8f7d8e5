# SPDX-License-Identifier: BSD-2-Clause
#
# The Verilated NIC in three builds, and the simulator around it.
#
#   libravelin_model        the fast one
#   libravelin_model_trace  writes waves; some five times slower while it does
#   libravelin_model_mut    with TestMutations, for tests that break the NIC on purpose

# $(eval $(call nic_model,NAME,CONFIGURATION,VERILATOR FLAGS,C++ FLAGS)): $(B)/lib/libNAME.a, where c_program and
# c_test look for a library
define nic_model
$(call verilated,$(1),ravelin,$(2) $(RTL_SRCS),-O3 --x-assign fast --x-initial fast -GErrorInjection=1\'b1 --noassert \
  -fno-const-bit-op-tree --output-split 30000 -Wno-fatal $(3),sim/model.cc,$(4),2)

$(B)/lib/lib$(1).a: $(MODELS)/$(1)/model.a $(BUILD)/linked
	@mkdir -p $$(@D)
	cp $$< $$@

LIBRARIES += $(B)/lib/lib$(1).a
endef

$(eval $(call nic_model,ravelin_model,,,))
$(eval $(call nic_model,ravelin_model_trace,sim/trace.vlt,--trace-fst --trace-max-width 1024,-DRVL_TRACE))
# Built for each change of the RTL, and run for seconds.
$(eval $(call nic_model,ravelin_model_mut,,-GTestMutations=1\'b1,-O1))

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
