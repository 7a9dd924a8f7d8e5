/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "driver/core/rvl_regs.h"

static const char help[] =
	"usage: ravelsim --socket PATH [option...]\n"
	"\n"
	"The Ravelin NIC, simulated from its RTL, as a PCIe device over vfio-user.\n"
	"\n"
	"  --socket PATH        serve vfio-user clients (raveld, QEMU) here, one at a time\n"
	"  --control PATH       take commands here: statistics, faults, removal\n"
	"  --port veth:IF       the wire: a packet socket on interface IF, which must be up\n"
	"  --port tap:IF        ... a TAP interface\n"
	"  --port pcap:IN,OUT   ... frames from capture file IN, into OUT; either may be empty\n"
	"  --port none          ... nothing (the default)\n"
	"  --mac ADDRESS        of the NIC's port (default: from the socket's path)\n"
	"  --address BB:DD.F    of the function on its bus (default 01:00.0)\n"
	"  --pcap-wire FILE     capture what crosses the wire, both ways\n"
	"  --fst FILE           write waves (slow), from --fst-from CYCLE on (default 0)\n"
	"  --seed N             of every random choice (default 1)\n"
	"  --latency N          cycles until host memory answers a read (default 64)\n"
	"  --latency-spread N   up to so many more, at random; reads then overtake each other\n"
	"  --wire-idle PERCENT  of cycles in which the wire pauses (default 0)\n"
	"  --without A,B,...    hide these bits of FEATURES from drivers, by their names\n"
	"  --keep-state         leave the device as it is when its client goes, keys and all, for\n"
	"                       debugging; otherwise it is reset, as by VFIO\n"
	"  --dump-config FILE   write the configuration space as lspci -F and libpci read it;\n"
	"                       without --socket, exit then\n"
	"  --stats-file FILE    write statistics as JSON at the end, and on SIGUSR1\n"
	"  --ready-fd N         write a line to this file descriptor when clients may connect\n"
	"  --help\n"
	"\n"
	"SIGINT and SIGTERM end it and print statistics; SIGUSR1 prints them and goes on.\n";

enum option_code {
	OPT_SOCKET = 256,
	OPT_CONTROL,
	OPT_PORT,
	OPT_MAC,
	OPT_ADDRESS,
	OPT_CAPTURE,
	OPT_FST,
	OPT_FST_FROM,
	OPT_SEED,
	OPT_LATENCY,
	OPT_LATENCY_SPREAD,
	OPT_WIRE_IDLE,
	OPT_WITHOUT,
	OPT_KEEP_STATE,
	OPT_DUMP_CONFIG,
	OPT_STATS_FILE,
	OPT_READY_FD,
	OPT_HELP,
};

static const struct option long_options[] = {
	{"socket", required_argument, NULL, OPT_SOCKET},
	{"control", required_argument, NULL, OPT_CONTROL},
	{"port", required_argument, NULL, OPT_PORT},
	{"mac", required_argument, NULL, OPT_MAC},
	{"address", required_argument, NULL, OPT_ADDRESS},
	{"pcap-wire", required_argument, NULL, OPT_CAPTURE},
	{"fst", required_argument, NULL, OPT_FST},
	{"fst-from", required_argument, NULL, OPT_FST_FROM},
	{"seed", required_argument, NULL, OPT_SEED},
	{"latency", required_argument, NULL, OPT_LATENCY},
	{"latency-spread", required_argument, NULL, OPT_LATENCY_SPREAD},
	{"wire-idle", required_argument, NULL, OPT_WIRE_IDLE},
	{"without", required_argument, NULL, OPT_WITHOUT},
	{"keep-state", no_argument, NULL, OPT_KEEP_STATE},
	{"dump-config", required_argument, NULL, OPT_DUMP_CONFIG},
	{"stats-file", required_argument, NULL, OPT_STATS_FILE},
	{"ready-fd", required_argument, NULL, OPT_READY_FD},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static bool number(const char *name, const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno || end == text || *end || strchr(text, '-') || *value > max) {
		fprintf(stderr, "ravelsim: --%s %s: not a number from 0 to %llu\n", name, text,
			(unsigned long long)max);
		return false;
	}
	return true;
}

static bool mac(const char *text, uint8_t to[6])
{
	unsigned v[6], i;
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
		   &end) != 6 ||
	    text[end] != '\0' || v[0] & 1) {
		fprintf(stderr, "ravelsim: --mac %s: not a unicast MAC address\n", text);
		return false;
	}
	for (i = 0; i < 6; i++)
		to[i] = (uint8_t)v[i];
	return true;
}

static bool address(const char *text, uint16_t *id)
{
	unsigned bus, device, function;
	int end = 0;

	if (sscanf(text, "%2x:%2x.%1u%n", &bus, &device, &function, &end) != 3 ||
	    text[end] != '\0' || device > 31 || function > 7) {
		fprintf(stderr, "ravelsim: --address %s: not a bus address like 01:00.0\n", text);
		return false;
	}
	*id = (uint16_t)(bus << 8 | device << 3 | function);
	return true;
}

#define FEATURE(name)                                                                              \
	{                                                                                          \
#name, RVL_FEATURES_##name##_MASK                                                  \
	}

