/* SPDX-License-Identifier: BSD-2-Clause */
/* EAP in IKE_AUTH (RFC 7296, section 2.16), with the methods themselves, message by message. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "host/eap/method.h"
#include "tests/ike/pair.h"

enum { MSCHAPV2 = 1 << EAP_METHOD_MSCHAPV2, GTC = 1 << EAP_METHOD_GTC };

/* A comes in by EAP as bob, B signs. */
static struct side client(uint8_t methods)
{
	struct side s = SIDE_A;

	s.by_eap = s.verify = true;
	s.psk = NULL;
	s.eap = (struct eap_party){.methods = methods, .user = "bob", .password = "opensesame"};
	return s;
}

static struct side server(uint8_t methods)
{
	struct side s = SIDE_B;

	s.asks_eap = s.sign = true;
	s.psk = NULL;
	s.eap = (struct eap_party){
		.methods = methods, .asks = true, .user = "bob", .password = "opensesame"};
	return s;
}

/* Both come in by EAP, and prove themselves by nothing else. */
static struct side alone(struct side s)
{
	s.by_eap = s.asks_eap = true;
	s.sign = s.verify = false;
	return s;
}

static void begin(const struct side *one, const struct side *two)
{
	net = net_new(1, one, two);
	start(net, 0);
}

/*
 *   A  IKE_SA_INIT -->                          <-- IKE_SA_INIT                         B
 *      IKE_AUTH IDi CERTREQ SA TS -->           <-- IKE_AUTH IDr CERT AUTH EAP(Identity)
 *      IKE_AUTH EAP(Identity) -->               <-- IKE_AUTH EAP(Challenge)
 *      IKE_AUTH EAP(Response) -->               <-- IKE_AUTH EAP(Success-Request)
 *      IKE_AUTH EAP(Success-Response) -->       <-- IKE_AUTH EAP(Success)
 *      IKE_AUTH AUTH -->                        <-- IKE_AUTH AUTH SA TS
 */
static void a_peer_comes_in_by_a_password(void **state)
{
	static const struct {
		uint8_t methods;
		bool asks;
		unsigned messages;
	} cases[] = {
		{MSCHAPV2, true, 12},
		{MSCHAPV2, false, 10},
		{GTC, true, 10},
		{GTC, false, 8},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct side one = client(cases[i].methods), two = server(cases[i].methods);

		two.eap.asks = cases[i].asks;
		if (!two.eap.asks)
			one.eap.user = two.eap.user = one.id;
		begin(&one, &two);
		net_settle(net);
		both_are_up();
		assert_int_equal(net->sent, cases[i].messages);
		teardown(state);
	}
}

/* RFC 5998: no more messages, of which the first has neither AUTH nor certificates. */
static void eap_alone_proves_both(void **state)
{
	const struct side one = alone(client(MSCHAPV2)), two = alone(server(MSCHAPV2));

	(void)state;
	begin(&one, &two);
	net_settle(net);
	both_are_up();
	assert_int_equal(net->sent, 12);
}

/* Whoever has the wrong password, on which side. */
static void eap_alone_proves_nobody_by_half(void **state)
{
	for (unsigned which = 0; which < 2; which++) {
		struct side one = alone(client(MSCHAPV2)), two = alone(server(MSCHAPV2));

		(which ? &two : &one)->eap.password = "open barley";
		begin(&one, &two);
		net_settle(net);
		nothing_is_up();
		assert_int_equal(ike_sa_count(a()->engine), 0);
		teardown(state);
	}
}

/* What anybody could reckon is no proof of the responder. */
static void eap_alone_takes_a_method_with_a_key(void **state)
{
	const struct side one = alone(client(GTC)), two = alone(server(GTC));

	(void)state;
	begin(&one, &two);
	net_settle(net);
	nothing_is_up();
	assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
}

/* One wants it, and the other one another proof besides. */
static void eap_alone_is_what_both_want(void **state)
{
	for (unsigned which = 0; which < 2; which++) {
		struct side one = client(MSCHAPV2), two = server(MSCHAPV2);

		if (which)
			two = alone(two);
		else
			one = alone(one);
		begin(&one, &two);
		net_settle(net);
		pass_time(60000);
		nothing_is_up();
		if (!which)
			assert_non_null(strstr(a()->ike_reason, "by EAP alone"));
		else
			assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
		assert_int_equal(ike_sa_count(b()->engine), 0);
		teardown(state);
	}
}

