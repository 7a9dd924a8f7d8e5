/* SPDX-License-Identifier: BSD-2-Clause */
/* IKE_AUTH by signatures, which jobs make and judge (RFC 7296, section 2.15; RFC 7427). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/ike/pair.h"

/* Either side by either way: bits 0 and 1 say that A and that B signs. */
static void begin_with(struct side *a, struct side *b, unsigned who)
{
	a->sign = b->verify = who & 1;
	b->sign = a->verify = who & 2;
	net = net_new(1, a, b);
	start(net, 0);
}

static void begin(unsigned who)
{
	struct side a = SIDE_A, b = SIDE_B;

	begin_with(&a, &b, who);
}

/*
 *   A  IKE_SA_INIT N(SIGNATURE_HASH_ALGORITHMS) -->                    B
 *      <-- IKE_SA_INIT CERTREQ N(SIGNATURE_HASH_ALGORITHMS)
 *      IKE_AUTH IDi CERT CERTREQ IDr AUTH ... -->
 *      <-- IKE_AUTH IDr CERT AUTH ...
 */
static void each_side_proves_itself_in_its_way(void **state)
{
	for (unsigned who = 0; who < 4; who++) {
		begin(who);
		net_settle(net);
		assert_int_equal(net->sent, 4);
		both_are_up();
		teardown(state);
	}
}

static void without_a_pre_shared_key_both_may_sign(void **state)
{
	struct side a = SIDE_A, b = SIDE_B;

	(void)state;
	a.psk = b.psk = NULL;
	begin_with(&a, &b, 3);
	net_settle(net);
	both_are_up();
}

/* All refusals look the same from outside. */
static void refused(struct side *sides, const char *why)
{
	begin_with(&sides[0], &sides[1], 3);
	net_settle(net);
	assert_int_equal(a()->ike_up + b()->ike_up, 0);
	assert_int_equal(a()->child_up + b()->child_up, 0);
	assert_non_null(strstr(a()->ike_reason, why));
	assert_int_equal(b()->spis_out, 0);
}

static void whose_signature_is_wrong_is_refused(void **state)
{
	struct side sides[2] = {SIDE_A, SIDE_B};

	(void)state;
	sides[0].signing_key = "another";
	refused(sides, "AUTHENTICATION_FAILED");
	assert_int_equal(ike_engine_stats(b()->engine)->auth_failed, 1);
}

static void whoever_is_unknown_is_refused_in_the_same_way(void **state)
{
	struct side sides[2] = {SIDE_A, SIDE_B};

	(void)state;
	sides[0].id = "mars.example.org";
	refused(sides, "AUTHENTICATION_FAILED");
}

static void who_sends_no_certificate_is_refused(void **state)
{
	struct side sides[2] = {SIDE_A, SIDE_B};

	(void)state;
	sides[0].send_cert = IKE_SEND_CERT_NEVER;
	refused(sides, "AUTHENTICATION_FAILED");
}

static void certificates_go_to_who_asks_or_always(void **state)
{
	struct side sides[2] = {SIDE_A, SIDE_B};

	sides[1].silent = true;
	refused(sides, "AUTHENTICATION_FAILED");
	teardown(state);
	sides[0].send_cert = IKE_SEND_CERT_ALWAYS;
	begin_with(&sides[0], &sides[1], 3);
	net_settle(net);
	both_are_up();
}

/* RFC 7670 */
static void public_keys_go_to_who_asks_for_them(void **state)
{
	struct side sides[2] = {SIDE_A, SIDE_B};

	for (unsigned who = 1; who < 4; who++) {
		sides[0].raw = who & 1;
		sides[1].raw = who & 2;
		begin_with(&sides[0], &sides[1], 3);
		net_settle(net);
		both_are_up();
		teardown(state);
	}
	sides[0].send_cert = IKE_SEND_CERT_NEVER;
	refused(sides, "AUTHENTICATION_FAILED");
}

