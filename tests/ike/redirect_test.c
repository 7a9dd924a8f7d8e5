/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Redirection (RFC 5685), message by message. A begins at B, which is reached at 192.0.2.2 and, as
 * the gateway that it sends A to, at 198.51.100.2.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

static const struct ike_addr gateway = {.family = 4, .ip = {198, 51, 100, 2}};

static struct ike_hosts to(const char *text)
{
	struct ike_hosts hosts = {0};

	assert_null(ike_hosts_add(&hosts, text));
	return hosts;
}

static void begin_with(const struct side *one, const struct side *two)
{
	net = net_new(4303, one, two);
	b()->other = gateway;
	set_hosts(b(), b()->engine->connections[0], "", NULL);
	b()->has_route = true;
}

static void begin(void)
{
	begin_with(&SIDE_A, &SIDE_B);
}

static void begin_with_name(void)
{
	begin();
	a()->names[0] = (struct dns_name){.text = "gw2.example.org", .count = 1, .list = {gateway}};
}

static const struct ike_stats *stats(struct node *node)
{
	return ike_engine_stats(node->engine);
}

static void redirect_all(const char *text)
{
	struct ike_hosts hosts = {0};

	if (text)
		hosts = to(text);
	assert_int_equal(ike_engine_redirect_all(b()->engine, &hosts), 0);
	ike_hosts_clear(&hosts);
}

static void redirect_peers(const char *text)
{
	struct ike_connection *conn = b()->engine->connections[0];

	ike_hosts_clear(&conn->redirect_to);
	if (text)
		conn->redirect_to = to(text);
}

static int redirect(struct node *node, const char *text)
{
	struct ike_hosts hosts = to(text);
	int err = ike_redirect(node->engine, net->now, node->ike_id, &hosts);

	ike_hosts_clear(&hosts);
	node_drain(node);
	return err;
}

/* One Child SA, between A and this address of B's. */
static void assert_up_at(const struct ike_addr *addr)
{
	struct installed *x = present_child(a()), *y = present_child(b());

	assert_non_null(x);
	assert_non_null(y);
	assert_true(x->up && y->up && children_agree(x, y));
	assert_true(ike_addr_same_ip(&x->sa.remote, addr));
	assert_true(ike_addr_same_ip(&only_sa(net, 0)->path.remote, addr));
	assert_true(ike_addr_same_ip(addr, &b()->addr) || ike_addr_same_ip(addr, &a()->reached));
	assert_null(only_sa(net, 0)->redirect);
	assert_int_equal(only_sa(net, 1)->id, b()->ike_id);
}

/* Deliver what waits up to the message that B would take next. */
static struct packet next_request(void)
{
	while (!waits_for(net, 1))
		deliver_next();
	return net_take(net);
}

static bool has_notify(const struct packet *p, uint16_t type, struct ike_slice *data)
{
	struct ike_payloads payloads;
	struct ike_notify n;

	assert_int_equal(ike_message_parse(ike_slice(p->data, p->len), p->data[16], &payloads), 0);
	if (!ike_find_notify(&payloads, type, &n))
		return false;
	*data = n.data;
	return true;
}

/*
 *   A  IKE_SA_INIT, N(REDIRECT_SUPPORTED) -->     B
 *      <-- IKE_SA_INIT, N(REDIRECT: gateway, Ni)
 *      IKE_SA_INIT, N(REDIRECTED_FROM: B) -->     gateway
 *      <-- ...
 */
static void a_stranger_is_redirected_at_once(void **state)
{
	static const uint8_t from_b[] = {1, 4, 192, 0, 2, 2};
	struct ike_slice data;
	struct packet p;

	(void)state;
	begin();
	redirect_all("198.51.100.2");
	start(net, 0);
	p = next_request();
	assert_true(has_notify(&p, IKE_N_REDIRECT_SUPPORTED, &data));
	assert_int_equal(data.len, 0);
	net_deliver(net, &p);
	packet_free(&p);
	assert_int_equal(ike_sa_count(b()->engine), 0); /* no state */
	redirect_all(NULL);
	p = next_request();
	assert_true(ike_addr_same_ip(&p.local, &gateway));
	assert_true(has_notify(&p, IKE_N_REDIRECTED_FROM, &data));
	assert_true(ike_slice_equal(data, ike_slice(from_b, sizeof(from_b))));
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	assert_up_at(&gateway);
	assert_int_equal(stats(a())->redirects_followed, 1);
	assert_int_equal(stats(b())->redirects_sent, 1);
	assert_int_equal(a()->ike_down + a()->child_down, 0);
}