/* Whoever begins must be able to say who the server is. */
static void eap_alone_begins_with_one_who_is_known(void **state)
{
	static const char *const peers[] = {"*.example.org", "sun.example.org"};

	for (unsigned i = 0; i < 2; i++) {
		struct side one = alone(client(MSCHAPV2)), two = alone(server(MSCHAPV2));
		uint64_t id;

		one.peer_id = peers[i];
		net = net_new(1, &one, &two);
		assert_int_equal(ike_initiate(a()->engine, net->now, "net", NULL, NULL, &id),
				 i ? 0 : -EOPNOTSUPP);
		teardown(state);
	}
}

/* What goes with IKE_AUTH does in several messages, too; tokens only once both are who they are. */
static void both_agree_on_what_else_there_is(void **state)
{
	static const uint8_t secret[32] = {1};
	struct side one = client(MSCHAPV2), two = server(MSCHAPV2);

	(void)state;
	one.qcd_secret = two.qcd_secret = secret;
	one.mobike = two.mobike = true;
	begin(&one, &two);
	for (unsigned i = 0; i < 10; i++) {
		assert_null(a()->engine->all->token);
		assert_true(!b()->engine->all || !b()->engine->all->token);
		deliver_next();
	}
	net_settle(net);
	both_are_up();
	for (unsigned i = 0; i < 2; i++) {
		assert_true(only_sa(net, i)->syncs);
		assert_non_null(only_sa(net, i)->token);
		assert_non_null(only_sa(net, i)->mobike);
	}
}

/* The responder may be known by a key that is shared with it. */
static void the_responder_may_prove_itself_by_a_shared_key(void **state)
{
	struct side one = client(MSCHAPV2), two = server(MSCHAPV2);

	(void)state;
	one.verify = two.sign = false;
	one.psk = two.psk = "a shared secret";
	begin(&one, &two);
	net_settle(net);
	both_are_up();
}

/* Who it is for all that is its own, also after the IKE SA has been rekeyed. */
static void the_peer_is_known_as_whom_it_came_in(void **state)
{
	const struct side one = client(MSCHAPV2), two = server(MSCHAPV2);
	struct ike_id peer;
	char text[IKE_ID_TEXT];

	(void)state;
	begin(&one, &two);
	net_settle(net);
	for (unsigned i = 0; i < 2; i++) {
		peer = ike_sa_peer(ike_sa_find_id(b()->engine, b()->ike_id));
		ike_id_text(&peer, text, sizeof(text));
		assert_string_equal(text, "bob");
		assert_int_equal(ike_rekey(a()->engine, net->now, a()->ike_id), 0);
		node_drain(a());
		net_settle(net);
		assert_int_equal(b()->ike_rekeyed, 1 + i);
	}
}

/* Whoever has the same name by another proof isn't the same peer. */
static void a_user_replaces_nobody_who_proves_that_name_otherwise(void **state)
{
	const struct side one = client(MSCHAPV2), two = server(MSCHAPV2);
	struct ike_sa *sa, *other;
	struct ike_id local, bob;

	(void)state;
	begin(&one, &two);
	net_settle(net);
	sa = ike_sa_find_id(b()->engine, b()->ike_id);
	other = ike_sa_new(b()->engine, net->now, false);
	local = ike_id_kept(sa->local_id);
	bob = ike_sa_peer(sa);
	ike_sa_hold(b()->engine, other, sa->conn);
	assert_int_equal(ike_id_keep(&other->local_id, &local), 0);
	assert_int_equal(ike_id_keep(&other->remote_id, &bob), 0);
	ike_peer_link(b()->engine, other);
	assert_ptr_equal(ike_peer_same(b()->engine, sa, NULL), sa);
	assert_null(ike_peer_same(b()->engine, sa, sa));
	assert_ptr_equal(ike_peer_same(b()->engine, other, NULL), other);
	assert_null(ike_peer_same(b()->engine, other, other));
}

