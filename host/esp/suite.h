/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The algorithms of SAs: one row for each and each length of its key. Whoever has to know something
 * of an algorithm finds it here.
 */
#ifndef RVL_ESP_SUITE_H
#define RVL_ESP_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/params.h"

#define RVL_IV_MAX 16
#define RVL_ICV_MAX 32

/* What an encryption algorithm does to a packet. */
enum rvl_cipher_kind {
	RVL_CIPHER_NULL, /* nothing (RFC 2410) */
	RVL_CIPHER_CBC,
	RVL_CIPHER_CTR,	 /* RFC 3686 */
	RVL_CIPHER_AEAD, /* with an ICV of its own */
	RVL_CIPHER_GMAC, /* the same, but the text is only authenticated (RFC 4543) */
};

struct rvl_encr {
	uint16_t id;	   /* enum ike_encr */
	const char *name;  /* in strongSwan's words */
	const char *title; /* as it is told to a person */
	enum rvl_cipher_kind kind;
	const char *cipher; /* OpenSSL's name; NULL: none */
	uint8_t key;	    /* octets, without the salt */
	uint8_t salt;
	uint8_t iv;	  /* octets in a packet */
	uint8_t icv;	  /* of its own; 0: integrity is another algorithm's */
	uint8_t block;	  /* the text is a multiple of this, and of 4 (RFC 4303, section 2.4) */
	bool implicit_iv; /* RFC 8750: it is the sequence number, and isn't in the packet */
};

struct rvl_integ {
	uint16_t id; /* enum ike_integ */
	const char *name;
	const char *title;
	const char *digest; /* of HMAC, OpenSSL's name; NULL: GMAC, of AH alone (RFC 4543) */
	const char *cipher; /* of GMAC */
	uint8_t key;
	uint8_t salt;
	uint8_t iv; /* octets in a packet, at the beginning of AH's ICV field */
	uint8_t icv;
};

extern const struct rvl_encr rvl_encr_table[];
extern const size_t rvl_encr_count;
extern const struct rvl_integ rvl_integ_table[];
extern const size_t rvl_integ_count;

/* The row, or NULL where there is none. key: octets without the salt. */
const struct rvl_encr *rvl_encr_find(uint16_t id, size_t key);
const struct rvl_integ *rvl_integ_find(uint16_t id);

/* What an SA takes. */
struct rvl_suite {
	const struct rvl_encr *encr;   /* NULL: AH */
	const struct rvl_integ *integ; /* NULL: encr has an ICV of its own */
};

/*
 * The rows of an SA; false for algorithms that there aren't, keys of another length, and both
 * together where they don't fit: ESP has encryption (or ENCR_NULL), and integrity of the one or the
 * other; AH has integrity alone.
 */
bool rvl_suite_of(const struct rvl_sa_params *params, struct rvl_suite *suite);

/* The keys of the algorithms that it names, each as negotiated, with the salt behind it (RFC 4106,
 * section 8.1). False: they aren't as long as any such key is. */
bool rvl_suite_set_keys(struct rvl_sa_params *params, const uint8_t *encr, size_t encr_len,
			const uint8_t *integ, size_t integ_len);

/* ICV octets of a packet. */
static inline size_t rvl_suite_icv(const struct rvl_suite *suite)
{
	return suite->integ ? suite->integ->icv : suite->encr->icv;
}

#endif
