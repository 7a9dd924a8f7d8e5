/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the NIC's wire ends: a packet socket on an interface (one end of a veth pair, or a real
 * one), a TAP interface, or capture files. Frames are Ethernet, from the destination address,
 * without FCS.
 */
#ifndef RVL_SIM_PORT_H
#define RVL_SIM_PORT_H

#include <stdbool.h>
#include <stdint.h>

#define RVL_PORT_MAX_FRAME 65535U /* more than any that the NIC takes */

struct rvl_port;

struct rvl_port_stats {
	uint64_t received, sent;
	uint64_t send_failed;	 /* the other end had no room or is down */
	uint64_t segmentation;	 /* frames dropped because the other end left segmentation to us */
	uint64_t receive_failed; /* the socket reported an error */
};

/*
 * Open a port. spec:
 *   veth:IF        packet socket on interface IF, which must be up; frames are taken before the
 * local stack sees them but it does see them: give IF no addresses tap:IF         TAP interface IF,
 * made if need be and set up; the local stack is the other end pcap:IN,OUT    frames from capture
 * file IN (as fast as they are taken) to OUT; either may be empty none           nothing ever
 * arrives, what is sent is gone Returns 0, or -errno with a sentence in err that names what is
 * wrong where.
 */
int rvl_port_open(struct rvl_port **port, const char *spec, char *err, unsigned err_size);
void rvl_port_close(struct rvl_port *port);

/* A descriptor that is readable when a frame is there, or -1 (pcap: frames are there until the
 * end). */
int rvl_port_fd(const struct rvl_port *port);

/*
 * Take one frame. Returns its length, 0 when none is there. buf holds RVL_PORT_MAX_FRAME octets.
 * Checksums that the sender's stack left to its device are filled in.
 */
uint32_t rvl_port_receive(struct rvl_port *port, uint8_t *buf);

/* Whether frames may still come: false once a capture file is at its end. */
bool rvl_port_open_ended(const struct rvl_port *port);

/*
 * Send one frame; never blocks. ns: the time it is stamped with, of a clock of the caller's. A
 * frame that can't leave is counted and gone, as on a wire.
 */
void rvl_port_send(struct rvl_port *port, const uint8_t *frame, uint32_t len, uint64_t ns);

const struct rvl_port_stats *rvl_port_stats(const struct rvl_port *port);

/* A capture file with nanosecond times, of frames in both directions. */
struct rvl_capture;
int rvl_capture_open(struct rvl_capture **capture, const char *path, char *err, unsigned err_size);
void rvl_capture_write(struct rvl_capture *capture, const uint8_t *frame, uint32_t len,
		       uint64_t ns);
/* Write what is buffered to the file. */
void rvl_capture_flush(struct rvl_capture *capture);
void rvl_capture_close(struct rvl_capture *capture);

#endif
