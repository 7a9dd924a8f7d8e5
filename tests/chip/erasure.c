/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/chip/oracle.h"

#include "tests/chip/traffic.h"

#define KEY_PART 16 /* octets; half of an AES-256 key is too much to be left */

static bool holds(const struct chip *chip, const struct rvl_esp_params *p)
{
	return rvl_sim_holds(chip->sim, p->key, KEY_PART) ||
	       rvl_sim_holds(chip->sim, p->key + p->key_len - KEY_PART, KEY_PART);
}

static bool add(struct chip *chip, const struct rvl_esp_params *p, uint16_t index,
		struct oracle_report *report)
{
	struct rvl_dev_sa sa = traffic_dev_sa(p);
	struct rvl_dev_error err = {""};

	if (!rvl_dev_sa_add(chip->dev, &sa, &index, &err))
		return true;
	snprintf(report->text, sizeof(report->text), "%s", err.text);
	return false;
}

static bool RVL_PRINTF(2, 3) fail(struct oracle_report *report, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(report->text, sizeof(report->text), fmt, args);
	va_end(args);
	return false;
}

/* Frames on the SA, so that the key has been everywhere that it goes. */
static bool use(struct chip *chip, uint16_t index, struct random *r)
{
	static struct frame f;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		size_t l2 = traffic_ethernet(r, frame_data(&f), 0x0800, false);

		f.len = l2 + traffic_ipv4(r, frame_data(&f) + l2, 500, i);
		rvl_frame_queue_send(chip->queues[0], frame_data(&f), f.len, index);
	}
	rvl_queue_kick(rvl_frame_queue_rings(chip->queues[0]));
	return chip_drain(chip);
}

static bool check(struct chip *chip, struct random *r, struct oracle_report *report)
{
	struct rvl_esp_params p[8];
	uint16_t i;

	for (i = 0; i < 8; i++) {
		traffic_sa(r, &p[i], i % 2 ? RVL_INBOUND : RVL_OUTBOUND, 256U + i);
		if (!add(chip, &p[i], i, report))
			return false;
		if (!(i % 2) && !use(chip, i, r))
			return fail(report, "%s", chip->text);
		if (!holds(chip, &p[i]))
			return fail(report, "the key of SA %u isn't where this test looks", i);
	}
	for (i = 0; i < 4; i++) {
		if (rvl_dev_sa_delete(chip->dev, i % 2, i, NULL))
			return fail(report, "%s", rvl_dev_dead(chip->dev));
		/* The other SAs still work, and drive out what is left in the pipeline. */
		if (!use(chip, 4, r))
			return fail(report, "%s", chip->text);
		if (holds(chip, &p[i]))
			return fail(report, "the key of SA %u is left after its deletion", i);
	}
	if (rvl_sim_flr(chip->sim))
		return fail(report, "no end of the reset");
	for (i = 4; i < 8; i++) {
		if (holds(chip, &p[i]))
			return fail(report, "the key of SA %u is left after a reset", i);
	}
	return true;
}

bool oracle_erasure(uint64_t seed, uint8_t mutation, struct oracle_report *report)
{
	struct rvl_sim_options options = RVL_SIM_OPTIONS_DEFAULT;
	struct random r = {.state = seed};
	struct chip *chip = calloc(1, sizeof(*chip));
	bool ok;

	if (!chip)
		abort();
	memset(report, 0, sizeof(*report));
	options.mutation = mutation;
	ok = chip_open(chip, &options, 5);
	if (!ok)
		fail(report, "%s", chip->text);
	else
		ok = check(chip, &r, report);
	chip_close(chip);
	free(chip);
	return ok;
}
