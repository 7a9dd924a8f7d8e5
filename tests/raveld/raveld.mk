# SPDX-License-Identifier: BSD-2-Clause
TESTS += tests/raveld/raveld_test

# It runs the daemon, and the file is always there.
tests/raveld/raveld_test: ;

$(eval $(call c_test,sa_test,tests/raveld/sa_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
$(eval $(call c_test,sad_test,tests/raveld/sad_test.c,rvl_sa rvl_esp ike,-lcmocka -lcrypto))
