/* SPDX-License-Identifier: BSD-2-Clause */
/* What the reader and the resolver of references share. */
#ifndef RVL_CONF_TREE_PRIVATE_H
#define RVL_CONF_TREE_PRIVATE_H

#include "host/conf/tree.h"

/* Bounds, so that no file can make a process grow or recurse without end. */
#define CONF_DEPTH_MAX 32
#define CONF_INCLUDE_DEPTH_MAX 16
#define CONF_FILES_MAX 1024
#define CONF_FILE_SIZE_MAX (16u << 20)
#define CONF_NODES_MAX 1000000u

struct conf_tree {
	struct conf_section root;
	char **files;
	size_t file_count;
	char **templates; /* full names of sections that others refer to */
	size_t template_count;
	size_t nodes; /* sections and keys made so far */
};

/* All return NULL without memory or beyond the bounds. */
struct conf_section *conf_section_make(struct conf_tree *tree, struct conf_section *parent,
				       const char *name, const char *file, unsigned int line);
struct conf_key *conf_key_make(struct conf_tree *tree, struct conf_section *section,
			       const char *name);
char **conf_strings_add(char ***list, size_t *count, const char *text);

/* The key whether it is set or not, or NULL. */
struct conf_key *conf_key_any(const struct conf_section *section, const char *name);
struct conf_section *conf_section_any(const struct conf_section *section, const char *name);

/* Fill sections with what they inherit. 0, or -EINVAL with *error set. */
int conf_resolve(struct conf_tree *tree, struct conf_error *error);

#endif
