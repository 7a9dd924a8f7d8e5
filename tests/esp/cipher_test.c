// SPDX-License-Identifier: BSD-2-Clause
// Ciphers and ICVs of SAs against the known answers of their documents.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "host/esp/cipher.h"
#include "host/esp/mac.h"
#include "tests/esp/packet.h"

#define ROOM 512

/* In hexadecimal digits; icv is NULL where the document has none. */
struct answer {
	uint16_t encr;
	uint16_t integ;
	const char *key;
	const char *salt;
	const char *header; /* SPI | sequence number, of 64 bits with ESN */
	const char *iv;
	const char *text;
	const char *sealed;
	const char *icv;
};

/* draft-mcgrew-gcm-test-01: all of its packets. */
static const struct answer gcm[] = {
	{IKE_ENCR_AES_GCM_16, 0, "4c80cdefbb5d10da906ac73c3613a634", "2e443b68",
	 "000043218765432100000000", "4956ed7e3b244cfe",
	 "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f75"
	 "6470037369700963796265726369747902646b000021000101020201",
	 "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1"
	 "f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732",
	 "459018148f6cbe722fd04796562dfdb4"},
	{IKE_ENCR_AES_GCM_16, 0, "feffe9928665731c6d6a8f9467308308", "cafebabe", "0000a5f80000000a",
	 "facedbaddecaf888",
	 "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100000100000000000003736970"
	 "0963796265726369747902646b00000100010001",
	 "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0e"
	 "ec416642cfbb85a5b47e48a4ec3b9ba95d918bd1",
	 "83b70d3aa8bc6ee4c309e9d85a41ad4a"},
	{IKE_ENCR_AES_GCM_16, 0, "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
	 "11223344", "4a2cbfe300000002", "0102030405060708",
	 "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b4"
	 "0101040201020201",
	 "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f054565"
	 "9f14e99def842d8e",
	 "b335f4eecfdbf831824b4c4915956c96"},
	{IKE_ENCR_AES_GCM_16, 0, "00000000000000000000000000000000", "00000000", "0000000000000001",
	 "0000000000000000",
	 "4500003c99c500008001cb7a40679318010101010800075c020044006162636465666768696a6b6c6d6e6f70"
	 "7172737475767761626364656667686901020201",
	 "4688daf2f973a392732909c331d56d60f694abaa414b5e7ff5fdcdfff5e9a284456476492719ffb64de7d9dc"
	 "a1e1d894bc3bd57873ed4d181d19d4d5c8c18af3",
	 "f821d496eeb096e98ad2b69e4799c71d"},
	{IKE_ENCR_AES_GCM_16, 0, "3de09874b388e6491988d0c3607eae1f", "57690e43",
	 "42f67e3f1010101010101010", "4e280000a2fca1a3",
	 "4500003c99c300008001cb7c40679318010101010800085c020043006162636465666768696a6b6c6d6e6f70"
	 "7172737475767761626364656667686901020201",
	 "fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c35791765acbd8701ad79845bf9fe3f"
	 "ba487bc91755e6662b4c8d0d1f5e22739530320a",
	 "e0d731cc978ecafaeae88f00e80d6e48"},
	{IKE_ENCR_AES_GCM_16, 0, "3de09874b388e6491988d0c3607eae1f", "57690e43",
	 "42f67e3f1010101010101010", "4e280000a2fca1a3",
	 "4500001c42a200008001441f406793b6e00000020a00f5ff01020201",
	 "fba2ca845e5df9f0f22c3e6e86dd831e1fc65792cd1af9130e1379ed",
	 "369f071f35e034be95f112e4e7d05d35"},
	{IKE_ENCR_AES_GCM_16, 0, "feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabe",
	 "0000a5f80000000a", "facedbaddecaf888",
	 "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
	 "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77",
	 "95457b9652037f5318027b5b4cd7a636"},
	{IKE_ENCR_AES_GCM_16, 0, "abbccddef00112233445566778899aab", "decaf888",
	 "000001000000000000000001", "cafedebaceface74",
	 "4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b81dc"
	 "91baa0476b91b924b280389d92c963bac046ec959b6266c04722b14923010101",
	 "18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e65863"
	 "965d7472b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68",
	 "651f57e65f354f75ff17015769623436"},
	{IKE_ENCR_AES_GCM_16, 0, "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
	 "73616c74", "17405e67156f3126dd0db99b", "616e640169766563",
	 "45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb71260250101f646d540001",
	 "f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a3018d9a57ff4d3a31ce673119e",
	 "451626c2415771e3b7eebca614c89b35"},
	{IKE_ENCR_AES_GCM_16, 0, "3de09874b388e6491988d0c3607eae1f", "57690e43",
	 "42f67e3f1010101010101010", "4e280000a2fca1a3",
	 "45000049333e00007f119182c3fb1d10c2b1d326c02831ce0035cb458003025b000001e0001e8c18d65759d5"
	 "2284a0352c71475c8880391c764d6e5ee0496b325ae270c03899493915010101",
	 "fba2cad12fc1f9f00d3cebf305410db83d7784b607323d220f24b0a97d54182800cadb0f68d99ef0e0c0c89a"
	 "e9bea8884e52d65bc1afd0740f742444747b5b39ab533163aad4550ee5160975",
	 "cdb608c5769189609763b8e18caa81e2"},
	{IKE_ENCR_AES_GCM_16, 0, "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
	 "73616c74", "17405e67156f3126dd0db99b", "616e640169766563",
	 "636973636f0172756c657301746865016e6574776501646566696e6501746865746563686e6f6c6f67696573"
	 "017468617477696c6c01646566696e65746f6d6f72726f7701020201",
	 "d4b7ed86a1777f2ea13d6973d324c69e7b43f826fb56831226508bebd2dceb18d0a6df10e5487df074113e14"
	 "c641024e3e6773d91a62ee429b043a10e3efe6b012a49363412364f8",
	 "c0cac587f249e56b11e24f30e44ccc76"},
	{IKE_ENCR_AES_GCM_16, 0, "7d773d00c144c525ac619d18c84a3f47", "d9664267", "335467aeffffffff",
	 "43457e9182443bc6", "01020201", "437f866b", "cb3f699fe9b0822bac961c4504bef270"},
	{IKE_ENCR_AES_GCM_16, 0, "abbccddef00112233445566778899aab", "decaf888",
	 "000001000000000000000001", "cafedebaceface74", "746f016265016f72016e6f7401746f0162650001",
	 "29c9fc69a197d038ccdd14e2ddfcaa0543332164", "412503524303ed3c6c5f283843af8c3e"},
	{IKE_ENCR_AES_GCM_16, 0, "6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961",
	 "7475726e", "796b6963ffffffffffffffff", "333021696765746d",
	 "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f70"
	 "71727374"
	 "01020201",
	 "f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42458f"
	 "b57dbe821dcc63b9",
	 "d0937ba2945f669368661a329fb4c053"},
};

