/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the core: the engine, the IKE SA and the Child SA. Not for other folders. */
#ifndef RAVELIN_HOST_IKE_SA_H
#define RAVELIN_HOST_IKE_SA_H

#include "host/ike/dh.h"
#include "host/ike/ike.h"
#include "host/ike/payload.h"

enum {
	IKE_COOKIE_SECRET_LEN = 32,
	IKE_COOKIE_LIFETIME_MS = 60000, /* of a secret; the one before it is believed as long */
	IKE_INIT_ROUNDS_MAX = 6,	/* cookies and changes of group in one IKE_SA_INIT */
	IKE_SAS_PER_PEER_MAX = 8,	/* between two identities for the same child */
	IKE_CHILDLESS_MS = 60000,	/* that an IKE SA without a Child SA stays */
	IKE_INIT_ERROR_MS = 2000,	/* to wait for a better answer after an error */
	IKE_CHILDREN_MAX = 64,		/* in one IKE SA */
	IKE_INIT_MESSAGE_MAX = 8192,	/* IKE_SA_INIT is kept until IKE_AUTH is done */
	IKE_NOTIFY_BURST = 20,		/* answers outside any IKE SA ... */
	IKE_NOTIFY_INTERVAL_MS = 100,	/* ... and how often one more is allowed */
};

struct ike_buffer {
	uint8_t *data;
	size_t len;
};

struct ike_child {
	uint64_t id;
	struct ike_child *next;
	struct ike_child *by_id_next;
	struct ike_sa *sa;
	const struct ike_child_config *config; /* the connection's, which the IKE SA holds */
	enum ike_child_state state;
	struct ike_suite suite;
	uint32_t spi_in;
	uint32_t spi_out;
	/* The CHILD_REMOVE to come, made before CHILD_INSTALL went out; NULL: it never did. */
	struct ike_action *remove;
	struct ike_ts_list local_ts;
	struct ike_ts_list remote_ts;
	uint64_t installed_at;
	char reason[IKE_REASON_MAX]; /* why it is being deleted */
};

/* A point in time, where an interval may be "never". */
static inline uint64_t ike_later(uint64_t now, uint64_t ms)
{
	return ms > IKE_NEVER - now ? IKE_NEVER : now + ms;
}

/* What our outstanding request is for. */
enum ike_task {
	IKE_TASK_NONE,
	IKE_TASK_INIT,
	IKE_TASK_AUTH,
	IKE_TASK_DELETE_IKE,
	IKE_TASK_DELETE_CHILDREN,
	IKE_TASK_DPD,
};

struct ike_sa {
	uint64_t id;
	struct ike_sa *by_spi_next;    /* chain in the table by our SPI */
	struct ike_sa *half_open_next; /* chain in the table by the peer's address */
	struct ike_sa *by_id_next;
	struct ike_sa *by_peer_next; /* chain in the table by the peer's identity */
	struct ike_sa *all_next, *all_prev;
	struct ike_sa *dead_next;
	bool half_open; /* is in that table */
	bool by_peer;	/* is in that one */

	enum ike_state state;
	bool initiator;
	bool connected; /* IKE_UP went out */
	uint64_t spi_i;
	uint64_t spi_r;
	struct ike_connection *conn; /* a reference; NULL for a responder before IKE_AUTH */
	struct ike_addr local;
	struct ike_addr remote;
	struct ike_id local_id;
	struct ike_id remote_id;
	bool natt;	/* the peer takes part in NAT detection */
	bool pretended; /* we told the peer of a NAT before us that isn't there */
	bool nat_local; /* a NAT is before us */
	bool nat_remote;

	struct ike_suite suite;
	struct ike_keys keys;
	uint64_t iv_counter;

	/* Only until IKE_AUTH is done. */
	struct ike_dh *dh;
	struct ike_buffer init_request;
	struct ike_buffer init_response;
	uint8_t ni[IKE_NONCE_MAX];
	uint8_t nr[IKE_NONCE_MAX];
	size_t ni_len;
	size_t nr_len;
	uint8_t cookie[IKE_COOKIE_MAX];
	size_t cookie_len;
	unsigned init_rounds;

	/* Our requests: one at a time (section 2.3). */
	enum ike_task task;
	uint32_t request_id; /* of the outstanding request, or of the next one */
	struct ike_buffer request;
	unsigned tries;
	uint64_t retransmit_at;
	uint64_t retransmit_wait;
	bool delete_wanted;
	bool auth_failed; /* initiator: the delete is because of that; responder: lingers (sa.c) */
	bool dpd_wanted;
	bool moving; /* the peer may have moved: requests go there as well (sa.c) */
	struct ike_addr moving_local;
	struct ike_addr moving_remote;

	/* The peer's requests. */
	uint32_t expected_id;
	struct ike_buffer response; /* to the request before that one */
	uint8_t request_digest[32];
	struct ike_addr reply_local;  /* where the last one came in, */
	struct ike_addr reply_remote; /* and from where */
	bool peer_initial_contact;
	uint16_t child_refusal; /* what IKE_AUTH's answer says instead of a Child SA */

