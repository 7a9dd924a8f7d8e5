/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the core: the IKE SA, and all that belongs to it. Not for other folders. */
#ifndef RAVELIN_HOST_IKE_SA_H
#define RAVELIN_HOST_IKE_SA_H

#include "host/ike/child.h"
#include "host/ike/dh.h"
#include "host/ike/engine.h"
#include "host/ike/exchange.h"
#include "host/ike/exchange_tasks.h"
#include "host/ike/ike.h"
#include "host/ike/path.h"
#include "host/ike/payload.h"
#include "host/ike/puzzle.h"
#include "host/ike/table.h"
#include "host/ike/timer.h"
#include "host/ike/transmit.h"
#include "host/ike/user.h"

enum {
	IKE_INIT_ROUNDS_MAX = 6,       /* cookies and changes of group in one IKE_SA_INIT */
	IKE_SAS_PER_PEER_MAX = 8,      /* between two identities for the same child */
	IKE_CHILDLESS_MS = 60000,      /* that an IKE SA without a Child SA stays */
	IKE_INIT_ERROR_MS = 2000,      /* to wait for a better answer after an error */
	IKE_REDIRECT_MS = 60000,       /* that a peer has to go where it was sent */
	IKE_REPLACED_MS = 10000,       /* that an IKE SA stays which another one replaces */
	IKE_RETRY_MS = 2000,	       /* after a rekeying that came to nothing, */
	IKE_RENEW_RETRY_MS = 60000,    /* after a renewal, in between things are rekeyed; */
	IKE_REDIRECT_RETRY_MS = 10000, /* at another gateway there isn't as much time, */
	IKE_REDIRECT_TRIES = 5,	       /* and who can't be reached there stays */
	IKE_RETRY_RAND_MS = 8000,      /* and up to so much more */
	IKE_INIT_MESSAGE_MAX = 8192,   /* IKE_SA_INIT is kept until IKE_AUTH is done */
};

/* Hints that a peer started anew */
enum {
	IKE_HINT_PAUSE_MS = 10000,   /* from one that makes us ask to the next, in an IKE SA */
	IKE_HINT_WAIT_MS = 500,	     /* until the next retransmission of what is to show it, */
	IKE_HINT_PATIENCE_MS = 5000, /* and until silence does */
};

/* A point in time, where an interval may be "never". */
static inline uint64_t ike_later(uint64_t now, uint64_t ms)
{
	return ms > IKE_NEVER - now ? IKE_NEVER : now + ms;
}

/* What only a handshake needs: from the first message until the IKE SA is established. */
struct ike_handshake {
	struct ike_dh *dh;
	struct ike_auth_keys auth_keys;
	struct ike_buffer init_request;
	struct ike_buffer init_response;
	uint8_t ni[IKE_NONCE_MAX];
	uint8_t nr[IKE_NONCE_MAX];
	size_t ni_len;
	size_t nr_len;
	uint8_t cookie[IKE_COOKIE_MAX];
	size_t cookie_len;
	uint16_t puzzle_prf;					/* of a puzzle for IKE_AUTH, */
	uint8_t puzzle_difficulty;				/* 0: there is none */
	uint8_t solution[IKE_PUZZLE_KEYS * IKE_PUZZLE_KEY_LEN]; /* of that, or of the cookie's */
	bool solved;						/* there is one */
	unsigned init_rounds;
	struct ike_rate forged; /* messages that didn't open, as responder */
	bool childless;		/* the peer takes IKE_AUTH without a Child SA */
	bool rounds;		/* and several of authentication (RFC 4739) */
	uint16_t hashes;	/* 1 << those that the peer signs and verifies with (RFC 7427) */
	bool raw_asked;		/* the peer takes our public key, */
	bool certs_asked;	/* or our certificates, */
	bool ocsp_asked;	/* with what OCSP says of them, */
	struct ike_buffer authorities; /* and trusts these */
	bool ppk;		       /* both sides have said that they have some (RFC 8784) */
	struct ike_mixed *mixed;       /* ppk.c; NULL: there are no other keys */
	char reason[IKE_REASON_MAX];   /* an error that may be forged; why the peer was refused */
};

/* What a member of the peer's cluster said as it took over, the last time (RFC 6311). */
struct ike_synced {
	uint32_t highest;	  /* the ID of its next request then */
	uint8_t digest[32];	  /* of its message */
	struct ike_buffer answer; /* to it */
};