/* Of the same, what is only authenticated. */
static const struct answer gmac[] = {
	{IKE_ENCR_NULL_AUTH_AES_GMAC, 0, "4c80cdefbb5d10da906ac73c3613a634", "22433c64",
	 "0000432100000007", "0000000000000000",
	 "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f70"
	 "7172737401020201",
	 "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f70"
	 "7172737401020201",
	 "f2a9a836e155106aa8dcd618e4099aaa"},
};

/* RFC 7634, appendix A. */
static const struct answer chacha[] = {
	{IKE_ENCR_CHACHA20_POLY1305, 0,
	 "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "a0a1a2a3",
	 "0102030400000005", "1011121314151617",
	 "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f"
	 "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204",
	 "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95df"
	 "ab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0",
	 "76aaa8266b7fb0f7b11b369907e1ad43"},
};

/* RFC 3602, section 4, cases 1 to 8: ciphertext alone. */
static const struct answer cbc[] = {
	{IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_256_128, "06a9214036b8a15b512e03d534120006", "",
	 "0000432100000001", "3dafba429d9eb430b422da802c9fac41", "53696e676c6520626c6f636b206d7367",
	 "e353779c1079aeb82708942dbe77181a", NULL},
	{IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_384_192, "c286696d887c9aa0611bbb3e2025a45a", "",
	 "0000432100000001", "562e17996d093d28ddb3ba695a2e6f58",
	 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	 "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1", NULL},
	/* Transport mode, a ping. */
	{IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_512_256, "90d382b410eeba7ad938c46cec1a82bf", "",
	 "0000432100000001", "e96e8c08ab465763fd098d45dd3ff893",
	 "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
	 "2425262728292a2b2c2d2e2f30313233343536370102030405060708090a0b0c0d0e0e01",
	 "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db080b59ec3a"
	 "8e4b7e52775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6",
	 NULL},
};

