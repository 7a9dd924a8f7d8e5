/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A data path, in two halves. The backend itself is what controls it: SAs, policies, events and
 * counters. Most carry frames as well: they take them from the host, protect them and send them to
 * the wire, and the other way round. One that is the host's own kernel has no frames to carry.
 *
 * SAs and policies are known by handles: small numbers that the backend gives and gives again, one
 * series for each direction, one for policies. They mean nothing else to anybody.
 *
 * Threads: frames belong to a data thread, but for their start; a data path that several may carry
 * for has frames for each. All else may be called from a control thread at the same time. Nothing
 * may run beside close.
 */
#ifndef RVL_SA_BACKEND_H
#define RVL_SA_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/esp/esp.h"
#include "host/esp/spd.h"
#include "host/sa/selector.h"

/* Not an index: "any free one", and of a frame "not protected". */
#define RVL_BACKEND_ANY UINT32_MAX
#define RVL_BACKEND_CLEAR UINT32_MAX

/* Largest frame that a transmit buffer holds. */
#define RVL_BACKEND_FRAME 9234

/* Why a call failed, in words that an operator understands. */
struct rvl_backend_error {
	char text[256];
};

struct rvl_backend_info {
	const char *kind; /* "soft", "user" */
	const char *link; /* of the NIC: "up", "down"; NULL: it has none */
	char device[128]; /* what it runs on */
	char pci_id[16];  /* "1234:4303", or empty */
	uint8_t mac[6];
	uint16_t abi_major;
	uint16_t abi_minor;
	uint32_t outbound_sas;
	uint32_t inbound_sas;
	uint32_t policies;
	uint32_t queue_pairs;
	uint32_t threads;   /* that carry frames; 0: it isn't ours to say */
	uint32_t max_frame; /* to and from the wire, octets without FCS */
	uint32_t beat;	    /* octets a clock cycle; 0 for software */
	struct rvl_abilities abilities;
	/* Of several data paths that are one: what the one has that gets all that it can. As long
	 * as it is open; NULL: it is only one. */
	const struct rvl_abilities *preferred;
	bool one_form; /* an inbound SA takes ESP in UDP or plain ESP, not both */
	/* What protects may go unasked, with what its SA is on: a policy that discards is to lie
	 * beneath it. */
	bool protection_goes;
};

struct rvl_sa_stats {
	uint64_t packets;
	uint64_t bytes; /* of inner packets */
	uint64_t seq;	/* outbound: last used; inbound: highest authenticated */
	uint64_t drop_icv;
	uint64_t drop_replay;
	uint64_t drop_format;
	uint64_t drop_limit;
	uint64_t drop_selectors; /* outside of them, where the data path itself looks */
	bool late;		 /* seq is what it was a while ago: a NIC tells it now and then */
	bool damaged;		 /* it passes nothing any more, and the numbers above may be gone */
	/* Whose work it is: "kernel", "eth0, packet offload"; and why nobody else's who was asked,
	 * or NULL. As long as there is the SA. */
	const char *where;
	const char *why;
};

enum rvl_offload { RVL_OFFLOAD_NO, RVL_OFFLOAD_CRYPTO, RVL_OFFLOAD_PACKET, RVL_OFFLOAD_AUTO };

/* What an SA is for, beyond its parameters. */
struct rvl_sa_purpose {
	/* Inbound: what may arrive on it, seen from here. Who carries frames may leave that to
	 * inbound.h, or some of it.
	 */
	const struct rvl_selectors *selectors;
	const struct rvl_scopes *scopes; /* theirs */
	uint32_t pair;			 /* outbound: the SPI of its child's inbound SA */
	uint32_t line;			 /* SAs that take each other's place have the same number */
	enum rvl_offload offload;	 /* to a NIC of the kernel's */
	/* Policies that lead to any outbound SA of this line lead to all of them: packets take that
	 * of their processor, or of RVL_CPU_ANY where it has none. */
	bool shared;
	uint32_t cpu;
	bool asks; /* shared: where a packet's processor has none, that is told */
};

/* No SA's: a packet has come to a policy with a trap. */
#define RVL_BACKEND_EVENT_ACQUIRE 0x10000u
/* Nor this: the NIC's link has gone up or down. */
#define RVL_BACKEND_EVENT_LINK 0x20000u

