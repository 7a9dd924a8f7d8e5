/* SPDX-License-Identifier: BSD-2-Clause */
/* One file an exchange: the functions of its rows, and how others begin one. */
#ifndef RAVELIN_HOST_IKE_EXCHANGE_TASKS_H
#define RAVELIN_HOST_IKE_EXCHANGE_TASKS_H

#include "host/ike/child.h"
#include "host/ike/transmit.h"

enum {
	IKE_UNKNOWN_SPIS = 4, /* deleted before they came up, that are remembered */
};

void ike_init_receive(struct ike_engine *e, struct ike_in *in);
struct ike_init_task {
	struct ike_task task;
	struct ike_ask ask;
};
enum ike_step ike_init_begin(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now);
enum ike_step ike_init_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now);
enum ike_step ike_init_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       struct ike_in *in);
enum ike_step ike_init_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				struct ike_in *in);

/* Ours, by signature. */
struct ike_proof {
	uint8_t method;
	struct ike_buffer data;	 /* of AUTH */
	struct ike_buffer certs; /* as a job has them */
	struct ike_buffer raw_key;
	struct ike_buffer ocsp;
};

struct ike_eap_run;

struct ike_auth_task {
	struct ike_task task;
	struct ike_proof proof;
	struct ike_buffer without_ppk; /* initiator: its AUTH for a peer without the PPK */
	const char *lacks_ppk;	       /* responder: why the peer isn't to come in, or NULL */
	bool initial_contact;	       /* the peer says so */
	uint16_t refusal;	       /* what the answer says instead of a Child SA, */
	bool redirect;		       /* or that there is one to be had elsewhere */
	uint64_t child_id;
	/* The peer's, if it asks for addresses: */
	struct ike_settings *asked;
	struct ike_settings *given;
	struct ike_buffer message; /* the peer's payloads, while something is waited for, */
	uint8_t first;		   /* the type of the first of them, */
	struct ike_pair way;	   /* and which way it came */
	struct ike_eap_run *eap;   /* NULL: none */
};
int ike_auth_parse_peer_id(const struct ike_payloads *p, uint8_t type, struct ike_slice *body,
			   struct ike_id *id);
int ike_auth_keep_message(struct ike_auth_task *auth, const struct ike_in *in);
int ike_auth_reread_message(const struct ike_auth_task *auth, uint64_t now, struct ike_in *in);
const char *ike_auth_why_not_signed(const struct ike_job *job, char reason[IKE_REASON_MAX]);
const char *ike_auth_why_not_believed(const struct ike_job *job);
void ike_auth_note_failure(struct ike_engine *e, const struct ike_sa *sa, const struct ike_id *id,
			   const char *why);
enum ike_step ike_auth_reject_initiator(struct ike_engine *e, struct ike_sa *sa,
					const struct ike_id *id, const char *why);
enum ike_step ike_auth_reject_syntax(struct ike_engine *e, struct ike_sa *sa);
enum ike_step ike_auth_authenticated(struct ike_engine *e, struct ike_sa *sa,
				     struct ike_auth_task *auth, struct ike_in *in,
				     const struct ike_id *id);
enum ike_step ike_auth_refused(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
enum ike_step ike_auth_not_authentic(struct ike_engine *e, struct ike_sa *sa, uint64_t now,
				     const struct ike_id *id, const char *why);
enum ike_step ike_auth_accept_responder(struct ike_engine *e, struct ike_sa *sa,
					struct ike_auth_task *auth, struct ike_in *in,
					const struct ike_id *id);
int ike_auth_apply_ppk(struct ike_sa *sa, struct ike_auth_task *auth, struct ike_slice key);
void ike_auth_forget(struct ike_engine *e, struct ike_task *task);
enum ike_step ike_auth_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			     uint64_t now);
enum ike_step ike_auth_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       struct ike_in *in);
enum ike_step ike_auth_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				struct ike_in *in);

/* eap.c: IKE_AUTH with EAP */
enum ike_step ike_eap_accept(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			     struct ike_in *in, const struct ike_id *id,
			     const struct ike_id *wanted, struct ike_slice id_body);
enum ike_step ike_eap_request(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			      struct ike_in *in);
enum ike_step ike_eap_start(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			    const struct ike_in *in, const struct ike_id *id);
enum ike_step ike_eap_response(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			       struct ike_in *in);
enum ike_step ike_eap_await(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			    struct ike_in *in);
enum ike_step ike_eap_follow(struct ike_engine *e, struct ike_sa *sa, struct ike_auth_task *auth,
			     const struct ike_in *in, const struct ike_id *id);
int ike_eap_write_proof(struct ike_builder *b, const struct ike_sa *sa,
			const struct ike_eap_run *run, const struct ike_id *id);
