# SPDX-License-Identifier: BSD-2-Clause
#
# Each suite's fragment lies beside it. A fragment registers with c_test, or for suites that need
# rules of their own (Verilated ones, scripts) by adding the path of an executable to TESTS.

include $(wildcard tests/*/*.mk tests/rtl/*/*.mk)

.PHONY: list-tests list-long
list-tests:
	@printf '%s\n' $(TESTS)

# Those of them that `make check` leaves out: guests, and random runs of many seconds.
list-long:
	@printf '%s\n' $(LONG_TESTS)

.PHONY: list-benches
list-benches:
	@printf '%s\n' $(BENCHES)