/* Whatever is wrong: the same number of messages, and the same answer at the end. */
static void all_who_fail_are_told_the_same(void **state)
{
	for (unsigned asks = 0; asks < 2; asks++) {
		struct heard wrong = {0};

		for (unsigned what = 0; what < 3; what++) {
			struct side one = client(MSCHAPV2), two = server(MSCHAPV2);
			struct heard seen;

			two.eap.asks = asks;
			if (!asks)
				one.eap.user = two.eap.user = one.id;
			if (what == 0)
				one.eap.password = "open barley";
			if (what == 1)
				one.eap.user = asks ? "rob" : "noon.example.org";
			if (what == 1 && !asks)
				one.id = one.eap.user;
			if (what == 2)
				one.id = "noon.example.org"; /* nobody's */
			if (what == 2 && !asks)
				one.eap.user = one.id;
			begin(&one, &two);
			seen = hear_out();
			nothing_is_up();
			assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
			assert_non_null(strstr(a()->ike_reason, "EAP-MSCHAPv2 failed as "));
			if (what == 0)
				wrong = seen;
			assert_int_equal(seen.count, wrong.count);
			assert_int_equal(seen.last[1], wrong.last[1]);
			teardown(state);
		}
	}
}

static void gtc_fails_in_one_way_too(void **state)
{
	size_t length = 0;

	for (unsigned what = 0; what < 3; what++) {
		struct side one = client(GTC), two = server(GTC);
		struct heard seen;

		if (what == 0)
			one.eap.password = "open";
		if (what == 1)
			one.eap.user = "rob";
		if (what == 2)
			one.id = "noon.example.org";
		begin(&one, &two);
		seen = hear_out();
		nothing_is_up();
		length = what ? length : seen.last[1];
		assert_int_equal(seen.last[1], length);
		assert_int_equal(seen.count, 8);
		teardown(state);
	}
}

/* Methods that give no key are those that are named. */
static void a_method_that_is_not_configured_is_refused(void **state)
{
	static const uint8_t pairs[][2] = {{MSCHAPV2, GTC}, {GTC, MSCHAPV2}};

	for (unsigned i = 0; i < 2; i++) {
		struct side one = client(pairs[i][0]), two = server(pairs[i][1]);

		begin(&one, &two);
		net_settle(net);
		nothing_is_up();
		teardown(state);
	}
}

/* RFC 3748, section 5.3.1 */
static void the_peer_may_want_another_method(void **state)
{
	const struct side one = client(GTC), two = server(GTC | MSCHAPV2);

	(void)state;
	begin(&one, &two);
	net_settle(net);
	both_are_up();
	assert_int_equal(net->sent, 12);
}

/* Who hasn't proved itself gets no message of EAP. */
static void a_responder_that_is_not_the_one_hears_nothing_of_eap(void **state)
{
	struct side one = client(MSCHAPV2), two = server(MSCHAPV2);

	(void)state;
	two.signing_key = "another";
	begin(&one, &two);
	for (unsigned i = 0; i < 4; i++)
		deliver_next();
	nothing_is_up();
	assert_non_null(strstr(a()->engine->all->out.task->exchange->name, "refusal"));
}

/* Neither begins where only the other may. */
static void who_begins_is_who_comes_in(void **state)
{
	const struct side one = client(MSCHAPV2), two = server(MSCHAPV2);
	uint64_t id;

	(void)state;
	net = net_new(1, &one, &two);
	assert_int_equal(ike_initiate(b()->engine, net->now, "net", NULL, NULL, &id), -EOPNOTSUPP);
	assert_int_equal(ike_sa_count(b()->engine), 0);
}

/* Message by message */

static void build(struct ike_builder *b, uint8_t *octets, size_t cap)
{
	ike_build_chain(b, octets, cap);
}

/* Instead of the message that waits, one of the same side with these octets of EAP. */
static void deliver_eap_instead(const uint8_t *eap, size_t len)
{
	uint8_t octets[IKE_MESSAGE_MAX];
	struct ike_builder w;
	struct packet old = net_take(net), p;
	struct ike_header hdr;

	ike_header_parse(ike_slice(old.data, old.len), &hdr);
	build(&w, octets, sizeof(octets));
	ike_build_begin(&w, IKE_PAYLOAD_EAP);
	ike_put(&w.w, eap, len);
	ike_build_end(&w);
	p = forge(net, 1 - old.to, IKE_AUTH, hdr.flags & IKE_FLAG_RESPONSE, hdr.message_id, &w);
	p.local = old.local;
	p.remote = old.remote;
	net_deliver(net, &p);
	packet_free(&p);
	packet_free(&old);
}

