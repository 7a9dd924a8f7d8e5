/* SPDX-License-Identifier: BSD-2-Clause */
/* File descriptors: which message they belong to, and that none stays open. */
#include "tests/sim/conformance/messages.h"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

static void descriptors_with_a_message_that_takes_none_are_closed(void **state)
{
	static const unsigned counts[] = {1, 2, MAX_FDS, MAX_FDS + 1, 60};
	struct fixture *f = *state;
	unsigned before = open_fds(), i;
	struct message m;
	int fds[60];
	size_t n;

	for (i = 0; i < COUNT(fds); i++)
		fds[i] = f->memfd;
	for (i = 0; i < MESSAGES; i++) {
		message_of(&m, i);
		if (message_takes_descriptors(&m))
			continue;
		for (n = 0; n < COUNT(counts); n++) {
			assert_true(client_send_raw(&f->client, &m, m.hdr.size, fds, counts[n]));
			assert_int_equal(client_receive(&f->client, m.hdr.id, m.hdr.command),
					 -EINVAL);
			assert_int_equal(open_fds(), before);
		}
	}
	assert_int_equal(f->dev.resets + f->dev.reads + f->dev.writes, 0);
}

/* In the first octet, in the last, with the payload alone. */
static void a_descriptor_may_come_with_any_part_of_its_message(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	unsigned before = open_fds();
	struct message m;
	size_t at;

	message_of(&m, 1);
	for (at = 0; at < m.hdr.size; at++) {
		if (at)
			assert_true(client_send_raw(c, &m, at, NULL, 0));
		assert_true(client_send_raw(c, (char *)&m + at, 1, &f->memfd, 1));
		if (at + 1 < m.hdr.size)
			assert_true(client_send_raw(c, (char *)&m + at + 1, m.hdr.size - at - 1,
						    NULL, 0));
		assert_int_equal(client_receive(c, m.hdr.id, m.hdr.command), 0);
		assert_non_null(f->dev.mem);
		assert_int_equal(client_unmap(c, 0x500000, PAGE), 0);
		assert_int_equal(open_fds(), before);
	}
}

/* Two parts of one message with one each: that is two. */
static void descriptors_of_the_parts_add_up(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	unsigned before = open_fds();
	struct message m;
	size_t at;

	message_of(&m, 1);
	for (at = 0; at < m.hdr.size; at++)
		assert_true(client_send_raw(c, (char *)&m + at, 1, &f->memfd, 1));
	assert_int_equal(client_receive(c, m.hdr.id, m.hdr.command), -EINVAL);
	assert_int_equal(f->dev.maps, 0);
	assert_int_equal(open_fds(), before);
}

/* All there before the server looks: each message has its own, and the one without has none. */
static void descriptors_stay_with_their_message(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	unsigned before = open_fds(), i;
	int files[4];
	char octet;

	c->pump = NULL;
	for (i = 0; i < COUNT(files); i++) {
		struct rvl_vfio_user_dma_map m = {.argsz = sizeof(m),
						  .flags = 3,
						  .address = 0x10000ULL * (i + 1),
						  .size = PAGE};

		files[i] = memfd_create("one", MFD_CLOEXEC);
		assert_int_equal(ftruncate(files[i], PAGE), 0);
		octet = (char)('a' + i);
		assert_int_equal(pwrite(files[i], &octet, 1, 0), 1);
		client_send(c, RVL_VFIO_USER_DMA_MAP, RVL_VFIO_USER_NO_REPLY, &m, sizeof(m),
			    &files[i], i != 2);
	}
	/* One message at a time, to see what came with it. */
	for (i = 0; i < COUNT(files); i++) {
		assert_int_equal(rvl_vfio_user_work(f->dev.server, 1), 1);
		assert_int_equal(f->dev.maps, i + 1);
		if (i == 2)
			assert_null(f->dev.mem);
		else
			assert_int_equal(f->dev.mem[0], 'a' + i);
		close(files[i]);
	}
	c->pump = conformance_work;
	assert_int_equal(open_fds(), before);
}

/* What a refused message brought is closed, whatever it was refused for. */
static void descriptors_of_a_refused_message_are_closed(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->client;
	int fd = eventfd(0, EFD_CLOEXEC);
	unsigned before = open_fds(), i;
	struct message m;
	size_t bit;

	for (i = 1; i < MESSAGES; i++) {
		for (bit = 0; bit < 8 * 20; bit++) {
			message_of(&m, i);
			if (!message_takes_descriptors(&m))
				break;
			m.payload[bit / 8] ^= (uint8_t)(1U << bit % 8);
			assert_true(client_send_raw(
				c, &m, m.hdr.size,
				m.hdr.command == RVL_VFIO_USER_DMA_MAP ? &f->memfd : &fd, 1));
			if (client_receive(c, m.hdr.id, m.hdr.command) == 0) {
				message_of(&m, 2);
				assert_int_equal(client_call(c, RVL_VFIO_USER_DMA_UNMAP, m.payload,
							     24, NULL, 0),
						 0);
				assert_int_equal(client_set_irqs(c, NONE_TRIGGER, 0, 0, NULL, 0),
						 0);
			}
			assert_int_equal(open_fds(), before);
		}
	}
	close(fd);
}

int descriptor_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(descriptors_with_a_message_that_takes_none_are_closed),
		TEST(a_descriptor_may_come_with_any_part_of_its_message),
		TEST(descriptors_of_the_parts_add_up),
		TEST(descriptors_stay_with_their_message),
		TEST(descriptors_of_a_refused_message_are_closed),
	};

	return cmocka_run_group_tests_name("descriptors", tests, NULL, NULL);
}
