/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's state, which its main loop's parts share. All of it is the control thread's. */
#ifndef RVL_RAVELD_DAEMON_H
#define RVL_RAVELD_DAEMON_H

#include <jansson.h>
#include <uv.h>

#include "host/conf/conf.h"
#include "host/ike/ike.h"
#include "host/raveld/accounting.h"
#include "host/raveld/agenda.h"
#include "host/raveld/closing.h"
#include "host/raveld/datapath.h"
#include "host/raveld/jobs.h"
#include "host/raveld/log.h"
#include "host/raveld/netlink.h"
#include "host/raveld/pools.h"
#include "host/raveld/routes.h"
#include "host/raveld/sockets.h"
#include "host/raveld/streams.h"
#include "host/raveld/vips.h"
#include "host/sa/backend.h"
#include "host/sa/fanout.h"
#include "host/sa/hash.h"
#include "host/sa/sad.h"

struct control;

/* What a reload makes of it. A greater one is one more than a lesser one. */
enum wish_change { WISH_GONE, WISH_UNCHANGED, WISH_ADJUSTED, WISH_REPLACED, WISH_ADDED };

/* What is wanted of a configured child, and when to try again. It stays where it is for as long as
 * the child is configured, whatever else is. */
struct wish {
	char name[2 * CONF_NAME_MAX]; /* "connection.child" */
	UT_hash_handle hh;
	const struct conf_connection *connection;
	const struct conf_child *child;
	bool wanted;	       /* bring it up again when it goes down */
	bool replace;	       /* bring it up once more: its SA was given up, not its purpose */
	uint64_t retry_at;     /* by agenda_retry(): ms of the loop's clock; 0: not planned */
	unsigned int failures; /* in a row */
	struct ike_addr local; /* our address towards the peer when it was configured */
	bool failed; /* it couldn't be protected, or told to the core: nothing is negotiated */
	/* SAs of it with ids up to this are of another configuration; UINT64_MAX: all that there
	 * are. */
	uint64_t before;
	/* While a reload is at work: */
	enum wish_change change;
	bool there; /* some SA was, when it began, or was going to be */
	/* Of its trap: */
	bool sprung;		 /* and what became of the negotiation isn't known yet */
	struct ike_ts packet[2]; /* that sprang it, our end first */
	uint64_t listen_at;	 /* by agenda_listen(); the same */
	/* The agenda's: */
	size_t place;
	uint64_t planned;
};

/* An SA that an operator means, of either kind. */
struct named_sa {
	uint64_t id;
	bool ike;
};

/* Those that wait to be rekeyed. */
struct rekeying {
	struct named_sa *list;
	size_t count;
	size_t next;
	uv_timer_t timer;
};

struct daemon {
	struct log log;
	const char *conf_path;
	struct conf *conf; /* another one is put here when it is read anew */
	uv_loop_t loop;
	struct rvl_backend *backend;
	struct rvl_sad *sad;
	int taps[RVL_FANOUT_MAX]; /* queues of the netdev, one a data thread, */
	unsigned int tap_count;
	unsigned int wire_mtu;
	unsigned int mtu; /* of the netdev */
	struct datapath *datapath;
	struct closing *closing;
	struct routes *routes;
	struct pools *pools;	   /* addresses for peers, */
	struct vips *vips;	   /* and those that peers have given us, */
	struct resolver *resolver; /* with DNS servers; NULL: those aren't asked */
	int notices_fd;		   /* the kernel's */
	uv_poll_t notices;
	struct netlink_changes changes; /* that they told of, and were not followed yet */
	uv_timer_t breath;		/* between two times that they are followed */
	struct sockets *sockets;
	struct streams *streams;
	struct control *control;
	struct ike_engine *engine;
	struct jobs *jobs;
	struct trust *trust;
	struct eap *eap;
	struct radius *radius;
	struct fetch *fetch;
	struct accounting *accounting;
	uv_timer_t day;	      /* until certificates are looked at again */
	struct wish **wishes; /* in the order of the configuration, */
	size_t wish_count;
	struct wish *wishes_by_name; /* by name, */
	struct agenda agenda;	     /* and by when they are due */
	struct rekeying rekeying;
	uv_timer_t acquires; /* until the data path may ask for more SAs of processors */
	uv_timer_t timer;
	uv_timer_t deadline; /* of the shutdown */
	uv_poll_t events;    /* of the data path */
	uv_async_t datapath_failed;
	uv_async_t sprung_async; /* some trap */
	uv_async_t hinted_async; /* by a router, of what a path takes */
	uv_signal_t signals[3];
	uv_timer_t watchdog; /* of the data path */
	bool reloading;
	bool stopping;
	int stop_answer; /* who asked for the end is told there what became of it; -1: nobody */
	bool release;	 /* with it goes what closes */
	bool failed;	 /* the data path, and it was said */
	int exit_code;
};

