// SPDX-License-Identifier: BSD-2-Clause
/* raveld: parts are opened in order and closed in reverse. */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/eap/eap.h"
#include "host/raveld/accounting.h"
#include "host/raveld/check.h"
#include "host/raveld/control.h"
#include "host/raveld/daemon.h"
#include "host/raveld/devices.h"
#include "host/raveld/fetch.h"
#include "host/raveld/radius.h"
#include "host/raveld/tap.h"
#include "host/trust/trust.h"

#define DEFAULT_CONFIG "/etc/ravelin/ravelin.conf"
#define STOP_TIMEOUT_MS 3000
#define WATCHDOG_MS 1000
#define WIRE_MTU 1500
/* Outer IPv4, UDP */
#define OVERHEAD (20 + 8)
#define OVERHEAD_IPV6 (40 + 8)
/* With AES-GCM: ESP header, IV, length of padding with the next header, ICV */
#define ESP_GCM (8 + 8 + 2 + 16)
#define ETHERNET_WITH_TAGS 22

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char usage[] =
	"usage: raveld [--config FILE] [--check | --close]\n"
	"       raveld --list-devices [DUMP]\n"
	"\n"
	"IKEv2 and ESP with a Ravelin NIC, or in software.\n"
	"\n"
	"  -c, --config FILE  configuration (" DEFAULT_CONFIG ")\n"
	"      --check        read the configuration, say whether it is good and fits the NIC,\n"
	"                     and end\n"
	"      --close        close other ways to the configured remote networks, and end\n"
	"      --list-devices [DUMP]  the NICs on this machine, or in a file of `lspci -xxxx`\n"
	"                     form such as ravelsim writes, and end\n"
	"  -h, --help         this text\n"
	"\n"
	"SIGTERM and SIGINT: tell peers, erase keys, end. Remote networks stay closed; `ravelctl\n"
	"release` opens them. SIGHUP: read FILE anew, as `ravelctl reload`.\n"
	"Exit status: 0 ended as asked, 1 something failed, 2 usage.\n";