static void a_gateway_may_have_a_name(void **state)
{
	(void)state;
	begin_with_name();
	redirect_all("gw2.example.org");
	start(net, 0);
	while (!stats(b())->redirects_sent)
		deliver_next();
	redirect_all(NULL);
	net_settle(net);
	assert_int_equal(a()->lookups, 1);
	assert_up_at(&gateway);
}

static void a_gateway_that_is_nowhere_is_a_failed_try(void **state)
{
	(void)state;
	begin();
	redirect_all("gw2.example.org");
	start(net, 0);
	net_settle(net);
	assert_int_equal(ike_sa_count(a()->engine), 0);
	assert_non_null(strstr(a()->child_reason, "gw2.example.org"));
	/* The next one begins where the connection says. */
	redirect_all(NULL);
	start(net, 0);
	net_settle(net);
	assert_up_at(&b()->addr);
}

/* That it is the gateway of that name itself, B can't know. */
static void a_loop_ends(void **state)
{
	(void)state;
	begin_with_name();
	redirect_all("gw2.example.org");
	start(net, 0);
	net_settle(net);
	pass_time(IKE_INIT_ERROR_MS);
	assert_int_equal(ike_sa_count(a()->engine), 0);
	assert_string_equal(a()->child_reason, "peers redirect us again and again");
	assert_int_equal(stats(a())->redirects_followed, 5);
	/* Later it is no loop any more. */
	pass_time(300001);
	start(net, 0);
	while (stats(a())->redirects_followed < 6)
		deliver_next();
	redirect_all(NULL);
	net_settle(net);
	assert_up_at(&gateway);
}

static void the_gateway_itself_redirects_nobody(void **state)
{
	(void)state;
	begin();
	redirect_all("198.51.100.2");
	redirect_peers("198.51.100.2");
	start(net, 0);
	net_settle(net);
	assert_up_at(&gateway);
	assert_int_equal(stats(b())->redirects_sent, 1);
}

/* Two gateways that send everybody to each other: who comes from there stays. */
static void who_comes_from_there_is_not_sent_back(void **state)
{
	(void)state;
	begin();
	redirect_all("198.51.100.2");
	start(net, 0);
	while (!stats(b())->redirects_sent)
		deliver_next();
	redirect_all("192.0.2.2");
	net_settle(net);
	assert_up_at(&gateway);
}

static void who_does_not_follow_is_served(void **state)
{
	(void)state;
	begin();
	ike_engine_set_redirects(a()->engine, true, 0);
	redirect_all("198.51.100.2");
	redirect_peers("198.51.100.2");
	start(net, 0);
	net_settle(net);
	assert_up_at(&b()->addr);
	assert_int_equal(redirect(b(), "198.51.100.2"), -EOPNOTSUPP);
	assert_int_equal(stats(b())->redirects_sent, 0);
}

/* A message in clear to A, as the answer to its first one. */
static void answer_with(const struct packet *request, struct ike_slice body)
{
	struct ike_cursor c = ike_cursor(ike_slice(request->data, request->len));
	struct ike_header hdr = {
		.spi_i = ike_get_u64(&c),
		.major = 2,
		.exchange = IKE_SA_INIT,
		.flags = IKE_FLAG_RESPONSE,
	};
	uint8_t out[512];
	struct ike_builder b;

	ike_build_message(&b, out, sizeof(out), &hdr);
	ike_write_notify(&b, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_REDIRECT, body);
	assert_int_equal(ike_build_finish(&b), 0);
	send_raw(net, 0, out, b.w.len, IKE_PORT);
	net_settle(net);
}

static struct ike_slice nonce_of(const struct packet *p)
{
	struct ike_payloads payloads;
	struct ike_slice nonce;