/* RFC 3686, section 6: vectors 1, 2, 4 and 7. */
static const struct answer ctr[] = {
	{IKE_ENCR_AES_CTR, IKE_INTEG_HMAC_SHA2_256_128, "ae6852f8121067cc4bf7a5765577f39e",
	 "00000030", "0000000100000001", "0000000000000000", "53696e676c6520626c6f636b206d7367",
	 "e4095d4fb7a7b3792d6175a3261311b8", NULL},
	{IKE_ENCR_AES_CTR, IKE_INTEG_HMAC_SHA1_96, "7e24067817fae0d743d6ce1f32539163", "006cb6db",
	 "0000000100000001", "c0543b59da48d90b",
	 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	 "5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28", NULL},
	{IKE_ENCR_AES_CTR, IKE_INTEG_HMAC_SHA2_256_128,
	 "16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb78515", "00000048", "0000000100000001",
	 "36733c147d6d93cb", "53696e676c6520626c6f636b206d7367", "4b55384fe259c9c84e7935a003cbe928",
	 NULL},
	{IKE_ENCR_AES_CTR, IKE_INTEG_HMAC_SHA2_256_128,
	 "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c104", "00000060",
	 "0000000100000001", "db5672c97aa8f0b2", "53696e676c6520626c6f636b206d7367",
	 "145ad01dbf824ec7560863dc71e3e0c0", NULL},
};

/* The ICV that the library makes in one call, as if there were no mac.c. */
static void hmac(const struct rvl_integ *row, const uint8_t *key, const uint8_t *text, size_t len,
		 uint8_t *icv)
{
	uint8_t hash[64];
	size_t n;

	assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, row->digest, NULL, key, row->key, text, len,
				  hash, sizeof(hash), &n));
	memcpy(icv, hash, row->icv);
}

struct packet_of {
	struct rvl_sa_params params;
	struct rvl_suite suite;
	uint64_t seq;
	uint8_t esp[ROOM];
	size_t text; /* offset and length of what is sealed */
	size_t len;
};

static struct rvl_cipher *cipher_of(const struct packet_of *p)
{
	return rvl_cipher_new(&p->suite, &p->params, p->params.encr_key, p->params.integ_key);
}

/* The packet of an answer as it is on the wire. */
static void make(struct packet_of *p, const struct answer *a, enum rvl_direction direction)
{
	uint8_t header[12], *icv;
	size_t n = packet_from_hex(header, a->header);

	memset(p, 0, sizeof(*p));
	p->params = (struct rvl_sa_params){
		.direction = direction, .encr = a->encr, .integ = a->integ, .esn = n == 12};
	p->params.encr_key_len = (uint8_t)packet_from_hex(p->params.encr_key, a->key);
	packet_from_hex(p->params.salt, a->salt);
	if (a->integ)
		p->params.integ_key_len = rvl_integ_find(a->integ)->key;
	memset(p->params.integ_key, 0x5a, p->params.integ_key_len);
	assert_true(rvl_suite_of(&p->params, &p->suite));
	memcpy(p->esp, header, 4);
	memcpy(p->esp + 4, header + n - 4, 4);
	p->seq = rvl_get_be32(header + n - 4);
	if (n == 12)
		p->seq |= (uint64_t)rvl_get_be32(header + 4) << 32;
	p->text = 8 + packet_from_hex(p->esp + 8, a->iv);
	assert_int_equal(p->text, 8 + p->suite.encr->iv);
	p->len = packet_from_hex(p->esp + p->text, a->sealed);
	icv = p->esp + p->text + p->len;
	if (a->icv)
		assert_int_equal(packet_from_hex(icv, a->icv), rvl_suite_icv(&p->suite));
	else
		hmac(p->suite.integ, p->params.integ_key, p->esp, p->text + p->len, icv);
}

