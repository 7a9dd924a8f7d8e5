// SPDX-License-Identifier: BSD-2-Clause
/* Text to tree. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/conf/tree_private.h"

struct reader {
	struct conf_tree *tree;
	struct conf_error *error;
	const char *file;
	const char *at;
	const char *end;
	unsigned int line;
	unsigned int include_depth;
};

static int read_file(struct conf_tree *tree, const char *path, struct conf_section *into,
		     unsigned int depth, unsigned int include_depth, struct conf_error *error);

static int fail(struct reader *r, const char *what)
{
	snprintf(r->error->text, sizeof(r->error->text), "%s:%u: %s", r->file, r->line, what);
	return -EINVAL;
}

static int fail_about(struct reader *r, const char *what, const char *about)
{
	snprintf(r->error->text, sizeof(r->error->text), "%s:%u: %s \"%.100s\"", r->file, r->line,
		 what, about);
	return -EINVAL;
}

static int peek(const struct reader *r)
{
	return r->at < r->end ? (unsigned char)*r->at : EOF;
}

static void skip_blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\r')
		r->at++;
}

static void skip_comment(struct reader *r)
{
	if (peek(r) != '#')
		return;
	while (peek(r) != EOF && peek(r) != '\n')
		r->at++;
}

static void skip_space(struct reader *r)
{
	for (;;) {
		skip_blanks(r);
		skip_comment(r);
		if (peek(r) != '\n')
			return;
		r->line++;
		r->at++;
	}
}

static bool name_char(int c, bool dots)
{
	return c != EOF && (isalnum(c) || (dots && c == '.') || (c > 0 && strchr("-_@%*", c)));
}

/* A name, or the path of a reference, as a new string; NULL and an error when there is none. */
static char *take_name(struct reader *r, bool dots)
{
	const char *start = r->at;
	char *name;

	while (name_char(peek(r), dots))
		r->at++;
	if (r->at == start) {
		char what[2] = {(char)(isprint(peek(r)) ? peek(r) : '?'), 0};

		if (peek(r) == EOF)
			fail(r, "ends where a name is expected");
		else
			fail_about(r, "a name is expected, not", what);
		return NULL;
	}
	name = strndup(start, (size_t)(r->at - start));
	if (!name)
		fail(r, "out of memory");
	return name;
}

static int take_escape(struct reader *r)
{
	int c = peek(r);

	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	default:
		return c;
	}
}

/* The rest of a string whose opening quote has been read. */
static int take_quoted(struct reader *r, char **value)
{
	char *out = malloc((size_t)(r->end - r->at) + 1);
	size_t len = 0;

	if (!out)
		return fail(r, "out of memory");
	while (peek(r) != '"') {
		int c = peek(r);

		if (c == '\\') {
			r->at++;
			c = take_escape(r);
		}
		if (c == EOF) {
			OPENSSL_cleanse(out, len);
			free(out);
			return fail(r, "a string isn't closed");
		}
		if (c == '\n')
			r->line += peek(r) == '\n';
		out[len++] = (char)c;
		r->at++;
	}
	r->at++;
	out[len] = 0;
	*value = out;
	return 0;
}

/* A value to the end of its line; *value stays NULL when there is none. */
static int take_value(struct reader *r, char **value)
{
	const char *start, *end;
	int err = 0;

	*value = NULL;
	skip_blanks(r);
	if (peek(r) == '"') {
		r->at++;
		err = take_quoted(r, value);
		if (err)
			return err;
		skip_blanks(r);
		skip_comment(r);
		if (peek(r) != '\n' && peek(r) != EOF && peek(r) != '}')
			return fail(r, "something follows a string on its line");
		return 0;
	}
	start = r->at;
	while (peek(r) != EOF && !strchr("\n#{}\"", peek(r)))
		r->at++;
	if (peek(r) == '{' || peek(r) == '"')
		return fail(r, "a value with '{' or '\"' in it needs quotes around it");
	for (end = r->at; end > start && isspace((unsigned char)end[-1]);)
		end--;
	if (end == start)
		return 0;
	*value = strndup(start, (size_t)(end - start));
	return *value ? 0 : fail(r, "out of memory");
}