struct ike_links {
	struct ike_link by_spi; /* our SPI */
	struct ike_link by_id;
	struct ike_link by_peer; /* the peer's identity, once established */
	struct ike_link by_conn;
	struct ike_link pending;      /* until it is up: the peer's address and SPI; ours: begun */
	struct ike_source *source;    /* the same; NULL: it isn't half-open */
	struct ike_sa *older, *newer; /* of that source */
	bool solved;		      /* it has solved a puzzle */
	bool computing;		      /* a key exchange is at work for it */
	struct ike_sa *next, *prev;   /* of all */
	struct ike_sa *dead_next;
};

/* What the one who began has been given by the other (lease.c). */
struct ike_lease {
	struct ike_action *release; /* which has its id: that of the IKE SA that asked for it */
	bool ours;
	unsigned vip_count; /* 0: not known yet */
	struct ike_addr vips[IKE_VIPS_MAX];
};

/* A gateway that the peer sends us to (RFC 5685). */
struct ike_redirect {
	struct ike_hosts to; /* one address or name */
	struct ike_addr from;
	unsigned tries; /* to renew one there that is up */
};

struct ike_sa {
	uint64_t id;
	struct ike_links links;
	enum ike_state state;
	bool initiator;
	bool connected;	      /* IKE_UP went out */
	bool childless;	      /* IKE_AUTH without a Child SA; then, that the peer may leave it so */
	enum ike_cause cause; /* of its end */
	unsigned child_count;
	bool began : 1;	       /* we have authenticated first; rekeying doesn't change it */
	bool no_more : 1;      /* the peer has refused to make anything in it */
	bool redirectable : 1; /* the peer has begun it and goes where it is sent */
	bool owes_token : 1;   /* the peer hasn't ours yet */
	bool has_ppk : 1;      /* one is mixed into its keys, or into those that they come from */
	/* The peer may be a cluster, whose members move message IDs, and sequence numbers. */
	bool syncs : 1;
	bool syncs_counters : 1;
	bool outdone : 1; /* the peer's of the same time was up before, and stays, or what follows
			     it */
	uint64_t spi_i;
	uint64_t spi_r;
	struct ike_connection *conn;  /* a reference; NULL for a responder before IKE_AUTH */
	struct ike_id_kept *local_id; /* once known */
	struct ike_id_kept *remote_id;
	struct ike_user *user; /* as whom the peer has come in by EAP; NULL: it hasn't */
	struct ike_path path;
	uint16_t fragment_size;	   /* since larger packets seem to get lost; 0: the engine's */
	bool fragmentation;	   /* both sides take fragments */
	bool trying;		   /* one of the addresses that its connection may go to */
	struct ike_probe *probe;   /* NULL: what the path takes isn't looked for */
	struct ike_ways *ways;	   /* NULL: the path is not in doubt */
	struct ike_mobike *mobike; /* NULL: no */
	struct ike_suite suite;
	struct ike_keys keys;
	uint64_t iv_counter;
	struct ike_handshake *handshake;
	struct ike_lease *lease; /* or NULL */
	struct ike_window_in in;
	struct ike_window_out out;
	struct ike_timer timers[IKE_SA_TIMERS];
	struct ike_child *children;
	uint64_t successor;   /* id of the IKE SA that was made to replace it, */
	uint64_t predecessor; /* and of the one that it replaces, until it has */
	uint64_t renews;      /* id of the one in whose place it is begun, until it has all of it */
	uint64_t renewal;     /* id of the one that is begun in its place */
	uint64_t reauth_at;   /* when it is to be renewed in any case, or IKE_NEVER */
	uint64_t renewed_at;  /* the last attempt; 0: none */
	uint64_t superseded_by; /* id of the one that is to take its place, soon; 0: none */
	uint64_t begun_spi;	/* of who began, from IKE_SA_INIT on; rekeying doesn't change it */
	uint64_t created_at;
	uint64_t authenticated_at;
	uint64_t established_at;
	uint64_t last_heard_at;
	uint64_t asked_at;   /* when the last liveness check was sent first */
	uint64_t hint_after; /* until then no hint makes us ask */
	uint64_t leave_at;   /* the peer, which was sent elsewhere; 0: it wasn't */
	uint8_t *token; /* SHA-256 of the peer's, for when it has forgotten this (RFC 6290), or NULL
			 */
	struct ike_redirect *redirect; /* where it goes, or once it is up is to be renewed */
	struct ike_synced *synced;     /* NULL: none has taken over */
};