static void assert_opens(const struct answer *a)
{
	struct packet_of p;
	struct rvl_cipher *c;
	uint8_t text[ROOM], before[ROOM];

	make(&p, a, RVL_INBOUND);
	c = cipher_of(&p);
	assert_non_null(c);
	memcpy(before, p.esp, sizeof(before));
	assert_int_equal(packet_from_hex(text, a->text), p.len);
	assert_true(rvl_cipher_open(c, p.esp, p.len, p.seq));
	assert_memory_equal(p.esp + p.text, text, p.len);
	/* Another part of the sequence number that isn't sent; and any bit. */
	memcpy(p.esp, before, sizeof(before));
	if (p.params.esn)
		assert_false(rvl_cipher_open(c, p.esp, p.len, p.seq ^ 1ull << 32));
	for (size_t bit = 0; bit < 8 * (p.text + p.len + rvl_suite_icv(&p.suite)); bit += 3) {
		memcpy(p.esp, before, sizeof(before));
		p.esp[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (p.params.esn && bit >= 32 && bit < 64)
			continue; /* seq is what counts, and its octets are of it */
		assert_false(rvl_cipher_open(c, p.esp, p.len, p.seq));
		assert_memory_not_equal(p.esp + p.text, text, p.len);
	}
	rvl_cipher_free(c);
}

/* A sealed packet is what the library makes of the same, and what opens. */
static void assert_seals(const struct answer *a)
{
	struct packet_of p, sealed;
	struct rvl_cipher *out, *in;
	uint8_t text[ROOM];

	make(&p, a, RVL_OUTBOUND);
	make(&sealed, a, RVL_INBOUND);
	out = cipher_of(&p);
	in = cipher_of(&sealed);
	assert_true(out && in);
	packet_from_hex(text, a->text);
	memcpy(p.esp + p.text, text, p.len);
	assert_true(rvl_cipher_seal(out, p.esp, p.len, p.seq));
	assert_memory_not_equal(p.esp + p.text, text, p.len);
	assert_true(rvl_cipher_open(in, p.esp, p.len, p.seq));
	assert_memory_equal(p.esp + p.text, text, p.len);
	rvl_cipher_free(out);
	rvl_cipher_free(in);
}

#define EACH(answers, check)                                                                       \
	for (size_t i = 0; i < sizeof(answers) / sizeof((answers)[0]); i++)                        \
	check(&(answers)[i])

static void aes_gcm_is_that_of_draft_mcgrew_gcm_test(void **state)
{
	(void)state;
	EACH(gcm, assert_opens);
	EACH(gcm, assert_seals);
	EACH(gmac, assert_opens);
}

static void chacha20_poly1305_is_that_of_rfc_7634(void **state)
{
	(void)state;
	EACH(chacha, assert_opens);
	EACH(chacha, assert_seals);
}

static void aes_cbc_is_that_of_rfc_3602(void **state)
{
	(void)state;
	EACH(cbc, assert_opens);
	EACH(cbc, assert_seals);
}

/* "NAME = VALUE": is it that name's? Its value then, without the end of the line. */
static bool value_of(char *line, const char *name, char value[ROOM])
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) != 0 || strncmp(line + len, " = ", 3) != 0)
		return false;
	line[strcspn(line, "\r\n")] = 0;
	snprintf(value, ROOM, "%s", line + len + 3);
	return true;
}

/* All of a file of AESVS, both directions alike: a vector ends with the later of its two texts. */
static unsigned int vectors_open(FILE *f)
{
	char line[ROOM], key[ROOM] = "", iv[ROOM] = "", text[ROOM] = "", sealed[ROOM] = "";
	const struct answer a = {IKE_ENCR_AES_CBC,
				 IKE_INTEG_HMAC_SHA2_256_128,
				 key,
				 "",
				 "0000432100000001",
				 iv,
				 text,
				 sealed,
				 NULL};
	unsigned int count = 0;

	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "COUNT", 5))
			*text = *sealed = 0;
		else if (!value_of(line, "KEY", key) && !value_of(line, "IV", iv) &&
			 (value_of(line, "PLAINTEXT", text) ||
			  value_of(line, "CIPHERTEXT", sealed)) &&
			 *text && *sealed) {
			assert_opens(&a);
			count++;
		}
	}
	return count;
}

