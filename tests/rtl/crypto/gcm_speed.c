// SPDX-License-Identifier: BSD-2-Clause
/* How fast the Verilated engine runs: cycles a second, busy with packets of one length, and idle.
 */
#include "tests/rtl/crypto/gcm_dut.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Packets of len octets offered in busy of 100 cycles; one row of the table. */
static void measure(struct gcm_dut *d, unsigned int len, unsigned int busy, unsigned int cycles,
		    bool last)
{
	unsigned int w = gcm_dut_octets(), beats = (len + w - 1) / w, at = 0;
	struct gcm_in in = {.len = len, .aad_len = 8};
	unsigned long long octets = 0;
	double start;

	memset(in.data, 0x5a, sizeof(in.data));
	gcm_dut_set_out_ready(d, true);
	gcm_dut_set_in(d, NULL);
	start = seconds();
	for (unsigned int i = 0; i < cycles; i++) {
		bool offer = i % 100 < busy;

		if (offer) {
			in.sop = at == 0;
			in.eop = at + 1 == beats;
			in.bytes = in.eop ? len - at * w : w;
			in.data[i % w]++;
		}
		if (busy)
			gcm_dut_set_in(d, offer ? &in : NULL);
		if (offer && gcm_dut_in_ready(d)) {
			at = in.eop ? 0 : at + 1;
			octets += in.bytes;
		}
		gcm_dut_cycle(d);
	}
	printf("{\"direction\": \"%s\", \"bits a beat\": %u, \"octets a packet\": %u, "
	       "\"busy percent\": %u, \"octets a cycle\": %.2f, \"simulated kHz\": %.0f}%s\n",
	       gcm_dut_decrypts() ? "decrypt" : "encrypt", 8 * w, len, busy,
	       (double)octets / cycles, cycles / (seconds() - start) / 1e3, last ? "" : ",");
}

int main(void)
{
	static const unsigned int lengths[] = {64, 576, 1438, 8192};
	struct gcm_key key = {.key_len = 32};
	struct gcm_dut *d = gcm_dut_new();

	gcm_dut_cycle(d);
	gcm_dut_set_reset(d, false);
	while (!gcm_dut_ready(d))
		gcm_dut_cycle(d);
	memset(key.key, 0x42, sizeof(key.key));
	gcm_dut_set_key(d, &key);
	gcm_dut_cycle(d);
	gcm_dut_set_key(d, NULL);
	while (!gcm_dut_key_done(d))
		gcm_dut_cycle(d);
	printf("{\"aes-gcm engine\": [\n");
	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		measure(d, lengths[i], 100, 300000, false);
		measure(d, lengths[i], 10, 1000000, false);
	}
	measure(d, 64, 0, 4000000, true);
	printf("]}\n");
	gcm_dut_free(d);
	return 0;
}