	assert_int_equal(ike_message_parse(ike_slice(p->data, p->len), p->data[16], &payloads), 0);
	assert_int_equal(ike_payloads_one(&payloads, IKE_PAYLOAD_NONCE, &nonce), 0);
	return nonce;
}

/* Who hasn't seen the request can't know its nonce. */
static void a_redirect_without_our_nonce_is_dropped(void **state)
{
	static const uint8_t there[] = {1, 4, 198, 51, 100, 2};
	uint8_t body[sizeof(there) + IKE_NONCE_MAX] = {0};
	struct ike_slice nonce;
	struct packet p;

	(void)state;
	begin();
	start(net, 0);
	p = next_request();
	nonce = nonce_of(&p);
	memcpy(body, there, sizeof(there));
	memcpy(body + sizeof(there), nonce.data, nonce.len);
	answer_with(&p, ike_slice(body, sizeof(there)));
	answer_with(&p, ike_slice(body, sizeof(there) + nonce.len - 1));
	body[sizeof(there)] ^= 1;
	answer_with(&p, ike_slice(body, sizeof(there) + nonce.len));
	assert_int_equal(stats(a())->redirects_met, 0);
	assert_int_equal(stats(a())->drop_malformed, 3);
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	assert_up_at(&b()->addr);
}

static void what_is_no_gateway_is_an_error_that_may_be_forged(void **state)
{
	static const struct {
		uint8_t len;
		uint8_t octets[20];
	} bad[] = {
		{6, {1, 4, 0, 0, 0, 0}},
		{5, {1, 3, 198, 51, 100}},
		{7, {1, 5, 198, 51, 100, 2, 0}},
		{6, {2, 4, 198, 51, 100, 2}},
		{2, {3, 0}},
		{5, {3, 3, 'a', 0, 'b'}},
		{9, {3, 7, '1', '9', '2', '.', '0', '.', '2'}},
		{13, {3, 11, '1', '0', '.', '0', '.', '0', '.', '0', '/', '2', '4'}},
		{6, {4, 4, 198, 51, 100, 2}},
	};
	uint8_t body[20 + IKE_NONCE_MAX];
	struct ike_slice nonce;
	struct packet p;

	(void)state;
	begin();
	start(net, 0);
	p = next_request();
	nonce = nonce_of(&p);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(body, bad[i].octets, bad[i].len);
		memcpy(body + bad[i].len, nonce.data, nonce.len);
		answer_with(&p, ike_slice(body, bad[i].len + nonce.len));
		assert_int_equal(stats(a())->redirects_met, i + 1);
	}
	assert_int_equal(stats(a())->redirects_followed, 0);
	net_deliver(net, &p); /* the true answer is better */
	packet_free(&p);
	net_settle(net);
	assert_up_at(&b()->addr);
}

/*
 *   A  IKE_AUTH -->                                       B
 *      <-- IKE_AUTH {IDr, AUTH, N(REDIRECT: gateway)}
 *      IKE_SA_INIT, N(REDIRECTED_FROM: B) -->             gateway
 *      INFORMATIONAL {D(IKE)} -->                         B
 */
static void a_peer_is_redirected_once_it_is_known(void **state)
{
	(void)state;
	begin();
	redirect_peers("198.51.100.2");
	start(net, 0);
	while (!stats(b())->redirects_sent)
		deliver_next();
	assert_null(present_child(b())); /* nor was there one */
	redirect_peers(NULL);
	net_settle(net);
	assert_up_at(&gateway);
	assert_int_equal(a()->child_down, 0);
	assert_int_equal(ike_sa_count(a()->engine), 1);
	assert_int_equal(ike_sa_count(b()->engine), 1);
}

/* A second child, with other flows than the first one's. */
static void add_more(void)
{
	for (unsigned i = 0; i < 2; i++) {
		struct ike_connection *conn = net->node[i].engine->connections[0];
		struct ike_child_config *child = ike_connection_add_child(conn, "more"),
					*first = &conn->children[0];

		assert_non_null(child);
		child->local_ts = first->remote_ts;
		child->remote_ts = first->local_ts;
	}
}

