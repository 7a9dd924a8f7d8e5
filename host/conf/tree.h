/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration file in swanctl.conf's language, as a tree.
 *
 *   settings := ( section | key | include )*
 *   section  := NAME [ ":" PATH { "," PATH } ] "{" settings "}"
 *   key      := NAME "=" VALUE newline
 *   include  := "include" GLOB newline
 *
 * "#" starts a comment. A value runs to the end of the line, or is a string in double quotes. A
 * section named again extends the first, a key named again replaces it. A section takes what it
 * doesn't have from those that it refers to, by their full names. A key with no value is not set,
 * even where a reference sets it.
 */
#ifndef RVL_CONF_TREE_H
#define RVL_CONF_TREE_H

#include <stddef.h>

#include "host/sa/hash.h"

/* What was wrong, as it is to be printed: "t.conf:12: what". */
struct conf_error {
	char text[512];
};

struct conf_key {
	char *name;
	char *value;	  /* NULL: not set */
	const char *file; /* owned by the root */
	unsigned int line;
};

struct conf_section {
	char *name;
	const char *file;
	unsigned int line;
	struct conf_section *parent;
	struct conf_section **sections;
	size_t section_count;
	struct conf_section *by_name; /* the same */
	UT_hash_handle hh;	      /* in the parent's */
	struct conf_key *keys;
	size_t key_count;
	char **references;
	size_t reference_count;
	int state; /* while references are resolved */
};

struct conf_tree;

/*
 * Read a file, with what it includes, and resolve references. Returns 0, or -errno with *error
 * set: -EINVAL for what is in a file, others for files that can't be read.
 */
int conf_tree_read(const char *path, struct conf_tree **tree, struct conf_error *error);

/* The same for text that stands in memory; name takes the file's place in messages. */
int conf_tree_parse(const char *name, const char *text, size_t len, struct conf_tree **tree,
		    struct conf_error *error);

/* Hand over the names of files, which keys and sections point at: they then outlive the tree. */
char **conf_tree_take_files(struct conf_tree *tree, size_t *count);

/* Values are cleansed, for some are secret. NULL is fine. */
void conf_tree_free(struct conf_tree *tree);

/* The section that holds everything; its name is "". */
const struct conf_section *conf_tree_root(const struct conf_tree *tree);

/* NULL when there is none, and for a key that isn't set. */
const struct conf_section *conf_section_find(const struct conf_section *section, const char *name);
const struct conf_key *conf_key_find(const struct conf_section *section, const char *name);

/* Is the section referred to by another, so that it may be only a template? */
int conf_tree_is_template(const struct conf_tree *tree, const struct conf_section *section);

/* "connections.gw.children.net", or "a.b.key" with a key. */
void conf_path(const struct conf_section *section, const char *key, char *out, size_t len);

/* Set *error to "file:line: path: message" and return -EINVAL. */
int conf_fail_key(struct conf_error *error, const struct conf_section *section,
		  const struct conf_key *key, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int conf_fail_section(struct conf_error *error, const struct conf_section *section,
		      const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
