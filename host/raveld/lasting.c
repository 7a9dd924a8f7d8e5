// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/lasting.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_secret(const char *path, uint8_t out[LASTING_SECRET_LEN])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint8_t more;
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EBADMSG;
	else if (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)))
		err = -EPERM;
	else if (read(fd, out, LASTING_SECRET_LEN) != LASTING_SECRET_LEN || read(fd, &more, 1))
		err = -EBADMSG;
	close(fd);
	return err;
}

static int make_folder(const char *path)
{
	char folder[PATH_MAX];
	char *slash;

	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = 0;
	return mkdir(folder, 0755) && errno != EEXIST ? -errno : 0;
}

/* Under another name first, so that there is never half of one. */
static int write_secret(const char *path, const uint8_t secret[LASTING_SECRET_LEN])
{
	char name[PATH_MAX];
	int fd, err = 0;

	if (snprintf(name, sizeof(name), "%s.new", path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	unlink(name); /* of one that was interrupted */
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, secret, LASTING_SECRET_LEN) != LASTING_SECRET_LEN || fsync(fd))
		err = errno ? -errno : -EIO;
	close(fd);
	if (!err && rename(name, path))
		err = -errno;
	if (err)
		unlink(name);
	return err;
}

static const char *reason(int err)
{
	if (err == -EPERM)
		return "it isn't ours alone (mode 0600)";
	return err == -EBADMSG ? "it isn't a file of 32 octets" : strerror(-err);
}

int lasting_secret(const char *path, const struct log *log, uint8_t out[LASTING_SECRET_LEN])
{
	int err = read_secret(path, out);

	if (err == -ENOENT) {
		err = make_folder(path);
		if (!err && getrandom(out, LASTING_SECRET_LEN, 0) != LASTING_SECRET_LEN)
			err = -EIO;
		if (!err)
			err = write_secret(path, out);
	}
	if (err) {
		OPENSSL_cleanse(out, LASTING_SECRET_LEN);
		log_warning(log, "%s: %s; peers won't notice a restart at once", path, reason(err));
	}
	return err;
}