static void aes_cbc_is_that_of_nist_cavp(void **state)
{
	static const char *const kinds[] = {"GFSbox", "KeySbox", "MMT", "VarKey", "VarTxt"};
	unsigned int read = 0;

	(void)state;
	for (size_t i = 0; i < 3 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		char path[4096];
		FILE *f;

		snprintf(path, sizeof(path), "%s/CBC%s%zu.rsp", CBC_VECTORS, kinds[i / 3],
			 128 + 64 * (i % 3));
		f = fopen(path, "r");
		if (!f)
			fail_msg("%s: %s", path, strerror(errno));
		read += vectors_open(f);
		fclose(f);
	}
	printf("# %u vectors\n", read);
	assert_true(read > 2000);
}

static void aes_ctr_is_that_of_rfc_3686(void **state)
{
	(void)state;
	EACH(ctr, assert_opens);
	EACH(ctr, assert_seals);
}

/* What is sealed has to be the known answer too where the IV is ours to say: the sequence number.
 */
static void implicit_ivs_are_those_that_the_packet_would_have(void **state)
{
	static const struct {
		uint16_t iiv;
		uint16_t plain;
	} pairs[] = {
		{IKE_ENCR_AES_GCM_16_IIV, IKE_ENCR_AES_GCM_16},
		{IKE_ENCR_CHACHA20_POLY1305_IIV, IKE_ENCR_CHACHA20_POLY1305},
	};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct rvl_sa_params params = {.encr_key_len = 32, .esn = i & 1};
		uint64_t seq = i & 1 ? 0x1234567800000009 : 9;
		uint8_t with[ROOM] = {0, 0, 1, 2, 0, 0, 0, 9},
			without[ROOM] = {0, 0, 1, 2, 0, 0, 0, 9};
		struct rvl_suite suite;
		struct rvl_cipher *c;

		memset(params.encr_key, 7, sizeof(params.encr_key));
		params.encr = pairs[i / 2].plain;
		assert_true(rvl_suite_of(&params, &suite));
		c = rvl_cipher_new(&suite, &params, params.encr_key, params.integ_key);
		assert_true(rvl_cipher_seal(c, with, 40, seq));
		rvl_cipher_free(c);
		params.encr = pairs[i / 2].iiv;
		assert_true(rvl_suite_of(&params, &suite));
		c = rvl_cipher_new(&suite, &params, params.encr_key, params.integ_key);
		assert_true(rvl_cipher_seal(c, without, 40, seq));
		rvl_cipher_free(c);
		assert_memory_equal(with + 16, without + 8, 40 + 16);
		assert_int_equal(rvl_get_be32(with + 8), seq >> 32);
		assert_int_equal(rvl_get_be32(with + 12), (uint32_t)seq);
	}
}

/* RFC 4106, section 6: an ICV of 8 or 12 octets is the beginning of that of 16. */
static void shorter_icvs_are_the_beginning_of_the_whole_one(void **state)
{
	static const uint16_t ids[] = {IKE_ENCR_AES_GCM_16, IKE_ENCR_AES_GCM_12,
				       IKE_ENCR_AES_GCM_8};
	static const size_t icvs[] = {16, 12, 8};
	uint8_t esp[3][ROOM];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rvl_sa_params params = {.encr = ids[i], .encr_key_len = 32};
		struct rvl_suite suite;
		struct rvl_cipher *c;

		memset(esp[i], 0x5a, ROOM);
		assert_true(rvl_suite_of(&params, &suite));
		assert_int_equal(rvl_suite_icv(&suite), icvs[i]);
		c = rvl_cipher_new(&suite, &params, params.encr_key, params.integ_key);
		assert_true(rvl_cipher_seal(c, esp[i], 40, 1));
		rvl_cipher_free(c);
		assert_memory_equal(esp[i], esp[0], 16 + 40 + icvs[i]);
		assert_int_equal(esp[i][16 + 40 + icvs[i]], 0x5a);
	}
}

