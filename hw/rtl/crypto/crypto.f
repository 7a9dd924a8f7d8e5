hw/rtl/crypto/ravelin_gf_pkg.sv
hw/rtl/crypto/ravelin_gf128_mul.sv
hw/rtl/crypto/ravelin_aes_ctr.sv
hw/rtl/crypto/ravelin_ghash.sv
hw/rtl/crypto/ravelin_gcm_keys.sv
hw/rtl/crypto/ravelin_gcm.sv