/* Keys are in memory from here on: no core dump may hold it, no debugger look at it. */
static void forbid_core_dumps(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static void on_stop_deadline(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	log_warning(&d->log, "not every peer has answered; ending");
	uv_stop(&d->loop);
}

void daemon_stop(struct daemon *d, int exit_code)
{
	if (exit_code != EXIT_OK)
		d->exit_code = exit_code;
	if (d->stopping)
		return;
	d->stopping = true;
	uv_timer_start(&d->deadline, on_stop_deadline, STOP_TIMEOUT_MS, 0);
	negotiation_stop(d);
	/* Nothing leaves through a dead device, so there is no answer to wait for. */
	if (d->backend->ops->dead(d->backend))
		uv_stop(&d->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct daemon *d = handle->data;

	if (number == SIGHUP) {
		if (!d->stopping)
			json_decref(reload(d));
		negotiation_settle(d);
		return;
	}
	log_info(&d->log, "%s: ending", strsignal(number));
	daemon_stop(d, EXIT_OK);
}

static void data_path_failed(struct daemon *d, const char *reason)
{
	if (d->failed)
		return;
	d->failed = true;
	log_error(&d->log, "the data path has stopped: %s; no traffic passes, ending", reason);
	daemon_stop(d, EXIT_FAILED);
}

void daemon_check_data_path(struct daemon *d)
{
	const char *dead = d->backend->ops->dead(d->backend);

	if (dead)
		data_path_failed(d, dead);
}

static void on_datapath_failed(uv_async_t *async)
{
	struct daemon *d = async->data;

	/* What a data thread met may only be a sign of what the backend knows by now. */
	daemon_check_data_path(d);
	data_path_failed(d, datapath_reason(d->datapath));
}

/* A device that stopped may not be able to tell. */
static void on_watchdog(uv_timer_t *timer)
{
	struct daemon *d = timer->data;

	d->backend->ops->check(d->backend);
	sockets_count(d->sockets);
	daemon_check_data_path(d);
}

/* On a data thread. */
static void datapath_failed(void *context)
{
	uv_async_send(&((struct daemon *)context)->datapath_failed);
}

/* May a peer of the connection come over IPv6? */
static bool may_be_ipv6(const struct conf_daemon *daemon, const struct conf_connection *c)
{
	uint8_t family = conf_connection_family(c);

	for (size_t i = 0; !family && i < daemon->address_count; i++)
		if (daemon->addresses[i].ip.family == 6)
			return true;
	return family == 6;
}

/* The largest inner packet whose ESP packet fits into the wire's MTU, whatever is outside: *mtu. 0,
 * or -EINVAL with the reason in the log: a netdev of so little would have no IPv6. */
static int inner_mtu(const struct daemon *d, unsigned int *mtu)
{
	const struct conf_daemon *daemon = &d->conf->daemon;
	unsigned int overhead = OVERHEAD;
	struct rvl_backend_info info;

	/* Without a netdev it is the routes that say. */
	if (daemon->backend == CONF_BACKEND_XFRM)
		return 0;
	d->backend->ops->info(d->backend, &info);
	for (size_t i = 0; i < d->conf->connection_count; i++)
		if (info.abilities.outer & RVL_FAMILY_IPV6 &&
		    may_be_ipv6(daemon, &d->conf->connections[i]))
			overhead = OVERHEAD_IPV6;
	*mtu = daemon->mtu ? daemon->mtu
			   : conf_inner_mtu(d->conf, &info.abilities, d->wire_mtu - overhead);
	if (*mtu >= CONF_IPV6_MTU || !conf_has_ipv6(d->conf))
		return 0;
	log_error(&d->log, "%s: its MTU would be %u, and IPv6 needs %d", daemon->netdev, *mtu,
		  CONF_IPV6_MTU);
	return -EINVAL;
}

void daemon_fit_mtu(struct daemon *d)
{
	unsigned int mtu = d->mtu;
	int err = inner_mtu(d, &mtu);

	if (!err && mtu != d->mtu)
		err = tap_set_mtu(d->conf->daemon.netdev, mtu);
	if (err)
		log_error(&d->log, "%s: its MTU stays %u: %s", d->conf->daemon.netdev, d->mtu,
			  strerror(-err));
	else
		d->mtu = mtu;
}

/* As many as it may have processors for, if that isn't configured. */
static unsigned int data_threads(const struct conf_daemon *c)
{
	unsigned int processors;
	cpu_set_t may;

	if (c->data_threads)
		return c->data_threads;
	processors = sched_getaffinity(0, sizeof(may), &may) ? 1 : (unsigned int)CPU_COUNT(&may);
	return processors < RVL_FANOUT_MAX ? processors : RVL_FANOUT_MAX;
}

/* The NIC, and software for what it hasn't. */
static int open_joint(const struct conf_daemon *c, struct rvl_soft_config soft,
		      struct rvl_backend **backend, struct rvl_backend_error *error)
{
	struct rvl_backend_info info;
	struct rvl_backend *nic;
	int err = rvl_backend_user_open(c->device, &nic, error);

	if (err)
		return err;
	nic->ops->info(nic, &info);
	soft.wire = NULL;
	soft.max_frame =
		(uint16_t)(info.max_frame < RVL_BACKEND_FRAME ? info.max_frame : RVL_BACKEND_FRAME);
	err = rvl_backend_joint_open(&soft, nic, backend, error);
	if (err)
		nic->ops->close(nic);
	return err;
}

static int open_backend(struct daemon *d)
{
	const struct conf_daemon *c = &d->conf->daemon;
	const struct rvl_soft_config soft = {
		.wire = c->wire,
		.port = c->port,
		.port_natt = c->port_nat,
		.threads = data_threads(c),
		.sas = RVL_SOFT_SAS,
		.policies = RVL_SOFT_POLICIES,
	};
	struct rvl_backend_error error = {""};
	struct conf_error lacking = {""};
	struct rvl_backend_info info;
	const char *name;
	int err;

	switch (c->backend) {
	case CONF_BACKEND_SOFT:
		err = rvl_backend_soft_open(&soft, &d->backend, &error);
		name = "backend soft";
		break;
	case CONF_BACKEND_XFRM:
		err = rvl_backend_xfrm_open(&d->backend, &error);
		name = "backend xfrm";
		break;
	case CONF_BACKEND_JOINT:
		err = open_joint(c, soft, &d->backend, &error);
		name = c->device;
		break;
	default:
		err = rvl_backend_user_open(c->device, &d->backend, &error);
		name = c->device;
	}
	if (err) {
		log_error(&d->log, "%s: %s", name, error.text);
		return err;
	}
	d->backend->ops->info(d->backend, &info);
	err = conf_check_abilities(d->conf, &info.abilities, &lacking);
	if (err) {
		log_error(&d->log, "%s", lacking.text);
		return err;
	}
	d->wire_mtu =
		c->backend == CONF_BACKEND_SOFT ? info.max_frame - ETHERNET_WITH_TAGS : WIRE_MTU;
	err = inner_mtu(d, &d->mtu);
	if (err)
		return err;
	/* Who asks for more behind the NIC has a wire that takes it. */
	if (conf_has_nic(c) && d->mtu + ESP_GCM + OVERHEAD > d->wire_mtu)
		d->wire_mtu = d->mtu + ESP_GCM + OVERHEAD;
	log_info(&d->log, "backend %s on %s%s%s: %u outbound and %u inbound SAs", info.kind,
		 info.device, info.pci_id[0] ? ", PCI ID " : "", info.pci_id, info.outbound_sas,
		 info.inbound_sas);
	if (info.link && strcmp(info.link, "up") != 0)
		log_warning(&d->log, "the NIC's link is %s", info.link);
	d->sad = rvl_sad_new(d->backend);
	if (!d->sad) {
		log_error(&d->log, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

static int open_netdev(struct daemon *d)
{
	const struct conf_daemon *c = &d->conf->daemon;
	struct tap_error error = {""};
	struct rvl_backend_info info;
	unsigned int queues = 0;
	int err;

	d->backend->ops->info(d->backend, &info);
	for (const struct rvl_frames *f = d->backend->frames; f; f = f->next)
		queues++;
	err = queues ? tap_open(c->netdev, info.mac, d->mtu, queues, d->taps, &error) : 0;
	if (err) {
		log_error(&d->log, "%s", error.text);
		return err;
	}
	d->tap_count = queues;
	err = routes_open(c, &d->log, d->closing, &d->routes);
	if (err)
		return err;
	if (d->backend->frames && c->dns)
		d->resolver = resolver_new(&d->loop, c->netdev, &d->log);
	d->vips = vips_new(d->conf, d->routes, d->resolver, &d->log);
	return d->vips && (d->resolver || !c->dns || !d->backend->frames) ? follow_start(d)
									  : -ENOMEM;
}

/* Before all else: whatever fails from here on, protected flows have no other way out. */
static int close_ways(struct daemon *d)
{
	const struct remains_daemon *other;
	int err = closing_open(d->conf, &d->log, &d->closing);

	if (err)
		return err;
	other = closing_other(d->closing);
	if (other) {
		log_error(&d->log,
			  "raveld is running already: %s is its, and its control socket is %s",
			  other->netdev, other->socket);
		return -EALREADY;
	}
	return closing_close_configured(d->closing, true);
}

/* Policies are in place by now: from here on frames pass. */
static int start_datapath(struct daemon *d)
{
	struct rvl_frames *frames = d->backend->frames;
	struct datapath_config config = {
		.frames = frames,
		.inbound = rvl_sad_inbound(d->sad),
		.policies = rvl_sad_policies(d->sad),
		.ike_ports = {d->conf->daemon.port, d->conf->daemon.port_nat},
		.traps = rvl_sad_traps(d->sad),
		.fit = rvl_sad_fit(d->sad),
		.sprung = traps_sprung,
		.hinted = paths_hinted,
		.taps = d->taps,
		.failed = datapath_failed,
		.context = d,
	};
	struct rvl_backend_error error = {""};
	const unsigned int frame = d->wire_mtu + ETHERNET_WITH_TAGS;
	struct rvl_backend_info info;
	int err;

	d->backend->ops->info(d->backend, &info);
	memcpy(config.station, info.mac, sizeof(config.station));
	err = frames ? frames->ops->start(frames, (uint16_t)frame, &error) : 0;
	if (err) {
		log_error(&d->log, "the data path can't start: %s", error.text);
		return err;
	}
	err = frames ? datapath_start(&config, &d->datapath) : 0;
	if (err)
		log_error(&d->log, "the data path can't start: %s", strerror(-err));
	else
		uv_timer_start(&d->watchdog, on_watchdog, WATCHDOG_MS, WATCHDOG_MS);
	return err;
}

static int open_handles(struct daemon *d)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	int err = uv_loop_init(&d->loop);

	if (err)
		return err;
	d->loop.data = d;
	uv_timer_init(&d->loop, &d->deadline);
	d->deadline.data = d;
	uv_timer_init(&d->loop, &d->watchdog);
	d->watchdog.data = d;
	uv_async_init(&d->loop, &d->datapath_failed, on_datapath_failed);
	d->datapath_failed.data = d;
	for (int i = 0; i < 3; i++) {
		uv_signal_init(&d->loop, &d->signals[i]);
		d->signals[i].data = d;
		err = uv_signal_start(&d->signals[i], on_signal, numbers[i]);
		if (err)
			return err;
	}
	return 0;
}

static void close_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static int start(struct daemon *d)
{
	int err = close_ways(d);

	if (!err)
		err = open_backend(d);
	if (!err)
		err = open_netdev(d);
	if (!err)
		err = pools_open(&d->loop, d->conf, &d->log, &d->pools);
	if (!err)
		err = negotiation_start(d);
	if (!err)
		err = paths_start(d);
	if (!err)
		err = start_datapath(d);
	if (!err)
		err = control_open(d, d->conf->daemon.socket);
	return err;
}

/* The data path first: with its threads gone, no frame passes while policies are taken down. */
static void finish(struct daemon *d)
{
	datapath_stop(d->datapath);
	control_close(d->control);
	d->control = NULL;
	sockets_close(d->sockets);
	d->sockets = NULL;
	streams_close(d->streams);
	d->streams = NULL;
	jobs_stop(d->jobs);
	radius_stop(d->radius);
	fetch_stop(d->fetch);
	accounting_close(d->accounting);
	ike_engine_free(d->engine);
	rekeying_stop(d);
	rvl_sad_free(d->sad);
	vips_free(d->vips);
	routes_close(d->routes);
	uv_walk(&d->loop, close_handle, NULL);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	jobs_free(d->jobs);
	radius_free(d->radius);
	fetch_free(d->fetch);
	pools_close(d->pools);
	resolver_free(d->resolver);
	uv_loop_close(&d->loop);
	follow_stop(d);
	for (unsigned int i = 0; i < d->tap_count; i++)
		close(d->taps[i]);
	if (d->backend)
		d->backend->ops->close(d->backend);
	closing_close(d->closing);
	wishes_free(d);
}

void daemon_warn_of_readers(const struct conf *conf, const struct log *log)
{
	struct stat st;

	const size_t secrets = conf->secret_count + conf->user_count + conf->ppk_count;

	for (size_t i = 0; secrets && i < conf->file_count; i++)
		if (!stat(conf->files[i], &st) && (st.st_mode & (S_IRWXG | S_IRWXO)))
			log_warning(log,
				    "%s: others than its owner may read it, and secrets are "
				    "configured",
				    conf->files[i]);
}

static void tell_ready(const struct daemon *d)
{
	const struct conf_daemon *c = &d->conf->daemon;

	if (d->backend->frames)
		log_info(&d->log, "ready: netdev %s, MTU %u, control socket %s", c->netdev, d->mtu,
			 c->socket);
	else
		log_info(&d->log, "ready: control socket %s", c->socket);
}

static int run(const char *path, struct conf *conf, struct trust *trust, struct eap *eap)
{
	struct daemon d = {
		.conf_path = path,
		.conf = conf,
		.trust = trust,
		.eap = eap,
		.log = log_open((enum log_level)conf->daemon.log_level),
		.notices_fd = -1,
		.stop_answer = -1,
	};
	int err = open_handles(&d);

	if (err) {
		log_error(&d.log, "event loop: %s", uv_strerror(err));
		return EXIT_FAILED;
	}
	daemon_warn_of_readers(conf, &d.log);
	err = start(&d);
	if (!err) {
		expiry_start(&d);
		tell_ready(&d);
		negotiation_settle(&d);
		uv_run(&d.loop, UV_RUN_DEFAULT);
	}
	finish(&d);
	control_tell_end(&d);
	if (!err)
		log_info(&d.log, "ended");
	trust_release(d.trust);
	eap_release(d.eap);
	return err ? EXIT_FAILED : d.exit_code;
}

static int close_by_routes(const struct conf *conf, const struct log *log)
{
	struct closing *closing = NULL;
	int err = closing_open(conf, log, &closing);

	if (!err)
		err = closing_close_configured(closing, false);
	closing_close(closing);
	return err;
}

/* Block policies outlive the backend that has set them. */
static int close_by_policies(const struct conf *conf, const struct log *log)
{
	struct rvl_backend_error error = {""};
	struct rvl_backend *backend;
	struct rvl_sad *sad;
	int err = rvl_backend_xfrm_open(&backend, &error);

	if (err) {
		log_error(log, "backend xfrm: %s", error.text);
		return err;
	}
	sad = rvl_sad_new(backend);
	err = sad ? protect_beforehand(conf, sad, log) : -ENOMEM;
	rvl_sad_free(sad);
	backend->ops->close(backend);
	return err;
}

static int close_and_end(struct conf *conf)
{
	const struct log log = log_open((enum log_level)conf->daemon.log_level);
	bool xfrm = conf->daemon.backend == CONF_BACKEND_XFRM;
	int err = xfrm ? close_by_policies(conf, &log) : close_by_routes(conf, &log);

	if (err)
		log_error(&log, "protected flows may be open");
	else if (conf->daemon.install_routes || xfrm)
		log_info(&log, "other ways to the configured remote networks are closed");
	else
		log_warning(&log, "nothing is closed: install_routes is off");
	return err ? EXIT_FAILED : EXIT_OK;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
		{"close", no_argument, NULL, 'o'},	  {"list-devices", no_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},	  {0},
	};
	const char *path = DEFAULT_CONFIG;
	struct conf_error error = {""};
	struct trust *trust = NULL;
	struct eap *eap = NULL;
	struct conf *conf = NULL;
	bool check_only = false, close_only = false, list = false;
	int option, code;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 'k':
			check_only = true;
			break;
		case 'o':
			close_only = true;
			break;
		case 'l':
			list = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (list && optind + 1 >= argc)
		return devices_print(argv[optind]) ? EXIT_FAILED : EXIT_OK;
	if (optind < argc) {
		fprintf(stderr, "raveld: what is \"%s\"?\n%s", argv[optind], usage);
		return EXIT_USAGE;
	}
	forbid_core_dumps();
	signal(SIGPIPE, SIG_IGN);
	if (conf_load(path, &conf, &error) ||
	    (!close_only &&
	     (trust_load(conf, &trust, &error) || eap_load(conf, trust, NULL, &eap, &error)))) {
		fprintf(stderr, "raveld: %s\n", error.text);
		trust_release(trust);
		conf_free(conf);
		return EXIT_FAILED;
	}
	if (check_only) {
		trust_release(trust);
		eap_release(eap);
		code = check(path, conf) ? EXIT_FAILED : EXIT_OK;
		conf_free(conf);
		return code;
	}
	code = close_only ? close_and_end(conf) : run(path, conf, trust, eap);
	conf_free(conf);
	return code;
}
