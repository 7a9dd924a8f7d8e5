/* SPDX-License-Identifier: BSD-2-Clause */
/* Suites against the vectors of their RFCs, and RFC 6989's checks of public values. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/ike/cipher.h"
#include "host/ike/dh.h"
#include "host/ike/keys.h"
#include "tests/ike/support.h"

static void assert_hex(const uint8_t *got, size_t len, const char *hex)
{
	uint8_t want[1024];

	assert_int_equal(from_hex(hex, want, sizeof(want)), len);
	assert_memory_equal(got, want, len);
}

/* RFC 4231, sections 4.2, 4.3 and 4.7, where the key is longer than a block */
static void hmac_gives_the_values_of_rfc_4231(void **state)
{
	static const struct {
		uint16_t prf;
		const char *one, *two, *six;
	} v[] = {
		{IKE_PRF_HMAC_SHA2_256,
		 "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		{IKE_PRF_HMAC_SHA2_384,
		 "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
		 "faea9ea9076ede7f4af152e8b2fa9cb6",
		 "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
		 "8e2240ca5e69e2c78b3239ecfab21649",
		 "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
		 "0c2ef6ab4030fe8296248df163f44952"},
		{IKE_PRF_HMAC_SHA2_512,
		 "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
		 "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
		 "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
		 "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
		 "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
		 "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
	};
	uint8_t key[20], long_key[131], out[IKE_PRF_MAX];
	struct ike_slice hi[] = {ike_slice("Hi ", 3), ike_slice("There", 5)};
	struct ike_slice what = ike_slice("what do ya want for nothing?", 28);
	struct ike_slice test =
		ike_slice("Test Using Larger Than Block-Size Key - Hash Key First", 54);

	(void)state;
	memset(key, 0x0b, sizeof(key));
	memset(long_key, 0xaa, sizeof(long_key));
	for (size_t i = 0; i < 3; i++) {
		size_t len = ike_prf_len(v[i].prf);

		assert_int_equal(ike_prf(v[i].prf, ike_slice(key, 20), hi, 2, out), 0);
		assert_hex(out, len, v[i].one);
		assert_int_equal(ike_prf(v[i].prf, ike_slice("Jefe", 4), &what, 1, out), 0);
		assert_hex(out, len, v[i].two);
		assert_int_equal(
			ike_prf(v[i].prf, ike_slice(long_key, sizeof(long_key)), &test, 1, out), 0);
		assert_hex(out, len, v[i].six);
		/* RFC 4868: the integrity algorithm is the first half */
		assert_int_equal(
			ike_integ((uint16_t)(v[i].prf + 7), ike_slice("Jefe", 4), &what, 1, out),
			0);
		assert_int_equal(ike_integ_tag_len((uint16_t)(v[i].prf + 7)), len / 2);
	}
}

/* prf+ is HKDF-Expand by another name, so RFC 5869's appendix A.1 and A.2 are vectors for it. */
static void prf_plus_gives_the_values_of_rfc_5869(void **state)
{
	uint8_t key[32], info[80], out[82];
	struct ike_slice seed;

	(void)state;
	from_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", key, 32);
	from_hex("f0f1f2f3f4f5f6f7f8f9", info, 10);
	seed = ike_slice(info, 10);
	assert_int_equal(ike_prf_plus(IKE_PRF_HMAC_SHA2_256, ike_slice(key, 32), &seed, 1, out, 42),
			 0);
	assert_hex(out, 42,
		   "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
		   "34007208d5b887185865");
	from_hex("06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244", key, 32);
	for (unsigned i = 0; i < 80; i++)
		info[i] = (uint8_t)(0xb0 + i);
	seed = ike_slice(info, 80);
	assert_int_equal(ike_prf_plus(IKE_PRF_HMAC_SHA2_256, ike_slice(key, 32), &seed, 1, out, 82),
			 0);
	assert_hex(out, 82,
		   "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
		   "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
		   "cc30c58179ec3e87c14c01d5c1f3434f1d87");
	assert_int_equal(ike_prf_plus(IKE_PRF_HMAC_SHA2_256, ike_slice(key, 32), &seed, 1, out,
				      255 * 32 + 1),
			 -EINVAL);
}

/* RFC 7634, appendix B */
static void chacha20_poly1305_gives_the_message_of_rfc_7634(void **state)
{
	struct ike_cipher c = {.encr = IKE_ENCR_CHACHA20_POLY1305, .key_len = 36};
	uint8_t iv[8], head[32], plain[16], out[64], back[64];
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 32; i++)
		c.key[i] = (uint8_t)(0x80 + i);
	from_hex("a0a1a2a3", c.key + 32, 4);
	from_hex("1011121314151617", iv, 8);
	from_hex("c0c1c2c3c4c5c6c7d0d1d2d3d4d5d6d72e202500000000090000004529000029", head, 32);
	from_hex("0000000c000040010000000a", plain, 12); /* the pad length comes by itself */
	assert_int_equal(ike_cipher_sealed_len(&c, 12), 8 + 13 + 16);
	assert_int_equal(ike_cipher_seal(&c, iv, ike_slice(head, 32), ike_slice(plain, 12), out),
			 0);
	assert_hex(out, 37,
		   "1011121314151617610394701f8d017f7c12924889"
		   "6b71bfe25236efd7cdc67066906315b2");
	assert_int_equal(ike_cipher_open(&c, ike_slice(head, 32), ike_slice(out, 37), back, &len),
			 0);
	assert_int_equal(len, 12);
	assert_memory_equal(back, plain, 12);
}

