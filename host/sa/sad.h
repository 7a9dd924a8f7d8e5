/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Child SAs and policies of one data path: what IKE negotiated becomes a pair of SAs with the
 * policies that lead to them, in an order that never lets a protected flow pass in clear and, when
 * a child takes the place of another, loses none of it.
 *
 * A child is made in three steps, each done and confirmed by the data path when its function
 * returns 0:
 *
 *   rvl_sad_child_inbound()   the inbound SA is there, and what it verifies reaches the host
 *   rvl_sad_child_outbound()  the outbound SA is there, and nothing leads to it
 *   rvl_sad_child_use()       its flows are led to it, each in one step from where they were led
 *
 * and it goes by rvl_sad_child_remove(), whatever step it is in. Nobody else's flows change by any
 * of these but use and the removal of a child in use.
 *
 * Who has a flow: of the children that are in use and have its selector, the one that was used
 * last; when that goes, the one used before it. A child is in use from rvl_sad_child_use() on, and
 * no longer when another of its line is used. A line are a child and those that take its place
 * (rvl_child.replaces), in turn: of a line only one is in use. The others, whether they were
 * rekeyed away or never used, go on to receive, send nothing, and get no flow by anybody's removal:
 * only by a use of their own, which is how a rekey that failed goes back.
 *
 * For every flow that is configured to be protected there is a discard policy until an operator
 * releases it (rvl_sad_release()). It becomes the protect policy of an SA of the same selector, and
 * discards again when that goes; what protects less stands before it (flow.h). What is known only
 * once an SA is negotiated gets its discard policy with the first step; those that were in use are
 * kept until then as well, as many of one owner (a peer) as fixed.h says.
 *
 * All functions are the control thread's; rvl_sad_inbound(), rvl_sad_traps(), rvl_sad_fit() and
 * rvl_sad_policies() give what data threads ask.
 */
#ifndef RVL_SA_SAD_H
#define RVL_SA_SAD_H

#include "host/ike/addr.h"
#include "host/ike/ts.h"
#include "host/sa/backend.h"
#include "host/sa/fit.h"
#include "host/sa/inbound.h"
#include "host/sa/trap.h"

struct rvl_sad;

/* The backend stays the caller's, and is closed after the sad is freed. NULL without memory. */
struct rvl_sad *rvl_sad_new(struct rvl_backend *backend);

/* Removes every SA from the data path first. NULL is fine. */
void rvl_sad_free(struct rvl_sad *sad);

struct rvl_inbound *rvl_sad_inbound(struct rvl_sad *sad);
struct rvl_traps *rvl_sad_traps(struct rvl_sad *sad);
struct rvl_fit *rvl_sad_fit(struct rvl_sad *sad);
struct rvl_policies *rvl_sad_policies(struct rvl_sad *sad);

/* A random SPI that no inbound SA has, reserved until released; 0: no room for another SA, or no
 * memory. Its SA is carried by the thread that has that of the SPI it replaces, so that no packet
 * overtakes another; if it replaces none (0), by the one that has the fewest. */
uint32_t rvl_sad_alloc_spi(struct rvl_sad *sad, uint32_t replaces);
void rvl_sad_release_spi(struct rvl_sad *sad, uint32_t spi);

/* From now on these flows pass only through an SA. scopes, here and below: which of the packets of
 * these selectors they are; NULL: no scope tells them apart. -errno with *error set. */
int rvl_sad_protect(struct rvl_sad *sad, const struct rvl_scopes *scopes,
		    const struct ike_ts_list *local, const struct ike_ts_list *remote,
		    struct rvl_backend_error *error);

/* These flows pass in clear, unless one that is as narrow is protected, until another configuration
 * doesn't name them. The same. */
int rvl_sad_pass(struct rvl_sad *sad, const struct rvl_scopes *scopes,
		 const struct ike_ts_list *local, const struct ike_ts_list *remote,
		 struct rvl_backend_error *error);

/* The same without doing it, as far as it depends on the selectors. */
int rvl_sad_can_protect(const struct rvl_sad *sad, const struct ike_ts_list *local,
			const struct ike_ts_list *remote, struct rvl_backend_error *error);

