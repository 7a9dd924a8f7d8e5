// SPDX-License-Identifier: BSD-2-Clause
//
// ravelin_ipsec_parse, of a frame or of a packet, with its answer field by field.
module parse_fields #(
  parameter bit Ethernet = 1'b1
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          valid_i,
  input  logic [1023:0] head_i,
  input  logic [15:0]   len_i,
  input  logic          head_ipv6_i,
  input  logic          head_bare_i,
  input  logic [7:0]    head_proto_i,
  input  logic [127:0]  head_src_i,
  input  logic [127:0]  head_dst_i,
  input  logic [31:0]   side_i,
  output logic          busy_o,
  output logic          valid_o,
  output logic [31:0]   side_o,
  output logic [2:0]    state_o,
  output logic          whole_o,
  output logic          bad_sum_o,
  output logic          ipv6_o,
  output logic          fragment_o,
  output logic          later_o,
  output logic          df_o,
  output logic          onward_o,
  output logic          on_link_o,
  output logic          ports_o,
  output logic          unseen_o,
  output logic [4:0]    l3_o,
  output logic [15:0]   len_o,
  output logic [15:0]   total_o,
  output logic [12:0]   hlen_o,
  output logic [7:0]    tos_o,
  output logic [15:0]   checksum_o,
  output logic [7:0]    proto_o,
  output logic [127:0]  src_o,
  output logic [127:0]  dst_o,
  output logic [4:0]    shown_o,
  output logic [191:0]  upper_o,
  output logic [6:0]    names_o,
  output logic          beyond_o,
  output logic [6:0]    front_o,
  output logic [6:0]    front_names_o,
  output logic [7:0]    behind_o
);
  ravelin_ipsec_pkg::parsed_t parsed;
  /* verilator lint_off UNUSEDSIGNAL */
  ravelin_ipsec_pkg::flow_t   flow;
  /* verilator lint_on UNUSEDSIGNAL */

  ravelin_ipsec_parse #(.Ethernet(Ethernet), .SideW(32)) u_parse (
    .clk_i, .rst_ni, .busy_o, .valid_i, .head_i, .len_i, .head_ipv6_i, .head_bare_i,
    .head_proto_i, .head_src_i, .head_dst_i, .side_i, .valid_o,
    .parsed_o (parsed), .flow_o (flow), .side_o
  );

  assign state_o    = parsed.state;
  assign whole_o    = parsed.whole;
  assign bad_sum_o  = parsed.bad_sum;
  assign ipv6_o     = parsed.ipv6;
  assign fragment_o = parsed.fragment;
  assign later_o    = parsed.later;
  assign df_o       = parsed.df;
  assign onward_o   = parsed.onward;
  assign on_link_o  = parsed.on_link;
  assign ports_o    = parsed.ports;
  assign unseen_o   = parsed.unseen;
  assign l3_o       = parsed.l3;
  assign len_o      = parsed.len;
  assign total_o    = parsed.total;
  assign hlen_o     = parsed.hlen;
  assign tos_o      = parsed.tos;
  assign checksum_o = parsed.checksum;
  assign proto_o    = parsed.proto;
  assign src_o      = parsed.src;
  assign dst_o      = parsed.dst;
  assign shown_o    = parsed.shown;
  assign upper_o    = parsed.upper;
  assign names_o    = parsed.names;
  assign beyond_o   = parsed.beyond;
  assign front_o    = parsed.front;
  assign front_names_o = parsed.front_names;
  assign behind_o   = parsed.behind;
endmodule
