// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/inbox.h"

#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/esp/esp.h"
#include "host/esp/ip.h"

#define HEADROOM ((RVL_ESP_HEADROOM + 15) / 16 * 16)
#define PACKET_MAX 65535
#define HOPS 64

struct message {
	size_t len; /* of the frame */
	uint8_t room[];
};

struct inbox {
	pthread_mutex_t lock; /* guards all below up to `full` */
	struct message *waiting[INBOX_ROOM];
	size_t first;
	size_t count;
	uint64_t full;
	struct message *given; /* to who takes them */
	uint8_t station[ETH_ALEN];
};

struct inbox *inbox_new(const uint8_t station[6])
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));

	if (!inbox)
		return NULL;
	pthread_mutex_init(&inbox->lock, NULL);
	memcpy(inbox->station, station, sizeof(inbox->station));
	return inbox;
}

void inbox_free(struct inbox *inbox)
{
	if (!inbox)
		return;
	for (size_t i = 0; i < inbox->count; i++)
		free(inbox->waiting[(inbox->first + i) % INBOX_ROOM]);
	free(inbox->given);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox);
}

static size_t put_ipv4(uint8_t *at, const struct rvl_addr *src, const struct rvl_addr *dst,
		       size_t len)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tot_len = htons((uint16_t)(sizeof(ip) + len)),
		.ttl = HOPS,
		.protocol = IPPROTO_ESP,
	};

	memcpy(&ip.saddr, src->octets, 4);
	memcpy(&ip.daddr, dst->octets, 4);
	memcpy(at, &ip, sizeof(ip));
	rvl_put_be16(at + offsetof(struct iphdr, check), rvl_ip_checksum(at, sizeof(ip)));
	return sizeof(ip);
}

static size_t put_ipv6(uint8_t *at, const struct rvl_addr *src, const struct rvl_addr *dst,
		       size_t len)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons((uint16_t)len),
		.ip6_nxt = IPPROTO_ESP,
		.ip6_hlim = HOPS,
	};

	memcpy(&ip.ip6_src, src->octets, 16);
	memcpy(&ip.ip6_dst, dst->octets, 16);
	memcpy(at, &ip, sizeof(ip));
	return sizeof(ip);
}

/* From no station: it has been on no wire. */
static struct message *frame_of(const struct inbox *inbox, const struct rvl_addr *src,
				const struct rvl_addr *dst, const uint8_t *esp, size_t len)
{
	struct message *m = calloc(1, sizeof(*m) + HEADROOM + ETH_HLEN + sizeof(struct ip6_hdr) +
					      len + RVL_ESP_TAILROOM);
	uint8_t *at;

	if (!m)
		return NULL;
	at = m->room + HEADROOM;
	memcpy(at, inbox->station, sizeof(inbox->station));
	rvl_put_be16(at + ETH_HLEN - 2, src->family == 4 ? ETH_P_IP : ETH_P_IPV6);
	at += ETH_HLEN;
	at += src->family == 4 ? put_ipv4(at, src, dst, len) : put_ipv6(at, src, dst, len);
	memcpy(at, esp, len);
	m->len = (size_t)(at + len - (m->room + HEADROOM));
	return m;
}

void inbox_put(struct inbox *inbox, const struct rvl_addr *src, const struct rvl_addr *dst,
	       const uint8_t *esp, size_t len)
{
	const bool fits = len <= PACKET_MAX - sizeof(struct ip6_hdr);
	struct message *m = fits ? frame_of(inbox, src, dst, esp, len) : NULL;

	pthread_mutex_lock(&inbox->lock);
	if (m && inbox->count < INBOX_ROOM) {
		inbox->waiting[(inbox->first + inbox->count++) % INBOX_ROOM] = m;
		m = NULL;
	} else {
		inbox->full++;
	}
	pthread_mutex_unlock(&inbox->lock);
	free(m);
}

bool inbox_next(struct inbox *inbox, struct rvl_buf *frame)
{
	free(inbox->given);
	inbox->given = NULL;
	pthread_mutex_lock(&inbox->lock);
	if (inbox->count) {
		inbox->given = inbox->waiting[inbox->first];
		inbox->first = (inbox->first + 1) % INBOX_ROOM;
		inbox->count--;
	}
	pthread_mutex_unlock(&inbox->lock);
	if (!inbox->given)
		return false;
	*frame = (struct rvl_buf){
		.base = inbox->given->room,
		.size = HEADROOM + inbox->given->len + RVL_ESP_TAILROOM,
		.off = HEADROOM,
		.len = inbox->given->len,
	};
	return true;
}

uint64_t inbox_full(struct inbox *inbox)
{
	uint64_t full;

	pthread_mutex_lock(&inbox->lock);
	full = inbox->full;
	pthread_mutex_unlock(&inbox->lock);
	return full;
}
