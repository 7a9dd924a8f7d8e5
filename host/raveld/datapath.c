// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/datapath.h"

#include <errno.h>
#include <stdlib.h>

#include "host/raveld/datapath_private.h"

static void free_all(struct datapath *d)
{
	for (unsigned int i = 0; i < d->count; i++)
		data_thread_free(d->threads[i]);
	rvl_pieces_free(d->pieces);
	inbox_free(d->inbox);
	rvl_own_ike_free(d->own_ike);
	free(d);
}

/* Those that have been started. */
static void end_threads(struct datapath *d)
{
	atomic_store(&d->stopping, true);
	for (unsigned int i = 0; i < d->count; i++)
		data_thread_wake(d->threads[i]);
	for (unsigned int i = 0; i < d->count; i++)
		if (d->threads[i]->started)
			pthread_join(d->threads[i]->thread, NULL);
}

/* Each knows all the others before any of them runs. */
static int make_threads(struct datapath *d)
{
	int err = 0;

	for (struct rvl_frames *f = d->config.frames; f && !err; f = f->next) {
		err = d->count == RVL_FANOUT_MAX
			      ? -EINVAL
			      : data_thread_new(d, d->count, f, &d->threads[d->count]);
		d->count += !err;
	}
	return err;
}

static int start_threads(struct datapath *d)
{
	int err = 0;

	for (unsigned int i = 0; i < d->count && !err; i++)
		err = data_thread_start(d->threads[i]);
	if (err)
		end_threads(d);
	return err;
}

int datapath_start(const struct datapath_config *config, struct datapath **out)
{
	struct datapath *d = calloc(1, sizeof(*d));
	int err = 0;

	if (!d)
		return -ENOMEM;
	d->config = *config;
	d->pieces = rvl_pieces_new(config->inbound);
	d->inbox = inbox_new(config->station);
	d->own_ike = rvl_own_ike_new(config->policies, config->inbound, config->ike_ports);
	if (!d->pieces || !d->inbox || !d->own_ike)
		err = -ENOMEM;
	if (!err)
		err = make_threads(d);
	if (!err)
		err = start_threads(d);
	if (err) {
		free_all(d);
		return err;
	}
	*out = d;
	return 0;
}

void datapath_wake(struct datapath *d)
{
	for (unsigned int i = 0; i < d->count; i++)
		data_thread_wake(d->threads[i]);
}

void datapath_stop(struct datapath *d)
{
	if (!d)
		return;
	end_threads(d);
	free_all(d);
}

void datapath_take_esp(struct datapath *d, const struct rvl_addr *src, const struct rvl_addr *dst,
		       const uint8_t *esp, size_t len)
{
	inbox_put(d->inbox, src, dst, esp, len);
	data_thread_wake(d->threads[0]);
}

bool datapath_await(struct datapath *d, const uint8_t header[RVL_OWN_IKE_HEADER],
		    enum rvl_own_ike_shape shape)
{
	return rvl_own_ike_await(d->own_ike, header, shape, data_thread_now());
}

const char *datapath_reason(const struct datapath *d)
{
	return atomic_load(&d->has_reason) ? d->reason : "";
}

static void add_counters(const struct data_thread *t, struct datapath_counters *sum)
{
	const struct handover_counters handed = handover_counters(t->handover);
	const struct data_counters *c = &t->counters;

	sum->host_tx_frames += atomic_load(&c->tx_frames);
	sum->host_tx_large += atomic_load(&c->tx_large);
	sum->host_tx_errors += atomic_load(&c->tx_errors);
	sum->host_tx_dropped += atomic_load(&c->tx_dropped);
	sum->host_rx_frames += atomic_load(&c->rx_frames);
	sum->host_rx_large += atomic_load(&c->rx_large);
	sum->host_rx_errors += atomic_load(&c->rx_errors);
	sum->host_rx_unverified += atomic_load(&c->rx_unverified);
	sum->host_tx_fragments += atomic_load(&c->tx_fragments);
	sum->host_tx_full += atomic_load(&c->tx_full);
	sum->host_tx_ike_fragments += atomic_load(&c->tx_ike_fragments);
	sum->host_tx_probes += atomic_load(&c->tx_probes);
	sum->host_tx_probe_parts += atomic_load(&c->tx_probe_parts);
	sum->host_tx_probe_fragments += atomic_load(&c->tx_probe_fragments);
	sum->host_handed += handed.frames;
	sum->host_handed_lost += handed.full[HANDOVER_READ] + handed.full[HANDOVER_INBOUND];
	sum->host_tx_handed_lost += handed.full[HANDOVER_OUTBOUND];
	sum->host_rx_handed_lost += handed.full[HANDOVER_CLEAR];
}

struct datapath_counters datapath_counters(const struct datapath *d)
{
	struct datapath_counters sum = {
		.host_rx_stream_full = inbox_full(d->inbox),
		.pieces = rvl_pieces_counters(d->pieces),
	};

	for (unsigned int i = 0; i < d->count; i++)
		add_counters(d->threads[i], &sum);
	return sum;
}
