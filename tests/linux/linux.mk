# SPDX-License-Identifier: BSD-2-Clause

TESTS += tests/linux/build_test
LONG_TESTS += tests/linux/build_test

# A script: nothing makes it.
tests/linux/build_test: ;
