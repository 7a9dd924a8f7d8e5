/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of ravelin_ipsec, by name. */
#ifndef TESTS_RTL_IPSEC_TESTS_H
#define TESTS_RTL_IPSEC_TESTS_H

#include "tests/rtl/ipsec/ipsec_bench.h"

#define IPSEC_TESTS(X)                                                                             \
	X(frames_without_policy_pass_unchanged)                                                    \
	X(every_inner_length_is_encapsulated)                                                      \
	X(every_inner_length_is_decapsulated)                                                      \
	X(random_frames_both_ways_with_many_sas)                                                   \
	X(every_form_meets_every_size_and_every_fault)                                             \
	X(headers_that_reach_too_far_are_refused_by_name)                                          \
	X(ah_goes_behind_the_ip_header_alone)                                                      \
	X(packets_that_carry_nothing_pass_in_transport_mode)                                       \
	X(esp_behind_headers_that_are_not_seen_goes_to_the_host)                                   \
	X(esp_in_udp_is_received_on_the_port_that_its_sa_names)                                    \
	X(frames_wrong_in_any_way_are_refused_for_the_right_reason)                                \
	X(bursts_of_replays_on_one_sa_are_counted_one_by_one)                                      \
	X(padding_of_every_length_is_checked_to_its_first_octet)                                   \
	X(text_of_padding_alone_is_refused)                                                        \
	X(replay_windows_of_all_sizes_agree_with_the_model)                                        \
	X(sequence_numbers_up_to_the_last_are_received)                                            \
	X(an_inbound_sa_taken_over_accepts_nothing_up_to_its_highest_number)                       \
	X(forged_packets_do_not_move_the_window)                                                   \
	X(frames_damaged_short_or_long_are_dropped_at_the_port)                                    \
	X(a_forged_frame_shows_the_host_nothing_even_while_it_stalls)                              \
	X(flows_have_the_toeplitz_hash_that_others_have)                                           \
	X(flows_of_ipv6_have_the_toeplitz_hash_that_others_have)                                   \
	X(flows_hash_alike_after_decryption_and_spread_over_the_top_bits)                          \
	X(policies_match_as_in_the_model)                                                          \
	X(a_rule_is_replaced_in_one_step)                                                          \
	X(rules_see_the_ports_of_sctp_dccp_and_udp_lite)                                           \
	X(malformed_frames_from_the_host_are_dropped)                                              \
	X(what_comes_out_of_an_sa_fits_its_selector)                                               \
	X(what_is_only_for_its_link_meets_no_rule)                                                 \
	X(headers_that_are_not_seen_evade_no_rule)                                                 \
	X(lifetimes_and_their_events_are_those_of_the_model)                                       \
	X(the_last_sequence_number_is_used_once)                                                   \
	X(events_carry_what_they_are_about)                                                        \
	X(an_authentic_packet_from_elsewhere_is_told_once)                                         \
	X(moves_among_many_packets_are_told_as_they_came)                                          \
	X(frames_too_big_for_the_port_use_no_sequence_number)                                      \
	X(what_a_command_has_room_for_and_the_block_lacks_is_unsupported)                          \
	X(every_status_of_sa_commands_is_answered)                                                 \
	X(every_status_of_policy_commands_is_answered)                                             \
	X(what_is_wrong_with_a_selector_is_answered)                                               \
	X(all_inbound_slots_find_room_in_the_table)                                                \
	X(a_ninth_sa_in_the_same_two_rows_finds_no_room)                                           \
	X(a_deleted_sa_has_left_when_its_command_completes)                                        \
	X(a_wire_that_takes_nothing_holds_no_command_for_ever)                                     \
	X(sas_come_and_go_at_the_same_index)                                                       \
	X(reset_erases_sas_rules_and_frames)                                                       \
	X(each_mutation_shows)                                                                     \
	X(an_error_in_the_middle_of_a_frame_spoils_it)                                             \
	X(the_frames_of_a_broken_sa_are_dropped_with_one_event)                                    \
	X(a_dead_block_answers_every_command_with_fatal)                                           \
	X(frames_of_one_sa_follow_each_other_at_the_rate_of_their_beats)

#define DECLARE(name) void name(struct bench *b);
IPSEC_TESTS(DECLARE)
#undef DECLARE

#endif
