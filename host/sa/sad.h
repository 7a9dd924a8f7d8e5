/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SAs and policies of one data path: what IKE negotiated becomes a pair of SAs with the policies
 * that lead to them, in an order that never lets a protected flow pass in clear.
 *
 * For every flow that is configured to be protected there is a discard policy for as long as the
 * daemon runs; the protect policies of an SA stand before it. An SA that goes away leaves the
 * discard policy behind. What is known only once an SA is negotiated gets its discard policy then;
 * of those that no SA has any more, the last 64 are kept.
 *
 * All functions are the control thread's; rvl_sad_inbound() gives what the data thread asks.
 */
#ifndef RVL_SA_SAD_H
#define RVL_SA_SAD_H

#include "host/ike/addr.h"
#include "host/ike/ts.h"
#include "host/sa/backend.h"
#include "host/sa/inbound.h"

struct rvl_sad;

/* The backend stays the caller's, and is closed after the sad is freed. NULL without memory. */
struct rvl_sad *rvl_sad_new(struct rvl_backend *backend);

/* Removes every SA from the data path first. NULL is fine. */
void rvl_sad_free(struct rvl_sad *sad);

struct rvl_inbound *rvl_sad_inbound(struct rvl_sad *sad);

/* A random SPI that no inbound SA has, reserved until released; 0: no room for another SA. */
uint32_t rvl_sad_alloc_spi(struct rvl_sad *sad);
void rvl_sad_release_spi(struct rvl_sad *sad, uint32_t spi);

/* From now on these flows pass only through an SA. -errno with *error set. */
int rvl_sad_protect(struct rvl_sad *sad, const struct ike_ts_list *local,
		    const struct ike_ts_list *remote, struct rvl_backend_error *error);

/* Let IKE between these addresses (remote's family 0: any) pass, our port being one of the two. */
int rvl_sad_bypass_ike(struct rvl_sad *sad, const struct ike_addr *local,
		       const struct ike_addr *remote, uint16_t port, uint16_t port_nat,
		       struct rvl_backend_error *error);

/* A child SA. keys are AES key and salt (RFC 4106, section 8.1), key_len octets in all. */
struct rvl_child {
	uint64_t id;
	struct ike_addr local; /* outer */
	struct ike_addr remote;
	bool encap;
	uint32_t spi_in;
	uint32_t spi_out;
	const uint8_t *key_in;
	const uint8_t *key_out;
	size_t key_len;
	const struct ike_ts_list *local_ts;
	const struct ike_ts_list *remote_ts;
	uint32_t replay_window;
	enum rvl_esp_df df;
	bool copy_dscp;
	struct rvl_lifetime lifetime;
};

/* Inbound SA, outbound SA, policies; when this returns 0 the data path uses all. */
int rvl_sad_child_add(struct rvl_sad *sad, const struct rvl_child *child,
		      struct rvl_backend_error *error);

/*
 * Policies, outbound SA, inbound SA. -ENOENT when there is none of this id. Another error says what
 * the data path didn't do; the child is gone for the sad, but its SPI must not be used again.
 */
int rvl_sad_child_remove(struct rvl_sad *sad, uint64_t id, struct rvl_backend_error *error);

/*
 * The peer has other outer addresses or ports now: its traffic is held while the outbound SA is
 * made anew, above all sequence numbers that it has used. -errno with *error set: nothing is sent
 * on the SA any more, or it is as it was; the child must be given up.
 */
int rvl_sad_child_move(struct rvl_sad *sad, uint64_t id, const struct ike_addr *local,
		       const struct ike_addr *remote, struct rvl_backend_error *error);

/* Has anything authentic come in on the child since this was last asked? */
bool rvl_sad_child_heard(struct rvl_sad *sad, uint64_t id);

/* A policy or an SA that had to go is still in use by the data path: only closing it helps. */
bool rvl_sad_broken(const struct rvl_sad *sad);

/* The counters of both SAs. */
int rvl_sad_child_query(struct rvl_sad *sad, uint64_t id, struct rvl_sa_stats *in,
			struct rvl_sa_stats *out, struct rvl_backend_error *error);

/* The child that an event of the data path is about, and an SPI that the event lacks; false when
 * it is gone meanwhile. */
bool rvl_sad_child_of_event(const struct rvl_sad *sad, struct rvl_backend_event *event,
			    uint64_t *id);

size_t rvl_sad_child_count(const struct rvl_sad *sad);

/* SAs in the data path, by direction. */
size_t rvl_sad_sa_count(const struct rvl_sad *sad, enum rvl_direction direction);

/* Transmit policies in the data path. */
size_t rvl_sad_policy_count(const struct rvl_sad *sad);

#endif
