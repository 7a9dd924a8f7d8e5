/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses from a peer (RFC 7296, section 2.19), message by message: A asks for some in IKE_AUTH,
 * B gives them; what the selectors then are, when they are given back, and what a peer that does it
 * otherwise gets told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/steps.h"

/* What B does with the configuration payload of its answer. */
static enum { USUAL, NOTHING, ACK, TWICE, CUT, EMPTY, LOOPBACK } answer_as;

void __real_ike_lease_answer(struct ike_builder *b, const struct ike_settings *asked,
			     const struct ike_settings *given);
void __wrap_ike_lease_answer(struct ike_builder *b, const struct ike_settings *asked,
			     const struct ike_settings *given);

void __wrap_ike_lease_answer(struct ike_builder *b, const struct ike_settings *asked,
			     const struct ike_settings *given)
{
	static const struct ike_settings nothing;
	struct ike_settings other = given ? *given : nothing;
	const struct ike_attribute cut = {IKE_CP_IP4_ADDRESS, ike_slice("\n\3", 2)};

	switch (answer_as) {
	case NOTHING:
		return;
	case ACK:
		ike_settings_write(b, IKE_CP_ACK, given);
		return;
	case TWICE:
		__real_ike_lease_answer(b, asked, given);
		__real_ike_lease_answer(b, asked, given);
		return;
	case CUT:
		ike_write_cp(b, IKE_CP_REPLY, &cut, 1);
		return;
	case EMPTY:
		ike_settings_write(b, IKE_CP_REPLY, &nothing);
		return;
	case LOOPBACK:
		other.vips[0] = (struct ike_addr){.family = 4, .ip = {127, 0, 0, 1}};
		ike_settings_write(b, IKE_CP_REPLY, &other);
		return;
	case USUAL:
		__real_ike_lease_answer(b, asked, given);
		return;
	}
}

/* What A asks in its place. */
static const struct ike_settings *question;
static uint8_t question_as;
static bool question_cut;

void __real_ike_lease_ask(const struct ike_engine *e, const struct ike_sa *sa,
			  struct ike_builder *b);
void __wrap_ike_lease_ask(const struct ike_engine *e, const struct ike_sa *sa,
			  struct ike_builder *b);

void __wrap_ike_lease_ask(const struct ike_engine *e, const struct ike_sa *sa,
			  struct ike_builder *b)
{
	const struct ike_attribute cut = {IKE_CP_IP4_ADDRESS, ike_slice("\n\3", 2)};

	if (question_cut)
		ike_write_cp(b, IKE_CP_REQUEST, &cut, 1);
	else if (question)
		ike_settings_write(b, question_as, question);
	else
		__real_ike_lease_ask(e, sa, b);
}

static struct side client(const char *vips)
{
	struct side s = SIDE_A;

	s.local_ts = "dynamic";
	s.vips = vips;
	return s;
}

static struct side server(void)
{
	struct side s = SIDE_B;

	s.remote_ts = "dynamic";
	s.leases = true;
	return s;
}

static void prepare(const char *vips)
{
	const struct side one = client(vips), two = server();

	answer_as = USUAL;
	net = net_new(19, &one, &two);
	b()->pool = 8;
}

static void connect(void)
{
	start(net, 0);
	net_settle(net);
}

/* Each lease is given back once, by both, and then nothing is left. */
static void end(void)
{
	ike_terminate_all(a()->engine, net->now);
	node_drain(a());
	net_settle(net);
	pass_time(600000);
	ike_terminate_all(b()->engine, net->now);
	node_drain(b());
	net_settle(net);
	pass_time(600000);
	assert_true(nothing_left(a()) && nothing_left(b()));
	assert_int_equal(leases_out(b()), 0);
	assert_int_equal(a()->released, a()->leased_count);
}

static void assert_ts(const struct ike_ts_list *list, const char *expected)
{
	char text[512] = "", one[IKE_TS_TEXT];

	for (unsigned i = 0; i < list->count; i++) {
		ike_ts_text(&list->list[i], one, sizeof(one));
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 one);
	}
	assert_string_equal(text, expected);
}

/* Both ends have this for A, and the same SAs. */
static void assert_up(const char *vips)
{
	const struct installed *ours = sending_child(a()), *theirs = sending_child(b());

	assert_non_null(ours);
	assert_non_null(theirs);
	assert_true(children_agree(ours, theirs));
	assert_ts(&ours->sa.local_ts, vips);
	assert_ts(&theirs->sa.remote_ts, vips);
	assert_ts(&ours->sa.remote_ts, "10.2.0.0/16");
}

