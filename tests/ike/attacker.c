/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker sees each datagram at once and can send what he likes from any address, but neither
 * stops nor delays what others send, and has no key. He has a core of his own that believes
 * everything and claims to be each of the hosts. Behind some addresses he pretends that there are
 * others, who call hosts and return the cookies that they get.
 */
#include <stdlib.h>

#include "tests/ike/cheap_crypto.h"
#include "tests/ike/world.h"

/* Where nobody else is. */
static struct ike_addr elsewhere(const struct world *w)
{
	struct ike_addr addr = w->host[IMPOSTOR].addr;

	addr.port = IKE_PORT_NATT;
	return addr;
}

void attacker_forget(struct world *w)
{
	for (unsigned i = 0; i < SEEN_MAX && i < w->seen_count; i++)
		free(w->seen[i].data);
	w->seen_count = 0;
	free(w->call.data);
	w->call.data = NULL;
}

static void remember(struct world *w, const struct datagram *d)
{
	struct datagram *kept = &w->seen[w->seen_count % SEEN_MAX];

	if (w->seen_count >= SEEN_MAX)
		free(kept->data);
	*kept = *d;
	kept->forged = true;
	kept->data = malloc(d->len);
	memcpy(kept->data, d->data, d->len);
	w->seen_count++;
}

static bool is_request(const struct datagram *d)
{
	struct ike_header hdr;

	return ike_header_parse(ike_slice(d->data, d->len), &hdr) == 0 &&
	       !(hdr.flags & IKE_FLAG_RESPONSE);
}

/* Before what was seen can arrive, or some time after. */
static uint64_t soon_or_late(struct world *w)
{
	return rng_percent(&w->rng, 60) ? 0 : rng_below(&w->rng, 20000);
}

/*
 * Responses only from where they were from: who sends on both the request and the response from
 * elsewhere, and is faster, is where the peer is for all that IKE can see.
 */
static void replay(struct world *w)
{
	unsigned count = w->seen_count < SEEN_MAX ? w->seen_count : SEEN_MAX;
	struct datagram d;

	if (!count)
		return;
	d = w->seen[rng_below(&w->rng, count)];
	if (rng_percent(&w->rng, 30) && is_request(&d))
		d.from = elsewhere(w);
	world_post(w, &d, soon_or_late(w));
}

/* Changed in some octets, cut short, or grown; the length in the header may go with it. */
static void mutate(struct world *w, const struct datagram *seen)
{
	uint8_t data[IKE_MESSAGE_MAX + 16] = {0};
	struct datagram d = *seen;
	struct rng *r = &w->rng;

	memcpy(data, seen->data, seen->len);
	d.data = data;
	d.forged = true;
	if (rng_percent(r, 20))
		d.len = rng_below(r, seen->len);
	else if (rng_percent(r, 10))
		d.len += 1 + rng_below(r, 16);
	if (d.len >= IKE_HEADER_LEN && rng_percent(r, 70)) {
		data[26] = (uint8_t)(d.len >> 8);
		data[27] = (uint8_t)d.len;
	}
	for (unsigned n = (unsigned)rng_below(r, 4); n && d.len; n--)
		data[rng_below(r, d.len)] = (uint8_t)rng_next(r);
	world_post(w, &d, soon_or_late(w));
}

static void garbage(struct world *w, const struct datagram *seen)
{
	uint8_t data[200];
	struct datagram d = *seen;
	struct rng *r = &w->rng;
	struct ike_writer writer = ike_writer(data, sizeof(data));

	rng_bytes(r, data, sizeof(data));
	d.data = data;
	d.len = rng_below(r, sizeof(data));
	d.forged = true;
	if (d.len >= IKE_HEADER_LEN) { /* the SPIs of somebody */
		memcpy(data, seen->data, 16);
		writer.len = 17;
		ike_put_u8(&writer, 0x20);
		ike_put_u8(&writer, (uint8_t)(IKE_SA_INIT + rng_below(r, 4)));
		writer.len = 24;
		ike_put_u32(&writer, (uint32_t)d.len);
	}
	world_post(w, &d, soon_or_late(w));
}