/* Traffic of these flows, which are protected, springs the trap of this id (trap.h) while no SA has
 * them. -errno with *error set. */
int rvl_sad_trap(struct rvl_sad *sad, uint64_t id, const struct rvl_scopes *scopes,
		 const struct ike_ts_list *local, const struct ike_ts_list *remote,
		 struct rvl_backend_error *error);

/* They are waited for again, though something came already; or not any more. */
void rvl_sad_listen(struct rvl_sad *sad, uint64_t id);
void rvl_sad_untrap(struct rvl_sad *sad, uint64_t id);

/* The data path says that this packet came to a trap of this outbound scope. True: rvl_traps_next()
 * has something new. */
bool rvl_sad_spring(struct rvl_sad *sad, const struct rvl_ip *packet,
		    const struct rvl_scope *scope);

/* What is local, for the inbound half of policies, whoever has it. -errno with *error set. */
int rvl_sad_set_local(struct rvl_sad *sad, const struct rvl_local *local,
		      struct rvl_backend_error *error);

/* Ports of IKE. */
struct rvl_ike_ports {
	uint16_t udp[2]; /* ours */
	uint16_t tcp;	 /* ours; 0: none */
	uint16_t tcp_remote[IKE_TCP_PORTS_MAX];
	size_t tcp_remote_count;
};

/* Let IKE between these addresses (remote's family 0: any) pass, on any of these ports. */
int rvl_sad_bypass_ike(struct rvl_sad *sad, const struct ike_addr *local,
		       const struct ike_addr *remote, const struct rvl_ike_ports *ports,
		       struct rvl_backend_error *error);

/*
 * When another configuration is in force: what rvl_sad_protect() and rvl_sad_bypass_ike() were
 * ever given counts as unnamed, though it stays, until it is given again. What isn't is absorbed
 * where it lies within what is, for the narrower one would have its packets. All the rest is taken
 * back by rvl_sad_release(), but for the protection of flows that a child has; told() hears of
 * each. -errno with *error set: some of it stays. What passes (rvl_sad_pass()) is taken back by
 * rvl_sad_end_passes(), which returns the same.
 */
void rvl_sad_unname(struct rvl_sad *sad);
void rvl_sad_absorb(struct rvl_sad *sad);
int rvl_sad_end_passes(struct rvl_sad *sad, struct rvl_backend_error *error);
typedef void rvl_sad_told_fn(void *context, const struct rvl_selector *selector,
			     const struct rvl_scopes *scopes, enum rvl_action action);
int rvl_sad_release(struct rvl_sad *sad, rvl_sad_told_fn *told, void *context,
		    struct rvl_backend_error *error);

/* A child SA: its two SAs, and whose packets they are for. What is here or pointed to is copied;
 * the caller cleanses its keys. */
struct rvl_child {
	uint64_t id;
	uint64_t replaces; /* id of the child whose place it takes; 0, or one that is gone: none */
	uint64_t owner;	   /* whose its flows are: the same number for one peer */
	struct rvl_sa_params in;
	struct rvl_sa_params out;
	const struct ike_ts_list *local_ts;
	const struct ike_ts_list *remote_ts;
	enum rvl_offload offload;
	/* Scopes and marks of both SAs. Numbers that are to be unique are this line's; and for
	 * which of its owner's children they are, and in which IKE SA. */
	struct rvl_labels labels;
	uint64_t kind;
	uint64_t ike;
	/* Children of one group have the same flows at once, each its processor's share of them
	 * (RFC 9611), or what no other one has: cpu RVL_CPU_ANY. 0: of none. */
	uint64_t group;
	uint32_t cpu;
};

/*
 * A new child and its inbound SA: what that verifies and the selectors allow reaches the host from
 * now on. Its flows are held if they weren't protected yet.
 *
 * Returns 0, or with *error set -EEXIST (there is one of this id, or an inbound SA of this SPI),
 * -EOPNOTSUPP (what the data path's abilities lack, or selectors that it doesn't have), -E2BIG (too
 * many selectors), -EINVAL, -ENOSPC, -ENOMEM, or what the data path says: there is no such child,
 * and all is as it was. If it isn't, rvl_sad_broken() says so.
 */