static void assert_refused(const char *reason)
{
	assert_null(sending_child(a()));
	assert_string_equal(a()->child_reason, reason);
	assert_string_equal(a()->ike_reason, reason);
	assert_int_equal(a()->leased_count, 0);
	assert_int_equal(a()->engine->sa_count, 0);
}

static struct ike_addr addr_of(const char *text)
{
	struct ike_addr addr;

	assert_int_equal(ike_addr_parse(text, &addr), 0);
	return addr;
}

static bool has(const struct ike_addr *list, unsigned count, const char *text)
{
	const struct ike_addr addr = addr_of(text);

	for (unsigned i = 0; i < count; i++) {
		if (ike_addr_same_ip(&list[i], &addr))
			return true;
	}
	return false;
}

static void dynamic_is_the_address_that_was_given(void **state)
{
	(void)state;
	prepare("0.0.0.0");
	connect();
	assert_up("10.3.0.1/32");
	assert_string_equal(a()->leased.connection, "net");
	assert_int_equal(a()->leased.settings.vip_count, 1);
	assert_true(has(a()->leased.settings.vips, 1, "10.3.0.1"));
	assert_string_equal(b()->asked.connection, "net");
	assert_int_equal(b()->asked.replaces, 0);
	assert_int_equal(b()->asked.remote_id.type, IKE_ID_FQDN);
	assert_int_equal(b()->asked.asked.vip_count, 1);
	assert_int_equal(a()->released + b()->released, 0);
	assert_int_equal(ike_engine_stats(b()->engine)->leases_given, 1);
	end();
	assert_int_equal(a()->released, 1);
	assert_int_equal(b()->released, 1);
}

static void a_wish_is_asked_for_and_another_address_taken(void **state)
{
	(void)state;
	prepare("10.3.0.5");
	connect();
	assert_up("10.3.0.5/32");
	end();
	teardown(NULL);
	prepare("10.3.0.5");
	b()->leases[0] = (struct given){.lease_id = 999, .addr = addr_of("10.3.0.5")};
	connect();
	assert_up("10.3.0.1/32");
	b()->leases[0].lease_id = 0;
	end();
}

static void both_families_and_several_of_one_are_given(void **state)
{
	(void)state;
	prepare("0.0.0.0,::,10.3.0.4");
	connect();
	assert_up("10.3.0.1/32 10.3.0.4/32 2001:db8:3::1/128");
	assert_int_equal(leases_out(b()), 3);
	end();
	teardown(NULL);
	prepare("2001:db8:3::7");
	connect();
	assert_up("2001:db8:3::7/128");
	end();
}

static void what_goes_with_the_address_comes_along(void **state)
{
	struct ike_settings *s;
	char error[128];

	(void)state;
	prepare("0.0.0.0");
	s = &b()->beside;
	s->dns[s->dns_count++] = addr_of("10.2.0.53");
	s->dns[s->dns_count++] = addr_of("2001:db8:2::53");
	s->nbns[s->nbns_count++] = addr_of("10.2.0.54");
	s->netmask = addr_of("255.255.255.0");
	strcpy(s->domains[s->domain_count++], "corp.example");
	assert_int_equal(
		ike_ts_parse("10.2.0.0/15", &s->subnets.list[s->subnets.count++], error, 128), 0);
	connect();
	assert_up("10.3.0.1/32");
	s = &a()->leased.settings;
	assert_int_equal(s->dns_count, 2);
	assert_true(has(s->dns, 2, "10.2.0.53") && has(s->dns, 2, "2001:db8:2::53"));
	assert_int_equal(s->nbns_count, 1);
	assert_true(has(s->nbns, 1, "10.2.0.54") && has(&s->netmask, 1, "255.255.255.0"));
	assert_int_equal(s->domain_count, 1);
	assert_string_equal(s->domains[0], "corp.example");
	assert_ts(&s->subnets, "10.2.0.0/15");
	end();
}

