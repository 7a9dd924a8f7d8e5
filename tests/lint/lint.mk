# SPDX-License-Identifier: BSD-2-Clause

TESTS += tests/lint/lint

# A script: nothing makes it.
tests/lint/lint: ;
