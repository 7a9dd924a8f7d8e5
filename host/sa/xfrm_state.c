// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/xfrm_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/suite.h"
#include "host/sa/xfrm_rule.h"

#define WORD_BITS 32u
/* Of a kernel that has them: packets from another source are told of once in so many seconds. */
#define MAPPING_SECONDS 1

uint8_t xfrm_protocol(const struct xfrm_state *state)
{
	return state->protocol == RVL_PROTOCOL_AH ? IPPROTO_AH : IPPROTO_ESP;
}

uint8_t xfrm_mode(const struct xfrm_state *state)
{
	return state->mode == RVL_TUNNEL ? XFRM_MODE_TUNNEL : XFRM_MODE_TRANSPORT;
}

/* Names that the kernel's crypto has; NULL: it has no such thing for IPsec. */
static const char *encr_name(const struct rvl_encr *encr)
{
	if (encr->implicit_iv)
		return NULL;
	switch (encr->kind) {
	case RVL_CIPHER_NULL:
		return "ecb(cipher_null)";
	case RVL_CIPHER_CBC:
		return "cbc(aes)";
	case RVL_CIPHER_CTR:
		return "rfc3686(ctr(aes))";
	case RVL_CIPHER_AEAD:
		return encr->id == IKE_ENCR_CHACHA20_POLY1305 ? "rfc7539esp(chacha20,poly1305)"
							      : "rfc4106(gcm(aes))";
	case RVL_CIPHER_GMAC:
		return "rfc4543(gcm(aes))";
	}
	return NULL;
}

static const char *integ_name(const struct rvl_integ *integ)
{
	switch (integ->id) {
	case IKE_INTEG_HMAC_SHA1_96:
		return "hmac(sha1)";
	case IKE_INTEG_HMAC_SHA2_256_128:
		return "hmac(sha256)";
	case IKE_INTEG_HMAC_SHA2_384_192:
		return "hmac(sha384)";
	case IKE_INTEG_HMAC_SHA2_512_256:
		return "hmac(sha512)";
	default:
		return NULL;
	}
}

bool xfrm_state_names_encr(const struct rvl_encr *encr)
{
	return encr_name(encr);
}

bool xfrm_state_names_integ(const struct rvl_integ *integ)
{
	return integ_name(integ);
}

#define NAME 64 /* octets, in all three forms */
_Static_assert(sizeof(((struct xfrm_algo *)0)->alg_name) == NAME &&
		       sizeof(((struct xfrm_algo_aead *)0)->alg_name) == NAME &&
		       sizeof(((struct xfrm_algo_auth *)0)->alg_name) == NAME,
	       "names have one length");

/* An algorithm: what the kernel has in front of a key, and the key. */
struct algorithm {
	_Alignas(uint32_t) uint8_t octets[sizeof(struct xfrm_algo_auth) + RVL_INTEG_KEY_MAX];
	size_t len;
};

static void *begin(struct algorithm *a, size_t head, const char *name)
{
	*a = (struct algorithm){.len = head};
	snprintf((char *)a->octets, NAME, "%s", name);
	return a->octets;
}

static void add_key(struct algorithm *a, const uint8_t *key, size_t len)
{
	memcpy(a->octets + a->len, key, len);
	a->len += len;
}

static void finish(struct nlmsghdr *message, uint16_t type, struct algorithm *a)
{
	mnl_attr_put(message, type, a->len, a->octets);
	OPENSSL_cleanse(a, sizeof(*a));
}

static void put_encr(struct nlmsghdr *message, const struct rvl_encr *encr,
		     const struct rvl_sa_params *p)
{
	const unsigned int bits = 8u * (encr->key + encr->salt);
	struct algorithm a;

	if (encr->icv) {
		struct xfrm_algo_aead *head = begin(&a, sizeof(*head), encr_name(encr));

		head->alg_key_len = bits;
		head->alg_icv_len = 8u * encr->icv;
	} else {
		struct xfrm_algo *head = begin(&a, sizeof(*head), encr_name(encr));

		head->alg_key_len = bits;
	}
	add_key(&a, p->encr_key, encr->key);
	add_key(&a, p->salt, encr->salt);
	finish(message, encr->icv ? XFRMA_ALG_AEAD : XFRMA_ALG_CRYPT, &a);
}

static void put_integ(struct nlmsghdr *message, const struct rvl_integ *integ,
		      const struct rvl_sa_params *p)
{
	struct algorithm a;
	struct xfrm_algo_auth *head = begin(&a, sizeof(*head), integ_name(integ));

	head->alg_key_len = 8u * integ->key;
	head->alg_trunc_len = 8u * integ->icv;
	add_key(&a, p->integ_key, integ->key);
	finish(message, XFRMA_ALG_AUTH_TRUNC, &a);
}

