/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/port.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define VLAN_TAG 4U

enum kind { PORT_NONE, PORT_PACKET, PORT_TAP, PORT_PCAP };

struct rvl_port {
	enum kind kind;
	char name[IFNAMSIZ];
	int fd;
	pcap_t *in; /* NULL at its end */
	struct rvl_capture *out;
	struct rvl_port_stats stats;
};

/* --------------------------------------------------------------------------------- interfaces */

static int explain(char *err, unsigned err_size, const char *what, const char *name, int code)
{
	const char *hint = code == -EPERM || code == -EACCES ? " (needs CAP_NET_RAW and, for a TAP "
							       "interface, CAP_NET_ADMIN)"
							     : "";

	snprintf(err, err_size, "%s %s: %s%s", what, name, strerror(-code), hint);
	return code;
}

static int take_name(struct rvl_port *p, const char *name, char *err, unsigned err_size)
{
	if (!*name || strlen(name) >= sizeof(p->name)) {
		snprintf(err, err_size, "\"%s\": not a name of an interface (1 to %zu characters)",
			 name, sizeof(p->name) - 1);
		return -EINVAL;
	}
	snprintf(p->name, sizeof(p->name), "%s", name);
	return 0;
}

static int interface_request(struct rvl_port *p, int fd, unsigned long request, struct ifreq *ifr)
{
	memcpy(ifr->ifr_name, p->name, sizeof(p->name));
	return ioctl(fd, request, ifr) ? -errno : 0;
}

