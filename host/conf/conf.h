/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of raveld: swanctl.conf's sections `connections`, `pools` and `secrets`, and
 * `raveld` for the daemon itself. Every key is known or refused; every value is checked here, so
 * that nothing that uses it has to.
 */
#ifndef RVL_CONF_CONF_H
#define RVL_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/conf/tree.h"
#include "host/esp/abilities.h"
#include "host/ike/config.h"
#include "host/ike/id.h"
#include "host/ike/limits.h"
#include "host/ike/proposal.h"
#include "host/ike/secret.h"
#include "host/ike/settings.h"
#include "host/ike/ts.h"

#define CONF_PROPOSALS_MAX 8
#define CONF_ADDRESSES_MAX 8
#define CONF_OWNERS_MAX 8
#define CONF_TOTP_MAX 64 /* octets of a key */
#define CONF_CODE_LEN 6
#define CONF_POOLS_MAX 8
#define CONF_PATH_MAX 256
#define CONF_NAME_MAX 64
#define CONF_RADIUS_MAX 8
#define CONF_IPV6_MTU 1280

enum conf_backend {
	CONF_BACKEND_SOFT,
	CONF_BACKEND_USER,
	CONF_BACKEND_XFRM,
	CONF_BACKEND_JOINT, /* user, and soft for what it hasn't */
	CONF_BACKENDS,
	CONF_BACKEND_AUTO = CONF_BACKENDS, /* only while it is read */
};
enum conf_log_level { CONF_LOG_ERROR, CONF_LOG_WARNING, CONF_LOG_INFO, CONF_LOG_DEBUG };

/* With its prefix length, for the netdev. */
struct conf_address {
	struct rvl_addr ip;
	uint8_t prefix_len;
};

/* How lists of revoked certificates and answers of OCSP are fetched. */
struct conf_fetch {
	bool on;
	bool local;	  /* from addresses of this host or of a link, too */
	uint32_t timeout; /* seconds */
	uint32_t limit;	  /* octets of a list */
};

struct conf_daemon {
	const char *file;
	unsigned int line;
	enum conf_backend backend;
	char device[CONF_PATH_MAX]; /* user, joint: "vfio-user:PATH" or "pci:ADDRESS" */
	char wire[16];		    /* soft: interface that is the port to the wire */
	char netdev[16];	    /* the TAP to make: rvl0; xfrm: empty, there is none */
	struct conf_address addresses[CONF_ADDRESSES_MAX];
	size_t address_count;
	uint16_t mtu;			/* of the netdev; 0: what the wire's leaves beside ESP */
	uint8_t data_threads;		/* soft; 0: as many as there are processors */
	bool mss_clamp;			/* TCP is told what tunnels take */
	char socket[108];		/* of ravelctl */
	char qcd_secret[CONF_PATH_MAX]; /* file; empty: none */
	char leases[CONF_PATH_MAX];	/* the file that remembers what pools gave to whom */
	enum conf_log_level log_level;
	uint16_t port;		      /* IKE; 500 */
	uint16_t port_nat;	      /* IKE and ESP in UDP behind NAT; 4500 */
	uint16_t port_tcp;	      /* IKE and ESP in TCP, listened on; 0: not */
	uint32_t keepalive;	      /* seconds between NAT-keepalives; 0: none */
	uint32_t retransmit_timeout;  /* seconds until a request is sent again; 0: the core's choice
				       */
	uint32_t retransmit_tries;    /* times it is sent again; 0: the core's choice */
	uint16_t fragment_size;	      /* octets of a packet of IKE; 0: the core's choice */
	struct ike_limits limits;     /* of strangers; 0: the core's choice */
	bool follow_redirects;	      /* to other gateways (RFC 5685) */
	struct ike_hosts redirect_to; /* the gateway that strangers are sent to; or empty */
	uint32_t redirect_timeout;    /* seconds that a peer has to go where it was sent */
	bool dns;		      /* servers that peers tell are asked */
	struct conf_fetch fetch;
	bool install_routes;
	bool exempt_connected; /* networks of the host's interfaces stay out of tunnels */
	uint32_t routing_table;
	uint32_t routing_priority;
};

