# SPDX-License-Identifier: BSD-2-Clause
-include host/ike/ike.mk

$(eval $(call c_library,rvl_esp,host/esp/ip.c host/esp/replay.c host/esp/esp.c host/esp/spd.c \
	host/esp/engine.c))
$(eval $(call c_library,rvl_conf,host/conf/tree.c host/conf/resolve.c host/conf/reader.c \
	host/conf/value.c host/conf/bind.c host/conf/daemon.c host/conf/connection.c \
	host/conf/child.c host/conf/secret.c host/conf/conf.c))