/* All that was asked for meanwhile is had there. */
static void children_that_wait_go_with_it(void **state)
{
	uint64_t id;

	(void)state;
	begin();
	add_more();
	redirect_peers("198.51.100.2");
	start(net, 0);
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "more", NULL, &id), 0);
	while (!stats(b())->redirects_sent)
		deliver_next();
	redirect_peers(NULL);
	net_settle(net);
	assert_int_equal(receiving(a()), 2);
	assert_int_equal(only_sa(net, 0)->child_count, 2);
	assert_true(ike_addr_same_ip(&only_sa(net, 0)->path.remote, &gateway));
	assert_int_equal(a()->child_down, 0);
}

/* The peer has proved who it is, so a loop is one that it makes. */
static void a_loop_of_known_peers_ends(void **state)
{
	(void)state;
	begin_with_name();
	redirect_peers("gw2.example.org");
	start(net, 0);
	net_settle(net);
	assert_int_equal(stats(a())->redirects_followed, 5);
	assert_int_equal(ike_sa_count(a()->engine) + ike_sa_count(b()->engine), 0);
	assert_string_equal(a()->child_reason, "peers redirect us again and again");
	assert_int_equal(a()->child_down, 1);
}

static void establish(void)
{
	begin();
	start(net, 0);
	net_settle(net);
	assert_up_at(&b()->addr);
	pass_time(1000); /* nothing of it is at once with what follows */
	net->watch_flow = true;
}

/*
 *      <-- INFORMATIONAL {N(REDIRECT: gateway)}
 *   A  INFORMATIONAL {} -->                               B
 *      IKE_SA_INIT, N(REDIRECTED_FROM: B) -->             gateway
 *      ...
 *      INFORMATIONAL {D(IKE)} -->                         B
 */
static void one_that_is_up_is_renewed_there(void **state)
{
	(void)state;
	establish();
	assert_int_equal(redirect(b(), "198.51.100.2"), 0);
	assert_int_equal(redirect(b(), "198.51.100.2"), -EBUSY);
	net_settle(net);
	pass_time(0);
	assert_up_at(&gateway);
	assert_int_equal(stats(b())->redirects_sent, 1);
	assert_int_equal(a()->child_down, 0);
	pass_time(IKE_LINGER_MS);
	assert_int_equal(receiving(a()), 1);
	assert_int_equal(ike_sa_count(b()->engine), 1);
}

static void a_name_as_well(void **state)
{
	(void)state;
	establish();
	a()->names[0] = (struct dns_name){.text = "gw2.example.org", .count = 1, .list = {gateway}};
	assert_int_equal(redirect(b(), "gw2.example.org"), 0);
	net_settle(net);
	pass_time(0);
	assert_up_at(&gateway);
}

/* Whatever `unique` says, the old one goes only when the other one has all of it. */
static void what_is_not_had_there_stays(void **state)
{
	struct side one = SIDE_A;

	(void)state;
	one.unique = IKE_UNIQUE_REPLACE;
	begin_with(&one, &SIDE_B);
	start(net, 0);
	net_settle(net);
	pass_time(1000);
	net->watch_flow = true;
	b()->install_error = -ENOSPC;
	assert_int_equal(redirect(b(), "198.51.100.2"), 0);
	net_settle(net);
	pass_time(1000);
	assert_true(ike_addr_same_ip(&present_child(a())->sa.remote, &b()->addr));
	b()->install_error = 0;
	pass_time(200000);
	assert_true(ike_addr_same_ip(&sending_child(a())->sa.remote, &gateway));
	assert_int_equal(ike_sa_count(a()->engine), 1);
}

/* What can't be reached there is tried again, until B puts an end to it. */
static void a_gateway_that_is_away_is_tried_again(void **state)
{
	(void)state;
	establish();
	b()->dead[1] = true;
	assert_int_equal(redirect(b(), "198.51.100.2"), 0);
	net_settle(net);
	pass_time(30000);
	assert_true(ike_addr_same_ip(&present_child(a())->sa.remote, &b()->addr)); /* goes on */
	b()->dead[1] = false;
	net->watch_flow = true;
	ike_engine_set_redirects(b()->engine, false, 1000000);
	pass_time(200000);
	assert_true(a()->child_up >= 1);
}

