# SPDX-License-Identifier: BSD-2-Clause
$(eval $(call c_library,rvl_conf_text,tests/conf/text.c))
$(eval $(call c_test,conf_test,tests/conf/conf_test.c,rvl_conf_text rvl_conf ike,-lcmocka -lcrypto))
$(eval $(call c_test,conf_able_test,tests/conf/able_test.c,rvl_conf_text rvl_conf ike,-lcmocka -lcrypto))
$(eval $(call c_test,conf_auth_test,tests/conf/auth_test.c,rvl_conf_text rvl_conf ike,-lcmocka -lcrypto))
$(eval $(call c_test,conf_label_test,tests/conf/label_test.c,rvl_conf_text rvl_conf ike,-lcmocka -lcrypto))
$(eval $(call c_test,conf_radius_test,tests/conf/radius_test.c,rvl_conf_text rvl_conf ike,-lcmocka -lcrypto))