	unsigned child_count;
	struct ike_child *children;

	uint64_t created_at;
	uint64_t established_at;
	uint64_t last_heard_at;
	uint64_t expire_at;
	uint64_t keepalive_at;
	uint64_t childless_until;
	size_t heap_index; /* 1-based; 0: not in it */
	uint64_t deadline;
	char reason[IKE_REASON_MAX]; /* why it is being deleted */
};

struct ike_psk {
	struct ike_psk *next;
	unsigned owner_count;
	struct ike_id *owners;
	size_t len;
	uint8_t key[];
};

struct ike_engine {
	struct ike_engine_config config;
	struct ike_stats stats;
	struct ike_connection **connections;
	unsigned connection_count;
	struct ike_psk *psks;

	struct ike_sa *all;
	unsigned sa_count;
	unsigned half_open_count;
	struct ike_sa **by_spi; /* all tables have the same power of two of chains */
	struct ike_sa **by_id;
	struct ike_sa **by_peer;
	struct ike_sa **half_open;
	struct ike_child **child_by_id;
	unsigned table_size;
	uint64_t hash_key;
	struct ike_sa **heap;
	size_t heap_len;
	size_t heap_cap;
	struct ike_sa *dead;
	bool stopping; /* ike_terminate_all() was called */
	uint64_t last_id;

	struct ike_action *actions;
	struct ike_action **actions_tail;

	uint8_t cookie_secrets[2][IKE_COOKIE_SECRET_LEN]; /* current, previous */
	uint8_t cookie_version;
	bool cookie_previous;
	uint64_t cookie_rotate_at; /* 0: no secret yet */
	unsigned notify_tokens;
	uint64_t notify_refill_at;

	uint8_t plain[IKE_MESSAGE_MAX]; /* what an SK payload held */
	uint8_t inner[IKE_MESSAGE_MAX]; /* what one is going to hold */
	uint8_t out[IKE_MESSAGE_MAX];
};

/* A received message with what is around it. */
struct ike_in {
	uint64_t now;
	struct ike_addr local;
	struct ike_addr remote;
	struct ike_slice datagram;
	struct ike_header hdr;
	struct ike_payloads payloads; /* of the SK payload, once it has been opened */
};

/* table.c: finding IKE SAs, and which of them is due next */
struct ike_sa *ike_sa_new(struct ike_engine *e, uint64_t now, bool initiator);
struct ike_sa *ike_sa_find(const struct ike_engine *e, uint64_t our_spi);
struct ike_sa *ike_sa_find_id(const struct ike_engine *e, uint64_t id);
struct ike_sa *ike_half_open_find(const struct ike_engine *e, const struct ike_in *in,
				  const uint8_t digest[32], unsigned *same_ip);
void ike_half_open_add(struct ike_engine *e, struct ike_sa *sa);
void ike_half_open_remove(struct ike_engine *e, struct ike_sa *sa);
struct ike_child *ike_child_find_id(const struct ike_engine *e, uint64_t id);
void ike_child_link(struct ike_engine *e, struct ike_child *child);
void ike_child_unlink(struct ike_engine *e, struct ike_child *child);
void ike_peer_link(struct ike_engine *e, struct ike_sa *sa);
struct ike_sa *ike_peer_find(const struct ike_engine *e, const struct ike_id *local,
			     const struct ike_id *remote, const struct ike_sa *after);
void ike_sa_reschedule(struct ike_engine *e, struct ike_sa *sa);
void ike_reap(struct ike_engine *e); /* frees what went down */
int ike_table_init(struct ike_engine *e);
void ike_table_free(struct ike_engine *e);

