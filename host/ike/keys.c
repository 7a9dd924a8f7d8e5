/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/keys.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

static void take(struct ike_cursor *c, uint8_t *out, size_t len)
{
	struct ike_slice s = ike_get_slice(c, len);

	if (s.len)
		memcpy(out, s.data, s.len);
}

static struct ike_cipher cipher_of(const struct ike_suite *suite)
{
	return (struct ike_cipher){
		.encr = suite->encr,
		.encr_bits = suite->encr_bits,
		.integ = suite->integ,
		.key_len = (uint8_t)ike_encr_key_len(suite->encr, suite->encr_bits),
		.integ_key_len = (uint8_t)ike_integ_key_len(suite->integ),
	};
}

/* SK_* from SKEYSEED; auth NULL: without those of IKE_AUTH, which come last. */
static int expand(const struct ike_suite *suite, struct ike_slice skeyseed, struct ike_slice ni,
		  struct ike_slice nr, uint64_t spi_i, uint64_t spi_r, struct ike_keys *out,
		  struct ike_auth_keys *auth)
{
	uint8_t material[3 * IKE_PRF_MAX + 2 * (IKE_CIPHER_KEY_MAX + IKE_INTEG_KEY_MAX)];
	size_t prf_len = ike_prf_len(suite->prf), len;
	uint8_t spis[16];
	struct ike_writer spi_w = ike_writer(spis, sizeof(spis));
	struct ike_slice seed[] = {ni, nr, ike_slice(spis, sizeof(spis))};
	struct ike_cursor c;
	int err;

	*out = (struct ike_keys){.prf_len = prf_len};
	out->initiator = out->responder = cipher_of(suite);
	len = (auth ? 3 : 1) * prf_len +
	      2 * (out->initiator.key_len + out->initiator.integ_key_len);
	ike_put_u64(&spi_w, spi_i);
	ike_put_u64(&spi_w, spi_r);
	if (!prf_len || !out->initiator.key_len)
		return -EINVAL;
	err = ike_prf_plus(suite->prf, skeyseed, seed, 3, material, len);
	if (!err) {
		/* SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr */
		c = ike_cursor(ike_slice(material, len));
		take(&c, out->sk_d, prf_len);
		take(&c, out->initiator.integ_key, out->initiator.integ_key_len);
		take(&c, out->responder.integ_key, out->responder.integ_key_len);
		take(&c, out->initiator.key, out->initiator.key_len);
		take(&c, out->responder.key, out->responder.key_len);
	}
	if (!err && auth) {
		take(&c, auth->sk_pi, prf_len);
		take(&c, auth->sk_pr, prf_len);
	}
	OPENSSL_cleanse(material, sizeof(material));
	if (err)
		OPENSSL_cleanse(out, sizeof(*out));
	return err;
}

int ike_keys_derive(const struct ike_suite *suite, const struct ike_secret *shared,
		    struct ike_slice ni, struct ike_slice nr, uint64_t spi_i, uint64_t spi_r,
		    struct ike_keys *out, struct ike_auth_keys *auth)
{
	uint8_t nonces[2 * IKE_NONCE_MAX], skeyseed[IKE_PRF_MAX];
	struct ike_writer nonce_w = ike_writer(nonces, sizeof(nonces));
	struct ike_slice secret = ike_secret_slice(shared);
	int err;

	ike_put_slice(&nonce_w, ni);
	ike_put_slice(&nonce_w, nr);
	if (!ike_writer_ok(&nonce_w))
		return -EINVAL;
	/* SKEYSEED = prf(Ni | Nr, g^ir) */
	err = ike_prf(suite->prf, ike_written(&nonce_w), &secret, 1, skeyseed);
	if (!err)
		err = expand(suite, ike_slice(skeyseed, ike_prf_len(suite->prf)), ni, nr, spi_i,
			     spi_r, out, auth);
	OPENSSL_cleanse(skeyseed, sizeof(skeyseed));
	return err;
}