/* A clear-text answer to a request, before the right one. */
static void forge_answer(struct world *w, const struct datagram *seen)
{
	static const uint16_t types[] = {
		IKE_N_COOKIE,	       IKE_N_INVALID_KE_PAYLOAD,    IKE_N_INVALID_SYNTAX,
		IKE_N_INVALID_IKE_SPI, IKE_N_AUTHENTICATION_FAILED, IKE_N_NO_PROPOSAL_CHOSEN,
	};
	static const uint16_t groups[] = {IKE_GROUP_X25519, IKE_GROUP_ECP_256, IKE_GROUP_MODP_2048};
	uint16_t type = types[rng_below(&w->rng, 6)], group = groups[rng_below(&w->rng, 3)];
	uint8_t data[128], content[8];
	struct ike_writer writer = ike_writer(content, sizeof(content));
	struct ike_builder b;
	struct datagram d = {.from = seen->to, .to = seen->from, .forged = true, .data = data};
	struct ike_header hdr;

	if (ike_header_parse(ike_slice(seen->data, seen->len), &hdr) ||
	    hdr.flags & IKE_FLAG_RESPONSE || (type == IKE_N_INVALID_IKE_SPI && !w->hints))
		return;
	hdr.flags ^= IKE_FLAG_RESPONSE | IKE_FLAG_INITIATOR;
	if (hdr.exchange == IKE_SA_INIT && rng_percent(&w->rng, 50))
		hdr.spi_r = rng_next(&w->rng);
	if (type == IKE_N_COOKIE)
		ike_put_u64(&writer, rng_next(&w->rng));
	else if (type == IKE_N_INVALID_KE_PAYLOAD)
		ike_put_u16(&writer, group);
	ike_build_message(&b, data, sizeof(data), &hdr);
	ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0), type, ike_written(&writer));
	if (ike_build_finish(&b))
		abort();
	d.len = b.w.len;
	world_post(w, &d, soon_or_late(w));
}

/* He has seen a packet of somebody's, and says that its SPI is unknown (section 1.5). */
static void forge_hint(struct world *w)
{
	const struct host *h = &w->host[rng_below(&w->rng, w->hosts)];
	struct ike_header hdr = {.spi_i = rng_next(&w->rng),
				 .major = 2,
				 .exchange = IKE_INFORMATIONAL,
				 .flags = IKE_FLAG_INITIATOR};
	const struct esp *esp;
	uint8_t data[64], spi[4];
	struct ike_writer writer = ike_writer(spi, sizeof(spi));
	struct ike_builder b;
	struct datagram d = {.forged = true, .data = data};

	if (!w->hints || !h->esp_count)
		return;
	esp = &h->esp[rng_below(&w->rng, h->esp_count)];
	ike_put_u32(&writer, esp->spi_out);
	ike_build_message(&b, data, sizeof(data), &hdr);
	ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_INVALID_SPI,
			 ike_written(&writer));
	if (ike_build_finish(&b))
		abort();
	d.len = b.w.len;
	d.from = rng_percent(&w->rng, 80) ? esp->remote : elsewhere(w);
	d.to = host_outside(h, esp->encap);
	world_post(w, &d, soon_or_late(w));
}

/*
 * What a host has sent comes back to it, as if from who should get it, who began the IKE SA or not:
 * it may answer with what would end that IKE SA (RFC 6290, section 9.2).
 */
static void reflect(struct world *w, const struct datagram *seen)
{
	struct datagram d = *seen;
	uint8_t data[IKE_MESSAGE_MAX];

	if (seen->len < IKE_HEADER_LEN)
		return;
	memcpy(data, seen->data, seen->len);
	data[19] ^= IKE_FLAG_INITIATOR;
	if (rng_percent(&w->rng, 30))
		data[19] &= (uint8_t)~IKE_FLAG_RESPONSE;
	if (rng_percent(&w->rng, 50)) {
		d.from = seen->to;
		d.to = seen->from;
	}
	d.data = data;
	d.forged = true;
	world_post(w, &d, soon_or_late(w));
}

