// SPDX-License-Identifier: BSD-2-Clause
/* Inheritance: sections are filled with what they don't have from those that they refer to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/conf/tree_private.h"

enum { UNTOUCHED, UNDER_WAY, RESOLVED };

static int too_large(struct conf_error *error, const struct conf_section *section)
{
	return conf_fail_section(error, section, "too large once references are resolved");
}

/* Copy into `into` what it doesn't have of `from`, which is resolved. */
static int merge(struct conf_tree *tree, struct conf_section *into, const struct conf_section *from,
		 unsigned int depth, struct conf_error *error)
{
	if (depth > CONF_DEPTH_MAX)
		return conf_fail_section(error, into, "sections are nested too deeply");
	for (size_t i = 0; i < from->key_count; i++) {
		struct conf_key *key;

		if (conf_key_any(into, from->keys[i].name))
			continue;
		key = conf_key_make(tree, into, from->keys[i].name);
		if (!key)
			return too_large(error, into);
		key->file = from->keys[i].file;
		key->line = from->keys[i].line;
		if (from->keys[i].value) {
			key->value = strdup(from->keys[i].value);
			if (!key->value)
				return too_large(error, into);
		}
	}
	for (size_t i = 0; i < from->section_count; i++) {
		const struct conf_section *child = from->sections[i];
		struct conf_section *mine = conf_section_any(into, child->name);
		int err;

		if (!mine) {
			mine = conf_section_make(tree, into, child->name, child->file, child->line);
			if (!mine)
				return too_large(error, into);
			mine->state = RESOLVED;
		}
		err = merge(tree, mine, child, depth + 1, error);
		if (err)
			return err;
	}
	return 0;
}

static struct conf_section *find_path(struct conf_tree *tree, const char *path)
{
	struct conf_section *section = &tree->root;

	while (section) {
		size_t len = strcspn(path, ".");
		char *name = strndup(path, len);

		if (!name)
			return NULL;
		section = conf_section_any(section, name);
		free(name);
		if (!path[len])
			break;
		path += len + 1;
	}
	return section;
}

static int resolve(struct conf_tree *tree, struct conf_section *section, unsigned int depth,
		   struct conf_error *error)
{
	int err;

	if (section->state == RESOLVED)
		return 0;
	if (section->state == UNDER_WAY)
		return conf_fail_section(error, section, "refers to itself");
	if (depth > 4 * CONF_DEPTH_MAX)
		return conf_fail_section(error, section, "references go on for too long");
	section->state = UNDER_WAY;
	for (size_t i = 0; i < section->reference_count; i++) {
		const char *path = section->references[i];
		struct conf_section *from = find_path(tree, path);

		if (!from)
			return conf_fail_section(error, section,
						 "refers to \"%s\", which isn't there", path);
		for (struct conf_section *up = section->parent; up; up = up->parent)
			if (up == from)
				return conf_fail_section(error, section,
							 "refers to \"%s\", which it is a part of",
							 path);
		err = resolve(tree, from, depth + 1, error);
		if (!err)
			err = merge(tree, section, from, 0, error);
		if (err)
			return err;
	}
	for (size_t i = 0; i < section->section_count; i++) {
		err = resolve(tree, section->sections[i], depth + 1, error);
		if (err)
			return err;
	}
	section->state = RESOLVED;
	return 0;
}

static int collect_templates(struct conf_tree *tree, const struct conf_section *section)
{
	for (size_t i = 0; i < section->reference_count; i++)
		if (!conf_strings_add(&tree->templates, &tree->template_count,
				      section->references[i]))
			return -ENOMEM;
	for (size_t i = 0; i < section->section_count; i++)
		if (collect_templates(tree, section->sections[i]))
			return -ENOMEM;
	return 0;
}

int conf_resolve(struct conf_tree *tree, struct conf_error *error)
{
	if (collect_templates(tree, &tree->root))
		return too_large(error, &tree->root);
	return resolve(tree, &tree->root, 0, error);
}