int rvl_sad_child_inbound(struct rvl_sad *sad, const struct rvl_child *child,
			  struct rvl_backend_error *error);

/*
 * The outbound SA of a child that has none. 0, or with *error set -ENOENT (no such child),
 * -EALREADY (it has one), or what the data path says: the child is in the step that it was in.
 */
int rvl_sad_child_outbound(struct rvl_sad *sad, uint64_t id, struct rvl_backend_error *error);

/*
 * The child has its flows, and no other one of its line is in use any more. One that is in use
 * already becomes the one that was used last. 0, or with *error set -ENOENT (no such child),
 * -EINVAL (it has no outbound SA), -ENOMEM, or what the data path says: every flow is led where it
 * was, and in use is who was.
 */
int rvl_sad_child_use(struct rvl_sad *sad, uint64_t id, struct rvl_backend_error *error);

/*
 * All that there is of it: its flows go to who is next, or are held; then go outbound and inbound
 * SA. -ENOENT when there is none of this id. Another error says what the data path didn't do; the
 * child is gone for the sad, but its SPI must not be used again.
 */
int rvl_sad_child_remove(struct rvl_sad *sad, uint64_t id, struct rvl_backend_error *error);

/*
 * Outer addresses or ports are others now, or ESP goes in UDP that didn't, or no longer: its
 * traffic is held while the outbound SA, if there is one, is made anew, above all sequence numbers
 * that it has used. Where our own address is another one the inbound SA is made anew as well; all
 * numbers up to the highest that it has seen count as seen. -ENOENT and -EOPNOTSUPP with *error
 * set: it is as it was. Another -errno: it isn't in use any more, its flows went as in a removal,
 * one of its SAs may be gone, and what there is of it receives; it is to be given up, or, for
 * -ESTALE, to be rekeyed: which numbers an SA of it has used is known to its NIC alone.
 */
int rvl_sad_child_move(struct rvl_sad *sad, uint64_t id, const struct ike_addr *local,
		       const struct ike_addr *remote, bool encap, struct rvl_backend_error *error);

/*
 * The child goes on to send with sequence numbers that are further up, by so many at least, as if
 * it moved: its outbound SA, if there is one, is made anew. -ENOENT with *error set: there is no
 * such child. Another -errno: as after a move; -EKEYEXPIRED: there aren't so many left.
 */
int rvl_sad_child_skip(struct rvl_sad *sad, uint64_t id, uint32_t packets,
		       struct rvl_backend_error *error);

/*
 * Has anything authentic come in on the child's inbound SA since this was last asked, or since its
 * first step? Who asks takes the answer: it is given once.
 */
bool rvl_sad_child_heard(struct rvl_sad *sad, uint64_t id);

/* A policy or an SA that had to go is still in use by the data path: only closing it helps. */
bool rvl_sad_broken(const struct rvl_sad *sad);

/* The counters of both SAs; without an outbound one those of *out are what it has sent before, 0
 * mostly. -ENOENT, or what the data path says, with *error set. */
int rvl_sad_child_query(struct rvl_sad *sad, uint64_t id, struct rvl_sa_stats *in,
			struct rvl_sa_stats *out, struct rvl_backend_error *error);

/* A child of the group whose flows an event of the data path is about: it is to have one more, of
 * the event's processor. False: there is no such group. */
bool rvl_sad_child_of_acquire(const struct rvl_sad *sad, const struct rvl_backend_event *event,
			      uint64_t *id);

/*
 * One of this processor has been asked for: the child's group asks for no other one until it is
 * used, or until rvl_sad_hear() has been called twice; full: until one of the group goes. True of
 * rvl_sad_hear(): it is to be called again.
 */
void rvl_sad_asked(struct rvl_sad *sad, uint64_t id, uint32_t cpu, bool full);
bool rvl_sad_hear(struct rvl_sad *sad);

/* What tells its flows apart; NULL: there is no such child. */
const struct rvl_scopes *rvl_sad_child_scopes(const struct rvl_sad *sad, uint64_t id);

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