static const struct {
	uint16_t encr, bits, integ;
} SUITES[] = {
	{IKE_ENCR_AES_GCM_16, 128, 0},
	{IKE_ENCR_AES_GCM_16, 192, 0},
	{IKE_ENCR_AES_GCM_16, 256, 0},
	{IKE_ENCR_CHACHA20_POLY1305, 0, 0},
	{IKE_ENCR_AES_CBC, 128, IKE_INTEG_HMAC_SHA2_256_128},
	{IKE_ENCR_AES_CBC, 192, IKE_INTEG_HMAC_SHA2_384_192},
	{IKE_ENCR_AES_CBC, 256, IKE_INTEG_HMAC_SHA2_512_256},
};

static void every_flipped_bit_and_every_cut_of_a_sealed_message_is_refused(void **state)
{
	struct rng r = {3};

	(void)state;
	for (size_t s = 0; s < sizeof(SUITES) / sizeof(SUITES[0]); s++) {
		struct ike_cipher c = {.encr = SUITES[s].encr,
				       .encr_bits = SUITES[s].bits,
				       .integ = SUITES[s].integ};

		c.key_len = ike_encr_key_len(c.encr, c.encr_bits);
		c.integ_key_len = ike_integ_key_len(c.integ);
		rng_bytes(&r, c.key, c.key_len);
		rng_bytes(&r, c.integ_key, c.integ_key_len);
		for (size_t len = 0; len < 40; len++) {
			uint8_t iv[16], head[32], plain[40], back[128], out[128];
			size_t sealed = ike_cipher_sealed_len(&c, len), got;

			rng_bytes(&r, iv, sizeof(iv));
			rng_bytes(&r, head, sizeof(head));
			rng_bytes(&r, plain, sizeof(plain));
			assert_int_equal(ike_cipher_seal(&c, iv, ike_slice(head, 32),
							 ike_slice(plain, len), out),
					 0);
			assert_int_equal(ike_cipher_open(&c, ike_slice(head, 32),
							 ike_slice(out, sealed), back, &got),
					 0);
			assert_int_equal(got, len);
			assert_memory_equal(back, plain, len);
			for (size_t bit = 0; bit < sealed * 8; bit++) {
				out[bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_int_equal(ike_cipher_open(&c, ike_slice(head, 32),
								 ike_slice(out, sealed), back,
								 &got),
						 -EBADMSG);
				out[bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
			for (size_t cut = 0; cut < sealed; cut++)
				assert_int_equal(ike_cipher_open(&c, ike_slice(head, 32),
								 ike_slice(out, cut), back, &got),
						 -EBADMSG);
			head[0] ^= 1;
			assert_int_equal(ike_cipher_open(&c, ike_slice(head, 32),
							 ike_slice(out, sealed), back, &got),
					 -EBADMSG);
		}
	}
}

static void check_group(uint16_t group, const char *priv_a, const char *priv_b, const char *pub_a,
			const char *pub_b, const char *shared)
{
	uint8_t key[66];
	struct ike_dh *a, *b;
	struct ike_secret s;

	a = ike_dh_from_private(group, ike_slice(key, from_hex(priv_a, key, sizeof(key))));
	b = ike_dh_from_private(group, ike_slice(key, from_hex(priv_b, key, sizeof(key))));
	assert_non_null(a);
	assert_non_null(b);
	assert_hex(ike_dh_public(a).data, ike_dh_public(a).len, pub_a);
	assert_hex(ike_dh_public(b).data, ike_dh_public(b).len, pub_b);
	assert_int_equal(ike_dh_shared(a, ike_dh_public(b), &s), 0);
	assert_hex(s.data, s.len, shared);
	assert_int_equal(ike_dh_shared(b, ike_dh_public(a), &s), 0);
	assert_hex(s.data, s.len, shared);
	ike_dh_free(a);
	ike_dh_free(b);
}

/* RFC 7748, sections 6.1 and 6.2 */
static void x25519_and_x448_give_the_values_of_rfc_7748(void **state)
{
	(void)state;
	check_group(IKE_GROUP_X25519,
		    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
		    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
		    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
		    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
		    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	check_group(IKE_GROUP_X448,
		    "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d"
		    "d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
		    "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d"
		    "6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d",
		    "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c"
		    "22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
		    "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430"
		    "27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
		    "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b"
		    "b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d");
}

/* RFC 5903, section 8 */
static void ecp_groups_give_the_values_of_rfc_5903(void **state)
{
	(void)state;
	check_group(IKE_GROUP_ECP_256,
		    "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
		    "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53",
		    "DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"
		    "5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3",
		    "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
		    "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
		    "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE");
	check_group(IKE_GROUP_ECP_384,
		    "099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655"
		    "E35B538041E649EE3FAEF896783AB194",
		    "41CB0779B4BDB85D47846725FBEC3C9430FAB46CC8DC5060855CC9BDA0AA2942"
		    "E0308312916B8ED2960E4BD55A7448FC",
		    "667842D7D180AC2CDE6F74F37551F55755C7645C20EF73E31634FE72B4C55EE6"
		    "DE3AC808ACB4BDB4C88732AEE95F41AA"
		    "9482ED1FC0EEB9CAFC4984625CCFC23F65032149E0E144ADA024181535A0F38E"
		    "EB9FCFF3C2C947DAE69B4C634573A81C",
		    "E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D"
		    "0D1AC43A0336DEF96FDA41D0774A3571DCFBEC7AACF3196472169E838430367F"
		    "66EEBE3C6E70C416DD5F0C68759DD1FFF83FA40142209DFF5EAAD96DB9E6386C",
		    "11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4"
		    "D603135569B9E9D09CF5D4A270F59746");
	check_group(IKE_GROUP_ECP_521,
		    "0037ADE9319A89F4DABDB3EF411AACCCA5123C61ACAB57B5393DCE47608172A0"
		    "95AA85A30FE1C2952C6771D937BA9777F5957B2639BAB072462F68C27A57382D4A52",
		    "0145BA99A847AF43793FDD0E872E7CDFA16BE30FDC780F97BCCC3F078380201E"
		    "9C677D600B343757A3BDBF2A3163E4C2F869CCA7458AA4A4EFFC311F5CB151685EB9",
		    "0015417E84DBF28C0AD3C278713349DC7DF153C897A1891BD98BAB4357C9ECBE"
		    "E1E3BF42E00B8E380AEAE57C2D107564941885942AF5A7F4601723C4195D176CED3E"
		    "017CAE20B6641D2EEB695786D8C946146239D099E18E1D5A514C739D7CB4A10A"
		    "D8A788015AC405D7799DC75E7B7D5B6CF2261A6A7F1507438BF01BEB6CA3926F9582",
		    "00D0B3975AC4B799F5BEA16D5E13E9AF971D5E9B984C9F39728B5E5739735A21"
		    "9B97C356436ADC6E95BB0352F6BE64A6C2912D4EF2D0433CED2B6171640012D9460F"
		    "015C68226383956E3BD066E797B623C27CE0EAC2F551A10C2C724D9852077B87"
		    "220B6536C5C408A1D2AEBB8E86D678AE49CB57091F4732296579AB44FCD17F0FC56A",
		    "01144C7D79AE6956BC8EDB8E7C787C4521CB086FA64407F97894E5E6B2D79B04"
		    "D1427E73CA4BAA240A34786859810C06B3C715A3A8CC3151F2BEE417996D19F3DDEA");
}

/* RFC 3526, sections 3 to 5: from its formula over the digits of pi, not from a library */
static const struct {
	uint16_t group;
	const char *prime;
} MODP[] = {
	{IKE_GROUP_MODP_2048, "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74"
			      "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"
			      "4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
			      "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05"
			      "98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb"
			      "9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b"
			      "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718"
			      "3995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff"},
	{IKE_GROUP_MODP_3072, "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74"
			      "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"
			      "4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
			      "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05"
			      "98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb"
			      "9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b"
			      "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718"
			      "3995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33"
			      "a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7"
			      "abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864"
			      "d87602733ec86a64521f2b18177b200cbbe117577a615d6c770988c0bad946e2"
			      "08e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff"},
	{IKE_GROUP_MODP_4096, "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74"
			      "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"
			      "4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
			      "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05"
			      "98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb"
			      "9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b"
			      "e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718"
			      "3995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33"
			      "a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7"
			      "abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864"
			      "d87602733ec86a64521f2b18177b200cbbe117577a615d6c770988c0bad946e2"
			      "08e24fa074e5ab3143db5bfce0fd108e4b82d120a92108011a723c12a787e6d7"
			      "88719a10bdba5b2699c327186af4e23c1a946834b6150bda2583e9ca2ad44ce8"
			      "dbbbc2db04de8ef92e8efc141fbecaa6287c59474e6bc05d99b2964fa090c3a2"
			      "233ba186515be7ed1f612970cee2d7afb81bdd762170481cd0069127d5b05aa9"
			      "93b4ea988d8fddc186ffb7dc90a6c08f4df435c934063199ffffffffffffffff"},
};

/* 2 to the power of the prime's length is, modulo the prime, their difference. */
static void modp_groups_have_the_primes_of_rfc_3526(void **state)
{
	(void)state;
	for (size_t g = 0; g < 3; g++) {
		uint8_t want[512], prime[512], exponent[2];
		size_t len = from_hex(MODP[g].prime, prime, sizeof(prime));
		unsigned carry = 1;
		struct ike_dh *dh;

		assert_int_equal(len, ike_dh_public_len(MODP[g].group));
		for (size_t i = len; i-- > 0;) {
			carry += (uint8_t)~prime[i];
			want[i] = (uint8_t)carry;
			carry >>= 8;
		}
		exponent[0] = (uint8_t)(len * 8 >> 8);
		exponent[1] = (uint8_t)(len * 8);
		dh = ike_dh_from_private(MODP[g].group, ike_slice(exponent, 2));
		assert_non_null(dh);
		assert_memory_equal(ike_dh_public(dh).data, want, len);
		ike_dh_free(dh);
	}
}

static int with_peer(const struct ike_dh *dh, const uint8_t *value, size_t len)
{
	struct ike_secret s;

	return ike_dh_shared(dh, ike_slice(value, len), &s);
}

/* RFC 6989, section 2.1 */
static void modp_values_of_0_1_p_minus_1_p_and_beyond_are_refused(void **state)
{
	struct rng r = {1};
	struct ike_random random = {.fill = rng_fill, .context = &r};

	(void)state;
	for (size_t g = 0; g < 3; g++) {
		struct ike_dh *dh = ike_dh_new(MODP[g].group, &random);
		uint8_t v[513] = {0};
		size_t len = ike_dh_public_len(MODP[g].group);

		assert_int_equal(with_peer(dh, v, len), -EBADMSG); /* 0 */
		v[len - 1] = 1;
		assert_int_equal(with_peer(dh, v, len), -EBADMSG);
		v[len - 1] = 2;
		assert_int_equal(with_peer(dh, v, len), 0);
		from_hex(MODP[g].prime, v, len);
		assert_int_equal(with_peer(dh, v, len), -EBADMSG);
		v[len - 1]--; /* p - 1: the prime is odd */
		assert_int_equal(with_peer(dh, v, len), -EBADMSG);
		v[len - 1]--;
		assert_int_equal(with_peer(dh, v, len), 0);
		memset(v, 0xff, len);
		assert_int_equal(with_peer(dh, v, len), -EBADMSG);
		v[0] = 0;
		assert_int_equal(with_peer(dh, v, len - 1), -EBADMSG);
		assert_int_equal(with_peer(dh, v, len + 1), -EBADMSG);
		assert_int_equal(with_peer(dh, v, 0), -EBADMSG);
		ike_dh_free(dh);
	}
}

/* RFC 6989, section 2.3 */
static void points_that_are_not_on_the_curve_are_refused(void **state)
{
	static const uint16_t groups[] = {IKE_GROUP_ECP_256, IKE_GROUP_ECP_384, IKE_GROUP_ECP_521};
	struct rng r = {2};
	struct ike_random random = {.fill = rng_fill, .context = &r};

	(void)state;
	for (size_t g = 0; g < 3; g++) {
		struct ike_dh *dh = ike_dh_new(groups[g], &random);
		struct ike_dh *peer = ike_dh_new(groups[g], &random);
		size_t len = ike_dh_public_len(groups[g]);
		uint8_t v[133] = {0};

		assert_int_equal(with_peer(dh, v, len), -EBADMSG); /* (0, 0) */
		memset(v, 0xff, len);				   /* coordinates above p */
		assert_int_equal(with_peer(dh, v, len), -EBADMSG);
		memcpy(v, ike_dh_public(peer).data, len);
		assert_int_equal(with_peer(dh, v, len), 0);
		v[len - 1] ^= 1;
		assert_int_equal(with_peer(dh, v, len), -EBADMSG);
		v[len - 1] ^= 1;
		assert_int_equal(with_peer(dh, v, len - 1), -EBADMSG);
		assert_int_equal(with_peer(dh, v, len + 1), -EBADMSG);
		assert_int_equal(with_peer(dh, v, len / 2), -EBADMSG);
		ike_dh_free(dh);
		ike_dh_free(peer);
	}
}

/* RFC 8031, section 3.2, and RFC 7748, section 6: the result must not be zero. */
static void points_of_small_order_on_curve25519_and_448_are_refused(void **state)
{
	static const char *const small25519[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct rng r = {2};
	struct ike_random random = {.fill = rng_fill, .context = &r};
	struct ike_dh *dh = ike_dh_new(IKE_GROUP_X25519, &random);
	uint8_t v[57] = {0};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		from_hex(small25519[i], v, 32);
		assert_int_equal(with_peer(dh, v, 32), -EBADMSG);
	}
	assert_int_equal(with_peer(dh, v, 31), -EBADMSG);
	assert_int_equal(with_peer(dh, v, 33), -EBADMSG);
	ike_dh_free(dh);
	dh = ike_dh_new(IKE_GROUP_X448, &random);
	memset(v, 0, sizeof(v));
	assert_int_equal(with_peer(dh, v, 56), -EBADMSG);
	v[0] = 1;
	assert_int_equal(with_peer(dh, v, 56), -EBADMSG);
	assert_int_equal(with_peer(dh, v, 57), -EBADMSG);
	ike_dh_free(dh);
}

static void key_pairs_repeat_from_a_seed(void **state)
{
	static const uint16_t groups[] = {IKE_GROUP_MODP_2048, IKE_GROUP_ECP_256, IKE_GROUP_ECP_521,
					  IKE_GROUP_X25519, IKE_GROUP_X448};

	(void)state;
	for (size_t g = 0; g < 5; g++) {
		struct rng one = {99}, two = {99}, three = {100};
		struct ike_random r1 = {rng_fill, &one}, r2 = {rng_fill, &two};
		struct ike_random r3 = {rng_fill, &three};
		struct ike_dh *a = ike_dh_new(groups[g], &r1), *b = ike_dh_new(groups[g], &r2);
		struct ike_dh *c = ike_dh_new(groups[g], &r3);

		assert_true(ike_slice_equal(ike_dh_public(a), ike_dh_public(b)));
		assert_false(ike_slice_equal(ike_dh_public(a), ike_dh_public(c)));
		ike_dh_free(a);
		ike_dh_free(b);
		ike_dh_free(c);
	}
}

/* Section 2.14's order of the keys, over prf+ called by hand. */
static void keys_are_cut_from_prf_plus_in_the_order_of_the_rfc(void **state)
{
	struct ike_suite suite = {.encr = IKE_ENCR_AES_CBC,
				  .encr_bits = 128,
				  .integ = IKE_INTEG_HMAC_SHA2_256_128,
				  .prf = IKE_PRF_HMAC_SHA2_512};
	struct ike_secret shared = {.len = 32};
	uint8_t nonces[64], spis[16], seed[64], want[3 * 64 + 2 * 32 + 2 * 16];
	struct ike_slice ni = ike_slice(nonces, 32), nr = ike_slice(nonces + 32, 32), parts[2];
	struct ike_auth_keys auth;
	struct ike_keys k;
	struct rng r = {5};

	(void)state;
	rng_bytes(&r, shared.data, 32);
	rng_bytes(&r, nonces, 64);
	from_hex("01020304050607081112131415161718", spis, 16);
	parts[0] = ike_slice(shared.data, 32);
	assert_int_equal(ike_prf(suite.prf, ike_slice(nonces, 64), parts, 1, seed), 0);
	parts[0] = ike_slice(nonces, 64);
	parts[1] = ike_slice(spis, 16);
	assert_int_equal(ike_prf_plus(suite.prf, ike_slice(seed, 64), parts, 2, want, sizeof(want)),
			 0);
	assert_int_equal(ike_keys_derive(&suite, &shared, ni, nr, 0x0102030405060708,
					 0x1112131415161718, &k, &auth),
			 0);
	assert_memory_equal(k.sk_d, want, 64);
	assert_memory_equal(k.initiator.integ_key, want + 64, 32);
	assert_memory_equal(k.responder.integ_key, want + 96, 32);
	assert_memory_equal(k.initiator.key, want + 128, 16);
	assert_memory_equal(k.responder.key, want + 144, 16);
	assert_memory_equal(auth.sk_pi, want + 160, 64);
	assert_memory_equal(auth.sk_pr, want + 224, 64);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hmac_gives_the_values_of_rfc_4231),
		cmocka_unit_test(prf_plus_gives_the_values_of_rfc_5869),
		cmocka_unit_test(chacha20_poly1305_gives_the_message_of_rfc_7634),
		cmocka_unit_test(every_flipped_bit_and_every_cut_of_a_sealed_message_is_refused),
		cmocka_unit_test(x25519_and_x448_give_the_values_of_rfc_7748),
		cmocka_unit_test(ecp_groups_give_the_values_of_rfc_5903),
		cmocka_unit_test(modp_groups_have_the_primes_of_rfc_3526),
		cmocka_unit_test(modp_values_of_0_1_p_minus_1_p_and_beyond_are_refused),
		cmocka_unit_test(points_that_are_not_on_the_curve_are_refused),
		cmocka_unit_test(points_of_small_order_on_curve25519_and_448_are_refused),
		cmocka_unit_test(key_pairs_repeat_from_a_seed),
		cmocka_unit_test(keys_are_cut_from_prf_plus_in_the_order_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
