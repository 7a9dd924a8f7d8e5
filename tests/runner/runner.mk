# SPDX-License-Identifier: BSD-2-Clause

TESTS += tests/runner/runner_test

# A script: nothing makes it.
tests/runner/runner_test: ;