static void who_stays_is_deleted_at_last(void **state)
{
	(void)state;
	establish();
	net->watch_flow = false;
	b()->dead[1] = true;
	assert_int_equal(redirect(b(), "198.51.100.2"), 0);
	net_settle(net);
	pass_time(IKE_REDIRECT_MS - 1);
	assert_int_equal(b()->child_down, 0);
	pass_time(1000);
	assert_int_equal(b()->child_down, 1);
	assert_string_equal(b()->child_reason, "its peer was redirected to another gateway");
	assert_int_equal(a()->child_down, 1);
	assert_int_equal(a()->child_cause, IKE_CAUSE_PEER);
}

/* What was agreed on, and how long it may stay, outlasts a rekeying. */
static void who_stays_is_deleted_whatever_it_rekeys(void **state)
{
	(void)state;
	establish();
	assert_int_equal(ike_rekey(a()->engine, net->now, a()->ike_id), 0);
	node_drain(a());
	net_settle(net);
	b()->ike_id = only_sa(net, 1)->id;
	ike_engine_set_redirects(a()->engine, true, 0); /* it has changed its mind */
	assert_int_equal(redirect(b(), "198.51.100.2"), 0);
	net_settle(net);
	pass_time(20000);
	assert_int_equal(ike_rekey(b()->engine, net->now, b()->ike_id), 0);
	node_drain(b());
	net_settle(net);
	assert_int_equal(b()->ike_rekeyed, 2);
	net->watch_flow = false;
	pass_time(IKE_REDIRECT_MS);
	assert_int_equal(b()->child_down, 1);
	assert_string_equal(b()->child_reason, "its peer was redirected to another gateway");
}

/* A cookie is of no use elsewhere. */
static void a_cookie_stays_behind(void **state)
{
	struct side two = SIDE_B;
	struct ike_slice data;
	struct packet p;

	(void)state;
	two.cookie = true;
	begin_with(&SIDE_A, &two);
	redirect_all("198.51.100.2");
	start(net, 0);
	while (!stats(b())->redirects_sent)
		deliver_next();
	assert_int_equal(stats(b())->cookies_sent, 1);
	p = next_request();
	assert_false(has_notify(&p, IKE_N_COOKIE, &data));
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	assert_up_at(&gateway);
}

/* It counts as a try of the address that has sent us there. */
static void a_peer_whose_gateway_is_nowhere_is_a_failed_try(void **state)
{
	(void)state;
	begin();
	set_hosts(a(), a()->engine->connections[0], NULL, "192.0.2.2, 198.51.100.2");
	redirect_peers("gw2.example.org");
	start(net, 0);
	net_settle(net);
	assert_int_equal(ike_sa_count(a()->engine), 0);
	redirect_peers(NULL);
	start(net, 0);
	net_settle(net);
	assert_true(ike_addr_same_ip(&present_child(a())->sa.remote, &gateway));
}

/* Meanwhile the IKE SA is rekeyed, by either. */
static void a_rekeying_meanwhile_changes_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		establish();
		assert_int_equal(redirect(b(), "198.51.100.2"), 0);
		assert_int_equal(ike_rekey(net->node[i].engine, net->now, net->node[i].ike_id), 0);
		node_drain(&net->node[i]);
		net_settle(net);
		pass_time(30000);
		assert_up_at(&gateway);
		assert_int_equal(a()->child_down, 0);
		assert_true(nothing_left(a()) || ike_sa_count(a()->engine) == 1);
		net_free(net);
	}
	net = NULL;
}

/*
 *      <-- INFORMATIONAL {N(REDIRECT: gateway)}
 *   A  IKE_SA_INIT, IKE_AUTH -->                       gateway
 *      CREATE_CHILD_SA -->                             has no room for the other Child SA
 *      <-- INFORMATIONAL {N(REDIRECT: B)}              in the new one, which waits until it is
 *                                                      decided what becomes of the old one
 */
