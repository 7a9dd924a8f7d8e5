/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients that come, wait and go, and the socket that they find. */
#include "tests/sim/conformance/messages.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A state that a client leaves behind. */
static void settle_in(struct fixture *f, int event)
{
	assert_int_equal(client_map(&f->client, f->memfd, 0, 0x10000, 4 * PAGE), 0);
	assert_int_equal(client_map(&f->client, -1, 0, 0x20000, 4 * PAGE), 0);
	assert_int_equal(client_set_irqs(&f->client, EVENTFD_TRIGGER, 3, 1, &event, 1), 0);
}

static void nothing_is_left(struct fixture *f)
{
	assert_int_equal(f->dev.attached, 0);
	assert_int_equal(f->dev.maps, 0);
	assert_true(f->dev.connected == 0);
	assert_false(f->dev.enabled);
	assert_false(rvl_vfio_user_irq(f->dev.server, 3));
	assert_int_equal(mappings_of("memfd:guest"), 0);
	assert_false(rvl_vfio_user_connected(f->dev.server));
}

/*
 * "all client memory regions are unmapped and cleaned up (including closing any passed file
 * descriptors); all IRQ file descriptors passed from the old client are closed; the device state
 * should otherwise be retained".
 */
static void a_client_that_goes_leaves_the_device_as_it_is(void **state)
{
	struct fixture *f = *state;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint32_t v = 7, r = 0;
	unsigned before;

	client_close(&f->client);
	before = open_fds();
	assert_true(client_connect(&f->client, f->dev.path));
	assert_int_equal(client_version(&f->client), 0);
	settle_in(f, event);
	assert_int_equal(client_write(&f->client, 0, 0, &v, 4), 0);
	client_close(&f->client);
	nothing_is_left(f);
	assert_int_equal(open_fds(), before);
	conformance_attach(f);
	assert_int_equal(client_read(&f->client, 0, 0, &r, 4), 0);
	assert_int_equal(r, 7);
	assert_int_equal(f->dev.resets, 0);
	/* It maps and connects anew. */
	settle_in(f, event);
	assert_true(rvl_vfio_user_irq(f->dev.server, 3));
	assert_int_equal(events(event), 1);
	close(event);
}

/* After each octet of each message, with a descriptor on its way where it takes one. */
static void a_client_may_go_inside_any_message(void **state)
{
	struct fixture *f = *state;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	unsigned before, i;
	struct message m;
	size_t at;

	client_close(&f->client);
	before = open_fds();
	for (i = 0; i < MESSAGES; i++) {
		for (at = 1; at < message_of(&m, i); at++) {
			assert_true(client_connect(&f->client, f->dev.path));
			if (i)
				assert_int_equal(client_version(&f->client), 0);
			if (i)
				settle_in(f, event);
			assert_true(client_send_raw(&f->client, &m, at, &f->memfd,
						    message_takes_descriptors(&m)));
			client_close(&f->client);
			nothing_is_left(f);
			assert_int_equal(open_fds(), before);
		}
	}
	assert_int_equal(f->dev.resets + f->dev.reads + f->dev.writes, 0);
	close(event);
}

/* The whole message is there, but nobody to hear the answer: it is done all the same. */
static void a_client_may_go_before_the_answer(void **state)
{
	struct fixture *f = *state;
	unsigned i;
	struct message m;

	for (i = 1; i < MESSAGES; i++) {
		f->client.pump = NULL;
		message_of(&m, i);
		assert_true(client_send_raw(&f->client, &m, m.hdr.size, NULL, 0));
		client_close(&f->client);
		f->client.pump = conformance_work;
		conformance_work(&f->dev);
		nothing_is_left(f);
		conformance_attach(f);
	}
	assert_int_equal(f->dev.resets, 1);
	assert_int_equal(f->dev.reads, 1);
	assert_int_equal(f->dev.writes, 3);
}

static void an_answer_that_is_cut_off_harms_only_its_client(void **state)
{
	struct fixture *f = *state;
	struct rvl_vfio_user_access a = {.region = 4, .count = MAX_DATA};
	uint32_t v;

	/* More than the socket holds, so that the server waits for room when the client goes. */
	client_send(&f->client, RVL_VFIO_USER_REGION_READ, 0, &a, sizeof(a), NULL, 0);
	assert_true(rvl_vfio_user_connected(f->dev.server));
	client_close(&f->client);
	assert_false(rvl_vfio_user_connected(f->dev.server));
	conformance_attach(f);
	assert_int_equal(client_read(&f->client, 0, 0, &v, 4), 0);
}