/* What an SA reports of itself; events are RVL_ESP_EVENT_* of esp.h, or one of those above. */
struct rvl_backend_event {
	enum rvl_direction direction;
	uint32_t index;
	uint32_t spi; /* 0: damaged, and with it the SPI */
	uint32_t events;
	bool up;	    /* RVL_BACKEND_EVENT_LINK */
	const char *damage; /* what happened: "key in the NIC's memory is damaged" */
	/* RVL_BACKEND_EVENT_ACQUIRE: it, and the outbound scope of the policy that it came to. */
	struct rvl_ip packet;
	struct rvl_scope scope;
	/* It came to one of shared SAs, of this line, that has none of this processor; 0: no. */
	uint32_t line;
	uint32_t cpu;
	struct rvl_addr src; /* RVL_ESP_EVENT_MOVED: where its packets come from now */
	uint16_t src_port;
};

typedef void rvl_counter_fn(void *context, const char *name, uint64_t value);

/* A frame from the wire; sa is the inbound SA that verified it, or RVL_BACKEND_CLEAR. The octets
 * are the callee's until it returns; nobody else changes them meanwhile. */
typedef void rvl_deliver_fn(void *context, uint8_t *frame, size_t len, uint32_t sa);

struct rvl_backend;
struct rvl_local;

/* Of something that is released; err: it couldn't be. */
typedef void rvl_backend_told_fn(void *context, const char *text, int err);

/* Calls that can fail return 0 or a negative errno, with the reason in *error. */
struct rvl_backend_ops {
	void (*close)(struct rvl_backend *backend);
	void (*info)(struct rvl_backend *backend, struct rvl_backend_info *info);

	/* NULL while it works; else why it doesn't any more. Nothing revives it. */
	const char *(*dead)(struct rvl_backend *backend);
	/* Look whether it still works: what it doesn't tell by itself, dead() says afterwards. */
	void (*check)(struct rvl_backend *backend);

	/* When this returns 0, the data path uses the SA. *index: its handle. */
	int (*sa_add)(struct rvl_backend *backend, const struct rvl_sa_params *params,
		      const struct rvl_sa_purpose *purpose, uint32_t *index,
		      struct rvl_backend_error *error);
	/* When this returns, its key is erased. */
	int (*sa_delete)(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			 struct rvl_backend_error *error);
	int (*sa_query)(struct rvl_backend *backend, enum rvl_direction direction, uint32_t index,
			struct rvl_sa_stats *stats, struct rvl_backend_error *error);

	/* A transmit rule at *index, or at a free place for RVL_BACKEND_ANY, written back. scopes:
	 * of its selector, of a backend that has such things. */
	int (*policy_set)(struct rvl_backend *backend, const struct rvl_policy *policy,
			  const struct rvl_scopes *scopes, uint32_t *index,
			  struct rvl_backend_error *error);
	int (*policy_clear)(struct rvl_backend *backend, uint32_t index,
			    struct rvl_backend_error *error);

	/* Only where the inbound half of policies is the backend's own (else NULL): what is local,
	 * which stands until the next one. */
	int (*set_local)(struct rvl_backend *backend, const struct rvl_local *local,
			 struct rvl_backend_error *error);
	/* Likewise: while a line (as in struct rvl_sa_purpose) is shut nothing reaches anybody that
	 * an inbound SA of it verifies, and what was verified before is in the SA's numbers. */
	int (*line_shut)(struct rvl_backend *backend, uint32_t line, bool shut,
			 struct rvl_backend_error *error);

	/* What an earlier one has left closed goes, if it wasn't set again; NULL: that leaves
	 * nothing. told() hears of each. */
	int (*release)(struct rvl_backend *backend, rvl_backend_told_fn *told, void *context);

	/* Policies that are set from now on and lead to this outbound SA, which is shared, ask, or
	 * don't. Where abilities say per_cpu. */
	void (*sa_ask)(struct rvl_backend *backend, uint32_t index, bool asks);

	/* All counters, by name; -errno when they can't be read. */
	int (*counters)(struct rvl_backend *backend, rvl_counter_fn *fn, void *context);

	/* 1 and *event, 0 when there is none, or as a dead backend. */
	int (*next_event)(struct rvl_backend *backend, struct rvl_backend_event *event);
};

struct rvl_frames;

/* ESP for the connection that this outbound SA has, by its addresses and ports. */
typedef void rvl_to_stream_fn(void *context, const struct rvl_sa_params *sa, const uint8_t *esp,
			      size_t len);

/* A frame, from the host or from the wire, is the data path's of this other thread, by its number
 * in the order of their frames: there its rx() takes what is inbound, and its tx() what is
 * outbound. */
typedef void rvl_elsewhere_fn(void *context, unsigned int owner, enum rvl_direction direction,
			      const uint8_t *frame, size_t len);

/* The same of calls that can fail. */
struct rvl_frames_ops {
	/* They pass from here on. max_frame: longest to the wire. */
	int (*start)(struct rvl_frames *frames, uint16_t max_frame,
		     struct rvl_backend_error *error);

