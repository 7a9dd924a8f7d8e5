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

int tap_open(const char *name, const uint8_t mac[6], unsigned int mtu, struct tap_error *error)
{
	struct ifreq request = request_for(name);
	int fd, sock, err;

	if (if_nametoindex(name)) {
		errno = EEXIST;
		return fail(error, name, "make a TAP interface");
	}
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail(error, "/dev/net/tun", "open");
	request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (short)IFF_TUN_EXCL;
	if (ioctl(fd, TUNSETIFF, &request)) {
		err = fail(error, name, "make a TAP interface");
		goto close_fd;
	}
	if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)) {
		err = fail(error, name, "take over checksums and segmentation");
		goto close_fd;
	}
	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0) {
		err = fail(error, name, "socket");
		goto close_fd;
	}
	err = configure(sock, name, mac, mtu, error);
	close(sock);
	if (err)
		goto close_fd;
	return fd;

close_fd:
	close(fd);
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