static void write_keyless_auth(struct ike_builder *w, const struct node *from)
{
	const struct ike_sa *sa = from->engine->all;
	const struct ike_auth_keys *keys = &sa->handshake->auth_keys;
	const struct ike_id id = ike_connection_local_id(sa->conn, &sa->path.local);
	const struct ike_slice key =
		ike_slice(sa->initiator ? keys->sk_pi : keys->sk_pr, ike_prf_len(sa->suite.prf));

	assert_int_equal(ike_proof_write_key(w, sa, &id, key), 0);
}

/* Instead of it, AUTH that is made with no key; or as if the method were done and gave none. */
static void deliver_auth_instead(bool without_key)
{
	uint8_t octets[IKE_MESSAGE_MAX], data[48] = {1};
	struct ike_builder w;
	struct packet old = net_take(net), p;
	struct ike_header hdr;

	ike_header_parse(ike_slice(old.data, old.len), &hdr);
	build(&w, octets, sizeof(octets));
	if (without_key)
		write_keyless_auth(&w, &net->node[1 - old.to]);
	else
		ike_write_auth(&w, IKE_AUTH_PSK, ike_slice(data, sizeof(data)));
	p = forge(net, 1 - old.to, IKE_AUTH, hdr.flags & IKE_FLAG_RESPONSE, hdr.message_id, &w);
	p.local = old.local;
	p.remote = old.remote;
	net_deliver(net, &p);
	packet_free(&p);
	packet_free(&old);
}

static void begin_and_deliver(uint8_t methods, unsigned messages)
{
	const struct side one = client(methods), two = server(methods);

	begin(&one, &two);
	for (unsigned i = 0; i < messages; i++)
		deliver_next();
}

static const unsigned last_message[] = {12, 10}; /* of MSCHAPv2, and of GTC */

/* After the method, and before: only a whole run leads to AUTH, and only its key makes it. */
static void a_wrong_auth_ends_it_wherever_it_comes(void **state)
{
	for (unsigned m = 0; m < 4; m++) {
		const bool without_key = m / 2;

		/* Once GTC is done, its AUTH is without a key. */
		for (unsigned at = 4; at < last_message[m % 2] - (m == 3 ? 2 : 0); at++) {
			if (without_key && at == last_message[0] - 1)
				continue; /* B has nothing left to make it of */
			begin_and_deliver(m % 2 ? GTC : MSCHAPV2, at);
			deliver_auth_instead(without_key);
			net_settle(net);
			pass_time(60000);
			assert_int_equal(a()->child_up + a()->ike_up, 0);
			assert_int_equal(b()->child_up, at == last_message[m % 2] - 1);
			assert_int_equal(ike_sa_count(a()->engine), 0);
			assert_int_equal(ike_sa_count(b()->engine), 0);
			assert_int_equal(receiving(b()) + receiving(a()), 0);
			teardown(state);
		}
	}
}

/* Section 2.16: the initiator's with SK_pi. */
static void without_a_key_auth_is_made_with_those_of_ike(void **state)
{
	(void)state;
	begin_and_deliver(GTC, last_message[1] - 2);
	deliver_auth_instead(true);
	net_settle(net);
	both_are_up();
}

/* Not even by who is the true responder. */
static void success_before_the_method_is_done_is_no_success(void **state)
{
	static const uint8_t success[] = {IKE_EAP_SUCCESS, 1, 0, 4};

	for (unsigned m = 0; m < 2; m++) {
		for (unsigned at = 5; at < last_message[m] - 3; at += 2) {
			begin_and_deliver(m ? GTC : MSCHAPV2, at);
			deliver_eap_instead(success, sizeof(success));
			net_settle(net);
			nothing_is_up();
			assert_non_null(strstr(a()->ike_reason, at == 3 ? "no AUTH" : "Success"));
			teardown(state);
		}
	}
}

/* A server that doesn't know the password can't say what shows that it does. */
static void a_server_without_the_password_is_not_believed(void **state)
{
	uint8_t said[] = "\1\1\0\63\32\3\1\0\56S=0123456789ABCDEF0123456789ABCDEF01234567";

	(void)state;
	begin_and_deliver(MSCHAPV2, 7);
	deliver_eap_instead(said, sizeof(said) - 1);
	net_settle(net);
	nothing_is_up();
	assert_non_null(strstr(a()->ike_reason, "the server doesn't know our password"));
}