/* False: the kernel has no name for one of them. */
static bool put_suite(struct nlmsghdr *message, const struct rvl_sa_params *p)
{
	struct rvl_suite suite;

	if (!rvl_suite_of(p, &suite) || (suite.encr && !encr_name(suite.encr)) ||
	    (suite.integ && !integ_name(suite.integ)))
		return false;
	if (suite.encr)
		put_encr(message, suite.encr, p);
	if (suite.integ)
		put_integ(message, suite.integ, p);
	return true;
}

static void put_encap(struct nlmsghdr *message, const struct rvl_sa_params *p)
{
	const struct xfrm_encap_tmpl encap = {
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_sport = htons(p->src_port),
		.encap_dport = htons(p->dst_port),
	};

	mnl_attr_put(message, XFRMA_ENCAP, sizeof(encap), &encap);
	if (p->direction == RVL_INBOUND)
		mnl_attr_put_u32(message, XFRMA_MTIMER_THRESH, MAPPING_SECONDS);
}

/* Numbers up to the first one are used, or count as seen. A window of more than 32, and numbers of
 * 64 bits, need the longer form. */
static void put_replay(struct nlmsghdr *message, const struct xfrm_state *state,
		       const struct rvl_sa_params *p)
{
	const bool out = p->direction == RVL_OUTBOUND;
	const uint64_t before = p->first_seq ? p->first_seq - 1 : 0;
	const uint32_t size = out ? WORD_BITS : p->replay_window;
	const uint32_t words = (size + WORD_BITS - 1) / WORD_BITS;
	struct xfrm_replay_state_esn *window;
	struct nlattr *attr;

	if (!p->esn && size <= WORD_BITS) {
		const struct xfrm_replay_state replay = {
			.oseq = out ? (uint32_t)before : 0,
			.seq = out ? 0 : (uint32_t)before,
			.bitmap = !out && before ? UINT32_MAX : 0,
		};

		mnl_attr_put(message, XFRMA_REPLAY_VAL, sizeof(replay), &replay);
		return;
	}
	attr = mnl_nlmsg_get_payload_tail(message);
	mnl_attr_put(message, XFRMA_REPLAY_ESN_VAL, sizeof(*window) + words * sizeof(uint32_t),
		     (const char[sizeof(*window) + 4096 / 8]){0});
	window = mnl_attr_get_payload(attr);
	window->bmp_len = words;
	window->replay_window = state->cpu == RVL_CPU_ANY ? size : 0; /* with a direction: none */
	if (out) {
		window->oseq = (uint32_t)before;
		window->oseq_hi = (uint32_t)(before >> 32);
		return;
	}
	window->seq = (uint32_t)before;
	window->seq_hi = (uint32_t)(before >> 32);
	if (before)
		memset(window->bmp, 0xff, words * sizeof(uint32_t));
}

static uint64_t limit(uint64_t count)
{
	return count ? count : XFRM_INF;
}

/* The kernel doesn't tell of sequence numbers that are nearly used up: packets stand for them. */
static uint64_t packets_until(const struct rvl_sa_params *p, uint64_t count, uint64_t last)
{
	const uint64_t left = last - (p->first_seq ? p->first_seq - 1 : 0);

	if (p->direction == RVL_INBOUND || p->esn)
		return limit(count);
	return count && count < left ? count : left;
}

static void fill_state(struct xfrm_usersa_info *body, const struct xfrm_state *state,
		       const struct rvl_sa_params *p, const struct rvl_selector *selector)
{
	body->id.daddr = xfrm_address(&state->dst);
	body->id.spi = htonl(state->spi);
	body->id.proto = xfrm_protocol(state);
	body->saddr = xfrm_address(&state->src);
	body->family = xfrm_family(&state->dst);
	body->reqid = state->reqid;
	body->mode = xfrm_mode(state);
	if (state->mode == RVL_TUNNEL)
		body->flags |= XFRM_STATE_AF_UNSPEC;
	/* The kernel's own is a multiple of 8 octets; over IPv4 it is one of 4 (RFC 4302, section
	 * 3.3.3.2.1). */
	if (p->protocol == RVL_PROTOCOL_AH && p->dst.family == 4)
		body->flags |= XFRM_STATE_ALIGN4;
	if (p->esn)
		body->flags |= XFRM_STATE_ESN;
	if (p->no_ecn)
		body->flags |= XFRM_STATE_NOECN;
	if (p->copy_dscp_in)
		body->flags |= XFRM_STATE_DECAP_DSCP;
	if (p->df == RVL_ESP_DF_CLEAR)
		body->flags |= XFRM_STATE_NOPMTUDISC;
	if (p->direction == RVL_INBOUND && !p->esn && p->replay_window <= WORD_BITS)
		body->replay_window = (uint8_t)p->replay_window;
	if (selector)
		xfrm_rule_selector(selector, true, &body->sel);
	body->lft.soft_byte_limit = limit(p->lifetime.soft_bytes);
	body->lft.hard_byte_limit = limit(p->lifetime.hard_bytes);
	body->lft.hard_packet_limit =
		packets_until(p, p->lifetime.hard_packets, rvl_sa_last_seq(p));
	body->lft.soft_packet_limit =
		packets_until(p, p->lifetime.soft_packets, rvl_sa_soon_seq(p));
	/* A NIC takes none beyond the hard one, and nothing would come of it. */
	if (body->lft.soft_packet_limit > body->lft.hard_packet_limit)
		body->lft.soft_packet_limit = XFRM_INF;
}