int ike_keys_rekey(uint16_t old_prf, const struct ike_keys *old, const struct ike_suite *suite,
		   const struct ike_secret *shared, struct ike_slice ni, struct ike_slice nr,
		   uint64_t spi_i, uint64_t spi_r, struct ike_keys *out)
{
	struct ike_slice parts[] = {ike_secret_slice(shared), ni, nr};
	uint8_t skeyseed[IKE_PRF_MAX];
	/* SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr), with the old one's prf */
	int err = ike_prf(old_prf, ike_slice(old->sk_d, old->prf_len), parts, 3, skeyseed);

	if (!err)
		err = expand(suite, ike_slice(skeyseed, old->prf_len), ni, nr, spi_i, spi_r, out,
			     NULL);
	OPENSSL_cleanse(skeyseed, sizeof(skeyseed));
	return err;
}

int ike_keys_derive_child(uint16_t prf, const struct ike_keys *keys, const struct ike_suite *child,
			  const struct ike_secret *shared, struct ike_slice ni, struct ike_slice nr,
			  struct ike_child_keys *initiator, struct ike_child_keys *responder)
{
	uint8_t material[2 * (IKE_CIPHER_KEY_MAX + IKE_INTEG_KEY_MAX)];
	struct ike_slice seed[] = {shared ? ike_secret_slice(shared) : ike_slice(NULL, 0), ni, nr};
	struct ike_child_keys lengths = {
		.encr_len = ike_encr_key_len(child->encr, child->encr_bits),
		.integ_len = ike_integ_key_len(child->integ),
	};
	size_t len = 2 * (lengths.encr_len + lengths.integ_len);
	struct ike_cursor c;
	int err;

	*initiator = *responder = lengths;
	if (!len)
		return -EINVAL;
	err = ike_prf_plus(prf, ike_slice(keys->sk_d, keys->prf_len), seed, 3, material, len);
	if (!err) {
		c = ike_cursor(ike_slice(material, len));
		take(&c, initiator->encr, initiator->encr_len);
		take(&c, initiator->integ, initiator->integ_len);
		take(&c, responder->encr, responder->encr_len);
		take(&c, responder->integ, responder->integ_len);
	}
	OPENSSL_cleanse(material, sizeof(material));
	if (err) {
		OPENSSL_cleanse(initiator, sizeof(*initiator));
		OPENSSL_cleanse(responder, sizeof(*responder));
	}
	return err;
}

int ike_keys_auth_psk(uint16_t prf, struct ike_slice psk, struct ike_slice first_message,
		      struct ike_slice nonce, const uint8_t *sk_p, struct ike_slice id_body,
		      uint8_t *out)
{
	static const char pad[] = "Key Pad for IKEv2";
	struct ike_slice text = ike_slice(pad, sizeof(pad) - 1);
	size_t len = ike_prf_len(prf);
	uint8_t key[IKE_PRF_MAX], maced_id[IKE_PRF_MAX];
	struct ike_slice parts[] = {first_message, nonce, ike_slice(maced_id, len)};
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int err = context ? 0 : -EIO;

	if (!err)
		err = ike_prf_next(context, prf, ike_slice(sk_p, len), &id_body, 1, maced_id);
	if (!err)
		err = ike_prf_next(context, prf, psk, &text, 1, key);
	if (!err)
		err = ike_prf_next(context, prf, ike_slice(key, len), parts, 3, out);
	OPENSSL_cleanse(key, sizeof(key));
	EVP_MD_CTX_free(context);
	return err;
}

int ike_keys_signed_octets(uint16_t prf, struct ike_slice first_message, struct ike_slice nonce,
			   const uint8_t *sk_p, struct ike_slice id_body, struct ike_buffer *out)
{
	size_t prf_len = ike_prf_len(prf), len = first_message.len + nonce.len + prf_len;
	uint8_t maced_id[IKE_PRF_MAX];
	struct ike_writer w = ike_writer(malloc(len), len);
	int err = w.data ? ike_prf(prf, ike_slice(sk_p, prf_len), &id_body, 1, maced_id) : -ENOMEM;

	if (err) {
		free(w.data);
		return err;
	}
	ike_put_slice(&w, first_message);
	ike_put_slice(&w, nonce);
	ike_put(&w, maced_id, prf_len);
	ike_buffer_free(out);
	*out = (struct ike_buffer){.data = w.data, .len = w.len};
	return 0;
}