static int read_key(struct reader *r, struct conf_section *section, const char *name)
{
	unsigned int line = r->line;
	struct conf_key *key;
	char *value;
	int err;

	err = take_value(r, &value);
	if (err) {
		if (value)
			OPENSSL_cleanse(value, strlen(value));
		free(value);
		return err;
	}
	if (value && strlen(value) != strcspn(value, "\x01\x02\x03\x04\x05\x06\x07\x08\x7f")) {
		free(value);
		return fail(r, "a value holds control characters");
	}
	key = conf_key_any(section, name);
	if (!key)
		key = conf_key_make(r->tree, section, name);
	if (!key) {
		free(value);
		return fail(r, "too many keys");
	}
	if (key->value)
		OPENSSL_cleanse(key->value, strlen(key->value));
	free(key->value);
	key->value = value;
	key->file = r->file;
	key->line = line;
	return 0;
}

static int read_references(struct reader *r, struct conf_section *section)
{
	do {
		char *path;
		bool added;

		r->at++;
		skip_space(r);
		path = take_name(r, true);
		if (!path)
			return -EINVAL;
		added = conf_strings_add(&section->references, &section->reference_count, path);
		free(path);
		if (!added)
			return fail(r, "out of memory");
		skip_space(r);
	} while (peek(r) == ',');
	return 0;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_include(struct reader *r, struct conf_section *section, unsigned int depth)
{
	const char *slash = strrchr(r->file, '/');
	char *pattern = NULL, *value = NULL;
	glob_t found = {0};
	int err;

	err = take_value(r, &value);
	if (err || !value) {
		free(value);
		return err ? err : fail(r, "include needs the name of a file");
	}
	if (value[0] != '/' && slash)
		err = asprintf(&pattern, "%.*s%s", (int)(slash - r->file + 1), r->file, value);
	else
		err = asprintf(&pattern, "%s", value);
	free(value);
	if (err < 0)
		return fail(r, "out of memory");
	if (r->include_depth >= CONF_INCLUDE_DEPTH_MAX) {
		err = fail_about(r, "includes are nested too deeply at", pattern);
	} else {
		err = 0;
		switch (glob(pattern, GLOB_NOSORT | GLOB_ERR, NULL, &found)) {
		case 0:
			break;
		case GLOB_NOMATCH:
			if (!strpbrk(pattern, "*?["))
				err = fail_about(r, "no such file to include:", pattern);
			break;
		default:
			err = fail_about(r, "can't read the folder of", pattern);
		}
	}
	if (found.gl_pathc)
		qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv), compare_strings);
	for (size_t i = 0; !err && i < found.gl_pathc; i++)
		err = read_file(r->tree, found.gl_pathv[i], section, depth, r->include_depth + 1,
				r->error);
	globfree(&found);
	free(pattern);
	return err;
}

static int read_settings(struct reader *r, struct conf_section *section, unsigned int depth);

static int read_section(struct reader *r, struct conf_section *parent, const char *name,
			unsigned int depth)
{
	struct conf_section *section = conf_section_any(parent, name);
	int err;

	if (depth >= CONF_DEPTH_MAX)
		return fail(r, "sections are nested too deeply");
	if (!section)
		section = conf_section_make(r->tree, parent, name, r->file, r->line);
	if (!section)
		return fail(r, "too many sections");
	if (peek(r) == ':') {
		err = read_references(r, section);
		if (err)
			return err;
	}
	if (peek(r) != '{')
		return fail_about(r, "a '{' is expected after section", name);
	r->at++;
	err = read_settings(r, section, depth + 1);
	if (err)
		return err;
	if (peek(r) != '}')
		return fail_about(r, "the file ends before the '}' of section", name);
	r->at++;
	return 0;
}

static int read_statement(struct reader *r, struct conf_section *section, unsigned int depth)
{
	char *name = take_name(r, false);
	bool blank;
	int err;

	if (!name)
		return -EINVAL;
	blank = peek(r) == ' ' || peek(r) == '\t';
	skip_blanks(r);
	if (peek(r) == '=') {
		r->at++;
		err = read_key(r, section, name);
	} else if (blank && !strcmp(name, "include") && peek(r) != '{' && peek(r) != ':') {
		err = read_include(r, section, depth);
	} else {
		skip_space(r);
		err = peek(r) == ':' || peek(r) == '{'
			      ? read_section(r, section, name, depth)
			      : fail_about(r, "'=' or '{' is expected after", name);
	}
	free(name);
	return err;
}

