// SPDX-License-Identifier: BSD-2-Clause
#include "host/raveld/leases.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/esp/ip.h"

#define FIRST_LINE "ravelin leases 1\n"

/* An address, a type, an identity in hexadecimal. */
#define LINE_ROOM (16 + 4 + 2 * IKE_ID_MAX + 4)

/* -------------------------------------------------------------------------------------- reading */

__attribute__((format(printf, 2, 3))) static int refuse(struct leases_error *error,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->what, sizeof(error->what), format, args);
	va_end(args);
	return -EBADMSG;
}

static int digit_of(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* "2:636f7270": a type and what is of it. */
static bool parse_id(const char *text, struct ike_id *id)
{
	uint8_t data[IKE_ID_MAX];
	char *hex;
	unsigned long type = strtoul(text, &hex, 10);
	size_t len = 0;

	if (hex == text || *hex++ != ':' || type > 255)
		return false;
	for (; *hex; hex += 2) {
		int high = digit_of(hex[0]), low = high < 0 ? -1 : digit_of(hex[1]);

		if (low < 0 || len == sizeof(data))
			return false;
		data[len++] = (uint8_t)(high << 4 | low);
	}
	return ike_id_set(id, (uint8_t)type, ike_slice(data, len)) == 0;
}

static int take_line(char *line, leases_fn *fn, void *context, struct leases_error *error)
{
	char *space = strchr(line, ' ');
	struct rvl_addr address = {0};
	struct ike_id id;
	int err;

	if (!space)
		return refuse(error, "an address and an identity are expected");
	*space = 0;
	address.family = strchr(line, ':') ? 6 : 4;
	if (inet_pton(address.family == 6 ? AF_INET6 : AF_INET, line, address.octets) != 1)
		return refuse(error, "\"%.40s\" isn't an IP address", line);
	if (!parse_id(space + 1, &id))
		return refuse(error, "the identity of %s isn't understood", line);
	err = fn(context, &address, &id);
	return err == -EEXIST ? refuse(error, "%s is there twice", line) : err;
}

static int read_lines(FILE *file, leases_fn *fn, void *context, struct leases_error *error)
{
	char line[LINE_ROOM];
	unsigned long count = 0;
	int err;

	error->line = 1;
	if (!fgets(line, sizeof(line), file) || strcmp(line, FIRST_LINE) != 0)
		return refuse(error, "it isn't a file of leases");
	while (error->line++, fgets(line, sizeof(line), file)) {
		size_t len = strlen(line);
		char *end;

		if (!len || line[len - 1] != '\n')
			return refuse(error, "the line has no end");
		line[len - 1] = 0;
		if (!strncmp(line, "end ", 4))
			return strtoul(line + 4, &end, 10) == count && !*end && fgetc(file) == EOF
				       ? 0
				       : refuse(error, "it doesn't end where it says");
		err = take_line(line, fn, context, error);
		if (err)
			return err;
		count++;
	}
	return ferror(file) ? -EIO : refuse(error, "its end is missing");
}

int leases_read(const char *path, leases_fn *fn, void *context, struct leases_error *error)
{
	FILE *file = fopen(path, "re");
	int err;

	if (!file)
		return -errno;
	err = read_lines(file, fn, context, error);
	fclose(file);
	return err;
}

int leases_set_aside(const char *path, char aside[CONF_PATH_MAX + 8])
{
	snprintf(aside, CONF_PATH_MAX + 8, "%s.bad", path);
	return rename(path, aside) ? -errno : 0;
}

/* -------------------------------------------------------------------------------------- writing */

struct leases_writer {
	char path[CONF_PATH_MAX];
	char beside[CONF_PATH_MAX + 8];
	FILE *file;
	unsigned long count;
};

static void make_folder(const char *path)
{
	char folder[CONF_PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	/* That it isn't there shows when the file is opened. */
	if (mkdir(folder, 0700) && errno != EEXIST)
		errno = 0;
}

int leases_write(const char *path, struct leases_writer **out)
{
	struct leases_writer *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	snprintf(w->path, sizeof(w->path), "%s", path);
	snprintf(w->beside, sizeof(w->beside), "%s.new", path);
	make_folder(path);
	w->file = fopen(w->beside, "we");
	if (!w->file) {
		err = -errno;
		free(w);
		return err;
	}
	fputs(FIRST_LINE, w->file);
	*out = w;
	return 0;
}

void leases_put(struct leases_writer *w, const struct rvl_addr *address, const struct ike_id *id)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(address->family == 6 ? AF_INET6 : AF_INET, address->octets, text, sizeof(text));
	fprintf(w->file, "%s %u:", text, id->type);
	for (unsigned int i = 0; i < id->len; i++)
		fprintf(w->file, "%02x", id->data[i]);
	fputc('\n', w->file);
	w->count++;
}

int leases_finish(struct leases_writer *w, bool complete)
{
	int err = complete ? 0 : -ENOMEM;

	fprintf(w->file, "end %lu\n", w->count);
	if (fflush(w->file) || ferror(w->file))
		err = err ? err : -EIO;
	if (!err && fsync(fileno(w->file)))
		err = -errno;
	if (fclose(w->file) && !err)
		err = -errno;
	if (!err && rename(w->beside, w->path))
		err = -errno;
	if (err)
		unlink(w->beside);
	free(w);
	return err;
}
