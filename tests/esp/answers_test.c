// SPDX-License-Identifier: BSD-2-Clause
// Whole packets of another implementation (Scapy 2.5.0, its layers.ipsec): ours are the same, and
// its are taken. Its IVs were set to what ours are, and the half of sequence numbers that isn't
// sent was added to what its HMACs of ESP are over, which it leaves out (RFC 4303, section 2.2.1).
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/esp/packet.h"

struct answer {
	const char *name;
	enum rvl_protocol protocol;
	enum rvl_mode mode;
	uint16_t encr;
	uint8_t encr_key_len;
	uint16_t integ;
	uint8_t integ_key_len;
	bool ipv6; /* outside */
	bool esn;
	bool encap;
	bool only_taken; /* it puts destination options before AH, and we behind it */
	uint64_t seq;
	const char *inner;
	const char *outer;
};

static const struct answer answers[] = {
	{.name = "aes-gcm-128",
	 .encr = IKE_ENCR_AES_GCM_16,
	 .encr_key_len = 16,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280068000540004032b633c0000201c0000202c0ffee0100000005000000000000000594369391"
		  "34eb05e6b547fb9a384f9ccbd1af30a2085d689562040e69e0d4c26500d6deced6b24d394101389f"
		  "3a582b82571e415fd6912f0a0d4cfea34d51045b78aeeef5"},
	{.name = "aes-gcm-192",
	 .encr = IKE_ENCR_AES_GCM_16,
	 .encr_key_len = 24,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280068000540004032b633c0000201c0000202c0ffee01000000050000000000000005a5c57fe6"
		  "4af2b602fd7041345e7b5f53a4319b67c0ebb229dabd0b2559baa273779ed70b0abba6e18f89ef3e"
		  "e90f1a7faafe6a42d98c90299b4f65ccf9ddfdece2c386ae"},
	{.name = "aes-gcm-256",
	 .encr = IKE_ENCR_AES_GCM_16,
	 .encr_key_len = 32,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280068000540004032b633c0000201c0000202c0ffee01000000050000000000000005dce1e827"
		  "2ae33c3f89948bb4020f47bfa2c31f53944670593f32560d606868797e4a7261cb475fd2abb63aac"
		  "c4da623ce6b832445fb0e9a1034f56666b23e1f833ab3ede"},
	{.name = "aes-gcm, esn",
	 .encr = IKE_ENCR_AES_GCM_16,
	 .encr_key_len = 32,
	 .esn = true,
	 .seq = 0x700000005,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280068000540004032b633c0000201c0000202c0ffee0100000005000000070000000520997885"
		  "b9afb6be3242016fd91d56778a4fa1e72be38d701ec93d01f33e74fa64459ba99f87882d9830d60f"
		  "e7f2cdd0fe035f68913830ccedcbf9e284580bbdb44b573c"},
	{.name = "chacha20-poly1305",
	 .encr = IKE_ENCR_CHACHA20_POLY1305,
	 .encr_key_len = 32,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280068000540004032b633c0000201c0000202c0ffee01000000050000000000000005330bea90"
		  "74ce42463bf319a48e3fd54373ab8a4c43ebf35e16869461457d9019165da4981a6f9b50ff49046b"
		  "2bc33cd49e2df574100e798d7c2f0f2bc9e4130a6a11d39e"},
	{.name = "chacha20-poly1305, esn",
	 .encr = IKE_ENCR_CHACHA20_POLY1305,
	 .encr_key_len = 32,
	 .esn = true,
	 .seq = 0x700000005,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280068000540004032b633c0000201c0000202c0ffee01000000050000000700000005378ebc31"
		  "a9fd8c1f6811c9c9a704c79e983dc31778173a56c2037d7ae2cb1649a94e83c9462cd851195886d7"
		  "625ef16eb4b1a7941c2c1adb63858dcd8d4c9da9854d7182"},
	{.name = "aes-cbc-128, sha1",
	 .encr = IKE_ENCR_AES_CBC,
	 .encr_key_len = 16,
	 .integ = IKE_INTEG_HMAC_SHA1_96,
	 .integ_key_len = 20,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280078000540004032b623c0000201c0000202c0ffee01000000059b82998964728141405e23dd"
		  "9f1dd01be028792a01db42463ea388f1fd1ccf98a630ddc18dd707628056b22a3d2bce09c3862db1"
		  "e54e9c82d54776226e908283310bd4fab58f6b96a59ae0a52d600dbb3163d18f3194f8697f531c3"
		  "7"},
	{.name = "aes-cbc-192, sha2-256",
	 .encr = IKE_ENCR_AES_CBC,
	 .encr_key_len = 24,
	 .integ = IKE_INTEG_HMAC_SHA2_256_128,
	 .integ_key_len = 32,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "4528007c000540004032b61fc0000201c0000202c0ffee010000000548336d8fa98d766e3adf96a5"
		  "52caa56dad3dcfd4b13c2b58bc3e6bf36eb1e2277362144386a36116f0a83daa00228b1b77a2ad6a"
		  "ac6a22f030831b16ec209b193ca09b95e74c39b0fe238dc5afc817d73f411ecb83096b95cebd5712"
		  "dbfabfc8"},
	{.name = "aes-cbc-256, sha2-384",
	 .encr = IKE_ENCR_AES_CBC,
	 .encr_key_len = 32,
	 .integ = IKE_INTEG_HMAC_SHA2_384_192,
	 .integ_key_len = 48,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280084000540004032b617c0000201c0000202c0ffee0100000005a90741e6797146a550b63f26"
		  "4a604ee49add3fd26a9629305d0580fea9f36eb4e87f79b458babcf5a5d39bd64916cde6e243e2c6"
		  "cc070b2e790218d1b5e35a0971c581e49b23f0a30571839372b9b1d704b3aa414723c05dd2d08fd3"
		  "91f7b9b7f4e473505bf73ac3"},
	{.name = "aes-cbc-128, sha2-512, esn",
	 .encr = IKE_ENCR_AES_CBC,
	 .encr_key_len = 16,
	 .integ = IKE_INTEG_HMAC_SHA2_512_256,
	 .integ_key_len = 64,
	 .esn = true,
	 .seq = 0x700000005,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "4528008c000540004032b60fc0000201c0000202c0ffee0100000005f76ebeead913a8c8f50c34f2"
		  "bb40e6957858f839d3c90611fc92d70ff431c54379943642c9005d3d04ce14d30ddaa9653f937d39"
		  "a4dbd84abf90665cf2335b68db78c326a589deb5d8361cbb340facd8191e145048da29e2698e3a07"
		  "c547b71943845a522a5a0d4e4fbf761fa6eca37c"},
	{.name = "aes-ctr-128, sha2-256",
	 .encr = IKE_ENCR_AES_CTR,
	 .encr_key_len = 16,
	 .integ = IKE_INTEG_HMAC_SHA2_256_128,
	 .integ_key_len = 32,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280068000540004032b633c0000201c0000202c0ffee0100000005000000000000000577f9c4fb"
		  "01c91e6feffa8e6d93dca991db1c93bf253742368a4daeae543cf3a7fbc25ec62bc1006503712177"
		  "eec3df0922bab3af2dcb625f0917d41dd4a66dd8ed1bf110"},
	{.name = "aes-ctr-256, sha2-512, esn",
	 .encr = IKE_ENCR_AES_CTR,
	 .encr_key_len = 32,
	 .integ = IKE_INTEG_HMAC_SHA2_512_256,
	 .integ_key_len = 64,
	 .esn = true,
	 .seq = 0x700000005,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280078000540004032b623c0000201c0000202c0ffee010000000500000007000000055fd33967"
		  "da974caf0eca4ea57e2c4ab36fb378aba873f16e0d48545bb56e391ba022cf83087fe5807fbc121f"
		  "fd2969964629f6c89ae6411611357ba5d2629067507ca21cda420e99703fd77b6c475b9101b537b"
		  "7"},
	{.name = "null, sha2-256",
	 .encr = IKE_ENCR_NULL,
	 .integ = IKE_INTEG_HMAC_SHA2_256_128,
	 .integ_key_len = 32,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280060000540004032b63bc0000201c0000202c0ffee01000000054528002f123440003f11155e"
		  "0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20616e6f746865720102030304"
		  "dcc806e0d805706526f4729bfed51e0e"},
	{.name = "null, sha1, esn",
	 .encr = IKE_ENCR_NULL,
	 .integ = IKE_INTEG_HMAC_SHA1_96,
	 .integ_key_len = 20,
	 .esn = true,
	 .seq = 0x700000005,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "4528005c000540004032b63fc0000201c0000202c0ffee01000000054528002f123440003f11155e"
		  "0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20616e6f746865720102030304"
		  "e010b6b335e31908ad7e7371"},
	{.name = "IPv6 in IPv4",
	 .encr = IKE_ENCR_AES_GCM_16,
	 .encr_key_len = 16,
	 .seq = 0x5,
	 .inner = "62a12345001b113f20010db800010000000000000000000120010db8000200000000000000000001"
		  "03e807d0001bf8f766726f6d206f6e6520746f20616e6f74686572",
	 .outer = "452a007c000540004032b61dc0000201c0000202c0ffee01000000050000000000000005b3bfb0fb"
		  "26c454d9aa57e37c324f9ccadbad30a30bb56f44421e43bb86a4ad0820b9b0abf6c622182387503b"
		  "5226a174336f2d3657aaee335a45efd9158662fe9136380d74925095c70170c82f4e4ed57e07a52b"
		  "8157f63f"},
	{.name = "IPv4 in IPv6",
	 .encr = IKE_ENCR_AES_CBC,
	 .encr_key_len = 16,
	 .integ = IKE_INTEG_HMAC_SHA2_256_128,
	 .integ_key_len = 32,
	 .ipv6 = true,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "628000000068324020010db800000000000000000000000120010db8000000000000000000000002"
		  "c0ffee01000000059b82998964728141405e23dd9f1dd01be028792a01db42463ea388f1fd1ccf98"
		  "a630ddc18dd707628056b22a3d2bce09c3862db1e54e9c82d54776226e908283310bd4fab58f6b96"
		  "a59ae0a52d600dbb436bd3ad589d3b14d5d66afa13f30a16"},
	{.name = "IPv6 in IPv6",
	 .encr = IKE_ENCR_AES_GCM_16,
	 .encr_key_len = 32,
	 .ipv6 = true,
	 .seq = 0x5,
	 .inner = "62a12345001b113f20010db800010000000000000000000120010db8000200000000000000000001"
		  "03e807d0001bf8f766726f6d206f6e6520746f20616e6f74686572",
	 .outer = "62a000000068324020010db800000000000000000000000120010db8000000000000000000000002"
		  "c0ffee01000000050000000000000005fb68cb4d38cc6d0096849352080f47bea8c11f5297ae7788"
		  "1f281bdf061807145e251c04eb3330f3c9305208aca4e8ca82c95e2dca23145b3d58355e139d018f"
		  "be32c20e5e237f83779d71608da3053a9f94b87a5cc02175"},
	{.name = "in UDP",
	 .encr = IKE_ENCR_AES_CBC,
	 .encr_key_len = 16,
	 .integ = IKE_INTEG_HMAC_SHA2_256_128,
	 .integ_key_len = 32,
	 .encap = true,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "45280084000540004011b638c0000201c00002021194119400700000c0ffee01000000059b829989"
		  "64728141405e23dd9f1dd01be028792a01db42463ea388f1fd1ccf98a630ddc18dd707628056b22a"
		  "3d2bce09c3862db1e54e9c82d54776226e908283310bd4fab58f6b96a59ae0a52d600dbb436bd3ad"
		  "589d3b14d5d66afa13f30a16"},
	{.name = "transport, IPv4",
	 .mode = RVL_TRANSPORT,
	 .encr = IKE_ENCR_AES_GCM_16,
	 .encr_key_len = 16,
	 .seq = 0x5,
	 .inner = "45280039123440003f06a55fc0000201c000020203e807d0000000010000000050182000bd910000"
		  "696e207472616e73706f7274206d6f6465",
	 .outer = "4528005c123440003f32a510c0000201c0000202c0ffee01000000050000000000000005d2f6946e"
		  "26df45e78a56eec46256bcca663c30a362db4f31107e2070f6c9df7c00d4dfcf93c7231fa85d7121"
		  "e84462daf7520be063e501bd"},
	{.name = "transport, IPv4 with options",
	 .mode = RVL_TRANSPORT,
	 .encr = IKE_ENCR_AES_CBC,
	 .encr_key_len = 32,
	 .integ = IKE_INTEG_HMAC_SHA2_256_128,
	 .integ_key_len = 32,
	 .seq = 0x5,
	 .inner = "49280049123400003f063c3bc0000201c000020294040000070b0401020304000000000103e807d0"
		  "000000010000000050182000bd910000696e207472616e73706f7274206d6f6465",
	 .outer = "4928007c123400003f323bdcc0000201c000020294040000070b04010203040000000001c0ffee01"
		  "00000005a90741e6797146a550b63f264a604ee41efab02b8cd11222a9dc41a67f39ed279252af8f"
		  "fb9a8a1fa846031c13bf964338245595ea9357b47e2e46f41a46fdd1082606987426757e07ad2c7a"
		  "5e96808f"},
	{.name = "transport, IPv4 in UDP",
	 .mode = RVL_TRANSPORT,
	 .encr = IKE_ENCR_AES_CBC,
	 .encr_key_len = 32,
	 .integ = IKE_INTEG_HMAC_SHA2_256_128,
	 .integ_key_len = 32,
	 .encap = true,
	 .seq = 0x5,
	 .inner = "45280039123440003f06a55fc0000201c000020203e807d0000000010000000050182000bd910000"
		  "696e207472616e73706f7274206d6f6465",
	 .outer = "45280074123440003f11a519c0000201c00002021194119400600000c0ffee0100000005a90741e6"
		  "797146a550b63f264a604ee41efab02b8cd11222a9dc41a67f39ed279252af8ffb9a8a1fa846031c"
		  "13bf964338245595ea9357b47e2e46f41a46fdd1082606987426757e07ad2c7a5e96808f"},
	{.name = "transport, IPv6",
	 .mode = RVL_TRANSPORT,
	 .encr = IKE_ENCR_AES_GCM_16,
	 .encr_key_len = 16,
	 .ipv6 = true,
	 .seq = 0x5,
	 .inner = "62a123450019113f20010db800000000000000000000000120010db8000000000000000000000002"
		  "03e807d000195622696e207472616e73706f7274206d6f6465",
	 .outer = "62a12345003c323f20010db800000000000000000000000120010db8000000000000000000000002"
		  "c0ffee01000000050000000000000005d2f6946e26c613c4e338ceb0402ff2b9abc242d72bd80021"
		  "071e4f12d13ae8303f44a7e2035b468c05c3d263"},
	{.name = "transport, IPv6, hop-by-hop",
	 .mode = RVL_TRANSPORT,
	 .encr = IKE_ENCR_AES_CBC,
	 .encr_key_len = 16,
	 .integ = IKE_INTEG_HMAC_SHA2_512_256,
	 .integ_key_len = 64,
	 .ipv6 = true,
	 .seq = 0x5,
	 .inner = "62a123450021003f20010db800000000000000000000000120010db8000000000000000000000002"
		  "110005020000010003e807d000195622696e207472616e73706f7274206d6f6465",
	 .outer = "62a123450060003f20010db800000000000000000000000120010db8000000000000000000000002"
		  "3200050200000100c0ffee01000000059b82998964728141405e23dd9f1dd01baf6e6718625496d4"
		  "60583c8ac838fbe801a0dfc389f19a66f8cde0d50ae31f5dbb72ae7346fa5185eedadd9d88d52e46"
		  "7f49f572eda2a822dc0945585c10bab4"},
	{.name = "AH, IPv4 in IPv4",
	 .protocol = RVL_PROTOCOL_AH,
	 .integ = IKE_INTEG_HMAC_SHA2_256_128,
	 .integ_key_len = 32,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "4528005f000540004033b63bc0000201c000020204050000c0ffee01000000054adf6f670ddc0082"
		  "680d8fb3f6d67a424528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d"
		  "206f6e6520746f20616e6f74686572"},
	{.name = "AH, IPv4 in IPv6",
	 .protocol = RVL_PROTOCOL_AH,
	 .integ = IKE_INTEG_HMAC_SHA2_384_192,
	 .integ_key_len = 48,
	 .ipv6 = true,
	 .seq = 0x5,
	 .inner = "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572",
	 .outer = "628000000057334020010db800000000000000000000000120010db8000000000000000000000002"
		  "04080000c0ffee01000000053aa5700d4f01a1f84189eafb8d6695cb78df753af48d90ce00000000"
		  "4528002f123440003f11155e0a0100010a02000103e807d0001b406a66726f6d206f6e6520746f20"
		  "616e6f74686572"},
	{.name = "AH, IPv6 in IPv4",
	 .protocol = RVL_PROTOCOL_AH,
	 .integ = IKE_INTEG_HMAC_SHA2_512_256,
	 .integ_key_len = 64,
	 .seq = 0x5,
	 .inner = "62a12345001b113f20010db800010000000000000000000120010db8000200000000000000000001"
		  "03e807d0001bf8f766726f6d206f6e6520746f20616e6f74686572",
	 .outer = "452a0083000540004033b615c0000201c000020229090000c0ffee010000000599cf4602023318ae"
		  "b190bc2ce03ee3aeba0f1e9366069a89837e6b425308aa6062a12345001b113f20010db800010000"
		  "000000000000000120010db800020000000000000000000103e807d0001bf8f766726f6d206f6e65"
		  "20746f20616e6f74686572"},
	{.name = "AH, IPv6 in IPv6, esn",
	 .protocol = RVL_PROTOCOL_AH,
	 .integ = IKE_INTEG_HMAC_SHA2_512_256,
	 .integ_key_len = 64,
	 .ipv6 = true,
	 .esn = true,
	 .seq = 0x700000005,
	 .inner = "62a12345001b113f20010db800010000000000000000000120010db8000200000000000000000001"
		  "03e807d0001bf8f766726f6d206f6e6520746f20616e6f74686572",
	 .outer = "62a000000073334020010db800000000000000000000000120010db8000000000000000000000002"
		  "290a0000c0ffee0100000005db1ed2da69e4376ea263bd10df3bb6893d50ef5644e477a296c57c90"
		  "c95cea8c0000000062a12345001b113f20010db800010000000000000000000120010db800020000"
		  "000000000000000103e807d0001bf8f766726f6d206f6e6520746f20616e6f74686572"},
	{.name = "AH, transport, IPv4, sha1",
	 .protocol = RVL_PROTOCOL_AH,
	 .mode = RVL_TRANSPORT,
	 .integ = IKE_INTEG_HMAC_SHA1_96,
	 .integ_key_len = 20,
	 .seq = 0x5,
	 .inner = "45280039123440003f06a55fc0000201c000020203e807d0000000010000000050182000bd910000"
		  "696e207472616e73706f7274206d6f6465",
	 .outer = "45280051123440003f33a51ac0000201c000020206040000c0ffee0100000005d69fa8c5cd3437a5"
		  "4f9c7b1b03e807d0000000010000000050182000bd910000696e207472616e73706f7274206d6f64"
		  "65"},
	{.name = "AH, transport, IPv4 with options",
	 .protocol = RVL_PROTOCOL_AH,
	 .mode = RVL_TRANSPORT,
	 .integ = IKE_INTEG_HMAC_SHA2_256_128,
	 .integ_key_len = 32,
	 .seq = 0x5,
	 .inner = "49280049123400003f063c3bc0000201c000020294040000070b0401020304000000000103e807d0"
		  "000000010000000050182000bd910000696e207472616e73706f7274206d6f6465",
	 .outer = "49280065123400003f333bf2c0000201c000020294040000070b0401020304000000000106050000"
		  "c0ffee0100000005e05f6674dd46b3c2de6b89355028bcfa03e807d0000000010000000050182000"
		  "bd910000696e207472616e73706f7274206d6f6465"},
	{.name = "AH, transport, IPv4, esn",
	 .protocol = RVL_PROTOCOL_AH,
	 .mode = RVL_TRANSPORT,
	 .integ = IKE_INTEG_HMAC_SHA2_384_192,
	 .integ_key_len = 48,
	 .esn = true,
	 .seq = 0x700000005,
	 .inner = "45280039123440003f06a55fc0000201c000020203e807d0000000010000000050182000bd910000"
		  "696e207472616e73706f7274206d6f6465",
	 .outer = "4528005d123440003f33a50ec0000201c000020206070000c0ffee01000000056868ba95a845200a"
		  "5f6d8bbccbc7699e84c79b71aaaa11cb03e807d0000000010000000050182000bd910000696e2074"
		  "72616e73706f7274206d6f6465"},
	{.name = "AH, transport, IPv6",
	 .protocol = RVL_PROTOCOL_AH,
	 .mode = RVL_TRANSPORT,
	 .integ = IKE_INTEG_HMAC_SHA1_96,
	 .integ_key_len = 20,
	 .ipv6 = true,
	 .seq = 0x5,
	 .inner = "62a123450019113f20010db800000000000000000000000120010db8000000000000000000000002"
		  "03e807d000195622696e207472616e73706f7274206d6f6465",
	 .outer = "62a123450031333f20010db800000000000000000000000120010db8000000000000000000000002"
		  "11040000c0ffee010000000513dfce2898010138eca9902803e807d000195622696e207472616e73"
		  "706f7274206d6f6465"},
	{.name = "AH, transport, IPv6, hop-by-hop",
	 .protocol = RVL_PROTOCOL_AH,
	 .mode = RVL_TRANSPORT,
	 .integ = IKE_INTEG_HMAC_SHA2_256_128,
	 .integ_key_len = 32,
	 .ipv6 = true,
	 .seq = 0x5,
	 .inner = "62a123450021003f20010db800000000000000000000000120010db8000000000000000000000002"
		  "110005020000010003e807d000195622696e207472616e73706f7274206d6f6465",
	 .outer = "62a123450041003f20010db800000000000000000000000120010db8000000000000000000000002"
		  "330005020000010011060000c0ffee0100000005935578a7ee3c90281fe5e5d4f745349a00000000"
		  "03e807d000195622696e207472616e73706f7274206d6f6465"},
	{.name = "AH, transport, IPv6, hop-by-hop and destination",
	 .protocol = RVL_PROTOCOL_AH,
	 .mode = RVL_TRANSPORT,
	 .integ = IKE_INTEG_HMAC_SHA2_384_192,
	 .integ_key_len = 48,
	 .ipv6 = true,
	 .only_taken = true,
	 .seq = 0x5,
	 .inner = "62a123450029003f20010db800000000000000000000000120010db8000000000000000000000002"
		  "3c00050200000100110001046162636403e807d000195622696e207472616e73706f7274206d6f64"
		  "65",
	 .outer = "62a123450051003f20010db800000000000000000000000120010db8000000000000000000000002"
		  "3c00050200000100330001046162636411080000c0ffee010000000510fa4707746620c696818506"
		  "792da5e580dc2f8996d718670000000003e807d000195622696e207472616e73706f7274206d6f64"
		  "65"},
};