/* ---- negotiation.c: the IKE core in the loop */

int negotiation_start(struct daemon *d);

/* After anything was told to the core: do what it wants done and set the timer. */
void negotiation_settle(struct daemon *d);

/* Delete all IKE SAs; the loop ends once peers have answered, or had time to. */
void negotiation_stop(struct daemon *d);

/* The child of this name, or the first one of the connection; or NULL, with the reason. */
struct wish *negotiation_find(struct daemon *d, const char *name, char *reason, size_t len);

/*
 * An operator's wishes: 0, or -errno with the reason. Up tells what it does and how it ends by
 * control_child_*(), and returns -EALREADY if the child is up or on its way.
 */
int negotiation_up(struct daemon *d, struct wish *w);
int negotiation_down(struct daemon *d, const char *name, char *reason, size_t len);
int negotiation_rekey(struct daemon *d, const char *name, char *reason, size_t len);

/* The packet in the wish waits for its child. */
void negotiation_spring(struct daemon *d, struct wish *w);

/* Is no SA of this connection or child left? Asked again and again it looks at each once or twice:
 * *sas is where it begins to look, and is moved past those that are of others. */
bool negotiation_is_down(struct daemon *d, const char *name, struct ike_listing *sas);

/* ---- tcp.c: IKE and ESP in TCP (RFC 9329) */

/* Listen if that is configured; -errno with the reason in the log. */
int tcp_start(struct daemon *d);

/* ---- wishes.c: what is wanted of each child, and what the core has to know of it */

/* Is it to be negotiated at once? */
bool wish_starts(const struct wish *w);

/* For a child of no wish yet, which is found by name from now on; nothing is wanted. NULL without
 * memory. */
struct wish *wishes_add(struct daemon *d, const struct conf_connection *connection,
			const struct conf_child *child);

/* All that the configuration has. 0 or -ENOMEM. */
int wishes_make(struct daemon *d);
void wishes_free(struct daemon *d);
struct wish *wishes_find(const struct daemon *d, const char *connection, const char *child);

/* Hand the core what is configured; of secrets, this is the last that is known of them here. */
int wishes_add_connection(struct daemon *d, const struct conf_connection *c);
int wishes_update_connection(struct daemon *d, const struct conf_connection *c);
int wishes_add_secrets(struct daemon *d);

/* ---- acquires.c: SAs of processors */

void acquires_open(struct daemon *d);
void acquires_stop(struct daemon *d);

/* The data path lacks one. */
void acquires_take(struct daemon *d, const struct rvl_backend_event *event);

/* ---- rekeying.c: what an operator asks to be rekeyed */

void rekeying_open(struct daemon *d);

/* Of those that can be, some now and the others a moment later. 0, -EBUSY when none can, or
 * -ENOMEM. */
int rekeying_add(struct daemon *d, const struct named_sa *list, size_t count);

/* Those that wait aren't, any more. */
void rekeying_stop(struct daemon *d);

/* ---- children.c: Child SAs and the data path */

/* A step of a Child SA; the answer is in the job. */
void children_do(struct daemon *d, struct ike_job *job);
void children_remove(struct daemon *d, const struct ike_child_removed *removed);

/* The traffic of one that is in the data path (accounting.h). */
void children_count(void *context, uint64_t child_id, struct accounting_traffic *traffic);

/* False: it can't go on, and must be given up. */
bool children_move(struct daemon *d, const struct ike_child_change *change);
bool children_skip(struct daemon *d, const struct ike_child_skip *skip);

/* ---- protect.c: what holds before the first SA is up */

/* Can a child of this configuration be protected, as far as that is known beforehand? 0, or -errno
 * with *error set. */
int protect_check(struct daemon *d, const struct conf *conf, const struct conf_connection *c,
		  const struct conf_child *child, struct rvl_backend_error *error);

/* Let IKE between these addresses pass, in the data path and by the kernel's routes. */
void protect_reach(struct daemon *d, const struct ike_addr *local, const struct ike_addr *remote);

/* Let its IKE pass, and discard its flows; its own address becomes known. -errno with *error. */
int protect_wish(struct daemon *d, struct wish *w, struct rvl_backend_error *error);

/* What is configured to pass or to be dropped does from now on, and what passed by an earlier
 * configuration does no more. -errno with *error set: what it is about, and why. */
int protect_shunts(struct daemon *d, struct conf_error *error);

/* The same without doing it, as far as it depends on the selectors. */
int protect_check_shunts(struct daemon *d, const struct conf *conf, struct conf_error *error);

