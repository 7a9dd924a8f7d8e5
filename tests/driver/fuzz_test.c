/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver core against hostile devices, one after the other, each by its seed (exercise.h says
 * what must hold). The sanitizers watch.
 *
 * usage: driver_fuzz_test [seed=N] [runs=N] [seconds=N]
 *
 * It goes on for so many seconds, or with runs= for so many devices; the first has the seed.
 */
#include <inttypes.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tests/driver/exercise.h"
#include "tests/patience.h"

#ifdef FETCH
#include "tests/driver/fetch.h"
#define NAME "memory_that_changes_while_it_is_read_does_not_fool_the_driver"
#define SECONDS 20
#else
#define NAME "hostile_devices_neither_crash_nor_hang_nor_fool_the_driver"
#define SECONDS 60
#endif

#define STEPS 300

/* There when a sanitizer is; it tells of a death that no signal announces. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static uint64_t first_seed = 1;
static uint64_t runs;
static unsigned int seconds = SECONDS;
static char what[48];

static void say_seed(void)
{
	const char text[] = "\n# the run was ";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) > 0 &&
	    write(STDERR_FILENO, what, strlen(what)) > 0 && write(STDERR_FILENO, "\n", 1) > 0)
		return;
}

static void on_signal(int sig)
{
	say_seed();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Whether devices of all kinds were there. */
static bool run_all(void)
{
	static struct hostile h;
	uint64_t alive = 0, run;
	time_t end = time(NULL) + seconds;

	for (run = 0; runs ? run < runs : time(NULL) < end; run++) {
		snprintf(what, sizeof(what), "seed=%" PRIu64, first_seed + run);
		alarm(5 * patience_seconds());
		hostile_init(&h, first_seed + run, NULL, 0);
#ifdef FETCH
		fetch_watch(&h);
#endif
		alive += exercise(&h, STEPS, what);
#ifdef FETCH
		fetch_watch(NULL);
#endif
	}
	alarm(0);
	printf("# %" PRIu64 " devices from seed=%" PRIu64 ", %" PRIu64 " alive at the end\n", run,
	       first_seed, alive);
	return run < 1000 || (alive >= run / 20 && alive <= run - run / 20);
}

int main(int argc, char **argv)
{
	static const int deaths[] = {SIGABRT, SIGALRM, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
	bool good;
	size_t s;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "seed=", 5)) {
			first_seed = strtoull(argv[i] + 5, NULL, 0);
			runs = runs ? runs : 1;
		} else if (!strncmp(argv[i], "runs=", 5)) {
			runs = strtoull(argv[i] + 5, NULL, 0);
		} else if (!strncmp(argv[i], "seconds=", 8)) {
			seconds = (unsigned int)strtoul(argv[i] + 8, NULL, 0);
			runs = 0;
		}
	}
	/* A sanitizer's own handlers tell more. */
	for (s = 0; s < sizeof(deaths) / sizeof(deaths[0]); s++) {
		struct sigaction now;

		sigaction(deaths[s], NULL, &now);
		if (now.sa_handler == SIG_DFL)
			signal(deaths[s], on_signal);
	}
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(say_seed);
	printf("TAP version 13\n1..1\n");
	good = run_all();
	printf("%sok 1 - %s\n", good ? "" : "not ", NAME);
	return good ? 0 : 1;
}
