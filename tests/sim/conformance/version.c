/* SPDX-License-Identifier: BSD-2-Clause */
/* VERSION: proposals, what is answered to them, and what is no proposal. */
#include "tests/sim/conformance/conformance.h"

#include <stdio.h>

#include <jansson.h>

/* As QEMU 10.1 proposes. */
static const char qemu[] =
	"{\"capabilities\": {\"max_msg_fds\": 8, \"max_data_xfer_size\": 1048576, \"pgsizes\": "
	"4096, "
	"\"max_dma_maps\": 65535, \"migration\": {\"pgsize\": 4096, \"max_bitmap_size\": 262144}, "
	"\"write_multiple\": true}}";

static int propose(struct client *c, uint16_t major, uint16_t minor, const char *json, size_t len)
{
	uint8_t m[1024];
	struct rvl_vfio_user_version v = {major, minor};

	assert_true(len <= sizeof(m) - sizeof(v));
	memcpy(m, &v, sizeof(v));
	memcpy(m + sizeof(v), json, len);
	return client_call(c, RVL_VFIO_USER_VERSION, m, sizeof(v) + len, NULL, 0);
}

/* A string with its NUL, on a new connection. */
static int proposes(struct fixture *f, const char *json)
{
	conformance_reconnect(f);
	return propose(&f->client, 0, 0, json, strlen(json) + 1);
}

static const char *answer(const struct client *c)
{
	return (const char *)c->reply + sizeof(struct rvl_vfio_user_version);
}

static void what_qemu_proposes_is_answered_with_our_limits(void **state)
{
	struct fixture *f = *state;
	struct rvl_vfio_user_version v;

	assert_int_equal(proposes(f, qemu), 0);
	memcpy(&v, f->client.reply, sizeof(v));
	assert_int_equal(v.major, 0);
	assert_int_equal(v.minor, 0);
	assert_string_equal(answer(&f->client),
			    "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,"
			    "\"max_dma_maps\":65535,\"pgsizes\":4096,\"write_multiple\":true}}");
	assert_int_equal(f->client.reply_size, sizeof(v) + strlen(answer(&f->client)) + 1);
	assert_int_equal(f->dev.attached, 1);
}

/*
 * QEMU receives the reply into the request's buffer, and gives up if it is longer. Whatever is
 * proposed, with numbers short or long, the answer is JSON with its NUL, has room, and holds no
 * capability that was not proposed ("must be a subset").
 */
static void the_answer_fits_the_request_and_names_only_what_was_proposed(void **state)
{
	static const char *const names[] = {"max_msg_fds", "max_data_xfer_size", "max_dma_maps",
					    "pgsizes", "write_multiple"};
	struct fixture *f = *state;
	unsigned set, wide;

	for (set = 0; set < 1U << COUNT(names); set++) {
		for (wide = 0; wide < 2; wide++) {
			char json[512] = "{\"capabilities\":{";
			json_t *given, *caps;
			const char *name;
			json_t *value;
			unsigned i;

			for (i = 0; i < COUNT(names); i++) {
				size_t at = strlen(json);

				if (!(set >> i & 1))
					continue;
				snprintf(json + at, sizeof(json) - at, "%s\"%s\":%s",
					 json[at - 1] == '{' ? "" : ",", names[i],
					 i == 4 ? "true"
					 : wide ? "4096000000"
						: "1");
			}
			strcat(json, "}}");
			assert_int_equal(proposes(f, json), 0);
			assert_true(f->client.reply_size <= 4 + strlen(json) + 1);
			assert_int_equal(f->client.reply[f->client.reply_size - 1], 0);
			assert_int_equal(f->client.reply_size, 4 + strlen(answer(&f->client)) + 1);
			given = json_loads(answer(&f->client), 0, NULL);
			assert_true(json_is_object(given));
			caps = json_object_get(given, "capabilities");
			json_object_foreach(caps, name, value)
			{
				for (i = 0; i < COUNT(names) && strcmp(names[i], name); i++)
					;
				assert_true(i < COUNT(names) && set >> i & 1);
			}
			/* With room for long numbers, nothing is left out. */
			if (wide)
				assert_int_equal(json_object_size(caps), __builtin_popcount(set));
			json_decref(given);
		}
	}
}