static struct rvl_sa_params params_of(const struct answer *a, enum rvl_direction direction)
{
	static const uint8_t src[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
	static const uint8_t dst[16] = {0x20, 1, 0x0d, 0xb8, [15] = 2};
	struct rvl_sa_params p = packet_params(direction);

	p.protocol = a->protocol;
	p.mode = a->mode;
	p.inner = RVL_FAMILY_IPV4 | RVL_FAMILY_IPV6;
	p.encr = a->encr;
	p.encr_key_len = a->encr_key_len;
	p.integ = a->integ;
	p.integ_key_len = a->integ_key_len;
	for (uint8_t i = 0; i < a->integ_key_len; i++)
		p.integ_key[i] = 0x40 + i;
	if (a->ipv6) {
		p.src = rvl_addr_of_ipv6(src);
		p.dst = rvl_addr_of_ipv6(dst);
	}
	p.esn = a->esn;
	p.encap = a->encap;
	p.src_port = p.dst_port = a->encap ? RVL_ESP_PORT : 0;
	p.first_seq = a->seq;
	return p;
}

static void packets_are_those_of_another_implementation(void **state)
{
	static struct packet pkt;

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *a = &answers[i];
		struct rvl_sa_params out_params = params_of(a, RVL_OUTBOUND);
		struct rvl_sa_params in_params = params_of(a, RVL_INBOUND);
		struct rvl_esp_sa *out = packet_sa(&out_params), *in = packet_sa(&in_params);

		print_message("%s\n", a->name);
		packet_place_hex(&pkt, a->inner);
		assert_int_equal(rvl_esp_encap(out, &pkt.buf), 0);
		if (!a->only_taken)
			packet_assert_hex(&pkt, a->outer);
		packet_place_hex(&pkt, a->outer);
		assert_int_equal(packet_receive(in, &pkt), RVL_DROP_NONE);
		packet_assert_hex(&pkt, a->inner);
		assert_int_equal(rvl_esp_sa_seq(in), a->seq);
		packet_place_hex(&pkt, a->outer);
		assert_int_equal(packet_receive(in, &pkt), RVL_DROP_REPLAY);
		assert_int_equal(rvl_esp_sa_counters(in)->bytes, rvl_esp_sa_counters(out)->bytes);
		rvl_esp_sa_free(out);
		rvl_esp_sa_free(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_those_of_another_implementation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
