# SPDX-License-Identifier: BSD-2-Clause

TESTS += tests/interop/interop-user tests/interop/interop-soft

# The suites run the daemons, and these files are always there.
tests/interop/interop-user tests/interop/interop-soft: ;
