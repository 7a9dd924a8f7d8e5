# SPDX-License-Identifier: BSD-2-Clause
-include host/ike/ike.mk

$(eval $(call c_library,rvl_esp,host/esp/ip.c host/esp/replay.c host/esp/esp.c host/esp/spd.c \
	host/esp/engine.c))