/* RFC 4806 */
static void ocsp_goes_to_who_asks_for_it_and_may_know(void **state)
{
	for (unsigned way = 0; way < 16; way++) {
		struct side sides[2] = {SIDE_A, SIDE_B};

		for (unsigned i = 0; i < 2; i++) {
			sides[i].ocsp = way >> i & 1;
			sides[i].mute = way >> (2 + i) & 1;
		}
		begin_with(&sides[0], &sides[1], 3);
		net_settle(net);
		both_are_up();
		for (unsigned i = 0; i < 2; i++)
			assert_int_equal(net->node[i].answers, sides[i].ocsp && !sides[1 - i].mute);
		teardown(state);
	}
	begin(3);
}

/* Who is to sign can't come in by the key that others have, nor the other way round. */
static void a_method_is_not_taken_for_another_one(void **state)
{
	struct side x = SIDE_A, y = SIDE_B;

	x.sign = false;
	y.verify = true;
	net = net_new(1, &x, &y);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->ike_up + b()->ike_up, 0);
	teardown(state);

	x.sign = true;
	y.verify = false;
	net = net_new(1, &x, &y);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->ike_up + b()->ike_up, 0);
	teardown(state);

	/* The responder's. */
	x = SIDE_A;
	y = SIDE_B;
	x.verify = true;
	net = net_new(1, &x, &y);
	start(net, 0);
	net_settle(net);
	assert_int_equal(a()->ike_up, 0);
	assert_non_null(strstr(a()->ike_reason, "failed to authenticate"));
	assert_int_equal(ike_sa_count(b()->engine), 0);
}

static void a_responder_with_a_wrong_signature_is_told_so(void **state)
{
	struct side x = SIDE_A, y = SIDE_B;

	(void)state;
	y.signing_key = "another";
	begin_with(&x, &y, 2);
	net_settle(net);
	assert_int_equal(a()->ike_up, 0);
	assert_non_null(strstr(a()->ike_reason, "the signature is wrong"));
	assert_int_equal(ike_sa_count(b()->engine), 0);
	assert_int_equal(receiving(b()), 0);
}

/* Meanwhile the request comes again, time passes, and others come and go. */
static void who_signs_and_who_judges_may_take_their_time(void **state)
{
	for (unsigned node = 0; node < 2; node++) {
		begin(3);
		net->node[node].signer_holds = true;
		for (unsigned i = 0; i < 2; i++) {
			net_settle(net);
			pass_time(12000);
			assert_int_equal(a()->child_up, 0);
			assert_int_equal(net->node[node].job_count, 1);
			node_answer(&net->node[node], 0);
			node_drain(&net->node[node]);
		}
		net->node[node].signer_holds = false;
		net_run(net, net->now + 20000);
		both_are_up();
		teardown(state);
	}
}

static void a_job_that_never_comes_back_ends_it(void **state)
{
	for (unsigned node = 0; node < 2; node++) {
		begin(3);
		net->node[node].signer_holds = true;
		pass_time(300000);
		assert_int_equal(a()->ike_up + b()->ike_up, 0);
		assert_int_equal(ike_sa_count(a()->engine), 0);
		assert_int_equal(ike_sa_count(b()->engine), 0);
		teardown(state);
	}
}

/* Requests for certificates of other kinds say nothing, many of ours no more than fits. */
static void requests_for_certificates_are_read_within_bounds(void **state)
{
	uint8_t out[IKE_MESSAGE_MAX], octets[IKE_AUTHORITY_LEN * 40] = {1};
	struct ike_payloads p;
	struct ike_builder w;
	struct ike_sa *sa;

	(void)state;
	begin(3);
	sa = only_sa(net, 0);
	ike_build_chain(&w, out, sizeof(out));
	ike_write_cert(&w, IKE_PAYLOAD_CERTREQ, 12, ike_slice(octets, 20));
	assert_int_equal(ike_payloads_parse(ike_written(&w.w), w.first, &p), 0);
	ike_proof_learn_requests(sa, &p);
	assert_false(sa->handshake->certs_asked);
	ike_write_cert(&w, IKE_PAYLOAD_CERTREQ, IKE_CERT_X509_SIGNATURE, ike_slice(octets, 30));
	assert_int_equal(ike_payloads_parse(ike_written(&w.w), w.first, &p), 0);
	ike_proof_learn_requests(sa, &p);
	assert_true(sa->handshake->certs_asked);
	assert_int_equal(sa->handshake->authorities.len, IKE_AUTHORITY_LEN);
	for (unsigned i = 0; i < 3; i++)
		ike_write_cert(&w, IKE_PAYLOAD_CERTREQ, IKE_CERT_X509_SIGNATURE,
			       ike_slice(octets, sizeof(octets)));
	assert_int_equal(ike_payloads_parse(ike_written(&w.w), w.first, &p), 0);
	ike_proof_learn_requests(sa, &p);
	assert_int_equal(sa->handshake->authorities.len, IKE_AUTHORITIES_MAX * IKE_AUTHORITY_LEN);
}

