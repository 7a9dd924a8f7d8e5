/* SPDX-License-Identifier: BSD-2-Clause */
/* What is inside of a datapath: its threads, and what they share. */
#ifndef RVL_RAVELD_DATAPATH_PRIVATE_H
#define RVL_RAVELD_DATAPATH_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "host/raveld/datapath.h"
#include "host/raveld/handover.h"
#include "host/raveld/inbox.h"
#include "host/raveld/neighbour.h"
#include "host/sa/backlog.h"
#include "host/sa/coalesce.h"
#include "host/sa/fanout.h"
#include "host/sa/segments.h"

/* Of each thread, summed up when they are asked for. */
struct data_counters {
	atomic_uint_fast64_t tx_frames, tx_large, tx_errors, tx_dropped, tx_full, tx_fragments,
		rx_frames, rx_large, rx_errors, rx_unverified, tx_ike_fragments, tx_probes,
		tx_probe_parts, tx_probe_fragments;
};

struct data_thread {
	struct datapath *datapath;
	unsigned int number;
	struct rvl_frames *frames;
	int tap; /* its queue of the netdev's */
	pthread_t thread;
	bool started;
	int wake;			  /* eventfd */
	unsigned int received;		  /* frames from the wire since it last waited */
	struct handover *handover;	  /* frames that other threads have had */
	uint64_t now_ms;		  /* of this turn */
	uint8_t aside[RVL_BACKEND_FRAME]; /* what is cut */
	struct rvl_backlog *backlog;
	uint8_t large[RVL_BACKLOG_FRAME];  /* the frame whose turn it is, */
	struct rvl_segments segments;	   /* and what of it hasn't been sent, */
	bool may_leave;			   /* which is known of all of it */
	uint8_t sorted[RVL_BACKLOG_FRAME]; /* what another thread gets */
	struct rvl_coalesce *coalesce;
	uint32_t cut_id; /* of the next IPv6 packet that is cut */
	struct data_counters counters;
};

struct datapath {
	struct datapath_config config;
	unsigned int count;
	struct data_thread *threads[RVL_FANOUT_MAX];
	atomic_bool stopping;
	atomic_bool failing; /* whoever sets it says why, and tells */
	atomic_bool has_reason;
	char reason[256];
	/* The first thread's alone, but for what any thread puts into them. */
	struct neighbour neighbour;
	struct rvl_pieces *pieces;
	struct rvl_own_ike *own_ike;
	struct inbox *inbox; /* ESP from TCP connections */
};

/* ---- data_thread.c */

/* For these frames of the data path's. 0 or -errno. */
int data_thread_new(struct datapath *datapath, unsigned int number, struct rvl_frames *frames,
		    struct data_thread **thread);

/* It runs until the data path stops, or fails. 0 or -errno. */
int data_thread_start(struct data_thread *thread);

void data_thread_wake(struct data_thread *thread);

/* It has ended, or was never started. NULL is fine. */
void data_thread_free(struct data_thread *thread);

/* A thread has a frame that is another's. */
void data_thread_hand(struct data_thread *thread, enum handover_point point,
		      const struct virtio_net_hdr *header, const uint8_t *frame, size_t len);

uint64_t data_thread_now(void);

#endif
