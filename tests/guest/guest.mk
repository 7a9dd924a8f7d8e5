# SPDX-License-Identifier: BSD-2-Clause

GUEST_SUITES := $(addprefix tests/guest/,boot_test)

TESTS += $(GUEST_SUITES)

.PHONY: guest-cache
guest-cache:
	@scripts/guest-cache

# The suites are scripts: nothing makes them, but they need what guests are made of.
$(GUEST_SUITES): | guest-cache ;

.PHONY: guest
guest: deps guest-cache
	@echo 'building' && $(MAKE) --no-print-directory -s $(JOBS) $(B)/bin/ravelsim module
	@$(AS_ROOT:sudo=sudo --preserve-env) tests/guest/shell

ifneq ($(wildcard tests/guest/demo.py),)
.PHONY: demo-guest
demo-guest: deps guest-cache
	@echo 'building' && $(MAKE) --no-print-directory -s $(JOBS) programs module
	@$(AS_ROOT:sudo=sudo --preserve-env) tests/guest/demo.py
endif
