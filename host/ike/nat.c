/* SPDX-License-Identifier: BSD-2-Clause */
/* NAT detection and the move to port 4500 (RFC 7296, section 2.23). */
#include "host/ike/sa.h"

/* SHA-1(SPIi | SPIr | address | port) */
static int nat_hash(uint64_t spi_i, uint64_t spi_r, const struct ike_addr *addr, uint8_t out[20])
{
	uint8_t text[8 + 8 + 16 + 2];
	struct ike_writer w = ike_writer(text, sizeof(text));
	struct ike_slice part;

	ike_put_u64(&w, spi_i);
	ike_put_u64(&w, spi_r);
	ike_put(&w, addr->ip, ike_addr_len(addr));
	ike_put_u16(&w, addr->port);
	part = ike_written(&w);
	return ike_sha1(&part, 1, out);
}

void ike_nat_write(struct ike_builder *b, struct ike_sa *sa, bool pretend)
{
	struct ike_addr source = sa->local;
	uint8_t hash[20];

	sa->pretended = pretend;
	if (pretend) {
		/* The hash of an address that nobody has: the peer sees a NAT before us. */
		memset(source.ip, 0, sizeof(source.ip));
		source.port = 0;
	}
	if (nat_hash(sa->spi_i, sa->spi_r, &source, hash))
		b->w.failed = true;
	ike_write_notify(b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_NAT_DETECTION_SOURCE_IP,
			 ike_slice(hash, sizeof(hash)));
	if (nat_hash(sa->spi_i, sa->spi_r, &sa->remote, hash))
		b->w.failed = true;
	ike_write_notify(b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_NAT_DETECTION_DESTINATION_IP,
			 ike_slice(hash, sizeof(hash)));
}

void ike_nat_detect(struct ike_sa *sa, const struct ike_payloads *p, const struct ike_in *in)
{
	bool source_seen = false, source_fits = false, dest_seen = false, dest_fits = false;
	uint8_t source[20], dest[20];

	/* Hashed by the peer with the SPIs of the message it came in. */
	if (nat_hash(in->hdr.spi_i, in->hdr.spi_r, &in->remote, source) ||
	    nat_hash(in->hdr.spi_i, in->hdr.spi_r, &in->local, dest))
		return;
	for (unsigned i = 0; i < p->count; i++) {
		struct ike_notify n;

		if (p->list[i].type != IKE_PAYLOAD_NOTIFY || ike_parse_notify(p->list[i].body, &n))
			continue;
		if (n.type == IKE_N_NAT_DETECTION_SOURCE_IP) {
			source_seen = true;
			source_fits |= ike_slice_equal(n.data, ike_slice(source, sizeof(source)));
		} else if (n.type == IKE_N_NAT_DETECTION_DESTINATION_IP) {
			dest_seen = true;
			dest_fits |= ike_slice_equal(n.data, ike_slice(dest, sizeof(dest)));
		}
	}
	sa->natt = source_seen && dest_seen;
	sa->nat_remote = sa->natt && !source_fits;
	sa->nat_local = sa->natt && !dest_fits;
}

void ike_nat_float(struct ike_engine *e, struct ike_sa *sa)
{
	if (!ike_sa_nat(sa))
		return;
	sa->local.port = e->config.port_natt;
	if (sa->remote.port == IKE_PORT)
		sa->remote.port = IKE_PORT_NATT;
}