/* A token that he has got so goes to whom it may deceive, whose IKE SA it was or not. */
static void pass_token_on(struct world *w, const struct datagram *seen)
{
	struct ike_payloads payloads;
	struct datagram d = *seen;
	struct ike_header hdr;
	struct ike_notify n;
	uint8_t data[IKE_MESSAGE_MAX];

	if (ike_header_parse(ike_slice(seen->data, seen->len), &hdr) ||
	    ike_message_parse(ike_slice(seen->data, seen->len), hdr.next_payload, &payloads) ||
	    !ike_find_notify(&payloads, IKE_N_QCD_TOKEN, &n))
		return;
	memcpy(data, seen->data, seen->len);
	data[19] ^= IKE_FLAG_INITIATOR;
	d.data = data;
	d.forged = true;
	world_post(w, &d, 0);
}

/* A fresh request comes from elsewhere before it comes from where it is from. */
static void race(struct world *w, const struct datagram *seen)
{
	struct datagram d = *seen;

	if (!is_request(seen))
		return;
	d.from = elsewhere(w);
	d.forged = true;
	world_post(w, &d, 0);
}

enum { CROWDS = 3, CALLS_MAX = 16, COOKIE_HEAD = 8 };

/* Where nobody is. */
static struct ike_addr crowd(unsigned n, uint8_t family)
{
	if (family == 6)
		return (struct ike_addr){
			.family = 6,
			.ip = {0x20, 1, 0x0d, 0xb8, 0xc6, 0x12, [7] = (uint8_t)n, [15] = 1},
			.port = IKE_PORT,
		};
	return (struct ike_addr){.family = 4, .ip = {198, 18, 0, (uint8_t)n}, .port = IKE_PORT};
}

static bool is_crowd(const struct ike_addr *addr)
{
	for (unsigned n = 0; n < CROWDS; n++) {
		struct ike_addr one = crowd(n, addr->family);

		if (ike_addr_same_ip(&one, addr))
			return true;
	}
	return false;
}

static bool is_call(const struct datagram *d)
{
	struct ike_header hdr;

	return is_request(d) && ike_header_parse(ike_slice(d->data, d->len), &hdr) == 0 &&
	       hdr.exchange == IKE_SA_INIT && hdr.next_payload == IKE_PAYLOAD_SA &&
	       d->to.port == IKE_PORT;
}

/* The call that he has copied, as an IKE SA of its own, with a cookie unless that is empty. */
static void call_as(struct world *w, struct ike_addr from, struct ike_addr to, uint64_t spi_i,
		    struct ike_slice cookie)
{
	struct datagram d = {.from = from, .to = to, .forged = true};
	const struct datagram *call = &w->call;
	uint8_t data[IKE_MESSAGE_MAX];
	struct ike_writer writer = ike_writer(data, sizeof(data));

	ike_put(&writer, call->data, IKE_HEADER_LEN);
	if (cookie.len) {
		ike_patch_be(&writer, 16, IKE_PAYLOAD_NOTIFY, 1);
		ike_put_u8(&writer, IKE_PAYLOAD_SA);
		ike_put_u8(&writer, 0);
		ike_put_u16(&writer, (uint16_t)(COOKIE_HEAD + cookie.len));
		ike_put_u16(&writer, 0);
		ike_put_u16(&writer, IKE_N_COOKIE);
		ike_put_slice(&writer, cookie);
	}
	ike_put(&writer, call->data + IKE_HEADER_LEN, call->len - IKE_HEADER_LEN);
	ike_patch_be(&writer, 0, spi_i, 8);
	ike_patch_be(&writer, 24, writer.len, 4);
	d.data = data;
	d.len = writer.len;
	world_post(w, &d, soon_or_late(w));
}

/* Many call somebody, from few addresses or from one of a host's. */
static void flood(struct world *w, const struct datagram *seen)
{
	struct ike_addr from = seen->from;

	if (!w->floods || !w->call.data || seen->to.port != IKE_PORT)
		return;
	for (unsigned n = 1 + (unsigned)rng_below(&w->rng, CALLS_MAX); n; n--) {
		if (rng_percent(&w->rng, 70))
			from = crowd((unsigned)rng_below(&w->rng, CROWDS), seen->to.family);
		call_as(w, from, seen->to, rng_next(&w->rng), ike_slice(NULL, 0));
	}
}