static void capabilities_that_are_unknown_or_not_wanted_are_left_out(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(proposes(f, "{\"capabilities\":{\"twin_socket\":{\"supported\":true}}}"),
			 0);
	assert_string_equal(answer(&f->client), "{\"capabilities\":{}}");
	assert_int_equal(proposes(f, "{\"capabilities\":{\"write_multiple\":false}}"), 0);
	assert_string_equal(answer(&f->client), "{\"capabilities\":{}}");
	assert_int_equal(proposes(f, "{\"capabilities\":{\"new\":[1,{}]},\"other\":null}"), 0);
	assert_string_equal(answer(&f->client), "{\"capabilities\":{}}");
}

static void version_data_is_optional(void **state)
{
	struct fixture *f = *state;

	conformance_reconnect(f);
	assert_int_equal(propose(&f->client, 0, 0, "", 0), 0);
	assert_int_equal(f->client.reply_size, sizeof(struct rvl_vfio_user_version));
	assert_int_equal(f->dev.attached, 1);
	assert_int_equal(proposes(f, "{}"), 0);
	assert_string_equal(answer(&f->client), "{}");
}

/* "The minor version in the reply must be equal to or less than the minor version proposed." */
static void a_newer_minor_version_is_answered_with_ours(void **state)
{
	struct fixture *f = *state;
	struct rvl_vfio_user_version v;

	conformance_reconnect(f);
	assert_int_equal(propose(&f->client, 0, 65535, "{}", 3), 0);
	memcpy(&v, f->client.reply, sizeof(v));
	assert_int_equal(v.major, 0);
	assert_int_equal(v.minor, 0);
}

/* "... or closes the connection if it cannot support the advertised version." */
static void another_major_version_is_refused_and_the_connection_closed(void **state)
{
	static const uint16_t majors[] = {1, 2, 256, 65535};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < COUNT(majors); i++) {
		conformance_reconnect(f);
		assert_int_equal(propose(&f->client, majors[i], 0, "{}", 3), -ENOTSUP);
		assert_int_equal(propose(&f->client, 0, 0, "{}", 3), -ECONNRESET);
		assert_false(rvl_vfio_user_connected(f->dev.server));
		assert_int_equal(f->dev.attached, 0);
	}
	/* Even where no answer is wanted. */
	conformance_reconnect(f);
	client_send(&f->client, RVL_VFIO_USER_VERSION, RVL_VFIO_USER_NO_REPLY, "\1\0\0\0", 4, NULL,
		    0);
	assert_false(rvl_vfio_user_connected(f->dev.server));
}

