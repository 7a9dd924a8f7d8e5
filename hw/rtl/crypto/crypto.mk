# SPDX-License-Identifier: BSD-2-Clause
RTL_CRYPTO_SRCS := hw/rtl/ravelin_ram.sv $(addprefix hw/rtl/crypto/, \
	ravelin_gf_pkg.sv ravelin_gf128_mul.sv ravelin_aes_ctr.sv ravelin_ghash.sv \
	ravelin_gcm_keys.sv ravelin_gcm.sv)