/* One of them is asked for a cookie. */
static void return_cookie(struct world *w, const struct datagram *seen)
{
	struct ike_payloads payloads;
	struct ike_header hdr;
	struct ike_notify n;

	if (!w->call.data || !is_crowd(&seen->to) ||
	    ike_header_parse(ike_slice(seen->data, seen->len), &hdr) ||
	    ike_message_parse(ike_slice(seen->data, seen->len), hdr.next_payload, &payloads) ||
	    !ike_find_notify(&payloads, IKE_N_COOKIE, &n))
		return;
	call_as(w, seen->to, seen->from, hdr.spi_i, n.data);
}

static void remember_call(struct world *w, const struct datagram *d)
{
	if (w->call.data || !is_call(d))
		return;
	w->call = *d;
	w->call.data = malloc(d->len);
	memcpy(w->call.data, d->data, d->len);
}

/* His own core takes part: what it answers comes as if from who was asked. */
static void impersonate(struct world *w, const struct datagram *seen)
{
	struct host *h = &w->host[IMPOSTOR];

	cheap_trust = true;
	ike_receive(h->engine, host_now(h), &seen->to, &seen->from,
		    ike_slice(seen->data, seen->len));
	cheap_trust = false;
	host_drain(h);
}

/*
 * That an IKE SA isn't known, in clear, as a host answers if it is asked as who didn't begin it and
 * did: led back the same way it is a hint.
 */
static bool may_become_hint(const struct datagram *d)
{
	const struct ike_slice data = ike_slice(d->data, d->len);
	struct ike_payloads payloads;
	struct ike_header hdr;

	return ike_header_parse(data, &hdr) == 0 && hdr.exchange != IKE_SA_INIT &&
	       ike_message_parse(data, hdr.next_payload, &payloads) == 0 &&
	       !payloads.encrypted_type;
}

void attacker_see(struct world *w, const struct datagram *d)
{
	struct ike_header hdr = {0};

	if (!w->attacks)
		return;
	remember(w, d);
	remember_call(w, d);
	return_cookie(w, d);
	if (!w->hints && may_become_hint(d))
		return;
	pass_token_on(w, d);
	/* Who has begun as somebody goes on. */
	if (ike_header_parse(ike_slice(d->data, d->len), &hdr) == 0 &&
	    (ike_sa_find(w->host[IMPOSTOR].engine, hdr.spi_r) ||
	     ike_sa_find(w->host[IMPOSTOR].engine, hdr.spi_i)))
		impersonate(w, d);
	if (!rng_percent(&w->rng, w->attacks))
		return;
	switch (rng_below(&w->rng, 9)) {
	case 0:
		replay(w);
		break;
	case 1:
		mutate(w, d);
		break;
	case 2:
		garbage(w, d);
		break;
	case 3:
		forge_answer(w, d);
		break;
	case 4:
		race(w, d);
		break;
	case 5:
		forge_hint(w);
		break;
	case 6:
		flood(w, d);
		break;
	case 7:
		reflect(w, d);
		break;
	default:
		if (hdr.exchange == IKE_SA_INIT)
			impersonate(w, d);
		break;
	}
}

/* He calls a host as one of its peers. */
void attacker_call(struct world *w)
{
	struct host *h = &w->host[IMPOSTOR];
	unsigned number = (unsigned)rng_below(&w->rng, w->peerings);
	unsigned side = (unsigned)rng_below(&w->rng, 2);
	const struct peering *p = &w->peering[number];
	uint64_t id;

	if (host_roams(&w->host[p->host[!side]]))
		return;
	h->taken = host_outside(&w->host[p->host[side]], false);
	ike_initiate(h->engine, host_now(h), connection_name(number, side, true).text, NULL, NULL,
		     &id);
	host_drain(h);
}