/* Who is asked about peers that come in by EAP (RFC 3579). */
struct conf_radius_server {
	char name[CONF_NAME_MAX];
	struct ike_addr address; /* with the port of authentication */
	uint16_t acct_port;	 /* of accounting */
	struct ike_secret secret;
	uint32_t preference; /* the largest goes first */
};

struct conf_radius {
	char nas_identifier[CONF_NAME_MAX];
	uint32_t
		retransmit_timeout; /* seconds until a request is sent again; then 1.4 times that */
	uint32_t retransmit_tries;  /* times it is sent again, before the next server is asked */
	bool accounting;	    /* they are told of the traffic of those whom they let in, */
	uint32_t accounting_interval; /* each so many seconds; 0: at the end alone */
	uint32_t dead_time;	      /* seconds that who hasn't answered isn't asked first */
	struct conf_radius_server servers[CONF_RADIUS_MAX]; /* in the order in which they go */
	size_t server_count;
};

enum conf_start { CONF_START_NONE, CONF_START_START, CONF_START_TRAP, CONF_START_TRAP_START };
enum conf_dpd { CONF_DPD_CLEAR, CONF_DPD_RESTART, CONF_DPD_TRAP };
enum conf_close { CONF_CLOSE_NONE, CONF_CLOSE_START, CONF_CLOSE_TRAP };
enum conf_df { CONF_DF_COPY, CONF_DF_CLEAR };
enum conf_dscp { CONF_DSCP_NO, CONF_DSCP_OUT, CONF_DSCP_IN, CONF_DSCP_BOTH }; /* bits */
enum conf_offload { CONF_OFFLOAD_NO, CONF_OFFLOAD_CRYPTO, CONF_OFFLOAD_PACKET, CONF_OFFLOAD_AUTO };

#define CONF_TFC_MTU UINT16_MAX /* pad to the path MTU */

enum conf_shunting { CONF_NO_SHUNT, CONF_PASS, CONF_DROP };

/* Keys that ask for an ability of the data path. */
enum conf_ability {
	CONF_ESP_PROPOSALS,
	CONF_AH_PROPOSALS,
	CONF_MODE,
	CONF_REPLAY_WINDOW,
	CONF_TFC_PADDING,
	CONF_COPY_ECN,
	CONF_COPY_DSCP,
	CONF_IF_ID_IN,
	CONF_IF_ID_OUT,
	CONF_MARK_IN,
	CONF_MARK_OUT,
	CONF_SET_MARK_IN,
	CONF_SET_MARK_OUT,
	CONF_PER_CPU,
	CONF_ABILITIES
};

struct conf_child {
	char name[CONF_NAME_MAX];
	const char *file;
	unsigned int line;
	enum rvl_mode mode;
	enum conf_shunting shunting;
	struct ike_ts_list local_ts;
	struct ike_ts_list remote_ts;
	struct ike_proposal proposals[CONF_PROPOSALS_MAX]; /* ESP's, then AH's */
	unsigned int proposal_count;
	unsigned int default_proposals;	    /* those that nobody chose: 1 << place */
	unsigned int lines[CONF_ABILITIES]; /* of their keys; 0: it isn't there */
	enum conf_start start;
	enum conf_dpd dpd_action;
	enum conf_close close_action; /* when the peer has deleted it */
	uint32_t rekey_time;	      /* seconds; 0: none, like the others */
	uint32_t rand_time;	      /* taken off rekey_time, up to so much */
	uint32_t life_time;
	uint64_t life_bytes; /* hard */
	uint64_t life_packets;
	uint64_t rekey_bytes; /* soft */
	uint64_t rekey_packets;
	uint32_t replay_window; /* 0: none */
	enum conf_df df;
	enum conf_dscp copy_dscp; /* to the outer header; else 0; and from it */
	bool no_ecn;		  /* between the two headers */
	uint16_t tfc;		  /* octets that packets are padded to; 0: they aren't */
	enum conf_offload offload;
	struct rvl_labels labels;
	bool per_cpu; /* one for each processor that sends, beside the first one */
};