static void what_has_not_all_yet_is_not_renewed_itself(void **state)
{
	uint64_t id;

	(void)state;
	begin();
	add_more();
	start(net, 0);
	net_settle(net);
	assert_int_equal(ike_initiate(a()->engine, net->now, "net", "more", NULL, &id), 0);
	node_drain(a());
	net_settle(net);
	pass_time(1000);
	net->watch_flow = true;
	assert_int_equal(redirect(b(), "198.51.100.2"), 0);
	net_settle(net);
	ike_tick(a()->engine, net->now);
	node_drain(a());
	while (b()->ike_up < 2)
		deliver_next();
	b()->install_error = -ENOSPC;
	b()->use_works = true;
	net_settle(net);
	b()->install_error = 0;
	b()->ike_id = b()->engine->all->id;
	assert_int_equal(redirect(b(), "192.0.2.2"), 0);
	net_settle(net);
	pass_time(200000);
	assert_int_equal(receiving(a()), 2);
	assert_int_equal(receiving(b()), 2);
	assert_int_equal(a()->child_down + b()->child_down, 0);
}

/* Only who began is redirected: B takes no notice. */
static void who_was_called_goes_nowhere(void **state)
{
	struct ike_builder inner;
	uint8_t room[64];
	static const uint8_t there[] = {1, 4, 198, 51, 100, 2};
	struct packet p;

	(void)state;
	establish();
	assert_int_equal(redirect(a(), "198.51.100.2"), -EOPNOTSUPP);
	ike_build_chain(&inner, room, sizeof(room));
	ike_write_notify(&inner, IKE_PROTO_NONE, ike_slice(NULL, 0), IKE_N_REDIRECT,
			 ike_slice(there, sizeof(there)));
	p = forge(net, 0, IKE_INFORMATIONAL, false, only_sa(net, 0)->out.next_id, &inner);
	net_deliver(net, &p);
	packet_free(&p);
	net_settle(net);
	pass_time(20000);
	assert_int_equal(stats(b())->redirects_met, 0);
	assert_int_equal(stats(b())->initiated, 0);
	assert_up_at(&b()->addr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_stranger_is_redirected_at_once, teardown),
		cmocka_unit_test_teardown(a_gateway_may_have_a_name, teardown),
		cmocka_unit_test_teardown(a_gateway_that_is_nowhere_is_a_failed_try, teardown),
		cmocka_unit_test_teardown(a_loop_ends, teardown),
		cmocka_unit_test_teardown(the_gateway_itself_redirects_nobody, teardown),
		cmocka_unit_test_teardown(who_comes_from_there_is_not_sent_back, teardown),
		cmocka_unit_test_teardown(who_does_not_follow_is_served, teardown),
		cmocka_unit_test_teardown(a_redirect_without_our_nonce_is_dropped, teardown),
		cmocka_unit_test_teardown(what_is_no_gateway_is_an_error_that_may_be_forged,
					  teardown),
		cmocka_unit_test_teardown(a_peer_is_redirected_once_it_is_known, teardown),
		cmocka_unit_test_teardown(children_that_wait_go_with_it, teardown),
		cmocka_unit_test_teardown(a_loop_of_known_peers_ends, teardown),
		cmocka_unit_test_teardown(one_that_is_up_is_renewed_there, teardown),
		cmocka_unit_test_teardown(a_name_as_well, teardown),
		cmocka_unit_test_teardown(what_is_not_had_there_stays, teardown),
		cmocka_unit_test_teardown(a_gateway_that_is_away_is_tried_again, teardown),
		cmocka_unit_test_teardown(who_stays_is_deleted_at_last, teardown),
		cmocka_unit_test_teardown(who_stays_is_deleted_whatever_it_rekeys, teardown),
		cmocka_unit_test_teardown(a_cookie_stays_behind, teardown),
		cmocka_unit_test_teardown(a_peer_whose_gateway_is_nowhere_is_a_failed_try,
					  teardown),
		cmocka_unit_test_teardown(a_rekeying_meanwhile_changes_nothing, teardown),
		cmocka_unit_test_teardown(what_has_not_all_yet_is_not_renewed_itself, teardown),
		cmocka_unit_test_teardown(who_was_called_goes_nowhere, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