/* What a driver may find lacking and do without. */
static const struct {
	const char *name;
	uint32_t bit;
} feature_names[] = {
	FEATURE(UDP_ENCAP),   FEATURE(AES_GCM_128), FEATURE(AES_GCM_192), FEATURE(AES_GCM_256),
	FEATURE(VLAN),	      FEATURE(IPV6),	    FEATURE(TRANSPORT),	  FEATURE(AH),
	FEATURE(ESN),	      FEATURE(SELECTORS),   FEATURE(UDP_PORTS),	  FEATURE(ICV_SHORT),
	FEATURE(IMPLICIT_IV), FEATURE(GMAC),
};

static bool features(const char *text, uint32_t *bits)
{
	const char *at = text;

	for (;;) {
		size_t len = strcspn(at, ","), n = sizeof(feature_names) / sizeof(*feature_names);
		size_t i = 0;

		while (i < n && (strlen(feature_names[i].name) != len ||
				 strncasecmp(feature_names[i].name, at, len) != 0))
			i++;
		if (i == n) {
			fprintf(stderr, "ravelsim: --without %s: \"%.*s\" is none of", text,
				(int)len, at);
			for (i = 0; i < n; i++)
				fprintf(stderr, " %s", feature_names[i].name);
			fputc('\n', stderr);
			return false;
		}
		*bits |= feature_names[i].bit;
		if (!at[len])
			return true;
		at += len + 1;
	}
}

/* Instances side by side get addresses of their own: the last three octets from the socket's path.
 */
static void derive_mac(const char *path, uint8_t to[6])
{
	char cwd[4096] = "";
	const char *parts[] = {path[0] != '/' && getcwd(cwd, sizeof(cwd)) ? cwd : "",
			       path[0] != '/' ? "/" : "", path};
	uint32_t hash = 2166136261U; /* FNV-1a */
	size_t i;

	for (i = 0; i < 3; i++)
		for (; *parts[i]; parts[i]++)
			hash = (hash ^ (uint8_t)*parts[i]) * 16777619U;
	to[3] = (uint8_t)(hash >> 16);
	to[4] = (uint8_t)(hash >> 8);
	to[5] = (uint8_t)hash;
}

static bool take(struct rvl_options *o, int option, const char *name, const char *arg)
{
	uint64_t n;

	switch ((enum option_code)option) {
	case OPT_SOCKET:
		o->socket = arg;
		return true;
	case OPT_CONTROL:
		o->control = arg;
		return true;
	case OPT_PORT:
		o->port = arg;
		return true;
	case OPT_MAC:
		o->mac_given = true;
		return mac(arg, o->sim.mac);
	case OPT_ADDRESS:
		return address(arg, &o->sim.requester_id);
	case OPT_CAPTURE:
		o->capture = arg;
		return true;
	case OPT_FST:
		o->sim.trace = arg;
		return true;
	case OPT_FST_FROM:
		return number(name, arg, UINT64_MAX, &o->sim.trace_from);
	case OPT_SEED:
		return number(name, arg, UINT64_MAX, &o->sim.seed);
	case OPT_LATENCY:
		if (!number(name, arg, 100000, &n))
			return false;
		o->sim.rootport.latency_min = (uint32_t)n;
		return true;
	case OPT_LATENCY_SPREAD:
		if (!number(name, arg, 100000, &n))
			return false;
		o->spread = (uint32_t)n;
		return true;
	case OPT_WIRE_IDLE:
		if (!number(name, arg, 99, &n))
			return false;
		o->sim.wire_idle_percent = (unsigned)n;
		return true;
	case OPT_WITHOUT:
		return features(arg, &o->sim.hidden);
	case OPT_KEEP_STATE:
		o->keep = true;
		return true;
	case OPT_DUMP_CONFIG:
		o->dump_config = arg;
		return true;
	case OPT_STATS_FILE:
		o->stats_file = arg;
		return true;
	case OPT_READY_FD:
		if (!number(name, arg, 1 << 20, &n))
			return false;
		o->ready_fd = (int)n;
		return true;
	case OPT_HELP:
		break;
	}
	return false;
}

int rvl_options_parse(struct rvl_options *o, int argc, char **argv)
{
	int option, index = 0;

	*o = (struct rvl_options){.port = "none", .ready_fd = -1, .sim = RVL_SIM_OPTIONS_DEFAULT};
	while ((option = getopt_long(argc, argv, "", long_options, &index)) != -1) {
		if (option == OPT_HELP) {
			fputs(help, stdout);
			return 0;
		}
		if (option == '?' || !take(o, option, long_options[index].name, optarg)) {
			fprintf(stderr, "ravelsim: --help lists the options\n");
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ravelsim: %s: not an option\n", argv[optind]);
		return 2;
	}
	o->sim.rootport.latency_max = o->sim.rootport.latency_min + o->spread;
	o->sim.rootport.reorder = o->spread > 0;
	if (o->socket && !o->mac_given)
		derive_mac(o->socket, o->sim.mac);
	if (!o->socket && !o->dump_config) {
		fprintf(stderr, "ravelsim: --socket PATH is needed (--help lists the options)\n");
		return 2;
	}
	return -1;
}
