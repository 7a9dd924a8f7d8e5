# SPDX-License-Identifier: BSD-2-Clause

TESTS += tests/rtl/memory/memory_test
LONG_TESTS += tests/rtl/memory/memory_test

# A script: nothing makes it.
tests/rtl/memory/memory_test: ;
