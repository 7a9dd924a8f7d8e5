# SPDX-License-Identifier: BSD-2-Clause
#
# The AES-GCM engine: a Verilated model for each configuration, all run by the same tests.

GCM_DIR := tests/rtl/crypto
GCM_VECTORS := $(patsubst %/gcmDecrypt128.rsp,%,$(filter %/GCM/gcmDecrypt128.rsp,\
               $(shell dpkg -L python3-cryptography-vectors 2>/dev/null)))
GCM_SRCS := $(addprefix $(GCM_DIR)/,gcm_bench.c gcm_oracle.c gcm_residue.c gcm_vectors.c gcm_test.c)
GCM_VERILATOR := --x-assign fast --x-initial fast -fno-const-bit-op-tree -Wall

$(B)/obj/$(GCM_DIR)/gcm_test.o: CPPFLAGS += -DGCM_VECTORS='"$(GCM_VECTORS)"'

# $(call gcm_test,NAME,BITS A BEAT,DECRYPT,SLOTS,VERILATOR'S OPTIMIZATION)
define gcm_test
$(call verilated,$(1),ravelin_gcm,$(RTL_CRYPTO_SRCS),$(GCM_VERILATOR) $(5) -GDataW=$(2) -GDecrypt=1\'b$(3) \
  -GSaCount=$(4) -GTestMutations=1\'b1,$(GCM_DIR)/gcm_dut.cc,-DGCM_DATA_W=$(2) -DGCM_DECRYPT=$(3) \
  -DGCM_SLOTS=$(4) -DGCM_WHOLE_STATE=$(if $(filter -O0,$(5)),0,1),1)
$(call verilated_test,$(1),$(GCM_SRCS),-lcrypto)
$(call verilated_link,$(B)/bench/$(1),$(1),$(GCM_DIR)/gcm_speed.c,)
endef

$(eval $(call gcm_test,gcm_encrypt_512,512,0,1024,-O3 --noassert))
$(eval $(call gcm_test,gcm_decrypt_512,512,1,1024,-O3 --noassert))
$(eval $(call gcm_test,gcm_encrypt_128,128,0,16,-O3 --noassert))
$(eval $(call gcm_test,gcm_decrypt_256,256,1,64,-O3 --noassert))
# Verilator's own optimizer must not matter; here the stream rules are checked, too.
$(eval $(call gcm_test,gcm_encrypt_512_unoptimized,512,0,64,-O0 -fgate --assert -DRAVELIN_ASSERT))
$(eval $(call gcm_test,gcm_decrypt_512_unoptimized,512,1,64,-O0 -fgate --assert -DRAVELIN_ASSERT))

BENCHES += $(B)/bench/gcm_encrypt_512 $(B)/bench/gcm_decrypt_512

$(eval $(call verilated,gf128_mul,ravelin_gf128_mul,$(RTL_CRYPTO_SRCS),$(GCM_VERILATOR) -O3 --noassert,\
  $(GCM_DIR)/gf128_dut.cc,,1))
$(eval $(call verilated_test,gf128_mul,$(GCM_DIR)/gf128_test.c,))
