# SPDX-License-Identifier: BSD-2-Clause
#
# rvl_driver: the driver core and its user-space surroundings. Programs that link it need
# $(DRIVER_LIBS).

DRIVER_CORE := $(wildcard driver/core/*.c)
DRIVER_USER := $(wildcard driver/user/*.c)
DRIVER_LIBS := -lpci -lpthread

$(eval $(call c_library,rvl_driver,$(DRIVER_CORE) $(DRIVER_USER)))

include driver/linux/linux.mk
