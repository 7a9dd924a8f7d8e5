# SPDX-License-Identifier: BSD-2-Clause

MEMORY_TESTS := tests/rtl/memory/memory_test tests/rtl/memory/levels_test
TESTS      += $(MEMORY_TESTS)
LONG_TESTS += $(MEMORY_TESTS)

# Scripts: nothing makes them.
$(MEMORY_TESTS): ;