/* GMAC is GCM that has nothing to encrypt: SPI, sequence number, IV and text are its AAD. */
static void gmac_covers_all_of_the_packet(void **state)
{
	(void)state;
	for (int esn = 0; esn < 2; esn++) {
		struct rvl_sa_params params = {
			.encr = IKE_ENCR_NULL_AUTH_AES_GMAC, .encr_key_len = 24, .esn = esn};
		uint8_t esp[ROOM] = {0, 0, 1, 2, 0, 0, 0, 9}, aad[ROOM], tag[16], nonce[12] = {0};
		EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
		uint64_t seq = esn ? 0x500000009 : 9;
		struct rvl_suite suite;
		struct rvl_cipher *c;
		int n, at = 0;

		memset(params.encr_key, 3, sizeof(params.encr_key));
		assert_true(rvl_suite_of(&params, &suite));
		c = rvl_cipher_new(&suite, &params, params.encr_key, params.integ_key);
		memset(esp + 16, 0xee, 40);
		assert_true(rvl_cipher_seal(c, esp, 40, seq));
		rvl_cipher_free(c);
		assert_int_equal(esp[16], 0xee);
		memcpy(aad, esp, 4);
		if (esn)
			rvl_put_be32(aad + 4, 5), at = 4;
		memcpy(aad + 4 + at, esp + 4, 52);
		memcpy(nonce + 4, esp + 8, 8);
		assert_int_equal(
			EVP_EncryptInit_ex(ctx, EVP_aes_192_gcm(), NULL, params.encr_key, nonce),
			1);
		assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, aad, 56 + at), 1);
		assert_int_equal(EVP_EncryptFinal_ex(ctx, tag, &n), 1);
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, tag);
		EVP_CIPHER_CTX_free(ctx);
		assert_memory_equal(esp + 56, tag, 16);
	}
}

/* IVs of CBC: of each packet another one, and none that those before it tell (RFC 3602, section 3);
 * two keys have nothing in common. */
static void ivs_of_cbc_are_the_encrypted_sequence_number(void **state)
{
	struct rvl_sa_params params = {.encr = IKE_ENCR_AES_CBC,
				       .integ = IKE_INTEG_HMAC_SHA2_256_128,
				       .encr_key_len = 16,
				       .integ_key_len = 32};
	static uint8_t ivs[2000][16];
	size_t count = 0;

	(void)state;
	for (uint8_t key = 0; key < 2; key++) {
		struct rvl_suite suite;
		struct rvl_cipher *c;

		params.encr_key[0] = key;
		assert_true(rvl_suite_of(&params, &suite));
		c = rvl_cipher_new(&suite, &params, params.encr_key, params.integ_key);
		for (uint64_t seq = 1; seq <= 1000; seq++) {
			uint8_t esp[ROOM] = {0}, want[16] = {0};
			EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
			int n;

			assert_true(rvl_cipher_seal(c, esp, 32, seq));
			rvl_put_be32(want + 12, (uint32_t)seq);
			EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, params.encr_key, NULL);
			EVP_EncryptUpdate(ctx, want, &n, want, 16);
			EVP_CIPHER_CTX_free(ctx);
			assert_memory_equal(esp + 8, want, 16);
			memcpy(ivs[count++], esp + 8, 16);
		}
		rvl_cipher_free(c);
	}
	for (size_t i = 1; i < count; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(ivs[i], ivs[k], 16);
}

/* RFC 4231, cases 1 to 4 (their keys, which are shorter than ours, filled up with zeros are the
 * same keys); RFC 4868, section 2.7.2; RFC 2202, case 1. */
