# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_test,config_space_test,tests/sim/config_space_test.c,rvl_sim_io,-lcmocka))
$(eval $(call c_test,vfio_user_conformance_test,$(wildcard tests/sim/conformance/*.c) \
  tests/sim/client.c,rvl_driver $(SIM_LIBS),-lcmocka $(DRIVER_LIBS) $(SIM_LDLIBS)))
$(eval $(call c_test,port_test,tests/sim/port_test.c,rvl_sim_io,-lcmocka -lpcap))
$(eval $(call c_test,sim_test,tests/sim/sim_test.c tests/sim/machine.c,rvl_driver $(SIM_LIBS),\
  -lcmocka $(DRIVER_LIBS) $(SIM_LDLIBS)))
$(eval $(call c_test,ravelsim_test,tests/sim/ravelsim_test.c tests/sim/client.c,,-lcmocka -ljansson))
$(B)/tests/ravelsim_test: | $(B)/bin/ravelsim $(B)/bin/ravelsim-trace
$(eval $(call c_test,control_test,tests/sim/control_test.c tests/sim/client.c,,-lcmocka -ljansson))
$(B)/tests/control_test: | $(B)/bin/ravelsim
$(eval $(call c_test,faults_test,tests/sim/faults_test.c,rvl_sim,-lcmocka))
# The FST reader comes with Verilator, like the writer in the model.
$(B)/obj/tests/sim/waves.o: CPPFLAGS += -isystem $(VERILATOR_INC)
$(eval $(call c_test,waves_test,tests/sim/waves_test.c tests/sim/waves.c tests/chip/chip.c \
  tests/chip/traffic.c,rvl_driver rvl_esp $(SIM_LIBS_TRACE),-lcmocka -lcrypto -lpci $(SIM_LDLIBS)))
