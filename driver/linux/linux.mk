# SPDX-License-Identifier: BSD-2-Clause
#
# ravelin.ko. Without KDIR for every kernel whose headers are here: those installed in /lib/modules
# and those that scripts/guest-cache keeps. Never writes outside $(B).

.PHONY: module
module:
	@driver/linux/build-all $(B)/linux $(KDIR)
