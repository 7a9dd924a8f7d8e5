/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/chip/oracle.h"

#include "tests/chip/traffic.h"

#define HALF 16 /* octets of a key that stand together where it is in use */
#define RESET_CYCLES 100000
#define DW 4 /* octets: no wider memory need have held them together */

static bool holds(const struct chip *chip, const struct rvl_sa_params *p)
{
	return rvl_sim_holds(chip->sim, p->encr_key, HALF) &&
	       rvl_sim_holds(chip->sim, p->encr_key + p->encr_key_len - HALF, HALF);
}

/* How many DWs of the key are anywhere. */
static unsigned int left(const struct chip *chip, const struct rvl_sa_params *p)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < p->encr_key_len; i += DW)
		n += rvl_sim_holds(chip->sim, p->encr_key + i, DW);
	return n;
}

static bool add(struct chip *chip, const struct rvl_sa_params *p, uint32_t index,
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
static bool use(struct chip *chip, uint32_t index, struct random *r)
{
	static struct frame f;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		size_t l2 = traffic_ethernet(r, frame_data(&f), 0x0800, false);

		f.len = l2 + traffic_ipv4(r, frame_data(&f) + l2, 500, i, false);
		rvl_frame_queue_send(chip->queues[0], frame_data(&f), f.len, index);
	}
	rvl_queue_kick(rvl_frame_queue_rings(chip->queues[0]));
	return chip_drain(chip);
}

/* Whether no DW of the key is left. */
static bool erased(struct chip *chip, const struct rvl_sa_params *p, const char *when,
		   struct oracle_report *report)
{
	unsigned int n = left(chip, p);

	return !n || fail(report, "%u DWs of the key of SA %u: some of it is left %s", n,
			  (unsigned int)p->spi, when);
}

/* Added, refused, deleted, and nothing else passes through the NIC meanwhile. */
static bool check_alone(struct chip *chip, struct random *r, struct oracle_report *report)
{
	struct rvl_sa_params p, other;
	struct rvl_dev_sa sa;
	uint32_t index = 7;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		traffic_sa(r, &p, i ? RVL_INBOUND : RVL_OUTBOUND, 1000 + i);
		traffic_sa(r, &other, p.direction, 2000 + i);
		if (!add(chip, &p, index, report))
			return false;
		if (!holds(chip, &p))
			return fail(report, "the key of SA %u isn't where this test looks", p.spi);
		sa = traffic_dev_sa(&other);
		if (!rvl_dev_sa_add(chip->dev, &sa, &index, NULL))
			return fail(report, "an index was used twice");
		if (!erased(chip, &other, "after it was refused", report))
			return false;
		if (rvl_dev_sa_delete(chip->dev, i, index, NULL))
			return fail(report, "%s", rvl_dev_dead(chip->dev));
		if (!erased(chip, &p, "after its deletion", report))
			return false;
	}
	return true;
}

static bool check_amid_traffic(struct chip *chip, struct random *r, struct oracle_report *report)
{
	struct rvl_sa_params p[8];
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
		if (!erased(chip, &p[i], "after its deletion", report))
			return false;
	}
	return true;
}

/* A reset right after the keys came: by the register, or of the function. */
static bool check_reset(struct chip *chip, struct random *r, bool flr, struct oracle_report *report)
{
	struct rvl_sa_params p[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		traffic_sa(r, &p[i], i ? RVL_INBOUND : RVL_OUTBOUND, 3000 + i);
		if (!add(chip, &p[i], 9, report))
			return false;
		if (!holds(chip, &p[i]))
			return fail(report, "the key of SA %u isn't where this test looks",
				    p[i].spi);
	}
	if (flr) {
		if (rvl_sim_flr(chip->sim))
			return fail(report, "no end of the reset");
	} else {
		rvl_sim_write32(chip->sim, 0, RVL_REG_CONTROL, RVL_CONTROL_RESET_MASK);
		for (i = 0; i < RESET_CYCLES; i++) {
			if (rvl_sim_read32(chip->sim, 0, RVL_REG_STATUS) == RVL_STATUS_READY_MASK)
				break;
		}
		if (i == RESET_CYCLES)
			return fail(report, "no end of the reset");
	}
	for (i = 0; i < 2; i++) {
		if (!erased(chip, &p[i], flr ? "after an FLR" : "after CONTROL.RESET", report))
			return false;
	}
	return true;
}

static bool check(struct chip *chip, struct random *r, struct oracle_report *report)
{
	if (!check_alone(chip, r, report) || !check_amid_traffic(chip, r, report) ||
	    !check_reset(chip, r, false, report))
		return false;
	chip_detach(chip);
	if (!chip_attach(chip, 5))
		return fail(report, "%s", chip->text);
	return check_reset(chip, r, true, report);
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
