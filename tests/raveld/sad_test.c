// SPDX-License-Identifier: BSD-2-Clause
// SAs and policies on the software data path, on a veth pair in a network namespace of its own.
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/esp/ip.h"
#include "host/sa/sad.h"
#include "host/sa/wire.h"

#define SAS 4096

struct bed {
	struct rvl_backend *backend;
	struct rvl_sad *sad;
	struct rvl_wire *far; /* the other end of the wire */
};

static struct ike_ts_list ts_of(const char *text)
{
	struct ike_ts_list list = {.count = 1};
	char reason[128];

	if (ike_ts_parse(text, &list.list[0], reason, sizeof(reason)))
		fail_msg("%s", reason);
	return list;
}

static struct ike_addr addr_of(const char *text)
{
	struct ike_addr addr;

	assert_int_equal(ike_addr_parse(text, &addr), 0);
	return addr;
}

static int set_up(void **state)
{
	struct rvl_backend_error error = {""};
	struct bed *bed = calloc(1, sizeof(*bed));

	if (geteuid() || unshare(CLONE_NEWNET) ||
	    system("ip link add wire0 type veth peer name wire1 && ip link set wire1 up"))
		return -1;
	if (rvl_backend_soft_open("wire0", &bed->backend, &error) ||
	    rvl_wire_open("wire1", &bed->far, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return -1;
	}
	bed->sad = rvl_sad_new(bed->backend);
	*state = bed;
	return bed->sad ? 0 : -1;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	rvl_sad_free(bed->sad);
	rvl_wire_close(bed->far);
	bed->backend->ops->close(bed->backend);
	free(bed);
	return 0;
}

static uint8_t key[36];

static struct rvl_child child_of(uint64_t id, const struct ike_ts_list *local,
				 const struct ike_ts_list *remote)
{
	return (struct rvl_child){
		.id = id,
		.local = addr_of("192.0.2.1"),
		.remote = addr_of("192.0.2.2"),
		.spi_in = (uint32_t)(0x10000 + id),
		.spi_out = (uint32_t)(0x20000 + id),
		.key_in = key,
		.key_out = key,
		.key_len = sizeof(key),
		.local_ts = local,
		.remote_ts = remote,
		.replay_window = 64,
	};
}

/* Send a packet 10.1.0.1 -> 10.2.0.1. Its SPI on the wire, 0 when nothing came, 1 for clear text.
 */
static uint32_t spi_on_the_wire(struct bed *bed)
{
	uint8_t *p = bed->backend->ops->tx_buffer(bed->backend);
	uint8_t frame[256];
	int len;

	memset(p, 0, 60);
	rvl_put_be16(p + 12, 0x0800);
	p[14] = 0x45;
	rvl_put_be16(p + 16, 46);
	p[22] = 64;
	p[23] = 17;
	rvl_put_be32(p + 26, 0x0a010001);
	rvl_put_be32(p + 30, 0x0a020001);
	rvl_put_be16(p + 24, rvl_ip_checksum(p + 14, 20));
	assert_int_equal(bed->backend->ops->tx(bed->backend, 60), 0);
	do {
		len = rvl_wire_receive(bed->far, frame, sizeof(frame));
	} while (len >= 0 && (len < 60 || frame[12] != 8 || frame[13] != 0));
	if (len < 0)
		return 0;
	return frame[23] == RVL_IP_PROTO_ESP ? rvl_get_be32(frame + 34) : 1;
}

static void newest_sa_of_a_flow_has_its_traffic(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16"),
			   narrow = ts_of("10.2.0.0/24");
	struct rvl_backend_error error = {""};
	struct rvl_child first = child_of(1, &local, &remote),
			 second = child_of(2, &local, &remote),
			 third = child_of(3, &local, &narrow);
	struct bed *bed = *state;

	assert_int_equal(spi_on_the_wire(bed), 1);
	assert_int_equal(rvl_sad_protect(bed->sad, &local, &remote, &error), 0);
	assert_int_equal(rvl_sad_protect(bed->sad, &local, &remote, &error), 0);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1);
	assert_int_equal(spi_on_the_wire(bed), 0);
	assert_int_equal(rvl_sad_child_add(bed->sad, &first, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), 0x20001);
	assert_int_equal(rvl_sad_child_add(bed->sad, &second, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), 0x20002);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 2);
	assert_int_equal(rvl_sad_child_add(bed->sad, &third, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), 0x20003);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 3, &error), 0);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 2, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), 0x20001);
	assert_int_equal(rvl_sad_child_add(bed->sad, &second, &error), 0);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 1, &error), 0);
	assert_int_equal(spi_on_the_wire(bed), 0x20002);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 2, &error), 0);
	assert_int_equal(rvl_sad_child_remove(bed->sad, 2, &error), -ENOENT);
	assert_int_equal(spi_on_the_wire(bed), 0);
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1);
	assert_int_equal(rvl_sad_child_count(bed->sad), 0);
}