/* sa.c: the life of an IKE SA and its children */
void ike_sa_down(struct ike_engine *e, struct ike_sa *sa, const char *reason);
void ike_sa_refused(struct ike_engine *e, struct ike_sa *sa, const char *reason);
void ike_sa_established(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_free_handshake(struct ike_sa *sa);
void ike_sa_hold(struct ike_sa *sa, struct ike_connection *conn);
bool ike_sa_nat(const struct ike_sa *sa);
bool ike_sa_encap(const struct ike_engine *e, const struct ike_sa *sa);
void ike_sa_advance(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_delete(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *reason);
void ike_sa_move(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
uint64_t ike_sa_our_spi(const struct ike_sa *sa);
struct ike_child *ike_child_new(struct ike_engine *e, struct ike_sa *sa,
				const struct ike_child_config *config);
void ike_child_remove(struct ike_engine *e, struct ike_child *child, const char *reason);
int ike_child_install(struct ike_engine *e, struct ike_child *child);
void ike_connection_release(struct ike_connection *conn);

/* transmit.c: requests, responses, retransmission */
int ike_buffer_set(struct ike_buffer *b, struct ike_slice s);
void ike_buffer_free(struct ike_buffer *b);
struct ike_header ike_sa_header(const struct ike_sa *sa, uint8_t exchange, bool response,
				uint32_t message_id);
int ike_seal(struct ike_engine *e, struct ike_sa *sa, const struct ike_header *hdr,
	     struct ike_builder *inner, struct ike_slice *message);
void ike_send_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now, enum ike_task task,
		      struct ike_slice message);
int ike_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now, enum ike_task task,
		uint8_t exchange, struct ike_builder *inner);
void ike_request_done(struct ike_sa *sa);
void ike_retransmit(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_respond(struct ike_engine *e, struct ike_sa *sa, uint8_t exchange,
		 struct ike_builder *inner);
void ike_respond_notify(struct ike_engine *e, struct ike_sa *sa, uint8_t exchange, uint16_t type,
			struct ike_slice data);
void ike_answer_plain(struct ike_engine *e, const struct ike_in *in, uint64_t spi_r, uint16_t type,
		      struct ike_slice data);
bool ike_answer_allowed(struct ike_engine *e, uint64_t now);

/* action.c: what comes out */
void ike_emit_send(struct ike_engine *e, const struct ike_addr *local,
		   const struct ike_addr *remote, bool marker, struct ike_slice data);
struct ike_action *ike_action_new(struct ike_engine *e, enum ike_action_type type);
void ike_action_queue(struct ike_engine *e, struct ike_action *a);
struct ike_action *ike_emit(struct ike_engine *e, enum ike_action_type type);
void ike_emit_event(struct ike_engine *e, enum ike_action_type type, const struct ike_sa *sa,
		    const struct ike_child *child, const char *reason);
void ike_emit_child_failed(struct ike_engine *e, const struct ike_sa *sa, const char *name,
			   const char *reason);
void ike_log(struct ike_engine *e, enum ike_log_level level, const struct ike_sa *sa,
	     const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void ike_actions_free(struct ike_engine *e);

/* psk.c */
const struct ike_psk *ike_psk_find(const struct ike_engine *e, const struct ike_id *local,
				   const struct ike_id *remote);
bool ike_psk_same(const struct ike_psk *a, const struct ike_psk *b);

/* cookie.c */
int ike_cookie_make(struct ike_engine *e, uint64_t now, const struct ike_in *in,
		    struct ike_slice ni, uint8_t out[IKE_COOKIE_MAX], size_t *len);
bool ike_cookie_valid(struct ike_engine *e, uint64_t now, const struct ike_in *in,
		      struct ike_slice ni, struct ike_slice cookie);

/* connection.c: which connection a peer belongs to */
struct ike_proposals {
	const struct ike_proposal *list;
	unsigned count;
	struct ike_proposal defaults[IKE_PROPOSAL_DEFAULTS];
};
void ike_connection_proposals(const struct ike_connection *conn, struct ike_proposals *out);
struct ike_connection *ike_connection_find(const struct ike_engine *e, const char *name);
struct ike_connection *ike_connection_for_offer(const struct ike_engine *e, const struct ike_in *in,
						const struct ike_sa_payload *offer,
						uint16_t prefer_group, struct ike_suite *suite);
struct ike_connection *ike_connection_for_ids(const struct ike_engine *e, const struct ike_sa *sa,
					      const struct ike_id *remote,
					      const struct ike_id *local);
struct ike_connection *ike_connection_alike(const struct ike_engine *e, const struct ike_sa *sa,
					    const struct ike_connection *conn,
					    const struct ike_id *local,
					    const struct ike_connection *after);
struct ike_id ike_connection_local_id(const struct ike_connection *conn,
				      const struct ike_addr *local);

/* nat.c */
void ike_nat_write(struct ike_builder *b, struct ike_sa *sa, bool pretend);
void ike_nat_detect(struct ike_sa *sa, const struct ike_payloads *p, const struct ike_in *in);
void ike_nat_float(struct ike_engine *e, struct ike_sa *sa);

/*
 * One file an exchange, build and process for both sides. `process` functions see messages that
 * opened and were in the window.
 */
int ike_init_start(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_init_process_request(struct ike_engine *e, struct ike_in *in);
void ike_init_process_response(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);

int ike_auth_start(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_auth_process_request(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);
void ike_auth_finish_request(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_auth_process_response(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);

int ike_informational_start(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			    enum ike_task task);
void ike_informational_process_request(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);
void ike_informational_process_response(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);

void ike_create_child_process_request(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);

/* child.c: negotiation of a Child SA inside an exchange */
int ike_child_request(struct ike_builder *b, const struct ike_child *child);
uint16_t ike_child_accept(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in,
			  struct ike_child **child, const char **name);
void ike_child_answer(struct ike_builder *b, const struct ike_child *child);
uint16_t ike_child_complete(struct ike_child *child, const struct ike_in *in);

#endif
