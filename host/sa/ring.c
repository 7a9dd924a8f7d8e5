// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/ring.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "host/esp/esp.h"
#include "host/esp/ip.h"

#define ETHERNET_ADDRESSES 12
#define VLAN_TAG 4
#define BLOCK (1u << 16)		   /* of slots: none lies in two */
#define LARGE_ROOM (22 + 65535)		   /* whatever fits into a slot */
#define RESERVED 70			   /* puts IP headers at a multiple of 16 */
#define FRAME_AT (80 + 10 + RESERVED - 14) /* in a slot, as the kernel reckons it */
#define HEADROOM 96

_Static_assert(HEADROOM >= RVL_ESP_HEADROOM + VLAN_TAG, "a header has room before a frame");
_Static_assert(FRAME_AT >= sizeof(struct tpacket2_hdr) + HEADROOM, "and in a slot");

struct rvl_ring {
	int fd;
	uint8_t *memory;
	size_t size;
	size_t slot; /* octets of one */
	size_t in_block;
	size_t count; /* of slots */
	size_t next;
	size_t given; /* slots before it that the caller has */
	uint32_t missed;
	uint8_t large[HEADROOM + LARGE_ROOM];
};

static struct tpacket2_hdr *slot_at(const struct rvl_ring *r, size_t n)
{
	return (struct tpacket2_hdr *)(r->memory + n / r->in_block * BLOCK +
				       n % r->in_block * r->slot);
}

static int set_option(int fd, int option, const void *value, socklen_t len)
{
	return setsockopt(fd, SOL_PACKET, option, value, len) ? -errno : 0;
}

/* The kernel tells what is left to do (PACKET_VNET_HDR), before the frame. */
static int set_up(struct rvl_ring *r, size_t longest, size_t octets)
{
	const int version = TPACKET_V2, reserved = RESERVED, on = 1;
	struct tpacket_req request = {.tp_block_size = BLOCK};
	int err;

	r->slot = TPACKET_ALIGN(FRAME_AT + longest);
	if (r->slot > BLOCK)
		r->slot = BLOCK;
	r->in_block = BLOCK / r->slot;
	request.tp_block_nr = (unsigned int)(octets / BLOCK);
	request.tp_frame_size = (unsigned int)r->slot;
	request.tp_frame_nr = request.tp_block_nr * (unsigned int)r->in_block;
	err = set_option(r->fd, PACKET_VNET_HDR, &on, sizeof(on));
	if (!err)
		err = set_option(r->fd, PACKET_VERSION, &version, sizeof(version));
	if (!err)
		err = set_option(r->fd, PACKET_RESERVE, &reserved, sizeof(reserved));
	if (!err)
		err = set_option(r->fd, PACKET_COPY_THRESH, &on, sizeof(on));
	if (!err)
		err = set_option(r->fd, PACKET_RX_RING, &request, sizeof(request));
	r->count = request.tp_frame_nr;
	r->size = (size_t)request.tp_block_nr * BLOCK;
	return err;
}

int rvl_ring_open(int fd, size_t longest, size_t octets, struct rvl_ring **ring)
{
	struct rvl_ring *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->fd = fd;
	err = set_up(r, longest, octets);
	if (!err) {
		r->memory = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		err = r->memory == MAP_FAILED ? -errno : 0;
	}
	if (err) {
		free(r);
		return err;
	}
	*ring = r;
	return 0;
}

void rvl_ring_close(struct rvl_ring *r)
{
	if (!r)
		return;
	OPENSSL_cleanse(r->memory, r->size);
	munmap(r->memory, r->size);
	OPENSSL_cleanse(r->large, sizeof(r->large));
	free(r);
}

static void give_back(struct rvl_ring *r)
{
	for (; r->given; r->given--)
		__atomic_store_n(&slot_at(r, (r->next + r->count - r->given) % r->count)->tp_status,
				 TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

/* The kernel takes the outer VLAN tag off a frame; put it back where it was. */
static void restore_tag(const struct tpacket2_hdr *slot, uint32_t status,
			struct rvl_received *received)
{
	struct rvl_buf *buf = &received->frame;
	uint8_t *frame;

	if (!(status & TP_STATUS_VLAN_VALID) || buf->len < ETHERNET_ADDRESSES)
		return;
	rvl_buf_push(buf, VLAN_TAG);
	frame = rvl_buf_data(buf);
	memmove(frame, frame + VLAN_TAG, ETHERNET_ADDRESSES);
	rvl_put_be16(frame + ETHERNET_ADDRESSES,
		     status & TP_STATUS_VLAN_TPID_VALID ? slot->tp_vlan_tpid : ETH_P_8021Q);
	rvl_put_be16(frame + ETHERNET_ADDRESSES + 2, slot->tp_vlan_tci);
	received->left.csum_start += VLAN_TAG;
}

/* The next frame of the socket's queue. 0: it was cut. */
static size_t read_large(struct rvl_ring *r, struct virtio_net_hdr *left)
{
	struct iovec parts[] = {{left, sizeof(*left)}, {r->large + HEADROOM, LARGE_ROOM}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t n = recvmsg(r->fd, &message, MSG_DONTWAIT);

	return n < (ssize_t)sizeof(*left) || message.msg_flags & MSG_TRUNC
		       ? 0
		       : (size_t)n - sizeof(*left);
}

/* Returns whether it is one that is longer than a slot. */
static bool take(struct rvl_ring *r, struct tpacket2_hdr *slot, uint32_t status,
		 struct rvl_received *received)
{
	const size_t front = sizeof(*slot);

	received->frame = (struct rvl_buf){(uint8_t *)slot + front, r->slot - front,
					   slot->tp_mac - front, slot->tp_snaplen};
	memcpy(&received->left, (uint8_t *)slot + slot->tp_mac - sizeof(received->left),
	       sizeof(received->left));
	if (status & TP_STATUS_COPY)
		received->frame = (struct rvl_buf){r->large, sizeof(r->large), HEADROOM,
						   read_large(r, &received->left)};
	else if (slot->tp_snaplen < slot->tp_len)
		received->frame.len = 0;
	restore_tag(slot, status, received);
	return status & TP_STATUS_COPY;
}

/* What has happened to the interface is told once, and makes the socket readable until then: who
 * has found nothing looks again. */
static int error_of(const struct rvl_ring *r)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		return -errno;
	return err ? -err : -EAGAIN;
}

int rvl_ring_receive(struct rvl_ring *r, struct rvl_received *received, int count)
{
	const bool had = r->given;
	bool large = false;
	int n = 0;

	give_back(r);
	while (n < count && !large) {
		struct tpacket2_hdr *slot = slot_at(r, r->next);
		uint32_t status = __atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE);

		if (!(status & TP_STATUS_USER))
			break;
		large = take(r, slot, status, &received[n++]);
		r->next = (r->next + 1) % r->count;
		r->given++;
	}
	if (n)
		return n;
	return had ? -EAGAIN : error_of(r);
}

/* The kernel's count begins anew whenever it is read. */
uint32_t rvl_ring_missed(struct rvl_ring *r)
{
	struct tpacket_stats stats = {0};
	socklen_t len = sizeof(stats);

	if (!getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		r->missed += stats.tp_drops;
	return r->missed;
}