/* What mode = pass and mode = drop are: flows that are no SA's. */
struct conf_shunt {
	char name[CONF_NAME_MAX];
	const char *file;
	unsigned int line;
	bool pass;		  /* else drop */
	struct rvl_labels labels; /* all of them given */
	struct ike_ts_list local_ts;
	struct ike_ts_list remote_ts;
};

/* Kinds of signatures. */
enum conf_scheme { CONF_RSA, CONF_RSA_PSS, CONF_ECDSA, CONF_ED25519, CONF_ED448 };

/* What is asked of each certificate but the authority that is trusted. */
enum conf_revocation {
	CONF_REVOCATION_RELAXED, /* not known to be revoked */
	CONF_REVOCATION_IFURI,	 /* and known not to be, if it says where that is told */
	CONF_REVOCATION_STRICT,	 /* known not to be */
};

/* Names, of files if nothing else is said, as they are written. */
struct conf_files {
	char **list;
	size_t count;
	const char *file; /* where they stand */
	unsigned int line;
};

/* How one side proves who it is: a section local* or remote*. */
struct conf_auth {
	struct ike_id *id; /* while it is read: where it goes */
	bool null;	   /* not at all (RFC 7619) */
	bool pubkey;	   /* by a signature, else by EAP or a pre-shared key */
	uint8_t eap;	   /* 1 << methods that will do (host/eap/method.h); 0: not by EAP */
	uint8_t schemes;   /* 1 << enum conf_scheme that will do; 0: any */
	uint16_t hashes;   /* 1 << enum ike_hash; 0: any but SHA-1 */
	uint16_t rsa_bits; /* at least */
	uint16_t ecdsa_bits;
	bool has_eap_id;      /* remote: the peer is asked who it is; */
	struct ike_id eap_id; /* one of these. Local: as whom we come in by EAP */
	struct ike_id aaa_id; /* local: whom the certificate of TLS's server names; type 0 (any):
			       * the peer in IKE */
	enum conf_revocation revocation; /* remote */
	struct conf_files certs;	 /* ours; or of the peer, which has one of them */
	struct conf_files cacerts;	 /* authorities; none: all that there are */
	struct conf_files groups;  /* remote: of which a RADIUS server must name one; none: any */
	struct conf_files pubkeys; /* without a certificate: ours; or the peer's, which has one */
};

struct conf_connection {
	char name[CONF_NAME_MAX];
	const char *file;
	unsigned int line;
	struct ike_hosts local; /* none: any */
	struct ike_hosts remote;
	struct ike_hosts redirect_to; /* the gateway that its peers are sent to; or empty */
	uint16_t local_port;	      /* 0: not configured */
	uint16_t remote_port;
	enum ike_tcp tcp;
	uint16_t remote_port_tcp; /* 0: not configured */
	struct ike_proposal proposals[CONF_PROPOSALS_MAX];
	unsigned int proposal_count;
	bool encap; /* act as if there were a NAT */
	bool mobike;
	enum ike_fragmentation fragmentation;
	uint32_t dpd_delay; /* seconds; 0: never, like the others */
	uint32_t mtu_probe_interval;
	uint32_t rekey_time;
	uint32_t rand_time; /* taken off rekey_time, up to so much */
	uint32_t reauth_time;
	uint32_t over_time; /* after the later of both, to the end */
	enum ike_unique unique;
	enum ike_childless childless;
	struct ike_id
		ppk_id; /* of the post-quantum pre-shared key (RFC 8784); type 0 (any): none */
	bool ppk_required;
	uint32_t keyingtries;	/* in a row, before it is given up; 0: for ever */
	struct ike_id local_id; /* type 0 (any): its address, or who its certificate is for */
	struct ike_id remote_id;
	struct conf_auth local_auth;
	struct conf_auth remote_auth;
	/* The round that follows (RFC 4739), which is EAP; eap 0: there is none. */
	struct ike_id local_next_id;
	struct ike_id remote_next_id;
	struct conf_auth local_next;
	struct conf_auth remote_next;
	enum ike_send_cert send_cert;
	bool send_certreq;
	bool asks_ocsp;	 /* the peer, for what OCSP says of its certificate (RFC 4806); */
	bool tells_ocsp; /* it is told the same of ours, if it asks */
	struct ike_addr vips[IKE_VIPS_MAX]; /* to ask the peer for; of zeros: any */
	unsigned int vip_count;
	char pools[CONF_POOLS_MAX][CONF_NAME_MAX]; /* that its peers get addresses from, in order */
	size_t pool_count;
	struct rvl_label if_id_in; /* of children that have none; taken over there */
	struct rvl_label if_id_out;
	struct conf_child *children; /* none: it is for its shunts alone */
	size_t child_count;
	struct conf_shunt *shunts;
	size_t shunt_count;
};

