# SPDX-License-Identifier: BSD-2-Clause
#
# ravelin.ko. `make module` builds it for every kernel whose headers are here: those installed, and
# those that scripts/guest-cache keeps; `make module KDIR=...` for one. It lies in
# $(B)/linux/<release>/ravelin.ko; nothing is written outside $(B).

.PHONY: module dkms-source install-dkms

module:
	@driver/linux/build-all $(B)/linux $(KDIR)

DRIVER_VERSION := $(shell sed -n 's/^\#define RVL_DRIVER_VERSION "\(.*\)"/\1/p' driver/linux/ravelin.h)
DKMS_SOURCE    := $(B)/dkms/ravelin-$(DRIVER_VERSION)

# For dkms add: the sources as Kbuild wants them.
dkms-source:
	@rm -rf $(DKMS_SOURCE)
	@mkdir -p $(DKMS_SOURCE)/core
	@cp driver/linux/Kbuild driver/linux/probe driver/linux/*.[ch] $(DKMS_SOURCE)/
	@cp $(filter-out %_user.h,$(wildcard driver/core/*.[ch])) $(DKMS_SOURCE)/core/
	@cp LICENSES/GPL-2.0* $(DKMS_SOURCE)/
	@sed 's/@VERSION@/$(DRIVER_VERSION)/' driver/linux/dkms.conf >$(DKMS_SOURCE)/dkms.conf
	@echo $(DKMS_SOURCE)

install-dkms: dkms-source
	install -d $(DESTDIR)/usr/src
	cp -r $(DKMS_SOURCE) $(DESTDIR)/usr/src/
	@echo 'now: dkms install ravelin/$(DRIVER_VERSION)'
