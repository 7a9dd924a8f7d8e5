/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver core against a hostile device for libFuzzer: the input is what the device chooses, two
 * octets a choice, so what led to new code in the driver is kept and varied. `make fuzz` runs it.
 */
#include "tests/driver/exercise.h"

#ifdef FETCH
#include "tests/driver/fetch.h"
#endif

#define STEPS 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hostile h;
	/* Without choices left the device is honest: no use in going on for long. */
	unsigned int steps = size / 4 < STEPS ? (unsigned int)(size / 4) : STEPS;

	hostile_init(&h, 1, data, size);
#ifdef FETCH
	fetch_watch(&h);
#endif
	exercise(&h, steps, "this input");
#ifdef FETCH
	fetch_watch(NULL);
#endif
	return 0;
}