/* Of a hundred certificates no more are kept than what shows that they are too many. */
static void a_hundred_certificates_are_not_kept(void **state)
{
	uint8_t out[IKE_MESSAGE_MAX], octets[100] = {1};
	struct ike_id id = {.type = IKE_ID_FQDN, .len = 1, .data = "x"};
	const struct ike_slice body = ike_slice(octets, 8);
	struct ike_builder w;
	struct ike_in in = {0};
	struct ike_sa *sa;
	struct ike_job *job;

	(void)state;
	begin(3);
	a()->signer_holds = true;
	net_settle(net);
	sa = only_sa(net, 0);
	assert_int_equal(a()->job_count, 1);
	in.now = net->now;
	ike_build_chain(&w, out, sizeof(out));
	for (unsigned i = 0; i < 100; i++)
		ike_write_cert(&w, IKE_PAYLOAD_CERT, IKE_CERT_X509_SIGNATURE,
			       ike_slice(octets, sizeof(octets)));
	assert_int_equal(ike_payloads_parse(ike_written(&w.w), w.first, &in.payloads), 0);
	ike_waiter_cancel(a()->engine, &sa->out.task->waiter);
	assert_int_equal(ike_proof_verify(a()->engine, sa->out.task, &in, sa->conn, &id, body, body,
					  sa->out.task->resume),
			 IKE_WAIT);
	node_drain(a());
	job = a()->jobs[1].job;
	assert_int_equal(job->verify.certs.len, (IKE_CERTS_MAX + 1) * 102);
}

/* Who was believed by what one connection asks for has no part in what another one asks more for.
 */
static void a_connection_with_other_credentials_is_not_taken_instead(void **state)
{
	for (unsigned other = 0; other < 2; other++) {
		struct side x = SIDE_A, y = SIDE_B;
		struct ike_connection *conn;

		x.sign = y.sign = x.verify = y.verify = true;
		net = net_new(1, &x, &y);
		conn = add_alike(b(), "other", "d");
		conn->auth.credentials = other;
		b()->engine->connections[0]->children[0].local_ts = conn->children[0].remote_ts;
		start(net, 0);
		net_settle(net);
		assert_int_equal(a()->ike_up, 1);
		assert_int_equal(a()->child_up, !other);
		teardown(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_side_proves_itself_in_its_way, teardown),
		cmocka_unit_test_teardown(without_a_pre_shared_key_both_may_sign, teardown),
		cmocka_unit_test_teardown(whose_signature_is_wrong_is_refused, teardown),
		cmocka_unit_test_teardown(whoever_is_unknown_is_refused_in_the_same_way, teardown),
		cmocka_unit_test_teardown(who_sends_no_certificate_is_refused, teardown),
		cmocka_unit_test_teardown(certificates_go_to_who_asks_or_always, teardown),
		cmocka_unit_test_teardown(public_keys_go_to_who_asks_for_them, teardown),
		cmocka_unit_test_teardown(ocsp_goes_to_who_asks_for_it_and_may_know, teardown),
		cmocka_unit_test_teardown(a_method_is_not_taken_for_another_one, teardown),
		cmocka_unit_test_teardown(a_responder_with_a_wrong_signature_is_told_so, teardown),
		cmocka_unit_test_teardown(who_signs_and_who_judges_may_take_their_time, teardown),
		cmocka_unit_test_teardown(a_job_that_never_comes_back_ends_it, teardown),
		cmocka_unit_test_teardown(requests_for_certificates_are_read_within_bounds,
					  teardown),
		cmocka_unit_test_teardown(a_hundred_certificates_are_not_kept, teardown),
		cmocka_unit_test_teardown(a_connection_with_other_credentials_is_not_taken_instead,
					  teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
