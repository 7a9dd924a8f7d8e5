// SPDX-License-Identifier: BSD-2-Clause
//
// What the first 128 octets of a frame say of the packet in it: Ethernet with at most two VLAN tags,
// IPv4 with options (RFC 791), IPv6 with extension headers (RFC 8200, section 4), and the first
// octets of the upper header, which AH and ESP count as (RFC 4301, section 4.4.1.1). What it can't
// see it says: PARSE_HIDDEN is for those who have to fail closed.
//
//   head -> [l2] -> [fixed] -> [options] -> [walk, Steps] -> [upper]
//
// Of what follows the fixed header 64 octets are looked at. Latency Steps + 4 cycles, interval 1;
// nothing stalls. side_i goes along. Without Ethernet the head is a packet, of the family that
// head_ipv6_i names; or, head_bare_i, what lies behind the headers of one whose protocol and addresses
// are known.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_parse #(
  parameter bit          Ethernet = 1'b1,
  parameter bit          Checksum = 1'b1,   // of IPv4 headers, verified
  parameter int unsigned Steps    = 5,      // extension headers that are looked past
  parameter int unsigned SideW    = 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  output logic             busy_o,
  input  logic             valid_i,
  input  logic [1023:0]    head_i,
  input  logic [15:0]      len_i,           // octets of the frame, or packet
  input  logic             head_ipv6_i,
  input  logic             head_bare_i,
  input  logic [7:0]       head_proto_i,
  input  logic [127:0]     head_src_i,
  input  logic [127:0]     head_dst_i,
  input  logic [SideW-1:0] side_i,
  output logic             valid_o,
  output ravelin_ipsec_pkg::parsed_t parsed_o,
  output ravelin_ipsec_pkg::flow_t   flow_o,    // the same, as selectors ask for it
  output logic [SideW-1:0] side_o
);
  localparam int unsigned WalkW  = ravelin_ipsec_pkg::WALK_W;
  localparam int unsigned Stages = Steps + 4;

  logic [Stages-1:0] valid_q;     // bit i: after stage i + 1

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
    end else begin
      valid_q <= {valid_q[Stages-2:0], valid_i};
    end
  end

  assign valid_o = valid_q[Stages-1];
  assign busy_o  = valid_q != '0;

  // ------------------------------------------------------------------------ Ethernet
  // EtherTypes where they stand with no, one and two tags.
  typedef struct packed {
    logic tag;
    logic ipv6;
    logic ipv4;
  } kind_t;

  function automatic logic [2:0] kind_of(input logic [15:0] octets);
    kind_of = {octets == 16'h0081 || octets == 16'ha888, octets == 16'hdd86, octets == 16'h0008};
  endfunction

  kind_t        kind0, kind1, kind2, kind;
  logic [4:0]   l3;
  logic         tags;
  logic [831:0] packet;           // fixed header, and 64 octets

  assign kind0 = kind_of(head_i[12*8 +: 16]);
  assign kind1 = kind_of(head_i[16*8 +: 16]);
  assign kind2 = kind_of(head_i[20*8 +: 16]);

  always_comb begin
    tags   = 1'b0;
    kind   = '0;
    l3     = 5'd0;
    packet = head_i[831:0];
    if (!Ethernet) begin
      kind.ipv6 = head_ipv6_i;
      kind.ipv4 = !head_ipv6_i;
    end else if (!kind0.tag) begin
      kind   = kind0;
      l3     = 5'd14;
      packet = head_i[14*8 +: 832];
    end else if (!kind1.tag) begin
      kind   = len_i >= 16'd18 ? kind1 : '0;
      l3     = 5'd18;
      packet = head_i[18*8 +: 832];
    end else begin
      tags      = kind2.tag && len_i >= 16'd22;
      kind      = len_i >= 16'd22 ? kind2 : '0;
      l3        = 5'd22;
      packet    = head_i[22*8 +: 832];
    end
  end

  logic         l2_ipv4_q, l2_ipv6_q, l2_tags_q, l2_bare_q;
  logic [7:0]   l2_proto_q;
  logic [127:0] l2_src_q, l2_dst_q;
  logic [4:0]   l2_l3_q;
  logic [15:0]  l2_len_q;
  logic [831:0] l2_packet_q;

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      l2_ipv4_q   <= kind.ipv4;
      l2_ipv6_q   <= kind.ipv6;
      l2_tags_q   <= tags;
      l2_l3_q     <= l3;
      l2_len_q    <= len_i - 16'(l3);
      l2_packet_q <= packet;
      l2_bare_q   <= !Ethernet && head_bare_i;
      l2_proto_q  <= head_proto_i;
      l2_src_q    <= head_src_i;
      l2_dst_q    <= head_dst_i;
    end
  end

  // ------------------------------------------------------------------------ fixed header
  // What is known here and goes along.
  typedef struct packed {
    logic         ip;
    logic         tags;
    logic         ipv6;
    logic         df;
    logic         on_link;
    logic         hops_full;   // it hasn't crossed a router
    logic [4:0]   l3;
    logic [15:0]  len;
    logic [16:0]  total;
    logic [7:0]   tos;
    logic [15:0]  checksum;
    logic [127:0] src;
    logic [127:0] dst;
  } known_t;
  localparam int unsigned KnownW = 324;

  function automatic logic is_link_local(input logic [127:0] address);
    is_link_local = address[127:118] == 10'b1111111010;
  endfunction

  // Of the scopes interface and link (RFC 4291, section 2.7)
  function automatic logic is_link_multicast(input logic [127:0] address);
    is_link_multicast = address[127:120] == 8'hff && address[115:112] <= 4'd2;
  endfunction

  ravelin_ipsec_pkg::ipv4_t v4;
  ravelin_ipsec_pkg::ipv6_t v6;
  logic [15:0]  v4_fragment;
  logic [127:0] v6_src, v6_dst;
  known_t       fixed_q;
  ravelin_ipsec_pkg::walk_t fixed_walk_q;
  logic [3:0]   fixed_options_q;      // words

  assign v4          = l2_packet_q[159:0];
  assign v6          = l2_packet_q[319:0];
  assign v4_fragment = ravelin_ipsec_pkg::swap16(v4.fragment);
  assign v6_src      = ravelin_ipsec_pkg::swap128(v6.src);
  assign v6_dst      = ravelin_ipsec_pkg::swap128(v6.dst);

  always_ff @(posedge clk_i) begin
    if (valid_q[0]) begin
      fixed_q.ip            <= l2_ipv4_q || l2_ipv6_q;
      fixed_q.tags          <= l2_tags_q;
      fixed_q.ipv6          <= l2_ipv6_q;
      fixed_q.l3            <= l2_l3_q;
      fixed_q.len           <= l2_len_q;
      fixed_walk_q.walks    <= l2_ipv6_q;
      fixed_walk_q.onward   <= 1'b0;
      if (l2_bare_q) begin
        fixed_q.df            <= 1'b0;
        fixed_q.on_link       <= 1'b0;
        fixed_q.hops_full     <= 1'b0;
        fixed_q.total         <= {1'b0, l2_len_q};
        fixed_q.tos           <= '0;
        fixed_q.checksum      <= '0;
        fixed_q.src           <= l2_src_q;
        fixed_q.dst           <= l2_dst_q;
        fixed_walk_q.bad      <= 1'b0;
        fixed_walk_q.fragment <= 1'b0;
        fixed_walk_q.later    <= 1'b0;
        fixed_walk_q.proto    <= l2_proto_q;
        fixed_walk_q.hlen     <= '0;
        fixed_walk_q.names    <= '0;
        fixed_walk_q.front       <= '0;
        fixed_walk_q.front_names <= '0;
        fixed_walk_q.behind      <= l2_proto_q;
        fixed_walk_q.rest     <= {1'b0, l2_len_q};
        fixed_walk_q.room     <= 5'd16;
        fixed_walk_q.window   <= l2_packet_q[511:0];
        fixed_options_q       <= '0;
      end else if (l2_ipv6_q) begin
        fixed_q.df            <= 1'b1;
        fixed_q.on_link       <= is_link_local(v6_src) || is_link_local(v6_dst) ||
                                 is_link_multicast(v6_dst);
        fixed_q.hops_full     <= v6.hops == 8'hff;
        fixed_q.total         <= 17'(ravelin_ipsec_pkg::swap16(v6.payload)) + 17'd40;
        fixed_q.tos           <= {v6.class_high, v6.class_low};
        fixed_q.checksum      <= '0;
        fixed_q.src           <= v6_src;
        fixed_q.dst           <= v6_dst;
        fixed_walk_q.bad      <= v6.version != 4'd6 || l2_len_q < 16'd40;
        fixed_walk_q.fragment <= 1'b0;
        fixed_walk_q.later    <= 1'b0;
        fixed_walk_q.proto    <= v6.proto;
        fixed_walk_q.hlen     <= 13'd40;
        fixed_walk_q.names    <= 7'd6;
        fixed_walk_q.front       <= 13'd40;
        fixed_walk_q.front_names <= 7'd6;
        fixed_walk_q.behind      <= v6.proto;
        fixed_walk_q.rest     <= {1'b0, l2_len_q} - 17'd40;
        fixed_walk_q.room     <= 5'd16;
        fixed_walk_q.window   <= l2_packet_q[40*8 +: 512];
        fixed_options_q       <= '0;
      end else begin
        fixed_q.df            <= v4_fragment[14];
        fixed_q.on_link       <= 1'b0;
        fixed_q.hops_full     <= 1'b0;
        fixed_q.total         <= 17'(ravelin_ipsec_pkg::swap16(v4.total));
        fixed_q.tos           <= v4.tos;
        fixed_q.checksum      <= ravelin_ipsec_pkg::swap16(v4.checksum);
        fixed_q.src           <= {ravelin_ipsec_pkg::swap32(v4.src), 96'b0};
        fixed_q.dst           <= {ravelin_ipsec_pkg::swap32(v4.dst), 96'b0};
        fixed_walk_q.bad      <= v4.version != 4'd4 || v4.words < 4'd5 || l2_len_q < 16'd20;
        fixed_walk_q.fragment <= v4_fragment[13:0] != '0;
        fixed_walk_q.later    <= v4_fragment[12:0] != '0;
        fixed_walk_q.proto    <= v4.proto;
        fixed_walk_q.hlen     <= 13'({v4.words, 2'b00});
        fixed_walk_q.names    <= 7'd9;
        fixed_walk_q.front       <= 13'({v4.words, 2'b00});
        fixed_walk_q.front_names <= 7'd9;
        fixed_walk_q.behind      <= v4.proto;
        fixed_walk_q.rest     <= {1'b0, l2_len_q} - 17'({v4.words, 2'b00});
        fixed_walk_q.room     <= 5'd21 - {1'b0, v4.words};
        fixed_walk_q.window   <= l2_packet_q[20*8 +: 512];
        fixed_options_q       <= v4.words - 4'd5;
      end
    end
  end

  // ------------------------------------------------------------------------ IPv4 options
  known_t options_q;
  ravelin_ipsec_pkg::walk_t options_walk_q;

  always_ff @(posedge clk_i) begin
    if (valid_q[1]) begin
      options_q             <= fixed_q;
      options_walk_q        <= fixed_walk_q;
      options_walk_q.window <= fixed_walk_q.window >> {fixed_options_q, 5'b0};
    end
  end

  // ------------------------------------------------------------------------ IPv4 checksum
  // Sum of the header's words, in three stages, then folded. The order of octets in a word doesn't
  // matter to whether the folded sum is all ones (RFC 1071, section 2).
  logic [Steps+2:4] sum_bad_q;        // bit i goes with valid_q[i]

  if (Checksum) begin : gen_sum
    logic [179:0] threes_q;           // 10 sums of 18 bits
    logic [79:0]  parts_q;            // 4 sums of 20 bits
    logic [20:0]  sum_q;

    function automatic logic [17:0] three(input logic [959:0] octets, input logic [3:0] words,
                                          input int unsigned at);
      three = '0;
      for (int unsigned i = 3*at; i < 3*at + 3; i++) begin
        if (4'(i / 2) < words) begin
          three = three + 18'(octets[i*16 +: 16]);
        end
      end
    endfunction

    function automatic logic good(input logic [20:0] sum);
      logic [16:0] once;
      once = {1'b0, sum[15:0]} + 17'(sum[20:16]);
      good = once[15:0] + 16'(once[16]) == 16'hffff;
    endfunction

    always_ff @(posedge clk_i) begin
      if (valid_q[0]) begin
        for (int unsigned i = 0; i < 10; i++) begin
          threes_q[i*18 +: 18] <= three(960'(l2_packet_q), v4.words, i);
        end
      end
      if (valid_q[1]) begin
        for (int unsigned i = 0; i < 3; i++) begin
          parts_q[i*20 +: 20] <= 20'(threes_q[i*54 +: 18]) + 20'(threes_q[i*54+18 +: 18]) +
                                 20'(threes_q[i*54+36 +: 18]);
        end
        parts_q[79:60] <= 20'(threes_q[179:162]);
      end
      if (valid_q[2]) begin
        sum_q <= 21'(parts_q[19:0]) + 21'(parts_q[39:20]) + 21'(parts_q[59:40]) +
                 21'(parts_q[79:60]);
      end
      sum_bad_q <= {sum_bad_q[Steps+1:4], valid_q[3] && !good(sum_q)};
    end
  end else begin : gen_no_sum
    assign sum_bad_q = '0;
  end

  // ------------------------------------------------------------------------ extension headers
  logic [(Steps+1)*WalkW-1:0] walks;       // before each step, and after the last
  logic [Steps*KnownW-1:0]    known_q;     // after each
  ravelin_ipsec_pkg::walk_t   walked;
  known_t                     known;

  assign walks[WalkW-1:0] = options_walk_q;
  assign walked           = walks[Steps*WalkW +: WalkW];
  assign known            = known_q[(Steps-1)*KnownW +: KnownW];

  for (genvar i = 0; i < Steps; i++) begin : gen_walk
    ravelin_ipsec_walk u_walk (
      .clk_i, .valid_i (valid_q[i+2]), .walk_i (walks[i*WalkW +: WalkW]),
      .walk_o (walks[(i+1)*WalkW +: WalkW])
    );
    if (i == 0) begin : gen_first
      always_ff @(posedge clk_i) begin
        if (valid_q[2]) begin
          known_q[KnownW-1:0] <= options_q;
        end
      end
    end else begin : gen_next
      always_ff @(posedge clk_i) begin
        if (valid_q[i+2]) begin
          known_q[i*KnownW +: KnownW] <= known_q[(i-1)*KnownW +: KnownW];
        end
      end
    end
  end

  // ------------------------------------------------------------------------ upper header
  logic       hidden, shows, has_ports, discovery;
  logic [7:0] icmp_type;
  logic [4:0] shown;

  assign hidden    = known.ipv6 && !walked.later &&
                     ravelin_ipsec_pkg::is_extension(walked.proto);
  always_comb begin
    shown = '0;
    for (int unsigned i = 1; i <= 6; i++) begin
      if (!walked.rest[16] && walked.rest[15:0] >= 16'(4 * i) && walked.room >= 5'(i)) begin
        shown = 5'(4 * i);
      end
    end
  end
  assign shows     = shown != '0 && !walked.later && known.total >= 17'(walked.hlen) + 17'd4;
  assign has_ports = ravelin_ipsec_pkg::has_ports(walked.proto);
  assign icmp_type = walked.window[7:0];
  // Neighbour discovery that can't have crossed a router (RFC 4861, section 6.1); in fragments it
  // isn't taken as such (RFC 6980).
  assign discovery = known.hops_full && walked.proto == ravelin_ipsec_pkg::PROTO_ICMPV6 &&
                     !walked.fragment && shows && icmp_type >= 8'd133 && icmp_type <= 8'd137;

  always_ff @(posedge clk_i) begin
    if (valid_q[Stages-2]) begin
      parsed_o.state    <= known.tags  ? ravelin_ipsec_pkg::PARSE_TAGS :
                           !known.ip   ? ravelin_ipsec_pkg::PARSE_OTHER :
                           walked.bad  ? ravelin_ipsec_pkg::PARSE_BAD :
                           hidden      ? ravelin_ipsec_pkg::PARSE_HIDDEN :
                                         ravelin_ipsec_pkg::PARSE_SEEN;
      parsed_o.whole    <= known.total >= 17'(walked.hlen) && known.total <= 17'(known.len);
      parsed_o.bad_sum  <= !known.ipv6 && sum_bad_q[Steps+2];
      parsed_o.ipv6     <= known.ipv6;
      parsed_o.fragment <= walked.fragment;
      parsed_o.later    <= walked.later;
      parsed_o.df       <= known.df;
      parsed_o.onward   <= walked.onward;
      parsed_o.on_link  <= known.on_link || discovery;
      parsed_o.ports    <= has_ports && shows && !hidden;
      parsed_o.unseen   <= hidden || (has_ports && !shows);
      parsed_o.l3       <= known.l3;
      parsed_o.len      <= known.len;
      parsed_o.total    <= known.total[15:0];
      parsed_o.hlen     <= walked.hlen;
      parsed_o.names    <= walked.names;
      parsed_o.beyond   <= hidden || walked.front > 13'(ravelin_ipsec_pkg::FRONT_MAX);
      parsed_o.front    <= walked.front[6:0];
      parsed_o.front_names <= walked.front_names;
      parsed_o.behind   <= walked.behind;
      parsed_o.tos      <= known.tos;
      parsed_o.checksum <= known.checksum;
      parsed_o.proto    <= walked.proto;
      parsed_o.src      <= known.src;
      parsed_o.dst      <= known.dst;
      parsed_o.shown    <= shown;
      parsed_o.upper    <= walked.window[191:0];
    end
  end

  // A later fragment may begin with an extension header: what is behind it nobody knows.
  logic no_proto;
  assign no_proto = parsed_o.state == ravelin_ipsec_pkg::PARSE_HIDDEN ||
                    (parsed_o.ipv6 && ravelin_ipsec_pkg::is_extension(parsed_o.proto));

  assign flow_o.on_link      = parsed_o.on_link;
  assign flow_o.ipv6         = parsed_o.ipv6;
  assign flow_o.src          = parsed_o.src;
  assign flow_o.dst          = parsed_o.dst;
  assign flow_o.proto        = parsed_o.proto;
  assign flow_o.sport        = ravelin_ipsec_pkg::swap16(parsed_o.upper[15:0]);
  assign flow_o.dport        = ravelin_ipsec_pkg::swap16(parsed_o.upper[31:16]);
  assign flow_o.ports        = parsed_o.ports;
  assign flow_o.ports_unseen = parsed_o.unseen || no_proto;
  assign flow_o.proto_unseen = no_proto;

  // ------------------------------------------------------------------------ side band
  logic [Stages*SideW-1:0] side_q;

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      side_q[SideW-1:0] <= side_i;
    end
    for (int unsigned i = 1; i < Stages; i++) begin
      if (valid_q[i-1]) begin
        side_q[i*SideW +: SideW] <= side_q[(i-1)*SideW +: SideW];
      end
    end
  end

  assign side_o = side_q[(Stages-1)*SideW +: SideW];
endmodule
/* verilator lint_on UNUSEDSIGNAL */