static void version_data_that_is_no_proposal_is_refused(void **state)
{
	static const struct {
		const char *what, *data;
		size_t len;
	} bad[] = {
		{"no NUL", "{}", 2},
		{"cut short", "{", 2},
		{"empty", "", 1},
		{"NUL inside", "{}\0{}", 6},
		{"two values", "{}{}", 5},
		{"a list", "[1]", 4},
		{"a string", "\"x\"", 4},
		{"a number", "7", 2},
		{"not UTF-8", "{\"a\":\"\xff\"}", 10},
		{"capabilities a number", "{\"capabilities\":3}", 19},
		{"capabilities a list", "{\"capabilities\":[]}", 20},
		{"capabilities null", "{\"capabilities\":null}", 22},
		{"pgsizes a string", "{\"capabilities\":{\"pgsizes\":\"x\"}}", 33},
		{"max_msg_fds negative", "{\"capabilities\":{\"max_msg_fds\":-1}}", 36},
		{"max_msg_fds real", "{\"capabilities\":{\"max_msg_fds\":1.5}}", 37},
		{"max_dma_maps null", "{\"capabilities\":{\"max_dma_maps\":null}}", 39},
		{"max_data_xfer_size an object", "{\"capabilities\":{\"max_data_xfer_size\":{}}}",
		 43},
		{"write_multiple a number", "{\"capabilities\":{\"write_multiple\":1}}", 38},
		{"twin_socket a number", "{\"capabilities\":{\"twin_socket\":1}}", 35},
		{"a number too large", "{\"capabilities\":{\"pgsizes\":99999999999999999999}}", 50},
	};
	struct fixture *f = *state;
	struct client *c = &f->client;
	size_t i;

	conformance_reconnect(f);
	for (i = 0; i < COUNT(bad); i++)
		if (propose(c, 0, 0, bad[i].data, bad[i].len) != -EINVAL)
			fail_msg("%s: not refused", bad[i].what);
	assert_int_equal(f->dev.attached, 0);
	/* It may try again. */
	assert_int_equal(propose(c, 0, 0, "{}", 3), 0);
	assert_int_equal(f->dev.attached, 1);
}

static void a_version_shorter_than_two_numbers_is_refused(void **state)
{
	const uint8_t zero[4] = {0};
	struct fixture *f = *state;
	size_t len;

	conformance_reconnect(f);
	for (len = 0; len < sizeof(zero); len++)
		assert_int_equal(client_call(&f->client, RVL_VFIO_USER_VERSION, zero, len, NULL, 0),
				 -EINVAL);
	assert_int_equal(f->dev.attached, 0);
}

static void a_second_version_is_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t v;

	assert_int_equal(propose(&f->client, 0, 0, "{}", 3), -EINVAL);
	assert_int_equal(propose(&f->client, 1, 0, "{}", 3), -EINVAL);
	assert_int_equal(f->dev.attached, 1);
	assert_int_equal(client_read(&f->client, 0, 0, &v, 4), 0);
}

static void nothing_is_done_before_a_version_is_agreed_on(void **state)
{
	struct rvl_vfio_user_dma_map map = {
		.argsz = sizeof(map), .flags = 3, .address = 0x1000, .size = PAGE};
	struct fixture *f = *state;
	struct client *c = &f->client;
	unsigned command, before;
	uint8_t id;

	conformance_reconnect(f);
	before = open_fds();
	for (command = 0; command < 32; command++)
		if (command != RVL_VFIO_USER_VERSION)
			assert_int_equal(client_call(c, command, NULL, 0, NULL, 0), -EINVAL);
	assert_int_equal(client_read(c, 0, 0, &id, 1), -EINVAL);
	assert_int_equal(client_call(c, RVL_VFIO_USER_DMA_MAP, &map, sizeof(map), &f->memfd, 1),
			 -EINVAL);
	assert_int_equal(f->dev.reads + f->dev.maps + f->dev.resets, 0);
	assert_int_equal(open_fds(), before);
	assert_int_equal(client_version(c), 0);
	assert_int_equal(client_read(c, 0, 0, &id, 1), 0);
}

int version_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_qemu_proposes_is_answered_with_our_limits),
		TEST(the_answer_fits_the_request_and_names_only_what_was_proposed),
		TEST(capabilities_that_are_unknown_or_not_wanted_are_left_out),
		TEST(version_data_is_optional),
		TEST(a_newer_minor_version_is_answered_with_ours),
		TEST(another_major_version_is_refused_and_the_connection_closed),
		TEST(version_data_that_is_no_proposal_is_refused),
		TEST(a_version_shorter_than_two_numbers_is_refused),
		TEST(a_second_version_is_refused),
		TEST(nothing_is_done_before_a_version_is_agreed_on),
	};

	return cmocka_run_group_tests_name("VERSION", tests, NULL, NULL);
}
