# SPDX-License-Identifier: BSD-2-Clause
#
# Each suite's fragment lies beside it. A fragment registers with c_test, or for suites that need
# rules of their own (Verilated ones, scripts) by adding the path of an executable to TESTS.

include $(wildcard tests/*/*.mk tests/rtl/*/*.mk)

.PHONY: list-tests
list-tests:
	@printf '%s\n' $(TESTS)

.PHONY: list-benches
list-benches:
	@printf '%s\n' $(BENCHES)
