// SPDX-License-Identifier: BSD-2-Clause
#include "host/trust/errand.h"

#include <stdlib.h>
#include <string.h>

struct trust_reply *trust_reply_new(const struct trust_want *want)
{
	struct trust_reply *reply = calloc(1, sizeof(*reply));

	if (!reply)
		return NULL;
	atomic_init(&reply->references, 1);
	memcpy(reply->key, want->key, sizeof(reply->key));
	if (!want->post.len || !ike_buffer_set(&reply->post, ike_buffer_slice(&want->post)))
		return reply;
	free(reply);
	return NULL;
}

struct trust_reply *trust_reply_hold(struct trust_reply *reply)
{
	atomic_fetch_add(&reply->references, 1);
	return reply;
}

void trust_reply_release(struct trust_reply *reply)
{
	if (!reply || atomic_fetch_sub(&reply->references, 1) != 1)
		return;
	ike_buffer_free(&reply->post);
	ike_buffer_free(&reply->body);
	free(reply);
}

struct trust_errand *trust_errand_new(struct trust_known *known)
{
	struct trust_errand *errand = calloc(1, sizeof(*errand));

	if (errand)
		errand->known = known;
	return errand;
}

void trust_errand_free(struct trust_errand *errand)
{
	for (size_t i = 0; errand && i < errand->count; i++) {
		free(errand->wants[i].uri);
		ike_buffer_free(&errand->wants[i].post);
		trust_reply_release(errand->wants[i].reply);
	}
	free(errand);
}

struct trust_want *trust_errand_find(struct trust_errand *errand, const uint8_t key[TRUST_WANT_KEY])
{
	for (size_t i = 0; i < errand->count; i++)
		if (!memcmp(errand->wants[i].key, key, TRUST_WANT_KEY))
			return &errand->wants[i];
	return NULL;
}

bool trust_errand_want(struct trust_errand *errand, const uint8_t key[TRUST_WANT_KEY],
		       const char *uri, struct ike_buffer *post)
{
	struct trust_want *want = &errand->wants[errand->count];
	char *copy = errand->closed || errand->count == TRUST_WANTS_MAX ? NULL : strdup(uri);

	if (!copy) {
		ike_buffer_free(post);
		return false;
	}
	memcpy(want->key, key, TRUST_WANT_KEY);
	want->uri = copy;
	want->post = *post;
	*post = (struct ike_buffer){0};
	errand->count++;
	return true;
}