static void hmac_is_that_of_rfc_4231(void **state)
{
	static const struct {
		uint16_t integ;
		const char *key;
		const char *text;
		const char *hash;
	} cases[] = {
		{IKE_INTEG_HMAC_SHA2_256_128, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		 "4869205468657265", "b0344c61d8db38535ca8afceaf0bf12b"},
		{IKE_INTEG_HMAC_SHA2_384_192, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		 "4869205468657265", "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec6"},
		{IKE_INTEG_HMAC_SHA2_512_256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		 "4869205468657265",
		 "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"},
		{IKE_INTEG_HMAC_SHA2_256_128, "4a656665",
		 "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		 "5bdcc146bf60754e6a042426089575c7"},
		{IKE_INTEG_HMAC_SHA2_384_192, "4a656665",
		 "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		 "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47"},
		{IKE_INTEG_HMAC_SHA2_512_256, "4a656665",
		 "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		 "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"},
		{IKE_INTEG_HMAC_SHA2_256_128, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
		 "dddddddddddddddddddd",
		 "773ea91e36800e46854db8ebd09181a7"},
		{IKE_INTEG_HMAC_SHA2_256_128, "0102030405060708090a0b0c0d0e0f10111213141516171819",
		 "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
		 "cdcdcdcdcdcdcdcdcdcd",
		 "82558a389a443c0ea4cc819899f2083a"},
		{IKE_INTEG_HMAC_SHA2_256_128,
		 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		 "4869205468657265", "198a607eb44bfbc69903a0f1cf2bbdc5"},
		{IKE_INTEG_HMAC_SHA2_384_192,
		 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
		 "0b0b0b0b0b0b0b0b",
		 "4869205468657265", "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973"},
		{IKE_INTEG_HMAC_SHA2_512_256,
		 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
		 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		 "4869205468657265",
		 "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"},
		{IKE_INTEG_HMAC_SHA1_96, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		 "4869205468657265", "b617318655057264e28bc0b6"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rvl_integ *row = rvl_integ_find(cases[i].integ);
		uint8_t key[RVL_INTEG_KEY_MAX] = {0}, text[128], want[64], icv[RVL_ICV_MAX];
		size_t len = packet_from_hex(text, cases[i].text);
		struct rvl_mac *mac;

		assert_int_equal(packet_from_hex(want, cases[i].hash), row->icv);
		packet_from_hex(key, cases[i].key);
		mac = rvl_mac_new(row, key, key);
		assert_non_null(mac);
		/* Twice: nothing of a text is left for the next one. In two parts, anywhere. */
		for (size_t cut = 0; cut <= len; cut += 3) {
			assert_true(rvl_mac_start(mac, NULL));
			assert_true(rvl_mac_add(mac, text, cut));
			assert_true(rvl_mac_add(mac, text + cut, len - cut));
			assert_true(rvl_mac_end(mac, icv));
			assert_memory_equal(icv, want, row->icv);
		}
		rvl_mac_free(mac);
	}
}

static void every_row_names_what_the_library_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < rvl_encr_count; i++) {
		const struct rvl_encr *row = &rvl_encr_table[i];
		EVP_CIPHER *cipher;

		assert_true(row->key <= RVL_ENCR_KEY_MAX && row->salt <= RVL_SALT_MAX &&
			    row->iv <= RVL_IV_MAX && row->icv <= RVL_ICV_MAX);
		assert_ptr_equal(rvl_encr_find(row->id, row->key), row);
		if (!row->cipher)
			continue;
		cipher = EVP_CIPHER_fetch(NULL, row->cipher, NULL);
		assert_non_null(cipher);
		assert_int_equal(EVP_CIPHER_get_key_length(cipher), row->key);
		assert_int_equal(EVP_CIPHER_get_block_size(cipher), row->block);
		EVP_CIPHER_free(cipher);
	}
	for (size_t i = 0; i < rvl_integ_count; i++) {
		const struct rvl_integ *row = &rvl_integ_table[i];

		assert_true(row->key <= RVL_INTEG_KEY_MAX && row->iv + row->icv <= RVL_ICV_MAX);
		assert_ptr_equal(rvl_integ_find(row->id), row);
		assert_true(!row->digest != !row->cipher);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_names_what_the_library_has),
		cmocka_unit_test(aes_gcm_is_that_of_draft_mcgrew_gcm_test),
		cmocka_unit_test(chacha20_poly1305_is_that_of_rfc_7634),
		cmocka_unit_test(aes_cbc_is_that_of_rfc_3602),
		cmocka_unit_test(aes_cbc_is_that_of_nist_cavp),
		cmocka_unit_test(aes_ctr_is_that_of_rfc_3686),
		cmocka_unit_test(implicit_ivs_are_those_that_the_packet_would_have),
		cmocka_unit_test(shorter_icvs_are_the_beginning_of_the_whole_one),
		cmocka_unit_test(gmac_covers_all_of_the_packet),
		cmocka_unit_test(ivs_of_cbc_are_the_encrypted_sequence_number),
		cmocka_unit_test(hmac_is_that_of_rfc_4231),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