/* RFC 8598, section 3.2. */
static void domains_are_told_to_who_asks(void **state)
{
	struct ike_settings asked = {.types = 1u << IKE_CP_APPLICATION_VERSION |
					      1u << IKE_CP_SUPPORTED_ATTRIBUTES},
			    given = {.vip_count = 1,
				     .vips = {addr_of("10.3.0.1")},
				     .dns_count = 1,
				     .dns = {addr_of("10.3.0.1")},
				     .domain_count = 1,
				     .domains = {"corp.example"}},
			    told;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct ike_payloads p;
		struct ike_builder builder;
		uint8_t buf[512];
		struct ike_cp cp;

		ike_build_chain(&builder, buf, sizeof(buf));
		__real_ike_lease_answer(&builder, &asked, &given);
		assert_int_equal(ike_payloads_parse(ike_written(&builder.w), builder.first, &p), 0);
		assert_int_equal(ike_parse_cp(payload_at(&p, 0).body, &cp), 0);
		assert_int_equal(ike_settings_read(&cp, &told), 0);
		assert_true(ike_settings_have(&told, IKE_CP_APPLICATION_VERSION) &&
			    ike_settings_have(&told, IKE_CP_SUPPORTED_ATTRIBUTES));
		assert_int_equal(told.domain_count, i);
		asked.types |= 1u << IKE_CP_DNS_DOMAIN;
	}
}

static void without_a_pool_the_ike_sa_comes_up_and_no_child(void **state)
{
	struct side one = client("0.0.0.0"), two = server();

	(void)state;
	answer_as = USUAL;
	two.leases = false;
	net = net_new(19, &one, &two);
	connect();
	assert_refused("INTERNAL_ADDRESS_FAILURE from peer: it has no address for us, as it has no "
		       "pool or none is left");
	assert_int_equal(b()->ike_up, 1);
	assert_int_equal(b()->child_count, 0);
	assert_int_equal(ike_engine_stats(b()->engine)->leases_refused, 1);
	end();
}

static void an_exhausted_pool_is_said_and_the_ike_sa_stays(void **state)
{
	struct packet answer;

	(void)state;
	prepare("0.0.0.0");
	b()->pool = 0;
	start(net, 0);
	deliver_next();
	deliver_next();
	deliver_next();
	assert_int_equal(b()->engine->all->state, IKE_STATE_ESTABLISHED);
	assert_null(b()->engine->all->lease);
	assert_int_equal(b()->released, 1);
	assert_int_equal(ike_engine_stats(b()->engine)->leases_refused, 1);
	answer = net_take(net);
	net_deliver(net, &answer);
	packet_free(&answer);
	assert_int_equal(b()->ike_down, 0);
	net_settle(net);
	assert_refused("INTERNAL_ADDRESS_FAILURE from peer: it has no address for us, as it has no "
		       "pool or none is left");
	end();
}

