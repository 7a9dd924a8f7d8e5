// SPDX-License-Identifier: GPL-2.0
/*
 * Packet offload: which keys did the device have, and how far did each come?
 *
 * With AES-GCM no pair of key and IV may come twice, and the IV is the sequence number. An IKE
 * daemon that moves a state to another address deletes it and adds it again with the number that it
 * was told last, while the device went on. Inbound, what came since then would be taken twice.
 *
 * Of the key itself a keyed digest is kept.
 */
#include "compat.h"

#ifdef HAVE_XFRM_PACKET_OFFLOAD

#include "ipsec.h"

#define SEQ_MARGIN 0x20000 /* more than the rings hold: sent between SA_QUERY and SA_DELETE */

u64 rvl_ipsec_key_print(const struct rvl_ipsec *ipsec, const struct rvl_dev_sa *want)
{
	u8 key[1 + sizeof(want->key) + sizeof(want->salt)] = {want->inbound};
	u64 print;

	memcpy(key + 1, want->key, want->key_len);
	memcpy(key + 1 + want->key_len, want->salt, sizeof(want->salt));
	print = siphash(key, 1 + want->key_len + sizeof(want->salt), &ipsec->print_key);
	memzero_explicit(key, sizeof(key));
	return print;
}

static struct rvl_used_key *find_used(const struct rvl_ipsec *ipsec, u64 print)
{
	unsigned int n = min_t(unsigned int, ipsec->used_next, RVL_USED_KEYS);
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (ipsec->used[i].print == print)
			return &ipsec->used[i];
	}
	return NULL;
}

void rvl_ipsec_key_remember(struct rvl_ipsec *ipsec, const struct rvl_sa *sa, bool lost)
{
	u64 seq = sa->now.seq + (sa->inbound ? 0 : SEQ_MARGIN);
	struct rvl_used_key *used = find_used(ipsec, sa->print);

	if (!used) {
		used = &ipsec->used[ipsec->used_next++ % RVL_USED_KEYS];
		if (ipsec->used_next == 2 * RVL_USED_KEYS)
			ipsec->used_next = RVL_USED_KEYS;
		*used = (struct rvl_used_key){.print = sa->print};
	}
	used->seq = max(used->seq, seq < sa->now.seq ? U64_MAX : seq);
	used->lost |= lost;
}

int rvl_ipsec_key_check(const struct rvl_ipsec *ipsec, struct rvl_dev_sa *want, u64 print,
			struct netlink_ext_ack *extack)
{
	const struct rvl_used_key *used = find_used(ipsec, print);
	const u64 last = want->esn ? U64_MAX : U32_MAX;
	const struct rvl_sa *sa;

	/* One that is to start afresh does: its other end may have done so. */
	if (want->inbound) {
		if (used && want->seq)
			want->seq = max(want->seq, min(used->seq, last));
		return 0;
	}
	list_for_each_entry(sa, &ipsec->sas, list) {
		if (sa->installed && sa->print == print) {
			NL_SET_ERR_MSG_MOD(extack, "a state with this key and salt sends already");
			return -EEXIST;
		}
	}
	if (!used)
		return 0;
	if (used->lost || used->seq >= last) {
		NL_SET_ERR_MSG_MOD(extack, "this key sent before, how far is unknown: rekey");
		return -EEXIST;
	}
	want->seq = max(want->seq, used->seq + 1);
	return 0;
}

#endif
