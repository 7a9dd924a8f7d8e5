# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_test,driver_core_test,tests/driver/core_test.c tests/driver/attacker.c,rvl_driver,-lcmocka $(DRIVER_LIBS)))
$(eval $(call c_test,driver_queue_test,tests/driver/queue_test.c tests/driver/attacker.c,rvl_driver,-lcmocka $(DRIVER_LIBS)))
$(eval $(call c_test,driver_fuzz_test,tests/driver/fuzz_test.c tests/driver/exercise.c \
  tests/driver/hostile.c tests/driver/attacker.c,rvl_driver,-lcmocka $(DRIVER_LIBS)))
$(eval $(call c_test,driver_vfio_user_test,tests/driver/vfio_user_test.c,rvl_driver rvl_sim_io,-lcmocka -ljansson $(DRIVER_LIBS)))
$(eval $(call c_test,driver_ravelsim_test,tests/driver/ravelsim_test.c,rvl_driver,-lcmocka $(DRIVER_LIBS)))
$(B)/tests/driver_ravelsim_test: $(B)/bin/ravelsim
