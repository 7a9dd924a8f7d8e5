# SPDX-License-Identifier: BSD-2-Clause

SCENARIO_SUITES := tests/scenarios/scenarios_test

TESTS += $(SCENARIO_SUITES)
LONG_TESTS += $(SCENARIO_SUITES)

# The suite is a script: nothing makes it, but it needs what its guests are made of.
$(SCENARIO_SUITES): | guest-cache ;

# `make scenarios WORDS="libreswan NIC"`: those that have all of these words in their names, else all of them.
.PHONY: scenarios
scenarios: deps guest-cache
	@echo 'building' && $(MAKE) --no-print-directory -s $(JOBS) $(B)/bin/ravelsim && \
	  $(MAKE) --no-print-directory -s $(JOBS) SAN=1 programs
	@$(AS_ROOT:sudo=sudo --preserve-env) tests/scenarios/run $(WORDS)