int xfrm_state_add(struct xfrm_netlink *netlink, const struct xfrm_state *state,
		   const struct rvl_sa_params *p, const struct rvl_selector *selector,
		   const struct xfrm_place *place, struct rvl_backend_error *error)
{
	struct nlmsghdr *message =
		xfrm_netlink_start(netlink, XFRM_MSG_NEWSA, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
				   sizeof(struct xfrm_usersa_info));
	char words[128];
	int err;

	if (p->df == RVL_ESP_DF_SET || p->copy_flow_label)
		return rvl_backend_fail(error, -EOPNOTSUPP,
					"the kernel has no such rule for DF or flow labels");
	fill_state(mnl_nlmsg_get_payload(message), state, p, selector);
	if (!put_suite(message, p))
		return rvl_backend_fail(error, -EOPNOTSUPP, "the kernel has no such algorithms");
	put_replay(message, state, p);
	if (p->encap)
		put_encap(message, p);
	if (p->tfc)
		mnl_attr_put_u32(message, XFRMA_TFCPAD, p->tfc);
	if (p->fixed_dscp)
		mnl_attr_put_u32(message, XFRMA_SA_EXTRA_FLAGS, XFRM_SA_XFLAG_DONT_ENCAP_DSCP);
	xfrm_mark_put(message, &state->mark);
	if (p->if_id)
		mnl_attr_put_u32(message, XFRMA_IF_ID, p->if_id);
	if (state->cpu != RVL_CPU_ANY) { /* the kernel has the one only with the other */
		mnl_attr_put_u8(message, RVL_XFRMA_SA_DIR, RVL_XFRM_SA_DIR_OUT);
		mnl_attr_put_u32(message, RVL_XFRMA_SA_PCPU, state->cpu);
	}
	if (p->set_mark.mask) {
		mnl_attr_put_u32(message, XFRMA_SET_MARK, p->set_mark.value);
		mnl_attr_put_u32(message, XFRMA_SET_MARK_MASK, p->set_mark.mask);
	}
	if (place->offload != RVL_OFFLOAD_NO) {
		const struct xfrm_user_offload offload = {
			.ifindex = (int)place->ifindex,
			.flags =
				(uint8_t)((p->direction == RVL_INBOUND ? XFRM_OFFLOAD_INBOUND : 0) |
					  (place->offload == RVL_OFFLOAD_PACKET
						   ? XFRM_OFFLOAD_PACKET
						   : 0)),
		};

		mnl_attr_put(message, XFRMA_OFFLOAD_DEV, sizeof(offload), &offload);
	}
	err = xfrm_netlink_ask(netlink, message, NULL, NULL, words, sizeof(words));
	xfrm_netlink_cleanse(netlink);
	return err ? rvl_backend_fail(error, err, "the kernel refuses it: %s",
				      words[0] ? words : strerror(-err))
		   : 0;
}

static struct nlmsghdr *start_for(struct xfrm_netlink *netlink, uint16_t type,
				  const struct xfrm_state *state)
{
	struct nlmsghdr *message =
		xfrm_netlink_start(netlink, type, NLM_F_ACK, sizeof(struct xfrm_usersa_id));
	struct xfrm_usersa_id *body = mnl_nlmsg_get_payload(message);

	body->daddr = xfrm_address(&state->dst);
	body->spi = htonl(state->spi);
	body->family = xfrm_family(&state->dst);
	body->proto = xfrm_protocol(state);
	xfrm_mark_put(message, &state->mark);
	return message;
}

int xfrm_state_delete(struct xfrm_netlink *netlink, const struct xfrm_state *state)
{
	struct nlmsghdr *message = start_for(netlink, XFRM_MSG_DELSA, state);

	return xfrm_netlink_ask(netlink, message, NULL, NULL, NULL, 0);
}