/* Up to the closing brace or the end of the file. */
static int read_settings(struct reader *r, struct conf_section *section, unsigned int depth)
{
	for (;;) {
		int err;

		skip_space(r);
		if (peek(r) == EOF || peek(r) == '}')
			return 0;
		err = read_statement(r, section, depth);
		if (err)
			return err;
	}
}

static int read_text(struct conf_tree *tree, const char *name, const char *text, size_t len,
		     struct conf_section *into, unsigned int depth, unsigned int include_depth,
		     struct conf_error *error)
{
	struct reader r = {
		.tree = tree,
		.error = error,
		.at = text,
		.end = text + len,
		.line = 1,
		.include_depth = include_depth,
		.file = name,
	};
	char **file;
	int err;

	if (memchr(text, 0, len))
		return fail(&r, "this isn't a text file");
	if (tree->file_count >= CONF_FILES_MAX)
		return fail(&r, "too many files");
	file = conf_strings_add(&tree->files, &tree->file_count, name);
	if (!file)
		return fail(&r, "out of memory");
	r.file = *file;
	if (!tree->root.file) {
		tree->root.file = *file;
		tree->root.line = 1;
	}
	err = read_settings(&r, into, depth);
	if (!err && peek(&r) == '}')
		err = fail(&r, "a '}' too many");
	return err;
}

static int fail_file(struct conf_error *error, const char *path, int err)
{
	snprintf(error->text, sizeof(error->text), "%s: %s", path, strerror(err));
	return -err;
}

static int read_all(int fd, char *out, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = read(fd, out + *len, size - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return 0;
}

static int read_file(struct conf_tree *tree, const char *path, struct conf_section *into,
		     unsigned int depth, unsigned int include_depth, struct conf_error *error)
{
	struct stat st;
	char *text = NULL;
	size_t size, len;
	int fd, err;

	/* Not to wait for somebody to open the other end of a pipe. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail_file(error, path, errno);
	if (fstat(fd, &st)) {
		err = fail_file(error, path, errno);
		goto close_fd;
	}
	if (!S_ISREG(st.st_mode)) {
		err = fail_file(error, path, S_ISDIR(st.st_mode) ? EISDIR : EINVAL);
		goto close_fd;
	}
	if (st.st_size > (off_t)CONF_FILE_SIZE_MAX) {
		err = fail_file(error, path, EFBIG);
		goto close_fd;
	}
	size = (size_t)st.st_size;
	text = malloc(size + 1);
	if (!text) {
		err = fail_file(error, path, ENOMEM);
		goto close_fd;
	}
	err = read_all(fd, text, size, &len);
	if (err)
		err = fail_file(error, path, err);
	else
		err = read_text(tree, path, text, len, into, depth, include_depth, error);
	OPENSSL_cleanse(text, size);
	free(text);
close_fd:
	close(fd);
	return err;
}

static int finish(struct conf_tree *tree, int err, struct conf_tree **out, struct conf_error *error)
{
	if (!err)
		err = conf_resolve(tree, error);
	if (err) {
		conf_tree_free(tree);
		return err;
	}
	*out = tree;
	return 0;
}

static struct conf_tree *new_tree(struct conf_error *error)
{
	struct conf_tree *tree = calloc(1, sizeof(*tree));

	if (tree)
		tree->root.name = strdup("");
	if (tree && tree->root.name)
		return tree;
	free(tree);
	snprintf(error->text, sizeof(error->text), "out of memory");
	return NULL;
}

int conf_tree_read(const char *path, struct conf_tree **tree, struct conf_error *error)
{
	struct conf_tree *made = new_tree(error);

	if (!made)
		return -ENOMEM;
	return finish(made, read_file(made, path, &made->root, 0, 0, error), tree, error);
}

int conf_tree_parse(const char *name, const char *text, size_t len, struct conf_tree **tree,
		    struct conf_error *error)
{
	struct conf_tree *made = new_tree(error);

	if (!made)
		return -ENOMEM;
	return finish(made, read_text(made, name, text, len, &made->root, 0, 0, error), tree,
		      error);
}
