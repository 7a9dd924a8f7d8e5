# SPDX-License-Identifier: BSD-2-Clause

GUEST_SUITES := $(addprefix tests/guest/,boot_test docs-ci guest-churn guest-faults guest-forms guest-judge guest-kernel guest-lacking \
	guest-libipsec guest-netdev guest-raveld guest-raveld-cpus guest-raveld-packet guest-raveld-xfrm guest-xfrm)

TESTS += $(GUEST_SUITES)
LONG_TESTS += $(GUEST_SUITES)

.PHONY: guest-cache
guest-cache:
	@scripts/guest-cache

# ravelin.ko for the kernel that guests run.
.PHONY: guest-module
guest-module: | guest-cache
	@driver/linux/build-all $(BUILD)/linux "$$(scripts/guest-cache --kernels | \
		awk -v version="$$(scripts/guest-cache --paths | sed -n 's/^version=//p')" '$$1 == version { print $$2 }')"

# The suites are scripts: nothing makes them, but they need what guests are made of.
$(GUEST_SUITES): | guest-module ;

tests/guest/guest-judge: | esp_judge
.PHONY: esp_judge
esp_judge:
	+@$(MAKE) --no-print-directory -s SAN=0 $(BUILD)/tests/esp_judge

# `make soak SOAK_ROUNDS=N SOAK_RUNS=N`: that many rounds of guest-churn on each kernel, and runs of
# the simulation of IKE; floods as fast as they can be; and SOAK_PACKETS through the data path in RTL.
.PHONY: soak
SOAK_ROUNDS  ?= 500
SOAK_RUNS    ?= 1000000
SOAK_PACKETS ?= 1000000
SOAK_BEATS   := 512 256 128
SOAK_KERNELS := oldest standard newest

soak: deps guest-cache
	@$(MAKE) --no-print-directory sim-ike RUNS=$(SOAK_RUNS)
	@$(MAKE) --no-print-directory -s SAN=0 $(JOBS) $(patsubst %,$(BUILD)/tests/ipsec_%,$(SOAK_BEATS))
	@for beat in $(SOAK_BEATS); do \
	  PACKETS=$(SOAK_PACKETS) $(BUILD)/tests/ipsec_$$beat $$(date +%s) every_form_meets || exit 1; \
	done
	@$(MAKE) --no-print-directory -s $(JOBS) programs flooder && \
	  RAVELIN_FLOOD=0 $(AS_ROOT:sudo=sudo --preserve-env) tests/raveld/flood_test
	@scripts/guest-cache --paths oldest >/dev/null && scripts/guest-cache --paths newest >/dev/null
	@echo 'building' && $(MAKE) --no-print-directory -s $(JOBS) $(B)/bin/ravelsim module
	@mkdir -p $(BUILD)/soak; status=0; \
	for kernel in $(SOAK_KERNELS); do \
	  log=$(BUILD)/soak/$$kernel.log; \
	  $(AS_ROOT:sudo=sudo --preserve-env) tests/guest/guest-churn kernel=$$kernel rounds=$(SOAK_ROUNDS) \
	    seed=$$(date +%s) >$$log 2>&1 || { status=1; grep -v '^ok\|^# [0-9.]* s$$' $$log || :; }; \
	  tail -n 1 $$log; \
	done; exit $$status

.PHONY: guest
guest: deps guest-cache
	@echo 'building' && $(MAKE) --no-print-directory -s $(JOBS) $(B)/bin/ravelsim guest-module
	@$(AS_ROOT:sudo=sudo --preserve-env) tests/guest/shell

.PHONY: demo-guest
demo-guest: deps guest-cache
	@echo 'building' && $(MAKE) --no-print-directory -s $(JOBS) programs guest-module
	@$(AS_ROOT:sudo=sudo --preserve-env) tests/guest/demo.py
