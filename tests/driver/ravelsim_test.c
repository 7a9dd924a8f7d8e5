/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user-space driver with ravelsim, process to process: attach, send, sleep until an interrupt,
 * reset, and what is left when the simulator is killed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "driver/user/rvl_frame_queue.h"
#include "driver/user/rvl_user.h"
#include "tests/driver/simulator.h"
#include "tests/patience.h"

struct nic {
	struct simulator simulator;
	struct rvl_user *user;
	struct rvl_dev *dev;
	struct rvl_frame_queue *queue;
};

static void attach(struct nic *n)
{
	const struct rvl_queue_options options = {.tx_log2 = 6, .rx_log2 = 6, .vector = 0};
	const struct rvl_dev_options control = {.control_vector = 1};
	struct rvl_dev_error err = {""};

	if (rvl_dev_open(rvl_user_os(n->user), &control, &n->dev, &err) ||
	    rvl_frame_queue_create(rvl_user_os(n->user), n->dev, 0, &options, &n->queue, &err) ||
	    rvl_dev_enable(n->dev, true))
		fail_msg("%s", err.text);
}

static void open_nic(struct nic *n)
{
	struct rvl_dev_error err = {""};

	if (rvl_user_open(n->simulator.address, NULL, &n->user, &err))
		fail_msg("%s", err.text);
	attach(n);
}

static void close_nic(struct nic *n)
{
	rvl_frame_queue_destroy(n->queue);
	rvl_dev_close(n->dev);
	n->queue = NULL;
	n->dev = NULL;
}

static void no_frame(void *ctx, uint8_t *frame, const struct rvl_completion *c)
{
	(void)ctx;
	(void)frame;
	(void)c;
	fail_msg("received a frame that nobody sent");
}

/* Send frames and sleep on the interrupt until all are done. */
static void exchange(struct nic *n, int frames)
{
	struct pollfd p = {.fd = rvl_user_irq_fd(n->user, 0), .events = POLLIN};
	const uint8_t frame[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6};
	int done = 0;
	int i;

	for (i = 0; i < frames; i++)
		assert_int_equal(rvl_frame_queue_send(n->queue, frame, sizeof(frame), RVL_NO_SA),
				 0);
	rvl_queue_kick(rvl_frame_queue_rings(n->queue));
	while (done < frames) {
		uint64_t count;
		int got = rvl_frame_queue_poll(n->queue, 64, no_frame, NULL);

		assert_true(got >= 0);
		done += got;
		if (got)
			continue;
		rvl_queue_arm(rvl_frame_queue_rings(n->queue));
		assert_int_equal(poll(&p, 1, patience_ms()), 1);
		assert_int_equal(read(p.fd, &count, sizeof(count)), sizeof(count));
	}
	assert_int_equal(rvl_frame_queue_tx_errors(n->queue), 0);
}

static void frames_leave_and_interrupts_arrive(void **state)
{
	struct rvl_dev_sa sa = {.key_len = 32, .icv_len = 16, .spi = 0x1000, .seq = 1, .ttl = 64};
	uint64_t counters[RVL_CNT_NUM];
	uint32_t index = RVL_INDEX_ANY;
	struct nic n;
	int round;

	(void)state;
	simulator_start(&n.simulator);
	open_nic(&n);
	for (round = 0; round < 3; round++)
		exchange(&n, 40);
	assert_int_equal(rvl_dev_sa_add(n.dev, &sa, &index, NULL), 0);
	assert_int_equal(rvl_dev_sa_delete(n.dev, false, index, NULL), 0);
	assert_int_equal(rvl_dev_counters(n.dev, counters), 0);
	assert_int_equal(counters[RVL_CNT_TX_BYPASS], 120);
	close_nic(&n);
	rvl_user_close(n.user);
	simulator_stop(&n.simulator, SIGTERM);
}

static void an_sa_that_needs_what_the_nic_lacks_is_refused_in_words(void **state)
{
	static const struct {
		struct rvl_dev_sa sa;
		const char *words;
	} refused[] = {
		{{.key_len = 32, .esn = true}, "extended sequence numbers"},
		{{.key_len = 24}, "AES-GCM-192"},
		{{.key_len = 32, .transport = true}, "transport mode"},
		{{.key_len = 32, .ipv6 = true, .ttl = 64}, "IPv6"},
	};
	struct rvl_dev_sa sa = {.key_len = 32, .icv_len = 16, .spi = 0x1000, .seq = 1, .ttl = 64};
	struct rvl_dev_error err = {""};
	uint32_t index = RVL_INDEX_ANY;
	struct nic n;
	size_t i;

	(void)state;
	simulator_start_without(&n.simulator, "ESN,AES_GCM_192,TRANSPORT,IPV6");
	open_nic(&n);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct rvl_dev_sa lacking = refused[i].sa;

		lacking.icv_len = 16;
		lacking.spi = 0x1000;
		lacking.seq = 1;
		assert_int_equal(rvl_dev_sa_add(n.dev, &lacking, &index, &err), -EOPNOTSUPP);
		if (!strstr(err.text, refused[i].words))
			fail_msg("\"%s\": not \"%s\"", err.text, refused[i].words);
	}
	assert_int_equal(rvl_dev_sa_add(n.dev, &sa, &index, &err), 0);
	exchange(&n, 4);
	close_nic(&n);
	rvl_user_close(n.user);
	simulator_stop(&n.simulator, SIGTERM);
}

static void after_a_function_level_reset_it_is_opened_anew(void **state)
{
	struct nic n;

	(void)state;
	simulator_start(&n.simulator);
	open_nic(&n);
	exchange(&n, 10);
	assert_int_equal(rvl_user_reset(n.user), 0);
	assert_int_equal(rvl_dev_check(n.dev), -EIO);
	close_nic(&n);
	attach(&n);
	exchange(&n, 10);
	close_nic(&n);
	rvl_user_close(n.user);

	/* The next client finds it as it should be. */
	open_nic(&n);
	exchange(&n, 10);
	close_nic(&n);
	rvl_user_close(n.user);
	simulator_stop(&n.simulator, SIGTERM);
}

static void a_killed_simulator_is_a_device_that_is_gone(void **state)
{
	struct rvl_dev_error err = {""};
	struct pollfd p = {.events = POLLIN};
	struct nic n;

	(void)state;
	simulator_start(&n.simulator);
	open_nic(&n);
	exchange(&n, 10);
	simulator_stop(&n.simulator, SIGKILL);
	p.fd = rvl_user_poll_fd(n.user);
	assert_int_equal(poll(&p, 1, patience_ms()), 1);
	assert_int_equal(rvl_user_service(n.user), -ENODEV);
	assert_int_equal(rvl_dev_nop(n.dev, &err), -ENODEV);
	assert_non_null(strstr(err.text, "gone"));
	assert_int_equal(rvl_frame_queue_poll(n.queue, 64, no_frame, NULL), -ENODEV);
	close_nic(&n);
	rvl_user_close(n.user);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_leave_and_interrupts_arrive),
		cmocka_unit_test(an_sa_that_needs_what_the_nic_lacks_is_refused_in_words),
		cmocka_unit_test(after_a_function_level_reset_it_is_opened_anew),
		cmocka_unit_test(a_killed_simulator_is_a_device_that_is_gone),
	};

	simulator_find(argv[0]);
	(void)argc;
	return cmocka_run_group_tests_name("driver with ravelsim", tests, NULL, NULL);
}
