/* SPDX-License-Identifier: BSD-2-Clause */
/* usage: vfio_user_conformance_test [pattern of test names, with *]      SEED: of random messages
 */
#include "tests/sim/conformance/conformance.h"

int main(int argc, char **argv)
{
	static int (*const groups[])(void) = {
		version_tests,	dma_map_tests,	  dma_unmap_tests,  info_tests,
		set_irqs_tests, region_tests,	  reset_tests,	    other_command_tests,
		header_tests,	descriptor_tests, connection_tests, nic_region_tests,
		nic_dma_tests,	nic_msix_tests,
	};
	int failed = 0;
	size_t i;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	for (i = 0; i < COUNT(groups); i++)
		failed += groups[i]();
	return failed != 0;
}