/* As whom the peer has come in by EAP; NULL: as remote_id. */
static inline const struct ike_id_kept *ike_sa_eap_id(const struct ike_sa *sa)
{
	return sa->user ? sa->user->id : NULL;
}

/* Who the peer is, for all that is a peer's own: what EAP has proved rather than IDi, in which many
 * may say the same. */
static inline struct ike_id ike_sa_peer(const struct ike_sa *sa)
{
	return ike_id_kept(ike_sa_eap_id(sa) ? ike_sa_eap_id(sa) : sa->remote_id);
}

/* What the peer seals with. */
static inline const struct ike_cipher *ike_sa_peer_cipher(const struct ike_sa *sa)
{
	return sa->initiator ? &sa->keys.responder : &sa->keys.initiator;
}

/* sa.c: the life of an IKE SA */
void ike_sa_down(struct ike_engine *e, struct ike_sa *sa, const char *reason);
void ike_sa_refused(struct ike_engine *e, struct ike_sa *sa, const char *reason);
void ike_sa_established(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			bool initial_contact);
void ike_sa_delete(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *reason);
void ike_sa_leave(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *reason);
bool ike_sa_ending(const struct ike_sa *sa);

/* Has it all Child SAs that we ask for in one? There is room left to replace each. */
bool ike_sa_is_full(const struct ike_sa *sa);
bool ike_sa_is_busy(const struct ike_sa *sa);
bool ike_sa_gets_more(const struct ike_sa *sa);
bool ike_sa_covers(const struct ike_sa *sa, const struct ike_sa *other);
bool ike_sa_has_lost(const struct ike_engine *e, const struct ike_sa *sa);
void ike_sa_lost(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_cede(struct ike_engine *e, struct ike_sa *sa, const struct ike_sa *other, uint64_t now,
		 const char *reason);
void ike_sa_won(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
bool ike_sa_may_be_renewed_by(const struct ike_sa *old, const struct ike_sa *sa);
void ike_sa_decided(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_alive(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_over(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
bool ike_sa_can_be_rekeyed(const struct ike_sa *sa);
void ike_sa_rekey(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_rekey_later(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
uint64_t ike_patience(const struct ike_connection *conn);
uint64_t ike_jitter(struct ike_engine *e, uint64_t most);
void ike_sa_expired(struct ike_engine *e, struct ike_sa *sa);
void ike_sa_unanswered(struct ike_engine *e, struct ike_sa *sa);
void ike_sa_hold(struct ike_engine *e, struct ike_sa *sa, struct ike_connection *conn);
void ike_connection_release(struct ike_connection *conn);
void ike_handshake_free(struct ike_sa *sa);
uint64_t ike_sa_our_spi(const struct ike_sa *sa);

/* lease.c: addresses behind the other end */
void ike_lease_free(struct ike_sa *sa);
void ike_lease_end(struct ike_engine *e, struct ike_sa *sa);
struct ike_ts_list ike_sa_local_ts(const struct ike_sa *sa, const struct ike_child_config *config);
struct ike_ts_list ike_sa_remote_ts(const struct ike_sa *sa, const struct ike_child_config *config);
bool ike_lease_wanted(const struct ike_sa *sa);
void ike_lease_ask(const struct ike_engine *e, const struct ike_sa *sa, struct ike_builder *b);
bool ike_lease_take(struct ike_engine *e, struct ike_sa *sa, const struct ike_payloads *p,
		    char reason[IKE_REASON_MAX]);
int ike_lease_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task, uint64_t now,
		      const struct ike_settings *asked, bool initial_contact);
void ike_lease_refused(struct ike_engine *e, const struct ike_sa *sa, const char *reason);
bool ike_lease_given(struct ike_engine *e, struct ike_sa *sa, const struct ike_job *job);
void ike_lease_answer(struct ike_builder *b, const struct ike_settings *asked,
		      const struct ike_settings *given);

/* renew.c: another IKE SA in the place of one */
void ike_sa_renew(struct ike_engine *e, struct ike_sa *sa, uint64_t now, const char *why);
void ike_sa_renew_elsewhere(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_renewal_adds(struct ike_engine *e, const struct ike_child *child, uint64_t now);
bool ike_sa_renewal_takes(struct ike_engine *e, const struct ike_sa *sa,
			  const struct ike_child_config *config, const struct ike_ask *ask,
			  uint64_t now);
void ike_sa_renewed(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_renewal_left(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_sa_renewal_leave(struct ike_engine *e, const struct ike_sa *sa);
void ike_sa_renewal_moves(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa);
bool ike_sa_can_be_begun_again(const struct ike_sa *sa);
bool ike_sa_is_renewed(const struct ike_engine *e, const struct ike_sa *sa);

/* task.c: what an IKE SA is at, and what it has yet to do */
struct ike_task *ike_task_new(struct ike_engine *e, struct ike_sa *sa,
			      const struct ike_exchange *exchange);
void ike_task_free(struct ike_engine *e, struct ike_task *task);
struct ike_task *ike_task_queue(struct ike_engine *e, struct ike_sa *sa, enum ike_exchange_row row);
struct ike_task *ike_task_queue_first(struct ike_engine *e, struct ike_sa *sa,
				      enum ike_exchange_row row);
struct ike_task *ike_task_find(const struct ike_sa *sa, enum ike_exchange_row row);
void ike_task_begin(struct ike_engine *e, struct ike_task *task, uint64_t now);
void ike_task_take(struct ike_engine *e, struct ike_task *task, struct ike_in *in);
void ike_task_answered(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);
enum ike_step ike_task_wait(struct ike_task *task, ike_resume_fn *resume);
void ike_task_resume(struct ike_engine *e, struct ike_task *task, uint64_t now,
		     struct ike_job *job);
void ike_tasks_drop(struct ike_engine *e, struct ike_sa *sa, const char *reason);
void ike_task_drop(struct ike_engine *e, struct ike_task *task, const char *reason);
void ike_sa_advance(struct ike_engine *e, struct ike_sa *sa, uint64_t now);

/* job.c */
struct ike_job *ike_job_new(struct ike_engine *e, enum ike_job_type type);
int ike_job_send(struct ike_engine *e, const struct ike_sa *sa, struct ike_waiter *waiter,
		 uint64_t now, struct ike_job *job);
void ike_waiter_cancel(struct ike_engine *e, struct ike_waiter *waiter);
int ike_resolve(struct ike_engine *e, const struct ike_sa *sa, struct ike_waiter *waiter,
		uint64_t now, const struct ike_host *host);
bool ike_resolved(const struct ike_job *job);
const char *ike_resolve_reason(const struct ike_job *job);
void ike_job_lost(struct ike_engine *e, struct ike_waiter *waiter, uint64_t now);
enum ike_step ike_task_puzzle(struct ike_engine *e, struct ike_task *task, uint64_t now,
			      const struct ike_puzzle_search *search, ike_resume_fn *resume);
enum ike_step ike_task_ke(struct ike_engine *e, struct ike_task *task, uint64_t now, uint16_t group,
			  struct ike_dh *dh, struct ike_slice peer, ike_resume_fn *resume);

/* ppk.c: post-quantum pre-shared keys (RFC 8784) */
void ike_mixed_free(struct ike_mixed *mixed);
/* Initiator: IKE_SA_INIT. */
void ike_ppk_offer(struct ike_builder *b, const struct ike_sa *sa);
void ike_ppk_agree(struct ike_sa *sa, const struct ike_in *in);
/* Initiator, before its AUTH: the other keys are made, if there are any. NULL, or why it can't go
 * on.
 */
const char *ike_ppk_prepare(const struct ike_engine *e, struct ike_sa *sa);
bool ike_ppk_is_prepared(const struct ike_sa *sa);
void ike_ppk_put_in_force(struct ike_sa *sa);
/* Beside its AUTH, once they are in force. without: the data of the same AUTH without them, or
 * nothing. */
void ike_ppk_write(struct ike_builder *b, const struct ike_sa *sa, struct ike_slice without);
/* With the responder's AUTH: they are in force, or, as it doesn't have the key, no more. False:
 * that may not be. */
bool ike_ppk_settle(struct ike_sa *sa, const struct ike_in *in);
/* Responder: IKE_SA_INIT. */
void ike_ppk_heed(const struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
void ike_ppk_write_heeded(struct ike_builder *b, const struct ike_sa *sa);
/*
 * Responder: put in force what the initiator's AUTH is made with, if there is such a thing. Returns
 * the body of the AUTH payload that is to be judged, which may be in `other`, the caller's to free.
 * *why, unless NULL: it isn't to come in, whatever that says. conn NULL: nobody's.
 */
struct ike_slice ike_ppk_accept(const struct ike_engine *e, struct ike_sa *sa,
				const struct ike_connection *conn, const struct ike_in *in,
				struct ike_slice auth_body, struct ike_buffer *other,
				const char **why);
void ike_ppk_write_accepted(struct ike_builder *b, const struct ike_sa *sa);

/* proof.c: that each side is who it says (AUTH) */
bool ike_proof_holds_psk(const struct ike_engine *e, const struct ike_sa *sa,
			 const struct ike_psk *psk, struct ike_slice id_body,
			 struct ike_slice auth_body);
enum ike_step ike_proof_sign(struct ike_engine *e, struct ike_task *task, uint64_t now,
			     const struct ike_id *id, ike_resume_fn *resume);
enum ike_step ike_proof_verify(struct ike_engine *e, struct ike_task *task, const struct ike_in *in,
			       const struct ike_connection *conn, const struct ike_id *id,
			       struct ike_slice id_body, struct ike_slice auth_body,
			       ike_resume_fn *resume);
void ike_proof_take(struct ike_proof *proof, struct ike_job *job);
void ike_proof_write_certs(struct ike_builder *b, const struct ike_proof *proof);
int ike_proof_key_data(const struct ike_sa *sa, const struct ike_id *id, struct ike_slice key,
		       struct ike_buffer *out);
int ike_proof_write_key(struct ike_builder *b, const struct ike_sa *sa, const struct ike_id *id,
			struct ike_slice key);
bool ike_proof_holds_null(const struct ike_sa *sa, struct ike_slice id_body,
			  struct ike_slice auth_body);
bool ike_proof_holds_key(const struct ike_sa *sa, struct ike_slice key, struct ike_slice id_body,
			 struct ike_slice auth_body);
int ike_proof_write(struct ike_builder *b, const struct ike_engine *e, const struct ike_sa *sa,
		    const struct ike_proof *proof, const struct ike_id *id,
		    const struct ike_id *peer);
void ike_proof_free(struct ike_proof *proof);
void ike_proof_write_hashes(struct ike_builder *b);
void ike_proof_learn_hashes(struct ike_sa *sa, const struct ike_payloads *p);
void ike_proof_write_requests(struct ike_builder *b, const struct ike_buffer *authorities, bool raw,
			      bool ocsp);
void ike_proof_learn_requests(struct ike_sa *sa, const struct ike_payloads *p);

/* hint.c: the peer may have lost what it had */
bool ike_hint_answers(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
bool ike_hint_outside(struct ike_engine *e, const struct ike_in *in);
void ike_hint_inside(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);

/* qcd.c: tokens that prove a restart */
void ike_qcd_write(struct ike_engine *e, struct ike_builder *b, const struct ike_sa *sa);
void ike_qcd_owe(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
void ike_qcd_show(struct ike_engine *e, struct ike_builder *b, const struct ike_in *in);
void ike_qcd_learn(struct ike_sa *sa, const struct ike_payloads *p);
bool ike_qcd_lost(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);

/* sync.c: a peer that is a cluster, of which another member takes over */
void ike_sync_offer(struct ike_builder *b, const struct ike_sa *sa);
void ike_sync_agree(struct ike_sa *sa, const struct ike_payloads *p);
void ike_sync_succeed(const struct ike_sa *old, struct ike_sa *sa);
void ike_sync_free(struct ike_sa *sa);
bool ike_sync_take(struct ike_engine *e, struct ike_sa *sa, struct ike_in *in);

/* redirect.c: other gateways (RFC 5685) */
struct ike_redirect_task {
	struct ike_task task;
	struct ike_hosts to;
};
struct ike_redirect *ike_redirect_copy(const struct ike_redirect *redirect);
void ike_redirect_free(struct ike_redirect *redirect);
void ike_redirect_write_support(const struct ike_engine *e, const struct ike_sa *sa,
				struct ike_builder *b);
bool ike_redirect_is_for(const struct ike_notify *n, struct ike_slice nonce);
const char *ike_redirect_take(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
			      const struct ike_notify *n);
struct ike_addr ike_redirect_addr(const struct ike_redirect *redirect);
enum ike_step ike_redirect_auth(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
				const struct ike_notify *n);
void ike_redirect_asked(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
bool ike_redirect_supported(const struct ike_in *in);
bool ike_redirect_stranger(struct ike_engine *e, const struct ike_in *in, struct ike_slice ni);
bool ike_redirect_peer(const struct ike_sa *sa);
void ike_redirect_write(struct ike_builder *b, const struct ike_sa *sa);
void ike_redirect_told(struct ike_engine *e, struct ike_sa *sa, uint64_t now);
enum ike_step ike_redirect_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now);
enum ike_step ike_redirect_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    struct ike_in *in);
void ike_redirect_forget(struct ike_engine *e, struct ike_task *task);

#endif