struct answer {
	struct rvl_sa_stats *stats;
	bool out;
};

static int read_state(const struct nlmsghdr *message, void *context)
{
	struct xfrm_usersa_info body;
	struct answer *answer = context;
	const struct nlattr *attr;

	if (!xfrm_netlink_body(message, &body, sizeof(body)))
		return MNL_CB_OK;
	*answer->stats = (struct rvl_sa_stats){
		.packets = body.curlft.packets,
		.bytes = body.curlft.bytes,
		.drop_icv = body.stats.integrity_failed,
		.drop_replay = (uint64_t)body.stats.replay + body.stats.replay_window,
	};
	mnl_attr_for_each(attr, message, sizeof(body))
	{
		const size_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == XFRMA_REPLAY_VAL &&
		    len >= sizeof(struct xfrm_replay_state)) {
			const struct xfrm_replay_state *replay = mnl_attr_get_payload(attr);

			answer->stats->seq = answer->out ? replay->oseq : replay->seq;
		}
		if (mnl_attr_get_type(attr) == XFRMA_REPLAY_ESN_VAL &&
		    len >= sizeof(struct xfrm_replay_state_esn)) {
			const struct xfrm_replay_state_esn *replay = mnl_attr_get_payload(attr);

			answer->stats->seq =
				answer->out ? (uint64_t)replay->oseq_hi << 32 | replay->oseq
					    : (uint64_t)replay->seq_hi << 32 | replay->seq;
		}
	}
	return MNL_CB_OK;
}

int xfrm_state_query(struct xfrm_netlink *netlink, const struct xfrm_state *state, bool out,
		     struct rvl_sa_stats *stats)
{
	struct nlmsghdr *message = start_for(netlink, XFRM_MSG_GETSA, state);
	struct answer answer = {stats, out};
	int err = xfrm_netlink_ask(netlink, message, read_state, &answer, NULL, 0);

	/* Its key came with it. */
	xfrm_netlink_cleanse(netlink);
	return err;
}

struct look {
	uint16_t type;
	bool there;
};

static int look_for(const struct nlmsghdr *message, void *context)
{
	struct look *look = context;

	if (xfrm_netlink_attr(message, sizeof(struct xfrm_usersa_info), look->type))
		look->there = true;
	return MNL_CB_OK;
}

bool xfrm_state_has(struct xfrm_netlink *netlink, const struct xfrm_state *state, uint16_t type)
{
	struct nlmsghdr *message = start_for(netlink, XFRM_MSG_GETSA, state);
	struct look look = {.type = type};

	xfrm_netlink_ask(netlink, message, look_for, &look, NULL, 0);
	xfrm_netlink_cleanse(netlink);
	return look.there;
}

struct found {
	size_t count;
	size_t room;
	struct xfrm_state *list;
};

static int take_ours(const struct nlmsghdr *message, void *context)
{
	struct xfrm_usersa_info body;
	struct found *found = context;

	if (!xfrm_netlink_body(message, &body, sizeof(body)) ||
	    (body.reqid & XFRM_REQID_MASK) != XFRM_REQID_OURS || !body.id.spi)
		return MNL_CB_OK;
	if (found->count == found->room) {
		size_t room = found->room ? 2 * found->room : 64;
		struct xfrm_state *grown = realloc(found->list, room * sizeof(*grown));

		if (!grown) {
			errno = ENOMEM;
			return MNL_CB_ERROR;
		}
		found->list = grown;
		found->room = room;
	}
	found->list[found->count++] = (struct xfrm_state){
		.src = xfrm_address_of(&body.saddr, body.family),
		.dst = xfrm_address_of(&body.id.daddr, body.family),
		.protocol = body.id.proto == IPPROTO_AH ? RVL_PROTOCOL_AH : RVL_PROTOCOL_ESP,
		.spi = ntohl(body.id.spi),
		.reqid = body.reqid,
		.mark = xfrm_scope_get(message, sizeof(body)).mark,
	};
	return MNL_CB_OK;
}

int xfrm_state_delete_ours(struct xfrm_netlink *netlink)
{
	struct nlmsghdr *message = xfrm_netlink_start(netlink, XFRM_MSG_GETSA, NLM_F_DUMP, 0);
	struct found found = {0};
	int err = xfrm_netlink_ask(netlink, message, take_ours, &found, NULL, 0);

	xfrm_netlink_cleanse(netlink);
	for (size_t i = 0; !err && i < found.count; i++) {
		err = xfrm_state_delete(netlink, &found.list[i]);
		if (err == -ESRCH)
			err = 0;
	}
	free(found.list);
	return err;
}