struct conf_pool {
	char name[CONF_NAME_MAX];
	const char *file;
	unsigned int line;
	char addrs[IKE_TS_TEXT]; /* as it is written; of that are given so many */
	struct rvl_addr first;
	uint32_t size;
	struct ike_ts network;	      /* all of it */
	struct ike_settings settings; /* what a peer is told besides its address */
};

struct conf_secret {
	char name[CONF_NAME_MAX];
	const char *file;
	unsigned int line;
	struct ike_secret secret;
	struct ike_id owners[CONF_OWNERS_MAX]; /* whose it is; none: anyone's */
	size_t owner_count;
	uint8_t totp[CONF_TOTP_MAX]; /* of users: the key of one-time codes */
	size_t totp_len;	     /* 0: none */
};

/* A private key with a passphrase, or one outside of the folders for them. */
struct conf_private {
	char name[CONF_NAME_MAX];
	const char *file;
	unsigned int line;
	char path[CONF_PATH_MAX]; /* as it is written */
	struct ike_secret secret; /* empty: it isn't encrypted */
};

/* A private key that stays in a token (PKCS#11). */
struct conf_token {
	char name[CONF_NAME_MAX];
	const char *file;
	unsigned int line;
	char module[CONF_PATH_MAX]; /* of the token's maker, from / on */
	bool has_slot;
	unsigned long slot;
	struct ike_secret handle; /* CKA_ID */
	struct ike_secret pin;
};

struct conf {
	char **files; /* that it was read from */
	size_t file_count;
	struct conf_daemon daemon;
	struct conf_radius radius;
	struct conf_connection *connections;
	size_t connection_count;
	const struct conf_connection **by_name; /* the same, sorted */
	struct conf_pool *pools;
	size_t pool_count;
	struct conf_secret *secrets;
	size_t secret_count;
	struct conf_secret *users; /* who comes in by EAP, with at least one identity each */
	size_t user_count;
	struct conf_secret *ppks; /* with at least one identity each */
	size_t ppk_count;
	uint16_t tcp_ports[IKE_TCP_PORTS_MAX]; /* of peers, all different */
	size_t tcp_port_count;
	struct conf_private *privates;
	size_t private_count;
	struct conf_token *tokens;
	size_t token_count;
};

/*
 * Read the file at path. Returns 0 and *conf, or -errno with *error set: the first thing that is
 * wrong, with its file and line.
 */
int conf_load(const char *path, struct conf **conf, struct conf_error *error);

/* The same for text in memory, name taking the file's place in messages. */
int conf_load_text(const char *name, const char *text, size_t len, struct conf **conf,
		   struct conf_error *error);

/* Cleanses the secrets. NULL is fine. */
void conf_free(struct conf *conf);