static void a_run_has_a_number_of_messages(void **state)
{
	uint8_t notification[] = {IKE_EAP_REQUEST, 0, 0, 7, EAP_NOTIFICATION, 'h', 'i'};
	unsigned answered = 0;

	(void)state;
	begin_and_deliver(MSCHAPV2, 4);
	while (net->queued && answered < 1000) {
		/* A's answer never comes; B says another thing. */
		struct packet p = net_take(net);
		uint8_t octets[64];
		struct ike_builder w;
		struct ike_header hdr;

		ike_header_parse(ike_slice(p.data, p.len), &hdr);
		packet_free(&p);
		build(&w, octets, sizeof(octets));
		ike_build_begin(&w, IKE_PAYLOAD_EAP);
		notification[1]++;
		ike_put(&w.w, notification, sizeof(notification));
		ike_build_end(&w);
		p = forge(net, 1, IKE_AUTH, true, hdr.message_id, &w);
		p.local = a()->engine->all->path.local;
		p.remote = a()->engine->all->path.remote;
		net_deliver(net, &p);
		packet_free(&p);
		answered++;
	}
	assert_int_equal(answered, 40);
	nothing_is_up();
	assert_non_null(strstr(a()->ike_reason, "too many messages"));
	assert_int_equal(ike_sa_count(a()->engine), 0);
}

static void a_run_has_a_time(void **state)
{
	for (unsigned at = 4; at < last_message[0]; at += 2) {
		begin_and_deliver(MSCHAPV2, at - 1); /* B is asked, and A says no more */
		it_is_forgotten_when_it_says_no_more();
		teardown(state);
	}
}

/* Who waits for the other's word may have to go; who has failed still counts. */
static void who_comes_in_is_a_stranger_until_the_end(void **state)
{
	const struct ike_limits one = {.half_open = 1};

	(void)state;
	begin_and_deliver(MSCHAPV2, 3);
	ike_engine_set_limits(b()->engine, &one);
	assert_true(ike_half_open_room(b()->engine));
	ike_reap(b()->engine);
	assert_int_equal(ike_engine_stats(b()->engine)->half_open_evicted, 1);
	assert_int_equal(ike_sa_count(b()->engine), 0);
}

static void no_message_is_needed_twice(void **state)
{
	for (unsigned lost = 0; lost < last_message[0]; lost++) {
		struct packet p;

		begin_and_deliver(MSCHAPV2, lost);
		p = net_take(net);
		packet_free(&p);
		pass_time(20000);
		both_are_up();
		teardown(state);
	}
}

/* Jobs late, with the request again meanwhile. */
static void who_knows_passwords_may_take_its_time(void **state)
{
	for (unsigned node = 0; node < 2; node++) {
		const struct side one = client(MSCHAPV2), two = server(MSCHAPV2);

		begin(&one, &two);
		net->node[node].eap_holds = true;
		for (unsigned i = 0; i < 4; i++) {
			net_settle(net);
			pass_time(3000);
			assert_int_equal(a()->child_up, 0);
			assert_int_equal(net->node[node].job_count, 1);
			node_answer(&net->node[node], 0);
			node_drain(&net->node[node]);
		}
		net->node[node].eap_holds = false;
		pass_time(10000);
		both_are_up();
		teardown(state);
	}
}

static void a_job_that_never_comes_back_ends_it(void **state)
{
	for (unsigned node = 0; node < 2; node++) {
		const struct side one = client(MSCHAPV2), two = server(MSCHAPV2);

		begin(&one, &two);
		net->node[node].eap_holds = true;
		pass_time(300000);
		nothing_is_up();
		assert_int_equal(ike_sa_count(a()->engine), 0);
		assert_int_equal(ike_sa_count(b()->engine), 0);
		teardown(state);
	}
}

