/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/listener.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Remove a socket that nobody listens on. Returns 0 if the path is free now. */
static int remove_stale(const struct sockaddr_un *addr, char *err, unsigned err_size)
{
	struct stat st;
	int fd, rc;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(err, err_size, "%s: exists and is not a socket", addr->sun_path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;
	close(fd);
	if (rc != -ECONNREFUSED) {
		snprintf(err, err_size, "%s: another process listens there", addr->sun_path);
		return -EADDRINUSE;
	}
	return unlink(addr->sun_path) && errno != ENOENT ? -errno : 0;
}

static int bind_and_listen(struct rvl_listener *l, int backlog, char *err, unsigned err_size)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct stat st;
	mode_t mask;
	int rc;

	memcpy(addr.sun_path, l->path, sizeof(addr.sun_path));
	rc = remove_stale(&addr, err, err_size);
	if (rc)
		return rc;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	mask = umask(0177);
	rc = bind(l->fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	umask(mask);
	if (rc)
		return rc;
	if (stat(l->path, &st))
		return -errno;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return listen(l->fd, backlog) ? -errno : 0;
}

int rvl_listener_open(struct rvl_listener *l, const char *path, int backlog, char *err,
		      unsigned err_size)
{
	int rc;

	err[0] = '\0';
	*l = (struct rvl_listener){.fd = -1};
	if (strlen(path) >= sizeof(l->path)) {
		snprintf(err, err_size, "%s: a socket's path has at most %zu characters", path,
			 sizeof(l->path) - 1);
		return -ENAMETOOLONG;
	}
	snprintf(l->path, sizeof(l->path), "%s", path);
	rc = bind_and_listen(l, backlog, err, err_size);
	if (!rc)
		return 0;
	if (!err[0])
		snprintf(err, err_size, "%s: %s", path, strerror(-rc));
	rvl_listener_close(l);
	return rc;
}

void rvl_listener_close(struct rvl_listener *l)
{
	struct stat st;

	if (l->ino && !lstat(l->path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct rvl_listener){.fd = -1};
}