static void an_answer_without_an_address_is_named(void **state)
{
	static const struct {
		int as;
		const char *reason;
	} v[] = {
		{NOTHING, "the peer gave no address: no configuration payload in its answer"},
		{ACK, "the peer gave no address: its configuration payload is malformed"},
		{TWICE, "the peer gave no address: its configuration payload is malformed"},
		{CUT, "the peer gave no address: its configuration payload is malformed"},
		{EMPTY, "the peer gave no address: there is none in its answer"},
		{LOOPBACK, "the peer gave no address: there is none in its answer"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		prepare("0.0.0.0");
		answer_as = v[i].as;
		connect();
		assert_refused(v[i].reason);
		assert_int_equal(b()->engine->sa_count, 0);
		assert_int_equal(leases_out(b()), 0);
		end();
		teardown(NULL);
	}
}

/* A peer whose selectors aren't dynamic says that all of 0.0.0.0/0 is ours. */
static void a_wider_answer_is_narrowed_to_the_address(void **state)
{
	struct side one = client("0.0.0.0"), two = server();

	(void)state;
	answer_as = USUAL;
	two.remote_ts = "0.0.0.0/0";
	net = net_new(19, &one, &two);
	b()->pool = 8;
	connect();
	assert_ts(&sending_child(a())->sa.local_ts, "10.3.0.1/32");
	assert_ts(&sending_child(b())->sa.remote_ts, "0.0.0.0/0");
	end();
}

static void an_address_may_come_late(void **state)
{
	(void)state;
	prepare("0.0.0.0");
	b()->lease_holds = true;
	connect();
	assert_int_equal(b()->job_count, 1);
	assert_int_equal(b()->engine->all->state, IKE_STATE_INSTALLING);
	pass_time(50000); /* the request comes again and again meanwhile */
	assert_int_equal(b()->job_count, 1);
	assert_int_equal(b()->ike_up, 0);
	node_answer(b(), 0);
	node_drain(b());
	net_settle(net);
	assert_up("10.3.0.1/32");
	end();
}

static void one_that_never_comes_is_none(void **state)
{
	(void)state;
	prepare("0.0.0.0");
	b()->lease_holds = true;
	connect();
	pass_time(61000);
	assert_refused("INTERNAL_ADDRESS_FAILURE from peer: it has no address for us, as it has no "
		       "pool or none is left");
	assert_int_equal(b()->released, 1);
	assert_int_equal(b()->job_count, 1);
	node_answer(b(), 0); /* by now nobody waits for it */
	end();
	assert_int_equal(b()->released, 1);
}

static void a_lease_that_is_waited_for_ends_with_its_ike_sa(void **state)
{
	(void)state;
	for (unsigned all = 0; all < 2; all++) {
		prepare("0.0.0.0");
		b()->lease_holds = true;
		connect();
		if (all)
			ike_terminate_all(b()->engine, net->now);
		else
			ike_terminate(b()->engine, net->now, b()->engine->all->id);
		node_drain(b());
		pass_time(20000);
		assert_int_equal(b()->released, 1);
		assert_int_equal(b()->engine->sa_count, 0);
		node_answer(b(), 0);
		end();
		teardown(NULL);
	}
}

/* It is known by then that it is to go: no Child SA is made for it. */
static void one_that_comes_while_the_ike_sa_is_deleted_is_given_back(void **state)
{
	(void)state;
	prepare("0.0.0.0");
	b()->lease_holds = true;
	connect();
	ike_terminate(b()->engine, net->now, b()->engine->all->id);
	node_answer(b(), 0);
	node_drain(b());
	net_settle(net);
	assert_int_equal(b()->child_count, 0);
	assert_int_equal(b()->released, 1);
	end();
}

static void rekeying_keeps_the_address(void **state)
{
	(void)state;
	prepare("0.0.0.0");
	connect();
	net->watch_flow = true;
	for (unsigned i = 0; i < 2; i++) {
		struct node *node = &net->node[i];

		rekey_ike(node);
		net_settle(net);
		rekey(node);
		net_settle(net);
		pass_time(10000);
		assert_up("10.3.0.1/32");
	}
	assert_int_equal(a()->ike_rekeyed, 2);
	assert_int_equal(a()->released + b()->released, 0);
	assert_int_equal(a()->leased_count, 1);
	net->watch_flow = false;
	end();
	assert_int_equal(b()->released, 1);
}

static void another_child_has_the_same_address(void **state)
{
	uint64_t id;

	(void)state;
	prepare("0.0.0.0");
	for (unsigned i = 0; i < 2; i++) {
		struct ike_connection *conn = net->node[i].engine->connections[0];
		struct ike_child_config *config = ike_connection_add_child(conn, "d");
		struct ike_ts *ts;

		*config = conn->children[0];
		strcpy(config->name, "d");
		ts = i ? &config->local_ts.list[0] : &config->remote_ts.list[0];
		ts->first[1] = ts->last[1] = 9;
	}
	connect();
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "d", NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	assert_int_equal(a()->child_up, 2);
	assert_ts(&sending_child(a())->sa.local_ts, "10.3.0.1/32");
	assert_ts(&sending_child(b())->sa.remote_ts, "10.3.0.1/32");
	assert_ts(&sending_child(b())->sa.local_ts, "10.9.0.0/16");
	end();
}

static void it_comes_with_an_ike_sa_without_a_child_too(void **state)
{
	struct side one = client("0.0.0.0"), two = server();

	(void)state;
	answer_as = USUAL;
	one.childless = two.childless = IKE_CHILDLESS_FORCE;
	net = net_new(19, &one, &two);
	b()->pool = 8;
	connect();
	assert_up("10.3.0.1/32");
	end();
	teardown(NULL);
	net = net_new(19, &one, &two);
	connect();
	assert_refused("INTERNAL_ADDRESS_FAILURE from peer: it has no address for us, as it has no "
		       "pool or none is left");
	end();
}

/* Make before break: the address passes to the new one, as it is asked for and the old one goes. */
static void authenticating_anew_keeps_the_address(void **state)
{
	struct side one = client("0.0.0.0"), two = server();
	uint64_t first;

	(void)state;
	answer_as = USUAL;
	one.reauth_ms = 60000;
	net = net_new(19, &one, &two);
	b()->pool = 8;
	b()->leases[0] = (struct given){.lease_id = 999, .addr = addr_of("10.3.0.1")};
	connect();
	assert_up("10.3.0.2/32");
	first = b()->asked.lease_id;
	net->watch_flow = true;
	b()->leases[0].lease_id = 0; /* it would be the first choice now */
	pass_time(90000);
	assert_up("10.3.0.2/32");
	assert_int_equal(b()->asked.replaces, first);
	assert_true(has(b()->asked.asked.vips, 1, "10.3.0.2"));
	assert_int_equal(a()->leased_count, 2);
	assert_int_equal(a()->released, 1);
	assert_int_equal(b()->released, 1);
	net->watch_flow = false;
	end();
}

/* Another IKE SA of A, beside the first one. */
static void begin_again(struct ike_connection *conn)
{
	const struct ike_start what = {
		.conn = conn,
		.config = &conn->children[0],
		.pair = {.local = a()->addr, .remote = b()->addr},
	};
	uint64_t id;

	assert_int_equal(ike_sa_begin(a()->engine, net->now, &what, &id), 0);
	node_drain(a());
	net_settle(net);
}

static void connect_again(void)
{
	begin_again(a()->engine->connections[0]);
}

static void a_second_ike_sa_has_the_address_only_if_it_replaces_the_first(void **state)
{
	static const struct {
		enum ike_unique unique;
		const char *wish;
		bool same;
	} v[] = {
		{IKE_UNIQUE_NO, "0.0.0.0", false},     {IKE_UNIQUE_NO, "10.3.0.5", true},
		{IKE_UNIQUE_NEVER, "0.0.0.0", false},  {IKE_UNIQUE_NEVER, "10.3.0.5", true},
		{IKE_UNIQUE_REPLACE, "0.0.0.0", true}, {IKE_UNIQUE_REPLACE, "10.3.0.5", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct side one = client("10.3.0.5"), two = server();

		answer_as = USUAL;
		two.unique = v[i].unique;
		net = net_new(19, &one, &two);
		b()->pool = 8;
		connect();
		pass_time(20000);
		a()->engine->connections[0]->vips[0] = addr_of(v[i].wish);
		connect_again();
		assert_int_equal(b()->asked.replaces != 0, v[i].same);
		assert_int_equal(
			has(a()->leased.settings.vips, 1, v[i].same ? "10.3.0.5" : "10.3.0.1"), 1);
		end();
		teardown(NULL);
	}
}

static void of_two_that_it_may_have_a_third_one_has_what_it_asks_for(void **state)
{
	uint64_t first;

	(void)state;
	prepare("10.3.0.5");
	connect();
	first = b()->asked.lease_id;
	pass_time(20000);
	a()->engine->connections[0]->vips[0] = addr_of("0.0.0.0");
	connect_again();
	assert_true(has(a()->leased.settings.vips, 1, "10.3.0.1"));
	pass_time(20000);
	b()->engine->connections[0]->unique = IKE_UNIQUE_REPLACE;
	a()->engine->connections[0]->vips[0] = addr_of("10.3.0.5");
	connect_again();
	assert_int_equal(b()->asked.replaces, first);
	assert_true(has(a()->leased.settings.vips, 1, "10.3.0.5"));
	end();
}

/* B learns later which of two connections is meant; it is the one that has what is asked for. */
static void what_is_asked_for_tells_which_ike_sa_is_replaced(void **state)
{
	struct ike_connection *other = NULL;
	uint64_t id, second;

	(void)state;
	prepare("0.0.0.0");
	for (unsigned i = 0; i < 2; i++) {
		struct node *node = &net->node[!i];
		struct ike_child_config *d;
		struct ike_ts *ts;

		other = add_alike(node, "other", "d");
		d = &other->children[0];
		ts = i ? &d->remote_ts.list[0] : &d->local_ts.list[0]; /* B's */
		ts->first[1] = ts->last[1] = 77;
	}
	for (unsigned k = 0; k < 2; k++)
		b()->engine->connections[k]->unique = IKE_UNIQUE_REPLACE;
	connect();
	other->vips[0] = addr_of("10.3.0.5");
	assert_int_equal(ike_initiate(a()->engine, net->now, "other", "d", NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	assert_int_equal(b()->child_up, 2);
	second = b()->asked.lease_id;
	pass_time(20000);
	b()->engine->all->path.remote.port = 4711; /* as if it had come from there */
	begin_again(other);
	assert_int_equal(b()->asked.replaces, second);
	assert_true(has(a()->leased.settings.vips, 1, "10.3.0.5"));
	end();
}

/* From elsewhere nobody knows whether the first one is still there. */
static void a_second_ike_sa_from_elsewhere_has_an_address_of_its_own(void **state)
{
	(void)state;
	prepare("10.3.0.5");
	connect();
	pass_time(20000);
	b()->engine->all->path.remote.port = 4711; /* as if it had come from there */
	connect_again();
	assert_int_equal(b()->asked.replaces, 0);
	assert_true(has(a()->leased.settings.vips, 1, "10.3.0.1"));
	end();
}

static void a_malformed_question_is_refused(void **state)
{
	(void)state;
	prepare("0.0.0.0");
	question_cut = true;
	connect();
	question_cut = false;
	assert_string_equal(a()->ike_reason, "INVALID_SYNTAX from peer");
	assert_int_equal(b()->ike_up, 0);
	end();
}

/* Nothing is set here at a peer's bidding, and who asks for no address gets none. */
static void a_payload_that_asks_for_no_address_gives_none(void **state)
{
	const struct ike_settings set = {.vip_count = 1, .vips = {addr_of("10.3.0.9")}},
				  version = {.types = 1u << IKE_CP_APPLICATION_VERSION};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		prepare("0.0.0.0");
		question = i ? &version : &set;
		question_as = i ? IKE_CP_REQUEST : IKE_CP_SET;
		start(net, 0);
		deliver_next();
		deliver_next();
		deliver_next();
		question = NULL;
		assert_int_equal(b()->ike_up, 1);
		assert_null(b()->engine->all->lease);
		assert_ts(&sending_child(b())->sa.remote_ts, "192.0.2.1/32");
		net_settle(net);
		assert_refused(i ? "the peer gave no address: there is none in its answer"
				 : "the peer gave no address: no configuration payload in its "
				   "answer");
		end();
		teardown(NULL);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(dynamic_is_the_address_that_was_given, teardown),
		cmocka_unit_test_teardown(a_wish_is_asked_for_and_another_address_taken, teardown),
		cmocka_unit_test_teardown(both_families_and_several_of_one_are_given, teardown),
		cmocka_unit_test_teardown(what_goes_with_the_address_comes_along, teardown),
		cmocka_unit_test(domains_are_told_to_who_asks),
		cmocka_unit_test_teardown(without_a_pool_the_ike_sa_comes_up_and_no_child,
					  teardown),
		cmocka_unit_test_teardown(an_exhausted_pool_is_said_and_the_ike_sa_stays, teardown),
		cmocka_unit_test(an_answer_without_an_address_is_named),
		cmocka_unit_test_teardown(a_wider_answer_is_narrowed_to_the_address, teardown),
		cmocka_unit_test_teardown(an_address_may_come_late, teardown),
		cmocka_unit_test_teardown(one_that_never_comes_is_none, teardown),
		cmocka_unit_test(a_lease_that_is_waited_for_ends_with_its_ike_sa),
		cmocka_unit_test_teardown(one_that_comes_while_the_ike_sa_is_deleted_is_given_back,
					  teardown),
		cmocka_unit_test_teardown(rekeying_keeps_the_address, teardown),
		cmocka_unit_test_teardown(another_child_has_the_same_address, teardown),
		cmocka_unit_test_teardown(it_comes_with_an_ike_sa_without_a_child_too, teardown),
		cmocka_unit_test_teardown(authenticating_anew_keeps_the_address, teardown),
		cmocka_unit_test(a_second_ike_sa_has_the_address_only_if_it_replaces_the_first),
		cmocka_unit_test_teardown(what_is_asked_for_tells_which_ike_sa_is_replaced,
					  teardown),
		cmocka_unit_test_teardown(of_two_that_it_may_have_a_third_one_has_what_it_asks_for,
					  teardown),
		cmocka_unit_test_teardown(a_second_ike_sa_from_elsewhere_has_an_address_of_its_own,
					  teardown),
		cmocka_unit_test_teardown(a_malformed_question_is_refused, teardown),
		cmocka_unit_test(a_payload_that_asks_for_no_address_gives_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
