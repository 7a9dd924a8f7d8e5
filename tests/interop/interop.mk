# SPDX-License-Identifier: BSD-2-Clause

INTEROP_SUITES := $(addprefix tests/interop/,interop-user interop-soft interop-errors)

TESTS += $(INTEROP_SUITES)

# The suites are scripts: nothing makes them.
$(INTEROP_SUITES): ;
