# SPDX-License-Identifier: BSD-2-Clause

TESTS += tests/linux/build_test tests/linux/nic_test
LONG_TESTS += tests/linux/nic_test

# Scripts: nothing makes them. The second boots a guest with the module.
tests/linux/build_test: ;
tests/linux/nic_test: | guest-cache
	@$(MAKE) --no-print-directory -s module >/dev/null
