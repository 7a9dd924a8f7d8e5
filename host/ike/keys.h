/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of an IKE SA and of its Child SAs, and the AUTH value (RFC 7296, sections 2.13 to 2.17). */
#ifndef RAVELIN_HOST_IKE_KEYS_H
#define RAVELIN_HOST_IKE_KEYS_H

#include "host/ike/buffer.h"
#include "host/ike/cipher.h"
#include "host/ike/prf.h"
#include "host/ike/proposal.h"
#include "host/ike/secret.h"

struct ike_keys {
	size_t prf_len;
	uint8_t sk_d[IKE_PRF_MAX];
	struct ike_cipher initiator; /* what the initiator seals with */
	struct ike_cipher responder;
};

/* What only IKE_AUTH needs. */
struct ike_auth_keys {
	uint8_t sk_pi[IKE_PRF_MAX];
	uint8_t sk_pr[IKE_PRF_MAX];
};

/* SKEYSEED and all SK_*. Returns 0, or a negative errno with nothing left in *out and *auth. */
int ike_keys_derive(const struct ike_suite *suite, const struct ike_secret *shared,
		    struct ike_slice ni, struct ike_slice nr, uint64_t spi_i, uint64_t spi_r,
		    struct ike_keys *out, struct ike_auth_keys *auth);

/*
 * The same for the successor of an IKE SA, from the old one's SK_d and with its PRF (section 2.18).
 */
int ike_keys_rekey(uint16_t old_prf, const struct ike_keys *old, const struct ike_suite *suite,
		   const struct ike_secret *shared, struct ike_slice ni, struct ike_slice nr,
		   uint64_t spi_i, uint64_t spi_r, struct ike_keys *out);

/* The keys of one direction of a Child SA, salt included; AH has none for encryption. */
struct ike_child_keys {
	size_t encr_len;
	size_t integ_len;
	uint8_t encr[IKE_CIPHER_KEY_MAX];
	uint8_t integ[IKE_INTEG_KEY_MAX];
};

/*
 * KEYMAT for a Child SA, cut up: initiator to responder first, and of each direction encryption
 * before integrity (section 2.17). `shared` is NULL
 * without a key exchange of its own. Returns 0, or a negative errno with nothing left in either.
 */
int ike_keys_derive_child(uint16_t prf, const struct ike_keys *keys, const struct ike_suite *child,
			  const struct ike_secret *shared, struct ike_slice ni, struct ike_slice nr,
			  struct ike_child_keys *initiator, struct ike_child_keys *responder);

/*
 * AUTH with a shared key (section 2.15).
 *
 * first_message  the signer's own IKE_SA_INIT message as sent
 * nonce          the other side's nonce
 * sk_p           SK_pi or SK_pr, the signer's
 * id_body        the signer's ID payload without its generic header
 * out            ike_prf_len() octets
 */
int ike_keys_auth_psk(uint16_t prf, struct ike_slice psk, struct ike_slice first_message,
		      struct ike_slice nonce, const uint8_t *sk_p, struct ike_slice id_body,
		      uint8_t *out);

/*
 * What a signature is over (section 2.15): the signer's first message, the other side's nonce, and
 * its MACed ID, as above. 0, or a negative errno with *out as it was.
 */
int ike_keys_signed_octets(uint16_t prf, struct ike_slice first_message, struct ike_slice nonce,
			   const uint8_t *sk_p, struct ike_slice id_body, struct ike_buffer *out);

#endif