/* Asked for in the first message, given in the last: nothing is kept for who fails. */
static void an_address_is_given_to_who_has_proved_itself(void **state)
{
	for (unsigned wrong = 0; wrong < 2; wrong++) {
		struct side one = client(MSCHAPV2), two = server(MSCHAPV2);
		char text[IKE_ID_TEXT];

		one.vips = "0.0.0.0";
		one.local_ts = "";
		two.leases = true;
		two.remote_ts = "";
		if (wrong)
			one.eap.password = "open barley";
		begin(&one, &two);
		b()->pool = 8;
		for (unsigned i = 0; i < 10; i++)
			deliver_next();
		assert_int_equal(ike_engine_stats(b()->engine)->leases_given, 0);
		net_settle(net);
		assert_int_equal(ike_engine_stats(b()->engine)->leases_given, !wrong);
		assert_int_equal(leases_out(b()), !wrong);
		assert_int_equal(a()->leased_count, !wrong);
		if (!wrong) {
			both_are_up();
			ike_id_text(&b()->asked.remote_id, text, sizeof(text));
			assert_string_equal(text, "bob");
		}
		teardown(state);
	}
}

/* Behind a NAT it may move, but not to where its connection has no peer. */
static void a_message_from_where_the_peer_cannot_be_is_ignored(void **state)
{
	for (unsigned at = 4; at < last_message[0]; at += 2) {
		struct packet p, copy;

		begin_and_deliver(MSCHAPV2, at);
		b()->engine->all->path.nat_remote = true;
		p = copy = net_take(net);
		copy.remote.ip[3] = 77;
		net_deliver(net, &copy);
		assert_int_equal(ike_engine_stats(b()->engine)->drop_state, 1);
		assert_int_equal(b()->engine->all->path.remote.ip[3], 1);
		net_deliver(net, &p);
		packet_free(&p);
		net_settle(net);
		assert_int_equal(a()->child_up + b()->child_up, 2);
		teardown(state);
	}
}

/* What the allocator has given out. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated(void)
{
	return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
						       : mallinfo2().uordblks;
}

/* Beside what any stranger may, with the longest first message: what is kept of that, the method's
 * state, and our last answer. */
static void what_a_run_takes_is_bounded(void **state)
{
	uint8_t octets[IKE_MESSAGE_MAX], text[2000] = {1};
	struct ike_builder w;
	struct packet p;
	size_t before;

	(void)state;
	begin_and_deliver(MSCHAPV2, 2);
	p = net_take(net);
	packet_free(&p);
	before = allocated();
	build(&w, octets, sizeof(octets));
	ike_write_id(&w, IKE_PAYLOAD_IDI, IKE_ID_FQDN, ike_slice("moon.example.org", 16));
	for (unsigned i = 0; i < 2; i++)
		ike_write_notify(&w, IKE_PROTO_NONE, ike_slice(NULL, 0), (uint16_t)(40000 + i),
				 ike_slice(text, sizeof(text)));
	for (unsigned i = 0; i < 5; i++) /* which aren't kept */
		ike_write_cert(&w, IKE_PAYLOAD_CERT, IKE_CERT_X509_SIGNATURE,
			       ike_slice(text, sizeof(text)));
	p = forge(net, 0, IKE_AUTH, false, 1, &w);
	net_deliver(net, &p);
	packet_free(&p);
	while (net->queued) {
		p = net_take(net);
		packet_free(&p);
	}
	assert_int_equal(b()->engine->all->state, IKE_STATE_HALF_OPEN);
	printf("# a run of EAP has %zu octets\n", allocated() - before);
	assert_in_range(allocated() - before, 4096, 8192);
}

/* What is too much to keep for a stranger isn't kept. */
static void a_first_message_that_is_too_large_is_refused(void **state)
{
	uint8_t octets[IKE_MESSAGE_MAX], text[200] = {1};
	struct ike_builder w;
	struct packet p;

	(void)state;
	begin_and_deliver(MSCHAPV2, 2);
	p = net_take(net);
	packet_free(&p);
	build(&w, octets, sizeof(octets));
	ike_write_id(&w, IKE_PAYLOAD_IDI, IKE_ID_FQDN, ike_slice("moon.example.org", 16));
	for (unsigned i = 0; i < 30; i++)
		ike_write_notify(&w, IKE_PROTO_NONE, ike_slice(NULL, 0), 40000 + i,
				 ike_slice(text, sizeof(text)));
	p = forge(net, 0, IKE_AUTH, false, 1, &w);
	net_deliver(net, &p);
	packet_free(&p);
	assert_int_equal(b()->engine->all->state, IKE_STATE_REFUSED);
	net_settle(net);
	nothing_is_up();
}