static void a_second_client_waits_for_the_first_to_go(void **state)
{
	struct fixture *f = *state;
	static struct client second;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int id;

	second.pump = conformance_work;
	second.ctx = &f->dev;
	settle_in(f, event);
	assert_true(client_connect(&second, f->dev.path));
	id = client_send(&second, RVL_VFIO_USER_VERSION, 0, "\0\0\0\0", 4, NULL, 0);
	assert_true(client_hears_nothing(&second));
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
	assert_int_equal(f->dev.maps, 2);
	assert_true(client_hears_nothing(&second));
	client_close(&f->client);
	assert_int_equal(client_receive(&second, id, RVL_VFIO_USER_VERSION), 0);
	/* Nothing of the first is the second's. */
	assert_int_equal(f->dev.attached, 1);
	assert_int_equal(f->dev.maps, 0);
	assert_true(f->dev.connected == 0);
	assert_int_equal(client_unmap(&second, 0x10000, 4 * PAGE), -ENOENT);
	client_close(&second);
	close(event);
}

static void a_second_client_that_gave_up_waiting_is_passed_over(void **state)
{
	struct fixture *f = *state;
	static struct client second;
	unsigned before = open_fds();

	second.pump = conformance_work;
	second.ctx = &f->dev;
	assert_true(client_connect(&second, f->dev.path));
	client_close(&second);
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
	conformance_attach(f);
	assert_int_equal(client_call(&f->client, RVL_VFIO_USER_RESET, NULL, 0, NULL, 0), 0);
	assert_int_equal(open_fds(), before);
}

static void clients_may_come_and_go_many_times(void **state)
{
	struct fixture *f = *state;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	unsigned before = open_fds(), i;

	for (i = 0; i < 500; i++) {
		conformance_reconnect(f);
		if (i % 3 == 0)
			continue;
		assert_int_equal(client_version(&f->client), 0);
		if (i % 3 == 1)
			settle_in(f, event);
	}
	conformance_attach(f);
	assert_int_equal(f->dev.attached, 1);
	assert_int_equal(f->dev.maps, 0);
	assert_int_equal(open_fds(), before);
	close(event);
}

static void a_server_that_ends_tells_its_client(void **state)
{
	struct fixture *f = *state;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	settle_in(f, event);
	rvl_vfio_user_destroy(f->dev.server);
	f->dev.server = NULL;
	assert_int_equal(f->dev.attached, 0);
	assert_int_equal(f->dev.maps, 0);
	assert_int_equal(client_receive(&f->client, 0, 0), -ECONNRESET);
	assert_int_equal(access(f->dev.path, F_OK), -1);
	close(event);
}

static int create(struct fixture *f, const char *path, char *err, unsigned size)
{
	struct rvl_vfio_user_device device = conformance_device(&f->dev);
	struct rvl_vfio_user *other;
	int rc = rvl_vfio_user_create(&other, path, &device, err, size);

	if (rc)
		assert_null(other);
	rvl_vfio_user_destroy(other);
	return rc;
}

static void a_stale_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char path[128], err[200];
	struct stat st;
	int fd;

	assert_int_equal(create(f, f->dev.path, err, sizeof(err)), -EADDRINUSE);
	assert_non_null(strstr(err, "another process listens there"));
	assert_int_equal(stat(f->dev.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	snprintf(path, sizeof(path), "%s/stale", f->dev.dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	assert_int_equal(create(f, path, err, sizeof(err)), 0);
	assert_int_equal(access(path, F_OK), -1);

	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(create(f, path, err, sizeof(err)), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	unlink(path);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(create(f, path, err, sizeof(err)), -ENAMETOOLONG);
	snprintf(path, sizeof(path), "%s/no/such", f->dev.dir);
	assert_int_equal(create(f, path, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "No such file or directory"));
}

int connection_tests(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_that_goes_leaves_the_device_as_it_is),
		TEST(a_client_may_go_inside_any_message),
		TEST(a_client_may_go_before_the_answer),
		TEST(an_answer_that_is_cut_off_harms_only_its_client),
		TEST(a_second_client_waits_for_the_first_to_go),
		TEST(a_second_client_that_gave_up_waiting_is_passed_over),
		TEST(clients_may_come_and_go_many_times),
		TEST(a_server_that_ends_tells_its_client),
		TEST(a_stale_socket_is_replaced_and_a_live_one_is_not),
	};

	return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
