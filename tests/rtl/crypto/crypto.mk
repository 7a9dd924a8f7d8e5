# SPDX-License-Identifier: BSD-2-Clause
#
# The AES-GCM engine: a Verilated model for each configuration, all run by the same tests.
# A model is built once, whatever SAN says: sanitizers watch the bench.

ifndef RTL_CRYPTO_SRCS
include hw/rtl/crypto/crypto.mk
endif

GCM_DIR := tests/rtl/crypto
GCM_CXX := -std=gnu++17 -march=native -I. -I/usr/share/verilator/include \
           -I/usr/share/verilator/include/vltstd
GCM_VECTORS := $(patsubst %/gcmDecrypt128.rsp,%,$(filter %/GCM/gcmDecrypt128.rsp,\
               $(shell dpkg -L python3-cryptography-vectors 2>/dev/null)))
GCM_VERILATOR := verilator --cc --x-assign fast --x-initial fast -fno-const-bit-op-tree \
                 -Wall
GCM_OBJ := $(addprefix $(B)/obj/$(GCM_DIR)/,gcm_bench.o gcm_oracle.o gcm_residue.o \
           gcm_vectors.o gcm_test.o)
GCM_TOP_gcm := ravelin_gcm
GCM_TOP_gf128 := ravelin_gf128_mul

$(B)/obj/$(GCM_DIR)/gcm_test.o: CPPFLAGS += -DGCM_VECTORS='"$(GCM_VECTORS)"'

# $(call gcm_model,NAME,WRAPPER,VERILATOR FLAGS,WRAPPER FLAGS): $(BUILD)/rtl/NAME/model.a
define gcm_model
$(BUILD)/rtl/$(1)/model.a: $$(RTL_CRYPTO_SRCS) $$(GCM_DIR)/$(2)_dut.cc $$(GCM_DIR)/$(2)_dut.h \
                           $$(GCM_DIR)/crypto.mk
	@rm -rf $$(@D) && mkdir -p $$(@D)
	$$(GCM_VERILATOR) $(3) --top-module $$(GCM_TOP_$(2)) --Mdir $$(@D) $$(RTL_CRYPTO_SRCS)
	@printf '%s\n' $$(@D)/*.cpp $$(GCM_DIR)/$(2)_dut.cc \
		/usr/share/verilator/include/verilated.cpp \
		/usr/share/verilator/include/verilated_threads.cpp | \
	xargs -P2 -I{} sh -c '$$(CXX) $$(GCM_CXX) -O2 $(4) -I$$(@D) -c {} \
		-o $$(@D)/$$$$(basename {}).o'
	@rm -f $$@ && $$(AR) rcs $$@ $$(@D)/*.o
endef

# $(call gcm_test,NAME,BITS A BEAT,DECRYPT,SLOTS,VERILATOR'S OPTIMIZATION)
define gcm_test
$(call gcm_model,$(1),gcm,$(5) -GDataW=$(2) -GDecrypt=1\'b$(3) -GSaCount=$(4) \
	-GTestMutations=1\'b1,-DGCM_DATA_W=$(2) -DGCM_DECRYPT=$(3) -DGCM_SLOTS=$(4) \
	-DGCM_WHOLE_STATE=$(if $(filter -O0,$(5)),0,1))
TESTS += $(B)/tests/$(1)
$(B)/tests/$(1): $(GCM_OBJ) $(BUILD)/rtl/$(1)/model.a
	@mkdir -p $$(@D)
	$$(CXX) $$(LDFLAGS) -o $$@ $$^ -lcrypto -pthread -latomic
$(B)/bench/$(1): $(B)/obj/$(GCM_DIR)/gcm_speed.o $(BUILD)/rtl/$(1)/model.a
	@mkdir -p $$(@D)
	$$(CXX) $$(LDFLAGS) -o $$@ $$^ -pthread -latomic
endef

$(eval $(call gcm_test,gcm_encrypt_512,512,0,1024,-O3 --noassert))
$(eval $(call gcm_test,gcm_decrypt_512,512,1,1024,-O3 --noassert))
$(eval $(call gcm_test,gcm_encrypt_128,128,0,16,-O3 --noassert))
$(eval $(call gcm_test,gcm_decrypt_256,256,1,64,-O3 --noassert))
# Verilator's own optimizer must not matter; here the stream rules are checked, too.
$(eval $(call gcm_test,gcm_encrypt_512_unoptimized,512,0,64,-O0 -fgate --assert -DRAVELIN_ASSERT))
$(eval $(call gcm_test,gcm_decrypt_512_unoptimized,512,1,64,-O0 -fgate --assert -DRAVELIN_ASSERT))

BENCHES += $(B)/bench/gcm_encrypt_512 $(B)/bench/gcm_decrypt_512

$(eval $(call gcm_model,gf128_mul,gf128,-O3 --noassert,))
TESTS += $(B)/tests/gf128_mul
$(B)/tests/gf128_mul: $(B)/obj/$(GCM_DIR)/gf128_test.o $(BUILD)/rtl/gf128_mul/model.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) -o $@ $^ -pthread -latomic

OBJECTS += $(GCM_OBJ) $(B)/obj/$(GCM_DIR)/gf128_test.o $(B)/obj/$(GCM_DIR)/gcm_speed.o