static int bind_packet(struct rvl_port *p, char *err, unsigned err_size)
{
	struct sockaddr_ll addr = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct packet_mreq promiscuous = {.mr_type = PACKET_MR_PROMISC};
	const int on = 1;
	struct ifreq ifr = {0};
	int rc;

	rc = interface_request(p, p->fd, SIOCGIFINDEX, &ifr);
	if (rc)
		return explain(err, err_size, "interface", p->name, rc);
	addr.sll_ifindex = ifr.ifr_ifindex;
	promiscuous.mr_ifindex = ifr.ifr_ifindex;
	rc = interface_request(p, p->fd, SIOCGIFHWADDR, &ifr);
	if (rc || ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return explain(err, err_size, "interface is not Ethernet:", p->name,
			       rc ? rc : -EINVAL);
	rc = interface_request(p, p->fd, SIOCGIFFLAGS, &ifr);
	if (rc || !(ifr.ifr_flags & IFF_UP))
		return explain(err, err_size, "interface is not up:", p->name, rc ? rc : -ENETDOWN);
	/* Our own frames must not come back; checksums and tags that the stack keeps aside must. */
	if (setsockopt(p->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    setsockopt(p->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    setsockopt(p->fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) ||
	    setsockopt(p->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
		       sizeof(promiscuous)) ||
	    bind(p->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return explain(err, err_size, "packet socket on", p->name, -errno);
	return 0;
}

static int open_packet(struct rvl_port *p, const char *name, char *err, unsigned err_size)
{
	const int room = 8 << 20;
	int rc = take_name(p, name, err, err_size);

	if (rc)
		return rc;
	p->kind = PORT_PACKET;
	/* Protocol 0: nothing arrives before the socket is bound to its interface. */
	p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return explain(err, err_size, "packet socket on", name, -errno);
	if (setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return bind_packet(p, err, err_size);
}

static int open_tap(struct rvl_port *p, const char *name, char *err, unsigned err_size)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int control, rc = take_name(p, name, err, err_size);

	if (rc)
		return rc;
	p->kind = PORT_TAP;
	p->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (p->fd < 0)
		return explain(err, err_size, "/dev/net/tun for", name, -errno);
	rc = interface_request(p, p->fd, TUNSETIFF, &ifr);
	if (rc)
		return explain(err, err_size, "TAP interface", name, rc);
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0)
		return explain(err, err_size, "TAP interface", name, -errno);
	rc = interface_request(p, control, SIOCGIFFLAGS, &ifr);
	if (!rc && !(ifr.ifr_flags & IFF_UP)) {
		ifr.ifr_flags |= IFF_UP;
		rc = interface_request(p, control, SIOCSIFFLAGS, &ifr);
	}
	close(control);
	return rc ? explain(err, err_size, "setting up TAP interface", name, rc) : 0;
}

/* -------------------------------------------------------------------------------------- files */

static int open_files(struct rvl_port *p, const char *names, char *err, unsigned err_size)
{
	const char *comma = strchr(names, ',');
	char in[4096], why[PCAP_ERRBUF_SIZE];

	p->kind = PORT_PCAP;
	if (!comma || strchr(comma + 1, ',') || (size_t)(comma - names) >= sizeof(in)) {
		snprintf(err, err_size,
			 "pcap:%s: two file names with a comma between them are needed", names);
		return -EINVAL;
	}
	snprintf(in, sizeof(in), "%.*s", (int)(comma - names), names);
	if (in[0]) {
		p->in = pcap_open_offline(in, why);
		if (!p->in) {
			/* Some of libpcap's messages begin with the path. */
			bool named = !strncmp(why, in, strlen(in));

			snprintf(err, err_size, "%s%s%s", named ? "" : in, named ? "" : ": ", why);
			return -EIO;
		}
		if (pcap_datalink(p->in) != DLT_EN10MB) {
			snprintf(err, err_size, "%s: link type %s, not Ethernet", in,
				 pcap_datalink_val_to_name(pcap_datalink(p->in)));
			return -EINVAL;
		}
	}
	return comma[1] ? rvl_capture_open(&p->out, comma + 1, err, err_size) : 0;
}

static uint32_t receive_file(struct rvl_port *p, uint8_t *buf)
{
	struct pcap_pkthdr *h;
	const u_char *data;

	while (p->in) {
		int rc = pcap_next_ex(p->in, &h, &data);

		if (rc != 1) {
			p->stats.receive_failed += rc == PCAP_ERROR;
			pcap_close(p->in);
			p->in = NULL;
		} else if (h->caplen == h->len && h->len > 0 && h->len <= RVL_PORT_MAX_FRAME) {
			memcpy(buf, data, h->len);
			p->stats.received++;
			return h->len;
		} else {
			p->stats.receive_failed++; /* a frame that was not captured whole */
		}
	}
	return 0;
}

/* ------------------------------------------------------------------------------------- frames */

/* The Internet checksum (RFC 1071) over what the sender's stack left to its device. */
static void finish_checksum(uint8_t *frame, uint32_t len, const struct virtio_net_hdr *h)
{
	uint32_t i, sum = 0;

	if (h->csum_start >= len || h->csum_offset + 2U > len - h->csum_start)
		return;
	for (i = h->csum_start; i + 1 < len; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	if (i < len)
		sum += (uint32_t)frame[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	if (sum == 0)
		sum = 0xffff; /* in UDP, 0 says that there is none; for the others it is the same */
	frame[h->csum_start + h->csum_offset] = (uint8_t)(sum >> 8);
	frame[h->csum_start + h->csum_offset + 1] = (uint8_t)sum;
}

/* The tag that the kernel took out of the frame, if any; 4 octets, else 0. */
static uint32_t vlan_tag(struct msghdr *msg, uint8_t tag[VLAN_TAG])
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA ||
		    c->cmsg_len < CMSG_LEN(sizeof(aux)))
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
			continue;
		if (!(aux.tp_status & TP_STATUS_VLAN_TPID_VALID))
			aux.tp_vlan_tpid = ETH_P_8021Q;
		tag[0] = (uint8_t)(aux.tp_vlan_tpid >> 8);
		tag[1] = (uint8_t)aux.tp_vlan_tpid;
		tag[2] = (uint8_t)(aux.tp_vlan_tci >> 8);
		tag[3] = (uint8_t)aux.tp_vlan_tci;
		return VLAN_TAG;
	}
	return 0;
}

static uint32_t receive_packet(struct rvl_port *p, uint8_t *buf)
{
	for (;;) {
		union {
			char buf[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
			struct cmsghdr align;
		} control;
		struct virtio_net_hdr h;
		uint8_t tag[VLAN_TAG];
		struct iovec iov[] = {{&h, sizeof(h)}, {buf, RVL_PORT_MAX_FRAME - VLAN_TAG}};
		struct msghdr msg = {.msg_iov = iov,
				     .msg_iovlen = 2,
				     .msg_control = control.buf,
				     .msg_controllen = sizeof(control.buf)};
		ssize_t n = recvmsg(p->fd, &msg, MSG_DONTWAIT);
		uint32_t len;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			p->stats.receive_failed += errno != EAGAIN;
			return 0;
		}
		if ((size_t)n < sizeof(h) + ETH_HLEN)
			continue;
		len = (uint32_t)((size_t)n - sizeof(h));
		if (h.gso_type != VIRTIO_NET_HDR_GSO_NONE || msg.msg_flags & MSG_TRUNC) {
			p->stats.segmentation++;
			continue;
		}
		if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
			finish_checksum(buf, len, &h);
		if (vlan_tag(&msg, tag)) {
			memmove(buf + 12 + VLAN_TAG, buf + 12, len - 12);
			memcpy(buf + 12, tag, VLAN_TAG);
			len += VLAN_TAG;
		}
		p->stats.received++;
		return len;
	}
}

static uint32_t receive_tap(struct rvl_port *p, uint8_t *buf)
{
	ssize_t n;

	do {
		n = read(p->fd, buf, RVL_PORT_MAX_FRAME);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		p->stats.receive_failed += n < 0 && errno != EAGAIN;
		return 0;
	}
	p->stats.received++;
	return (uint32_t)n;
}

uint32_t rvl_port_receive(struct rvl_port *p, uint8_t *buf)
{
	switch (p->kind) {
	case PORT_PACKET:
		return receive_packet(p, buf);
	case PORT_TAP:
		return receive_tap(p, buf);
	case PORT_PCAP:
		return receive_file(p, buf);
	case PORT_NONE:
		break;
	}
	return 0;
}

void rvl_port_send(struct rvl_port *p, const uint8_t *frame, uint32_t len, uint64_t ns)
{
	struct virtio_net_hdr none = {0};
	struct iovec iov[] = {{&none, sizeof(none)}, {(void *)frame, len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t n = 0;

	if (p->kind == PORT_PACKET)
		n = sendmsg(p->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (p->kind == PORT_TAP)
		n = write(p->fd, frame, len);
	else if (p->out)
		rvl_capture_write(p->out, frame, len, ns);
	if (n < 0)
		p->stats.send_failed++;
	else
		p->stats.sent++;
}

/* ---------------------------------------------------------------------------------------------- */

int rvl_port_open(struct rvl_port **port, const char *spec, char *err, unsigned err_size)
{
	struct rvl_port *p = calloc(1, sizeof(*p));
	int rc = 0;

	*port = NULL;
	err[0] = '\0';
	if (!p)
		return -ENOMEM;
	p->fd = -1;
	if (!strncmp(spec, "veth:", 5)) {
		rc = open_packet(p, spec + 5, err, err_size);
	} else if (!strncmp(spec, "tap:", 4)) {
		rc = open_tap(p, spec + 4, err, err_size);
	} else if (!strncmp(spec, "pcap:", 5)) {
		rc = open_files(p, spec + 5, err, err_size);
	} else if (strcmp(spec, "none") != 0) {
		snprintf(err, err_size, "\"%s\": a port is veth:IF, tap:IF, pcap:IN,OUT or none",
			 spec);
		rc = -EINVAL;
	}
	if (rc) {
		rvl_port_close(p);
		return rc;
	}
	*port = p;
	return 0;
}

void rvl_port_close(struct rvl_port *p)
{
	if (!p)
		return;
	if (p->fd >= 0)
		close(p->fd);
	if (p->in)
		pcap_close(p->in);
	rvl_capture_close(p->out);
	free(p);
}

int rvl_port_fd(const struct rvl_port *p)
{
	return p->fd;
}

bool rvl_port_open_ended(const struct rvl_port *p)
{
	return p->kind == PORT_PCAP ? p->in != NULL : p->kind != PORT_NONE;
}

const struct rvl_port_stats *rvl_port_stats(const struct rvl_port *p)
{
	return &p->stats;
}