/* Is an address of the netdev, or of a connection, or what is inside of a tunnel, surely IPv6? Then
 * the netdev's MTU is to be CONF_IPV6_MTU at least (RFC 8200, section 5). */
bool conf_has_ipv6(const struct conf *conf);

/* Do selectors or virtual addresses say that IPv6 is inside of a tunnel? */
bool conf_has_ipv6_inside(const struct conf *conf);

/* Of its addresses, 4 or 6; 0: nothing says which. */
uint8_t conf_connection_family(const struct conf_connection *connection);

/* Is IPv6 surely inside of one of its tunnels? */
bool conf_connection_ipv6_inside(const struct conf *conf, const struct conf_connection *connection);

/* The peer's address, where it can't be another one; else family 0. */
struct ike_addr conf_peer(const struct conf_connection *connection);

/* Is the NIC one of its backends? */
bool conf_has_nic(const struct conf_daemon *daemon);

/* Is software, which has ESP in TCP? */
bool conf_has_tcp(const struct conf_daemon *daemon);

const struct conf_connection *conf_find_connection(const struct conf *conf, const char *name);
const struct conf_pool *conf_find_pool(const struct conf *conf, const char *name);

/* The so-many-th address of those that are given, from 0 on; and is one among them? */
struct rvl_addr conf_pool_address(const struct conf_pool *pool, uint32_t number);
bool conf_pool_has(const struct conf_pool *pool, const struct rvl_addr *address);

/*
 * A child's selectors as far as they are known without an SA: `dynamic` is the address of that end,
 * but any address where ours is asked for (vips), and all that the peer may be given (pools). Of
 * what isn't known the family is 0.
 */
struct ike_ts_list conf_local_ts(const struct conf_connection *c, const struct conf_child *child,
				 const struct ike_addr *local);
struct ike_ts_list conf_remote_ts(const struct conf *conf, const struct conf_connection *c,
				  const struct conf_child *child);

/* Are all of its numbers given, so that it is known without an SA which flows it is about? And
 * which these are then. */
bool conf_labels_are_given(const struct rvl_labels *labels);
struct rvl_scopes conf_given_scopes(const struct rvl_labels *labels);

/* Is only what is sent into an XFRM interface, or has a mark, sent its way? Then that is the
 * operator's to do, and not that of routes to its networks. */
bool conf_labels_lead(const struct rvl_labels *labels);

/*
 * What is configured, beyond the defaults, and a data path with these abilities lacks. 0, or
 * -EINVAL with *error set: the first, with its file and line.
 */
int conf_check_abilities(const struct conf *conf, const struct rvl_abilities *can,
			 struct conf_error *error);

/*
 * The longest packet in tunnel mode that fits into so many octets behind the outer IP header and
 * that of UDP, whatever of the configured proposals is agreed on with such a data path; of those
 * that are the default, the first.
 */
unsigned int conf_inner_mtu(const struct conf *conf, const struct rvl_abilities *can,
			    unsigned int room);

/* What has become of something of the same name: */
enum conf_change {
	CONF_UNCHANGED,
	CONF_ADJUSTED, /* what there is of it may stay, and goes by the new values */
	CONF_REPLACED, /* what there is of it was negotiated by what doesn't hold any more */
};

/* By their values, wherever they stand in which file; of a connection without its children. */
enum conf_change conf_compare_connection(const struct conf_connection *old,
					 const struct conf_connection *new);
enum conf_change conf_compare_child(const struct conf_child *old, const struct conf_child *new);

/* Are the same flows to pass and to be dropped? */
bool conf_shunts_are_same(const struct conf *old, const struct conf *new);

/* Have pools of the same names the same addresses? */
bool conf_pools_are_same(const struct conf *old, const struct conf *new);

/* May a daemon that runs go on with other values of section raveld? 0, or -EINVAL with *error: the
 * first key that needs a restart. */
int conf_check_daemon(const struct conf_daemon *old, const struct conf_daemon *new,
		      struct conf_error *error);

#endif
