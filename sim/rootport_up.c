/* SPDX-License-Identifier: BSD-2-Clause */
/* Root port: the TLPs that the NIC sends, checked and performed. */
#include "sim/rootport_impl.h"

#include <stddef.h>
#include <string.h>

static bool be_contiguous(uint32_t be)
{
	uint32_t b = be ? be >> __builtin_ctz(be) : 0;

	return (b & (b + 1)) == 0;
}

/* Rules that memory reads and writes share. Returns false if the TLP can't be understood. */
static bool check_request(struct rvl_rootport *rp, const char *name, const struct rp_up *up,
			  const uint32_t hdr[4], uint32_t max_octets)
{
	uint32_t dws = rp_dws(hdr), first = rp_first_be(hdr), last = rp_last_be(hdr);
	uint64_t addr = rp_addr(hdr);

	if (rp_type(hdr) != 0 || rp_fmt(hdr) > 3) {
		rp_violation(rp, "%s: Fmt and Type 0x%02x", name, hdr[0] >> 24);
		return false;
	}
	if (up->bus_master_off > RP_BUS_MASTER_GRACE)
		rp_violation(rp, "%s: request while bus master is off", name);
	if (hdr[0] & 0x00fffc00)
		rp_violation(rp, "%s: header DW 0 is %08x: traffic class, attributes or reserved",
			     name, hdr[0]);
	if (hdr[1] >> 16 != rp->cfg.requester_id)
		rp_violation(rp, "%s: requester ID %04x", name, hdr[1] >> 16);
	if ((rp_fmt(hdr) & 1) && !hdr[2])
		rp_violation(rp, "%s: 4 DW header for an address below 4 GiB", name);
	if (hdr[(rp_fmt(hdr) & 1) ? 3 : 2] & 3)
		rp_violation(rp, "%s: reserved bits of the address", name);
	if (!(rp_fmt(hdr) & 1) && hdr[3])
		rp_violation(rp, "%s: DW 3 of a 3 DW header is not 0", name);
	if (dws * 4 > max_octets)
		rp_violation(rp, "%s: %u octets, the maximum is %u", name, dws * 4, max_octets);
	if (addr % RP_PAGE + dws * 4 > RP_PAGE)
		rp_violation(rp, "%s: %u octets at %llx cross a 4 KiB boundary", name, dws * 4,
			     (unsigned long long)addr);
	if (dws == 1 ? last != 0 || !be_contiguous(first)
		     : !first || !last || !be_contiguous(first) || !be_contiguous(last) ||
			       !(first & 8) || !(last & 1))
		rp_violation(rp, "%s: byte enables %x %x for %u DWs", name, first, last, dws);
	return true;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void rp_take_write(struct rvl_rootport *rp, const uint32_t hdr[4], uint8_t *data, uint32_t len)
{
	uint32_t dws = rp_dws(hdr), lead, octets;
	uint64_t addr = rp_addr(hdr);
	uint8_t *mem;

	rp->stats.up_writes++;
	rp->stats.up_write_bytes += rp_link_octets(hdr, len);
	if (!check_request(rp, "tx_wr", &rp->wr, hdr, rp->wr.max_payload))
		return;
	if (!(rp_fmt(hdr) & 2)) {
		rp_violation(rp, "tx_wr: a read");
		return;
	}
	if (len != dws * 4) {
		rp_violation(rp, "tx_wr: %u octets of payload, Length says %u", len, dws * 4);
		return;
	}
	if (dws == 1 && rp_first_be(hdr) == 0xf && rp->host.message &&
	    rp->host.message(rp->host.ctx, addr, get32(data))) {
		rp->stats.up_messages++;
		return;
	}
	if (dws == 1 && !rp_first_be(hdr))
		return;
	lead = rp_be_lead(hdr);
	octets = len - lead - rp_be_trail(hdr);
	mem = rp->host.translate(rp->host.ctx, addr + lead, octets, true);
	if (!mem) {
		rp->stats.bad_writes++;
		return;
	}
	if (rp->host.written && !rp->host.written(rp->host.ctx, addr + lead, data + lead, octets))
		return;
	memcpy(mem, data + lead, octets);
	rp->stats.write_octets += octets;
}

static const struct rvl_rootport_rule *match_rule(struct rvl_rootport *rp, uint64_t addr,
						  uint64_t end)
{
	for (uint32_t i = 0; i < rp->rule_count; i++) {
		const struct rvl_rootport_rule *rule = &rp->rules[i];
		uint32_t n;

		if (rule->size && (end <= rule->addr || addr >= rule->addr + rule->size))
			continue;
		n = rp->rule_seen[i]++;
		if (n >= rule->skip && (!rule->times || n - rule->skip < rule->times))
			return rule;
	}
	return NULL;
}

void rp_take_read(struct rvl_rootport *rp, const uint32_t hdr[4])
{
	uint8_t tag = hdr[1] >> 8 & 0xff;
	struct rp_read *r = &rp->reads[tag];
	uint32_t spread = rp->policy.latency_max > rp->policy.latency_min
				  ? rp->policy.latency_max - rp->policy.latency_min
				  : 0;

	rp->stats.up_reads++;
	rp->stats.up_read_bytes += rp_link_octets(hdr, 0);
	if (!check_request(rp, "tx_rd", &rp->rd, hdr, rp->rd.max_read))
		return;
	if (rp_fmt(hdr) & 2) {
		rp_violation(rp, "tx_rd: a write");
		return;
	}
	if (tag >= 32 && !rp->cfg.ext_tag)
		rp_violation(rp, "tx_rd: tag %u without extended tags", tag);
	if (r->open) {
		rp_violation(rp, "tx_rd: tag %u is in use", tag);
		return;
	}
	*r = (struct rp_read){
		.open = true,
		.tag = tag,
		.requester = (uint16_t)(hdr[1] >> 16),
		.tc = hdr[0] >> 20 & 7,
		.attr = (uint8_t)((hdr[0] >> 18 & 1) << 2 | (hdr[0] >> 12 & 3)),
		.next = rp_addr(hdr) + rp_be_lead(hdr),
		.end = rp_addr(hdr) + rp_dws(hdr) * 4 - rp_be_trail(hdr),
		.due = rp->cycle + rp->policy.latency_min +
		       (spread ? rp_random(rp, spread + 1) : 0),
	};
	if (rp_dws(hdr) == 1 && !rp_first_be(hdr))
		r->end = r->next + 1;
	r->rule = match_rule(rp, r->next, r->end);
	if (!r->rule && rp->host.read_fault &&
	    rp->host.read_fault(rp->host.ctx, r->next, r->end, &r->own))
		r->rule = &r->own;
	rp->read_order[rp->read_count++] = tag;
}

/* The byte count of the answer to a request (PCIe, table of byte counts). */
static uint32_t expected_count(const uint32_t hdr[4])
{
	if (rp_type(hdr) != 0)
		return 4;
	if (rp_dws(hdr) == 1 && !rp_first_be(hdr))
		return 1;
	return rp_dws(hdr) * 4 - rp_be_lead(hdr) - rp_be_trail(hdr);
}

void rp_take_completion(struct rvl_rootport *rp, const uint32_t hdr[4], const uint8_t *data,
			uint32_t len)
{
	uint8_t tag = hdr[2] >> 8 & 0xff, status = hdr[1] >> 13 & 7;
	bool with_data = rp_fmt(hdr) & 2;
	struct rp_pending *p = &rp->pending[tag];
	struct rvl_rootport_answer answer;
	uint32_t lower, kind;

	rp->stats.up_completions++;
	rp->stats.up_completion_bytes += rp_link_octets(hdr, len);
	if ((rp_fmt(hdr) & ~2U) || (rp_type(hdr) & ~1U) != 0x0a) {
		rp_violation(rp, "tx_cpl: Fmt and Type 0x%02x", hdr[0] >> 24);
		return;
	}
	if (!(hdr[2] >> 16) && p->forgotten) {
		p->forgotten = false;
		return;
	}
	if (hdr[2] >> 16 || !p->open) {
		rp_violation(rp, "tx_cpl: nobody waits for requester %04x tag %u", hdr[2] >> 16,
			     tag);
		return;
	}
	kind = rp_type(p->hdr) == 1;
	lower = rp_type(p->hdr) == 0 ? (uint32_t)(rp_addr(p->hdr) + rp_be_lead(p->hdr)) & 0x7f : 0;
	if ((rp_type(hdr) & 1) != kind)
		rp_violation(rp, "tx_cpl: locked or not is not as in the request");
	if ((hdr[0] ^ p->hdr[0]) & 0x00743000)
		rp_violation(rp,
			     "tx_cpl: traffic class or attributes are not those of the request");
	if (hdr[0] & 0x008bcc00)
		rp_violation(rp, "tx_cpl: header DW 0 is %08x", hdr[0]);
	if (hdr[1] >> 16 != rp->cfg.requester_id)
		rp_violation(rp, "tx_cpl: completer ID %04x", hdr[1] >> 16);
	if (hdr[1] & 0x1000 || hdr[2] & 0x80 || hdr[3])
		rp_violation(rp, "tx_cpl: reserved bits are set");
	if (with_data != (status == RVL_CPL_SUCCESS))
		rp_violation(rp, "tx_cpl: status %u %s data", status,
			     with_data ? "with" : "without");
	if (len != (with_data ? rp_dws(hdr) * 4 : 0))
		rp_violation(rp, "tx_cpl: %u octets of payload, Length says %u DWs", len,
			     rp_dws(hdr));
	if (with_data && rp_dws(hdr) != rp_dws(p->hdr))
		rp_violation(rp, "tx_cpl: %u DWs answer %u", rp_dws(hdr), rp_dws(p->hdr));
	if ((hdr[1] & 0xfff) != (expected_count(p->hdr) & 0xfff))
		rp_violation(rp, "tx_cpl: byte count %u, not %u", hdr[1] & 0xfff,
			     expected_count(p->hdr));
	if ((hdr[2] & 0x7f) != lower)
		rp_violation(rp, "tx_cpl: lower address %02x, not %02x", hdr[2] & 0x7f, lower);
	p->open = false;
	rp->pending_count--;
	answer = (struct rvl_rootport_answer){.cookie = p->cookie,
					      .tag = tag,
					      .status = status,
					      .byte_count = hdr[1] & 0xfff,
					      .lower_address = hdr[2] & 0x7f,
					      .dws = (uint16_t)(len / 4),
					      .data = len ? data : NULL};
	if (rp->host.answered)
		rp->host.answered(rp->host.ctx, &answer);
}
