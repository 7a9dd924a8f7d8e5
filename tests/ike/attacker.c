/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attacker sees each datagram at once and can send what he likes from any address, but neither
 * stops nor delays what others send, and has no key. He has a core of his own that believes
 * everything and claims to be each of the hosts.
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

void attacker_see(struct world *w, const struct datagram *d)
{
	struct ike_header hdr = {0};

	if (!w->attacks)
		return;
	remember(w, d);
	/* Who has begun as somebody goes on. */
	if (ike_header_parse(ike_slice(d->data, d->len), &hdr) == 0 &&
	    (ike_sa_find(w->host[IMPOSTOR].engine, hdr.spi_r) ||
	     ike_sa_find(w->host[IMPOSTOR].engine, hdr.spi_i)))
		impersonate(w, d);
	if (!rng_percent(&w->rng, w->attacks))
		return;
	switch (rng_below(&w->rng, 7)) {
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