static void child_that_is_refused_leaves_nothing(void **state)
{
	struct ike_ts_list local = ts_of("10.1.0.0/16"), remote = ts_of("10.2.0.0/16"),
			   six = ts_of("fec0::/64");
	struct rvl_backend_error error = {""};
	struct rvl_child good = child_of(1, &local, &remote), bad;
	struct bed *bed = *state;

	assert_int_equal(rvl_sad_child_add(bed->sad, &good, &error), 0);
	bad = child_of(1, &local, &remote);
	assert_int_equal(rvl_sad_child_add(bed->sad, &bad, &error), -EEXIST);
	bad = child_of(2, &local, &remote);
	bad.spi_in = good.spi_in;
	assert_int_equal(rvl_sad_child_add(bed->sad, &bad, &error), -EEXIST);
	bad = child_of(2, &local, &six);
	assert_int_equal(rvl_sad_child_add(bed->sad, &bad, &error), -EOPNOTSUPP);
	bad = child_of(2, &local, &remote);
	bad.key_len = 28;
	assert_int_equal(rvl_sad_child_add(bed->sad, &bad, &error), -EOPNOTSUPP);
	bad = child_of(2, &local, &remote);
	bad.spi_out = 255;
	assert_int_equal(rvl_sad_child_add(bed->sad, &bad, &error), -EINVAL);
	assert_int_equal(spi_on_the_wire(bed), 0x20001);
	assert_int_equal(rvl_sad_child_count(bed->sad), 1);
	bad = child_of(2, &local, &remote);
	assert_int_equal(rvl_sad_child_add(bed->sad, &bad, &error), 0);
}

/* More selectors than there are policies: refused half-way, and taken back. */
static void child_beyond_the_policy_table_is_taken_back(void **state)
{
	struct ike_ts_list remote = ts_of("10.2.0.0/16"), local = {0};
	struct rvl_backend_error error = {""};
	struct bed *bed = *state;
	uint64_t id = 0;
	int err = 0;

	while (!err && id < 20) {
		local.count = 16;
		for (unsigned int i = 0; i < 16; i++) {
			char text[32];

			snprintf(text, sizeof(text), "10.%u.%u.0/24", 100 + (unsigned int)id, i);
			local.list[i] = ts_of(text).list[0];
		}
		struct rvl_child child = child_of(++id, &local, &remote);

		/* 15 fit on the last one, before the 16th doesn't */
		if (id == 1)
			assert_int_equal(rvl_sad_protect(bed->sad, &remote, &remote, &error), 0);
		err = rvl_sad_child_add(bed->sad, &child, &error);
	}
	assert_int_equal(err, -ENOSPC);
	assert_non_null(strstr(error.text, "256 policies"));
	assert_int_equal(rvl_sad_policy_count(bed->sad), 1 + 16 * (id - 1));
	assert_int_equal(rvl_sad_child_count(bed->sad), id - 1);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void spis_never_collide(void **state)
{
	static uint32_t spis[SAS];
	struct bed *bed = *state;

	for (int i = 0; i < SAS; i++) {
		spis[i] = rvl_sad_alloc_spi(bed->sad);
		assert_true(spis[i] >= RVL_ESP_SPI_MIN);
	}
	assert_int_equal(rvl_sad_alloc_spi(bed->sad), 0);
	rvl_sad_release_spi(bed->sad, spis[17]);
	spis[17] = rvl_sad_alloc_spi(bed->sad);
	assert_int_not_equal(spis[17], 0);
	qsort(spis, SAS, sizeof(spis[0]), compare);
	for (int i = 1; i < SAS; i++)
		assert_int_not_equal(spis[i], spis[i - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(newest_sa_of_a_flow_has_its_traffic, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(child_that_is_refused_leaves_nothing, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(child_beyond_the_policy_table_is_taken_back, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(spis_never_collide, set_up, tear_down),
	};

	if (geteuid()) {
		printf("1..0 # skip network namespaces need root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
