# SPDX-License-Identifier: BSD-2-Clause

TESTS += tests/linux/build_test tests/linux/nic_test

# Scripts: nothing makes them. The second boots a guest with the module.
tests/linux/build_test: ;
tests/linux/nic_test: | guest-module ;
