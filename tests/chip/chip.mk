# SPDX-License-Identifier: BSD-2-Clause

CHIP_SRCS := tests/chip/chip.c tests/chip/traffic.c tests/chip/oracle.c \
             tests/chip/erasure.c tests/chip/parity.c
CHIP_LIBS := rvl_driver rvl_esp
CHIP_LDLIBS := -lcmocka -lcrypto -lpci $(SIM_LDLIBS)

$(eval $(call c_test,chip_oracle_test,tests/chip/oracle_test.c $(CHIP_SRCS),$(CHIP_LIBS) $(SIM_LIBS),$(CHIP_LDLIBS)))
$(eval $(call c_test,chip_mutation_test,tests/chip/mutation_test.c $(CHIP_SRCS),$(CHIP_LIBS) $(SIM_LIBS_MUT),$(CHIP_LDLIBS)))
$(eval $(call c_test,chip_driver_test,tests/chip/driver_test.c tests/chip/chip.c tests/chip/traffic.c,$(CHIP_LIBS) $(SIM_LIBS),$(CHIP_LDLIBS)))
$(eval $(call c_test,chip_parity_test,tests/chip/parity_test.c $(CHIP_SRCS),$(CHIP_LIBS) $(SIM_LIBS),$(CHIP_LDLIBS)))
