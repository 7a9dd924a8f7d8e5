// SPDX-License-Identifier: BSD-2-Clause
#include "host/conf/tree.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/conf/tree_private.h"

const struct conf_section *conf_tree_root(const struct conf_tree *tree)
{
	return &tree->root;
}

struct conf_section *conf_section_any(const struct conf_section *section, const char *name)
{
	struct conf_section *found;

	HASH_FIND(hh, section->by_name, name, strlen(name), found);
	return found;
}

struct conf_key *conf_key_any(const struct conf_section *section, const char *name)
{
	for (size_t i = 0; i < section->key_count; i++)
		if (!strcmp(section->keys[i].name, name))
			return &section->keys[i];
	return NULL;
}

const struct conf_section *conf_section_find(const struct conf_section *section, const char *name)
{
	return conf_section_any(section, name);
}

const struct conf_key *conf_key_find(const struct conf_section *section, const char *name)
{
	const struct conf_key *key = conf_key_any(section, name);

	return key && key->value ? key : NULL;
}

char **conf_strings_add(char ***list, size_t *count, const char *text)
{
	char **grown = realloc(*list, (*count + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	*list = grown;
	grown[*count] = strdup(text);
	if (!grown[*count])
		return NULL;
	return &grown[(*count)++];
}

struct conf_section *conf_section_make(struct conf_tree *tree, struct conf_section *parent,
				       const char *name, const char *file, unsigned int line)
{
	struct conf_section **grown, *section;

	if (++tree->nodes > CONF_NODES_MAX)
		return NULL;
	grown = realloc(parent->sections, (parent->section_count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	parent->sections = grown;
	section = calloc(1, sizeof(*section));
	if (!section)
		return NULL;
	section->name = strdup(name);
	if (section->name)
		HASH_ADD_KEYPTR(hh, parent->by_name, section->name, strlen(section->name), section);
	if (!section->name || !section->hh.tbl) {
		free(section->name);
		free(section);
		return NULL;
	}
	section->file = file;
	section->line = line;
	section->parent = parent;
	grown[parent->section_count++] = section;
	return section;
}

struct conf_key *conf_key_make(struct conf_tree *tree, struct conf_section *section,
			       const char *name)
{
	struct conf_key *grown, *key;

	if (++tree->nodes > CONF_NODES_MAX)
		return NULL;
	grown = realloc(section->keys, (section->key_count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	section->keys = grown;
	key = &grown[section->key_count];
	*key = (struct conf_key){.name = strdup(name)};
	if (!key->name)
		return NULL;
	section->key_count++;
	return key;
}

static void free_strings(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

/* Depth is bounded by CONF_DEPTH_MAX while the tree is made. */
static void clear_section(struct conf_section *section)
{
	HASH_CLEAR(hh, section->by_name);
	for (size_t i = 0; i < section->section_count; i++) {
		clear_section(section->sections[i]);
		free(section->sections[i]);
	}
	for (size_t i = 0; i < section->key_count; i++) {
		char *value = section->keys[i].value;

		if (value)
			OPENSSL_cleanse(value, strlen(value));
		free(value);
		free(section->keys[i].name);
	}
	free_strings(section->references, section->reference_count);
	free(section->sections);
	free(section->keys);
	free(section->name);
}

char **conf_tree_take_files(struct conf_tree *tree, size_t *count)
{
	char **files = tree->files;

	*count = tree->file_count;
	tree->files = NULL;
	tree->file_count = 0;
	return files;
}

void conf_tree_free(struct conf_tree *tree)
{
	if (!tree)
		return;
	clear_section(&tree->root);
	free_strings(tree->files, tree->file_count);
	free_strings(tree->templates, tree->template_count);
	free(tree);
}

void conf_path(const struct conf_section *section, const char *key, char *out, size_t len)
{
	const struct conf_section *up[CONF_DEPTH_MAX + 1] = {NULL};
	size_t depth = 0, at = 0;

	out[0] = 0;
	for (; section && section->parent && depth < CONF_DEPTH_MAX; section = section->parent)
		up[depth++] = section;
	while (depth-- && at < len)
		at += (size_t)snprintf(out + at, len - at, "%s%s", at ? "." : "", up[depth]->name);
	if (key && at < len)
		snprintf(out + at, len - at, "%s%s", at ? "." : "", key);
}

int conf_tree_is_template(const struct conf_tree *tree, const struct conf_section *section)
{
	char path[256];

	conf_path(section, NULL, path, sizeof(path));
	for (size_t i = 0; i < tree->template_count; i++) {
		size_t len = strlen(path);

		/* A section around one that is referred to is a template too. */
		if (!strncmp(tree->templates[i], path, len) &&
		    (tree->templates[i][len] == 0 || tree->templates[i][len] == '.'))
			return 1;
	}
	return 0;
}

static int fail_at(struct conf_error *error, const char *file, unsigned int line, const char *path,
		   const char *format, va_list args)
{
	char what[256];

	vsnprintf(what, sizeof(what), format, args);
	snprintf(error->text, sizeof(error->text), "%s:%u: %s%s%s", file ? file : "?", line, path,
		 path[0] ? ": " : "", what);
	return -EINVAL;
}

int conf_fail_key(struct conf_error *error, const struct conf_section *section,
		  const struct conf_key *key, const char *format, ...)
{
	char path[160];
	va_list args;

	conf_path(section, key->name, path, sizeof(path));
	va_start(args, format);
	fail_at(error, key->file, key->line, path, format, args);
	va_end(args);
	return -EINVAL;
}

int conf_fail_section(struct conf_error *error, const struct conf_section *section,
		      const char *format, ...)
{
	char path[160];
	va_list args;

	conf_path(section, NULL, path, sizeof(path));
	va_start(args, format);
	fail_at(error, section->file, section->line, path, format, args);
	va_end(args);
	return -EINVAL;
}