void ike_eap_free(struct ike_eap_run *run);

/* CREATE_CHILD_SA: ours or the peer's; a new Child SA, or a successor of one or of the IKE SA. */
struct ike_create_task {
	struct ike_task task;
	const struct ike_child_config *config;
	uint64_t old_id;    /* the Child SA to be replaced; 0: none */
	uint64_t made_id;   /* the Child SA or IKE SA being made */
	struct ike_ask ask; /* of a new Child SA */
	bool instead;	    /* of one that had to go: if there is none by then */
	struct ike_dh *dh;
	unsigned rounds; /* changes of group */
	/* Ours: what the peer has deleted of which we don't know yet, as it may be the one made. */
	uint32_t unknown_spis[IKE_UNKNOWN_SPIS];
	unsigned unknown_count;
	uint8_t ni[IKE_NONCE_MAX];
	uint8_t nr[IKE_NONCE_MAX];
	size_t ni_len;
	size_t nr_len;
	/* Ours: the peer is at the same (section 2.8.1). */
	uint64_t rival_id;
	uint8_t rival_nonce[IKE_NONCE_MAX]; /* the lower of its exchange */
	size_t rival_len;
};
/* Of octet strings; one that the other begins with is the lower (section 2.8.1). */
bool ike_nonce_lower(struct ike_slice a, struct ike_slice b);
void ike_rival_note(struct ike_create_task *ours, const struct ike_create_task *theirs);
void ike_rival_forget(struct ike_sa *sa, const struct ike_create_task *theirs);
bool ike_rival_won(const struct ike_create_task *ours);
enum ike_step ike_create_child_request(struct ike_engine *e, struct ike_sa *sa,
				       struct ike_task *task, struct ike_in *in);
enum ike_step ike_child_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			      uint64_t now);
enum ike_step ike_child_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 struct ike_in *in);
enum ike_step ike_rekey_request(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				struct ike_in *in, const struct ike_sa_payload *offer);
enum ike_step ike_rekey_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			      uint64_t now);
enum ike_step ike_rekey_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 struct ike_in *in);
void ike_rekey_forget(struct ike_engine *e, struct ike_task *task);
void ike_sa_succeed(struct ike_engine *e, struct ike_sa *old, struct ike_sa *sa, uint64_t now);
void ike_child_forget(struct ike_engine *e, struct ike_task *task);
bool ike_child_queue(struct ike_engine *e, struct ike_sa *sa, const struct ike_child_config *config,
		     const struct ike_ask *ask);
bool ike_child_queue_instead(struct ike_engine *e, struct ike_sa *sa,
			     const struct ike_child_config *config);
bool ike_child_is_queued(const struct ike_sa *sa, const struct ike_child_config *config);
bool ike_child_resource_is_queued(const struct ike_sa *sa, uint64_t group, uint32_t cpu);
bool ike_child_rekey_is_queued(const struct ike_child *child);
void ike_child_note_unknown(struct ike_sa *sa, uint32_t spi);
bool ike_child_ask_again(struct ike_engine *e, struct ike_child *child);

enum ike_step ike_informational_request(struct ike_engine *e, struct ike_sa *sa,
					struct ike_task *task, struct ike_in *in);
enum ike_step ike_liveness_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				 uint64_t now);
enum ike_step ike_liveness_response(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				    struct ike_in *in);
void ike_liveness_check(struct ike_engine *e, struct ike_sa *sa);
bool ike_is_refused(struct ike_engine *e, struct ike_sa *sa, const struct ike_in *in);
void ike_liveness_due(struct ike_engine *e, struct ike_sa *sa, uint64_t now);

struct ike_delete_task {
	struct ike_task task;
	struct ike_delete_task *also; /* Child SAs that the same message names */
	uint64_t child_id;
	char reason[IKE_REASON_MAX];
};
struct ike_child *ike_child_find_spi(struct ike_sa *sa, uint8_t protocol, uint32_t spi);
void ike_delete_child(struct ike_engine *e, struct ike_child *child, const char *reason);
const char *ike_delete_reason(const struct ike_task *task);
void ike_delete_because(struct ike_task *task, const char *reason);
void ike_delete_forget(struct ike_engine *e, struct ike_task *task);
enum ike_step ike_delete_child_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				     uint64_t now);
enum ike_step ike_delete_child_response(struct ike_engine *e, struct ike_sa *sa,
					struct ike_task *task, struct ike_in *in);
enum ike_step ike_delete_ike_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
				   uint64_t now);
enum ike_step ike_delete_ike_response(struct ike_engine *e, struct ike_sa *sa,
				      struct ike_task *task, struct ike_in *in);
enum ike_step ike_refuse_start(struct ike_engine *e, struct ike_sa *sa, struct ike_task *task,
			       uint64_t now);

#endif