	/* A buffer for the next frame from the host, or NULL while all are under way. */
	uint8_t *(*tx_buffer)(struct rvl_frames *frames);
	/* Send len octets in the buffer last given. */
	int (*tx)(struct rvl_frames *frames, size_t len);
	/* The same on this outbound SA, whatever policies there are. NULL: it has no such thing. */
	int (*tx_on)(struct rvl_frames *frames, size_t len, uint32_t sa);
	/* The same as it is, whatever policies there are. NULL: likewise. */
	int (*tx_clear)(struct rvl_frames *frames, size_t len);
	/* Deliver what has come, take back buffers, start what tx queued. Returns how much there
	 * was, at most a bounded amount, or -errno as a dead backend. */
	int (*poll)(struct rvl_frames *frames, rvl_deliver_fn *deliver, void *context);
	/* A frame from the wire that came in fragments: as if it had come whole, by poll(). NULL:
	 * it can't be verified any more. */
	void (*rx)(struct rvl_frames *frames, struct rvl_buf *frame, rvl_deliver_fn *deliver,
		   void *context);
	/* Make one of fds readable once there is something to poll. */
	void (*arm)(struct rvl_frames *frames);
	/* By the first len octets of a frame from the host: which thread's is it, as far as is
	 * known now? 0: as well nobody's. NULL: there is but one. */
	unsigned int (*owner)(struct rvl_frames *frames, const uint8_t *frame, size_t len);
};

#define RVL_FRAMES_FDS 2

struct rvl_frames {
	const struct rvl_frames_ops *ops;
	int fds[RVL_FRAMES_FDS]; /* readable when poll() has something to do or to look whether the
				    device is gone; -1: none */
	/* Where ESP of an SA in TCP goes, from its header; called on a data thread. NULL: it is
	 * dropped. */
	rvl_to_stream_fn *to_stream;
	void *stream_context; /* of that */
	/* Where several threads have frames: the next one's, or NULL; and who hands over. */
	struct rvl_frames *next;
	rvl_elsewhere_fn *elsewhere;
	void *context; /* of that */
};

struct rvl_backend {
	const struct rvl_backend_ops *ops;
	struct rvl_frames *frames; /* the first thread's; NULL: none */
	int event_fd;		   /* readable when next_event() may have something */
};

/* 100,000 tunnels, each with a successor, and policies of as many connections: what discards, what
 * protects, and two for IKE. */
#define RVL_SOFT_SAS (1u << 18)
#define RVL_SOFT_POLICIES (1u << 19)

struct rvl_soft_config {
	const char *wire;   /* an interface that must have no address; NULL: none (soft.h) */
	uint16_t max_frame; /* without a wire */
	/* IKE, which waits in lanes of its own (lane.h), comes to these UDP ports, ESP in UDP to
	 * the second one (0: RVL_ESP_PORT). */
	uint16_t port;
	uint16_t port_natt;
	/* That carry frames, each with its own (struct rvl_frames), at most RVL_FANOUT_MAX; 0 = 1,
	 * and without a wire. */
	unsigned int threads;
	uint32_t sas; /* each way, at most; tables grow */
	uint32_t policies;
};

/* ESP in software. */
int rvl_backend_soft_open(const struct rvl_soft_config *config, struct rvl_backend **backend,
			  struct rvl_backend_error *error);

/* The NIC: device is "vfio-user:PATH" or "pci:ADDRESS". */
int rvl_backend_user_open(const char *device, struct rvl_backend **backend,
			  struct rvl_backend_error *error);

/* What a NIC can do at most; one that is open says what it can. */
struct rvl_abilities rvl_backend_user_abilities(void);

/*
 * The NIC, which becomes this one's, and software for what it hasn't or has no room for, behind one
 * interface. Policies are the host's to judge, so the NIC takes none. soft: without a wire. On an
 * error nothing has become of the NIC.
 */
int rvl_backend_joint_open(const struct rvl_soft_config *soft, struct rvl_backend *nic,
			   struct rvl_backend **backend, struct rvl_backend_error *error);

/*
 * The host's kernel (xfrm), which has no frames to carry. What it holds closed outlives it, and is
 * taken over by whoever opens it next in this network namespace; -EALREADY: somebody has it open.
 */
int rvl_backend_xfrm_open(struct rvl_backend **backend, struct rvl_backend_error *error);

/* What a kernel can do at most; a backend that is open says what its one can. */
struct rvl_abilities rvl_backend_xfrm_abilities(void);

/* Without a backend: remove what one has left. 0, -EALREADY when one is open, or -errno. */
int rvl_backend_xfrm_release(rvl_backend_told_fn *told, void *context);

/* Set error->text and return err. */
int rvl_backend_fail(struct rvl_backend_error *error, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