/* Lead its flows to the data path, if they aren't; or not any more (routes.h). */
void protect_lead(struct daemon *d, const struct wish *w);
void protect_forget(struct daemon *d, const struct wish *w);

/* What is still discarded for an earlier configuration isn't in the way of what this one has. */
void protect_absorb(struct daemon *d);

/* Give up what is still discarded for an earlier configuration, but for what SAs have. 0, or
 * -errno with *error set: some of it stays. */
int protect_release(struct daemon *d, rvl_sad_told_fn *told, void *context,
		    struct rvl_backend_error *error);

/* The first and the second for all. -errno with the reason in the log. */
int protect_all(struct daemon *d);

/* The same for what only counts policies (room.h): how many children there are, and how many of
 * them have selectors that only their SA tells. -errno with *error set. */
int protect_try(struct daemon *d, size_t *children, size_t *unknown, struct conf_error *error);

/* Before there is a daemon, and before addresses are known: whatever goes to a configured remote
 * network is discarded. -errno with the reason in the log. */
int protect_beforehand(const struct conf *conf, struct rvl_sad *sad, const struct log *log);

/* Our address towards a peer's, IKE from which passes; false when there is none. */
bool protect_local_address(struct daemon *d, const struct ike_addr *remote, struct ike_addr *local);

/* Set the trap of this id on the child's flows. -errno with *error set. */
int protect_trap(struct daemon *d, const struct wish *w, uint64_t id,
		 struct rvl_backend_error *error);

/* ---- traps.c: children that traffic brings up */

/* Set those that are configured. -errno with the reason in the log. */
int traps_start(struct daemon *d);

/* Before there are SAs. 0 or a negative errno. */
int paths_start(struct daemon *d);

/* For the IKE core: what the link takes, and what is known of a path. */
uint32_t paths_link_mtu(void *context, const struct ike_addr *local);
void paths_learn(struct daemon *d, const struct ike_path_mtu *path);

/* On a data thread: a router has said what a path takes. */
void paths_hinted(void *context);

/* On a data thread: a trap is sprung. */
void traps_sprung(void *context);

/* From now on traffic brings the child up. -errno with the reason in the log. */
int traps_set(struct daemon *d, struct wish *w);

/* It does not any more: what is held is dropped. */
void traps_remove(struct daemon *d, struct wish *w);
bool traps_is_set(struct daemon *d, const struct wish *w);

/* What is held goes to the data path; or nowhere, and until listen_at (0: for good) traffic does
 * nothing. Without a trap nothing happens. */
void traps_release(struct daemon *d, struct wish *w);
void traps_give_up(struct daemon *d, struct wish *w, uint64_t listen_at);
void traps_give_up_all(struct daemon *d);
void traps_listen(struct daemon *d, struct wish *w);

/* ---- follow.c: the kernel's notices */

/* Learn what is local, for the data path too, and follow it. -errno with the reason in the log. */
int follow_start(struct daemon *d);

/* Learn it anew, and close for all that is to be closed. The same. */
int follow_refresh(struct daemon *d);

/* Tell the core what is local: its IKE SAs look for better ways. */
void follow_roam(struct daemon *d);

/* Which ways to a peer are there? IKE may take them all. */
void follow_find_ways(struct daemon *d, struct ike_ways_job *ways);

/* Once the loop has closed its handles. */
void follow_stop(struct daemon *d);

/* ---- report.c: what the daemon knows, as JSON; NULL without memory */

/* Text that was cut in the middle of a character, or comes from a file, needn't be UTF-8; JSON is
 * nothing else. */
json_t *report_text(const char *text);

json_t *report_number(uint64_t value);
json_t *report_address(const struct ike_addr *addr);
json_t *report_identity(const struct ike_id *id);
json_t *report_stats(struct daemon *d);
json_t *report_nic(struct daemon *d);
json_t *report_pools(struct daemon *d);

/* ---- reload.c */

/*
 * Read the configuration anew and go by it; what happened is in the log. The same as an answer to
 * an operator: `ok`, and a `message` and what has changed, or an `error`. NULL without memory.
 */
json_t *reload(struct daemon *d);

/* ---- main.c */

/* ---- expiry.c: certificates that expire are told of, now and each day */

void expiry_start(struct daemon *d);
void expiry_check(struct daemon *d);

/* Warn of files with secrets that others may read. */
void daemon_warn_of_readers(const struct conf *conf, const struct log *log);

/* The netdev's MTU leaves room for what the configuration may put before a packet. */
void daemon_fit_mtu(struct daemon *d);

/* End if the data path is dead, and say why. */
void daemon_check_data_path(struct daemon *d);

/* End with this status, peers told first if the data path still works. */
void daemon_stop(struct daemon *d, int exit_code);

#endif
