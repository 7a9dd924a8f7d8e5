/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/port.h"

struct rvl_capture {
	pcap_t *pcap;
	pcap_dumper_t *file;
};

int rvl_capture_open(struct rvl_capture **capture, const char *path, char *err, unsigned err_size)
{
	struct rvl_capture *c = calloc(1, sizeof(*c));

	*capture = NULL;
	if (!c)
		return -ENOMEM;
	c->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, RVL_PORT_MAX_FRAME,
						       PCAP_TSTAMP_PRECISION_NANO);
	c->file = c->pcap ? pcap_dump_open(c->pcap, path) : NULL;
	if (!c->file) {
		/* libpcap's message begins with the path. */
		snprintf(err, err_size, "%s", c->pcap ? pcap_geterr(c->pcap) : "out of memory");
		rvl_capture_close(c);
		return -EIO;
	}
	*capture = c;
	return 0;
}

void rvl_capture_write(struct rvl_capture *c, const uint8_t *frame, uint32_t len, uint64_t ns)
{
	const struct pcap_pkthdr h = {.ts = {.tv_sec = (time_t)(ns / 1000000000U),
					     .tv_usec = (suseconds_t)(ns % 1000000000U)},
				      .caplen = len,
				      .len = len};

	pcap_dump((u_char *)c->file, &h, frame);
}

void rvl_capture_flush(struct rvl_capture *c)
{
	if (c)
		pcap_dump_flush(c->file);
}

void rvl_capture_close(struct rvl_capture *c)
{
	if (!c)
		return;
	if (c->file)
		pcap_dump_close(c->file);
	if (c->pcap)
		pcap_close(c->pcap);
	free(c);
}