/* State x message: each code and type, with each length of what follows, in each state. */

enum { LENGTHS = 8 };

static size_t draw_message(unsigned code, uint8_t type, unsigned length, bool lies, uint8_t *out)
{
	static const size_t lengths[LENGTHS] = {0, 1, 2, 4, 5, 21, 54, 200};
	static const uint8_t opcodes[] = {1, 2, 3, 4};
	size_t len = 5 + lengths[length];

	memset(out, 0x2a, len);
	out[0] = (uint8_t)code;
	out[1] = 1;
	out[2] = 0;
	out[3] = (uint8_t)(len + lies);
	out[4] = type;
	out[5] = opcodes[length % 4];
	return len;
}

static void no_message_out_of_place_does_anything(void **state)
{
	static const uint8_t types[] = {0,	 EAP_IDENTITY, EAP_NOTIFICATION, EAP_NAK, 4,
					EAP_GTC, 13,	       EAP_MSCHAPV2,	 254,	  255};
	unsigned count = 0;

	for (unsigned at = 4; at < last_message[0]; at++) {
		for (unsigned code = 0; code < 6; code++) {
			for (unsigned t = 0; t < sizeof(types); t++) {
				uint8_t octets[256];
				unsigned which = count++ % (2 * LENGTHS);
				size_t len =
					draw_message(code, types[t], which / 2, which % 2, octets);

				begin_and_deliver(MSCHAPV2, at);
				deliver_eap_instead(octets, len);
				assert_int_equal(a()->child_up, 0);
				assert_int_equal(b()->child_up, at == last_message[0] - 1);
				net_settle(net);
				if (a()->child_up)
					both_are_up();
				else if (at < last_message[0] - 1)
					assert_int_equal(b()->child_up, 0);
				teardown(state);
			}
		}
	}
	assert_int_equal(count, 8 * 6 * 10);
}

/* Cut short before its data, or without the payload. */
static void what_is_no_message_of_eap_ends_it(void **state)
{
	for (unsigned at = 4; at < last_message[0] - 1; at++) {
		for (size_t len = 0; len < 5; len++) {
			static const uint8_t octets[] = {IKE_EAP_REQUEST, 1, 0, 5, 1};

			begin_and_deliver(MSCHAPV2, at);
			deliver_eap_instead(octets, len);
			net_settle(net);
			nothing_is_up();
			teardown(state);
		}
	}
}

#define T(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_peer_comes_in_by_a_password),
		T(eap_alone_proves_both),
		T(eap_alone_proves_nobody_by_half),
		T(eap_alone_takes_a_method_with_a_key),
		T(eap_alone_is_what_both_want),
		T(eap_alone_begins_with_one_who_is_known),
		T(both_agree_on_what_else_there_is),
		T(the_responder_may_prove_itself_by_a_shared_key),
		T(the_peer_is_known_as_whom_it_came_in),
		T(a_user_replaces_nobody_who_proves_that_name_otherwise),
		T(all_who_fail_are_told_the_same),
		T(gtc_fails_in_one_way_too),
		T(a_server_without_the_password_is_not_believed),
		T(a_method_that_is_not_configured_is_refused),
		T(the_peer_may_want_another_method),
		T(a_responder_that_is_not_the_one_hears_nothing_of_eap),
		T(who_begins_is_who_comes_in),
		T(a_wrong_auth_ends_it_wherever_it_comes),
		T(without_a_key_auth_is_made_with_those_of_ike),
		T(success_before_the_method_is_done_is_no_success),
		T(a_run_has_a_number_of_messages),
		T(a_run_has_a_time),
		T(who_comes_in_is_a_stranger_until_the_end),
		T(no_message_is_needed_twice),
		T(who_knows_passwords_may_take_its_time),
		T(a_job_that_never_comes_back_ends_it),
		T(an_address_is_given_to_who_has_proved_itself),
		T(a_message_from_where_the_peer_cannot_be_is_ignored),
		T(what_a_run_takes_is_bounded),
		T(a_first_message_that_is_too_large_is_refused),
		T(no_message_out_of_place_does_anything),
		T(what_is_no_message_of_eap_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
