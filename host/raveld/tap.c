// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(struct tap_error *error, const char *name, const char *what)
{
	int err = -errno;

	snprintf(error->text, sizeof(error->text), "%s: %s: %s%s", name, what, strerror(-err),
		 err == -EPERM ? " (CAP_NET_ADMIN is needed)" : "");
	return err;
}

static struct ifreq request_for(const char *name)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return request;
}

static int configure(int sock, const char *name, const uint8_t mac[6], unsigned int mtu,
		     struct tap_error *error)
{
	struct ifreq request = request_for(name);

	request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(request.ifr_hwaddr.sa_data, mac, 6);
	if (ioctl(sock, SIOCSIFHWADDR, &request))
		return fail(error, name, "set the MAC address");
	request = request_for(name);
	request.ifr_mtu = (int)mtu;
	if (ioctl(sock, SIOCSIFMTU, &request))
		return fail(error, name, "set the MTU");
	request = request_for(name);
	if (ioctl(sock, SIOCGIFFLAGS, &request))
		return fail(error, name, "read flags");
	request.ifr_flags |= IFF_UP;
	if (ioctl(sock, SIOCSIFFLAGS, &request))
		return fail(error, name, "set up");
	return 0;
}

/* A descriptor of the interface, which the first one makes. */
static int open_queue(const char *name, short flags, struct tap_error *error)
{
	struct ifreq request = request_for(name);
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0)
		return fail(error, "/dev/net/tun", "open");
	request.ifr_flags = flags;
	if (!ioctl(fd, TUNSETIFF, &request))
		return fd;
	err = fail(error, name, "make a TAP interface");
	close(fd);
	return err;
}

/* With several queues the kernel reads a flow's frames from the one that its other direction was
 * last written to. */
static int open_queues(const char *name, unsigned int queues, int *fds, struct tap_error *error)
{
	const short flags =
		(short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (queues > 1 ? IFF_MULTI_QUEUE : 0));
	unsigned int open;

	for (open = 0; open < queues; open++) {
		fds[open] = open_queue(name, (short)(open ? flags : flags | IFF_TUN_EXCL), error);
		if (fds[open] < 0)
			break;
	}
	if (open == queues)
		return 0;
	for (unsigned int i = 0; i < open; i++)
		close(fds[i]);
	return fds[open];
}

int tap_open(const char *name, const uint8_t mac[6], unsigned int mtu, unsigned int queues,
	     int *fds, struct tap_error *error)
{
	int sock, err;

	if (if_nametoindex(name)) {
		errno = EEXIST;
		return fail(error, name, "make a TAP interface");
	}
	err = open_queues(name, queues, fds, error);
	if (err)
		return err;
	if (ioctl(fds[0], TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)) {
		err = fail(error, name, "take over checksums and segmentation");
		goto close_fds;
	}
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0) {
		err = fail(error, name, "socket");
		goto close_fds;
	}
	err = configure(sock, name, mac, mtu, error);
	close(sock);
	if (!err)
		return 0;

close_fds:
	for (unsigned int i = 0; i < queues; i++)
		close(fds[i]);
	return err;
}

int tap_set_mtu(const char *name, unsigned int mtu)
{
	struct ifreq request = request_for(name);
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (sock < 0)
		return -errno;
	request.ifr_mtu = (int)mtu;
	err = ioctl(sock, SIOCSIFMTU, &request) ? -errno : 0;
	close(sock);
	return err;
}
