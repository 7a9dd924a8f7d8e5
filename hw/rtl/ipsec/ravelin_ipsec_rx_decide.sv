// SPDX-License-Identifier: BSD-2-Clause
//
// Decides what becomes of a frame from the wire, as far as can be told before it is authenticated,
// from its first 128 octets and its length: parse, inbound SA, checks that need no key.
//
//   head -> [parse, 9] -> [classify] -> [lookup, 4] -> [replay pre-check, 4] -> [verdict] -> FIFO
//
// Latency 19 cycles, interval 1. Nothing stalls inside: a head is taken only when the FIFO of
// decisions has room for its result. An error in the lookup table cannot be laid to one SA: bad_o
// pulses, and dead_i is to follow at once; with it every frame is dropped.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_rx_decide #(
  parameter int unsigned InSaCount = 1024,
  parameter bit          ErrorInjection = 1'b0,
  localparam int unsigned CntNum = ravelin_regs_pkg::CNT_NUM,
  localparam int unsigned SaW    = $clog2(InSaCount)
) (
  input  logic            clk_i,
  input  logic            rst_ni,
  output logic            ready_o,
  output logic            idle_o,
  input  logic            damage_i,         // of the lookup table
  input  logic            dead_i,
  output logic            bad_o,
  input  logic            pause_i,
  output logic            paused_o,
  output logic            taken_o,          // pulse: a frame was admitted
  // table operations of the command executor
  input  logic            op_find_i,
  input  logic            op_insert_i,
  input  logic            op_remove_i,
  input  logic [ravelin_ipsec_pkg::IN_NAME_W-1:0] op_name_i,
  input  logic [SaW-1:0]  op_idx_i,
  input  logic [ravelin_ipsec_pkg::IN_FORM_W-1:0] op_form_i,
  output logic            op_hit_o,
  output logic            op_full_o,
  // heads
  input  logic            head_valid_i,
  output logic            head_ready_o,
  input  logic [1023:0]   head_i,
  input  logic [15:0]     head_len_i,
  input  logic [3:0]      head_reason_i,    // dropped already
  // replay pre-check
  output logic            pre_valid_o,
  output logic [SaW-1:0]  pre_idx_o,
  output logic [31:0]     pre_seq_o,
  input  logic [3:0]      pre_reason_i,     // 4 cycles later, as the following
  input  logic            pre_esn_i,
  input  logic [63:0]     pre_number_i,
  // decisions
  output logic            dec_valid_o,
  input  logic            dec_ready_i,
  output logic [ravelin_ipsec_pkg::RX_DECISION_W-1:0] dec_o,
  output logic [CntNum-1:0] cnt_o
);
  localparam int unsigned FifoDepth = 32;

  typedef struct packed {
    logic [3:0]   reason;
    logic [15:0]  len;
    logic [4:0]   l3;
  } frame_t;

  typedef struct packed {
    logic         candidate;   // ESP or AH in plain sight, or what an SA may have as such
    logic         plain;       // it is that, whatever SAs there are
    logic         fragment;
    logic         bad_sum;
    logic         malformed;
    logic         udp;
    logic [15:0]  sport;
    logic         ah;
    logic [7:0]   next;        // behind AH
    logic [5:0]   ah_len;      // octets of AH
    logic [15:0]  port;        // that UDP comes to
    logic         hidden;      // it may hold ESP behind more than is seen
    logic         ipv6;
    logic [127:0] src;
    logic [127:0] dst;
    logic [6:0]   front;
    logic [6:0]   names;
    logic [1:0]   ecn;
    logic [7:0]   skip;        // octets before the ESP header
    logic [15:0]  esp_len;     // from that, or AH, to the end of the packet
    logic [31:0]  spi;
    logic [31:0]  seq;
    logic [63:0]  iv;
    logic [31:0]  hash;
  } esp_place_t;

  // ------------------------------------------------------------------------ admission
  logic [5:0] credit_q;
  logic       take;
  logic       parsing, p2_valid, p3_valid_q, p4_valid_q, p5_valid_q, p6_valid_q, p7_valid_q;
  logic       p8_valid_q, p9_valid_q, p10_valid_q, p11_valid_q, p12_valid_q;

  assign head_ready_o = ready_o && !pause_i && credit_q < 6'(FifoDepth);
  assign take         = head_valid_i && head_ready_o;
  assign taken_o      = take;
  assign paused_o     = pause_i && !(parsing || p3_valid_q || p4_valid_q || p5_valid_q ||
                                     p6_valid_q || p7_valid_q || p8_valid_q || p9_valid_q || p10_valid_q ||
                                     p11_valid_q || p12_valid_q);
  assign idle_o       = credit_q == '0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      credit_q <= '0;
      {p3_valid_q, p4_valid_q, p5_valid_q, p6_valid_q, p7_valid_q, p8_valid_q, p9_valid_q,
       p10_valid_q, p11_valid_q, p12_valid_q} <= '0;
    end else begin
      credit_q <= credit_q + 6'(take) - 6'(dec_valid_o && dec_ready_i);
      {p3_valid_q, p4_valid_q, p5_valid_q, p6_valid_q, p7_valid_q, p8_valid_q, p9_valid_q,
       p10_valid_q, p11_valid_q, p12_valid_q} <= {p2_valid, p3_valid_q, p4_valid_q, p5_valid_q,
          p6_valid_q, p7_valid_q, p8_valid_q, p9_valid_q, p10_valid_q, p11_valid_q};
    end
  end

  // ------------------------------------------------------------------------ parse
  // What comes with a head.
  typedef struct packed {
    logic [3:0]  reason;
    logic [15:0] len;
  } head_t;

  head_t                      head, p2_head;
  ravelin_ipsec_pkg::parsed_t p2;
  ravelin_ipsec_pkg::flow_t   p2_flow;

  always_comb begin
    head.reason = head_reason_i;
    head.len    = head_len_i;
  end

  ravelin_ipsec_parse #(.SideW(20)) u_parse (
    .clk_i, .rst_ni, .busy_o (parsing),
    .valid_i (take), .head_i, .len_i (head_len_i), .head_ipv6_i (1'b0), .head_bare_i (1'b0),
    .head_proto_i ('0), .head_src_i ('0), .head_dst_i ('0), .side_i (head),
    .valid_o (p2_valid), .parsed_o (p2), .flow_o (p2_flow), .side_o (p2_head)
  );

  // ------------------------------------------------------------------------ classify
  ravelin_ipsec_pkg::esp_in_udp_t p2_in_udp;
  ravelin_ipsec_pkg::ah_t  p2_ah;
  ravelin_ipsec_pkg::esp_t p2_esp;
  logic [16:0]  p2_at;         // from the IP header to the ESP header
  logic [15:0]  p2_port, p2_udp_len, p2_esp_len;
  logic [31:0]  p2_ports;      // {source, destination}
  logic         p2_ip, p2_is_esp, p2_is_ah, p2_bare, p2_is_udp, p2_visible, p2_iv, p2_candidate, p2_plain;
  logic         p2_bad_len, p2_hidden, p2_clear;
  logic [5:0]   p2_ah_len;
  frame_t       p3_q, p4_q, p5_q, p6_q, p7_q, p8_q, p9_q, p10_q, p11_q;
  ravelin_ipsec_pkg::in_name_t p3_name_q;
  esp_place_t   p3_esp_q, p4_esp_q, p5_esp_q, p6_esp_q, p7_esp_q, p8_esp_q, p9_esp_q, p10_esp_q, p11_esp_q;

  // What has segments left is to go on to elsewhere.
  assign p2_ip      = p2_head.reason == ravelin_ipsec_pkg::DROP_NONE && !p2.onward &&
                      p2.state == ravelin_ipsec_pkg::PARSE_SEEN;
  assign p2_hidden  = p2_head.reason == ravelin_ipsec_pkg::DROP_NONE &&
                      p2.state == ravelin_ipsec_pkg::PARSE_HIDDEN;
  assign p2_is_esp  = p2.proto == ravelin_ipsec_pkg::PROTO_ESP;
  assign p2_is_ah   = p2.proto == ravelin_ipsec_pkg::PROTO_AH;
  assign p2_is_udp  = p2.proto == ravelin_ipsec_pkg::PROTO_UDP;
  assign p2_in_udp  = p2.upper;
  assign p2_ah      = p2.upper[159:0];
  assign p2_esp     = p2_is_udp ? p2_in_udp.esp : p2_is_ah ? p2_ah.esp : p2.upper[127:0];
  // No other headers are known to count as they are.
  assign p2_bare    = p2.hlen == (p2.ipv6 ? 13'd40 : 13'd20);
  assign p2_at      = 17'(p2.hlen) + (p2_is_udp ? 17'd8 : 17'd0);
  assign p2_port    = ravelin_ipsec_pkg::swap16(p2_in_udp.udp.dport);
  assign p2_udp_len = ravelin_ipsec_pkg::swap16(p2_in_udp.udp.len);
  // SPI and sequence number; and the IV, which may lie behind more headers than are looked at
  assign p2_visible = !p2.later && p2.shown >= (p2_is_udp ? 5'd16 : p2_is_ah ? 5'd12 : 5'd8);
  assign p2_iv      = p2.shown >= (p2_is_udp ? 5'd24 : p2_is_ah ? 5'd20 : 5'd16);
  // With any IV and ICV. Peers align AH to 8 octets over IPv4 too.
  assign p2_bad_len = p2_is_ah ? p2_esp_len < 16'(p2_ah_len) ||
                                 (p2_ah.words != 8'd8 && (p2.ipv6 || p2_ah.words != 8'd7))
                               : p2_esp_len < 16'd20 || p2_esp_len[1:0] != '0;
  assign p2_ah_len  = p2_ah.words[0] ? 6'(ravelin_ipsec_pkg::AH_OCTETS4)
                                     : 6'(ravelin_ipsec_pkg::AH_OCTETS6);
  // One octet is a keepalive, four octets of zero mark IKE (RFC 3948, section 2).
  assign p2_candidate = p2_ip && (p2_is_esp || p2_is_ah ||
                                  (p2_is_udp && !p2.ipv6 &&
                                   p2_in_udp.esp.spi != '0 && p2_udp_len >= 16'd12));
  // On any other port it is ESP to the SA that names it alone.
  assign p2_plain     = p2_is_esp || p2_is_ah || p2_port == ravelin_ipsec_pkg::ENCAP_PORT;
  assign p2_clear     = p2_visible && (p2_iv || p2_bad_len) && (!p2_is_ah || p2_bare);

  assign p2_ports = p2.ports && !p2.fragment ? ravelin_ipsec_pkg::swap32(p2.upper[31:0]) : '0;

  // Octets from the ESP header to the ICV; 0 when the lengths contradict each other.
  always_comb begin
    p2_esp_len = '0;
    if (p2_valid && 17'(p2.total) >= p2_at && p2.whole) begin
      if (!p2_is_udp) begin
        p2_esp_len = p2.total - 16'(p2_at);
      end else if (17'(p2.hlen) + 17'(p2_udp_len) <= 17'(p2.total)) begin
        p2_esp_len = p2_udp_len - 16'd8;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (p2_valid) begin
      p3_q.reason        <= p2_head.reason;
      p3_q.len           <= p2_head.len;
      p3_q.l3            <= p2.l3;
      p3_esp_q.candidate <= p2_candidate && !p2.fragment && p2_clear;
      p3_esp_q.hidden    <= p2_hidden ||
                            (p2_candidate && p2_plain && !p2.fragment && !p2_clear && p2.whole);
      p3_esp_q.ipv6      <= p2.ipv6;
      p3_esp_q.src       <= p2.src;
      p3_esp_q.dst       <= p2.dst;
      p3_esp_q.front     <= p2.hlen[6:0];
      p3_esp_q.names     <= p2.names;
      p3_esp_q.plain     <= p2_plain;
      p3_esp_q.fragment  <= p2_candidate && p2_plain && p2.fragment && (!p2_is_udp || p2_visible);
      p3_esp_q.bad_sum   <= p2.bad_sum;
      p3_esp_q.malformed <= p2_bad_len;
      p3_esp_q.udp       <= p2_is_udp;
      p3_esp_q.sport     <= ravelin_ipsec_pkg::swap16(p2_in_udp.udp.sport);
      p3_esp_q.ah        <= p2_is_ah;
      p3_esp_q.next      <= p2_ah.next;
      p3_esp_q.ah_len    <= p2_ah_len;
      p3_esp_q.port      <= p2_port;
      p3_esp_q.ecn       <= p2.tos[1:0];
      p3_esp_q.skip      <= 8'(p2.l3) + 8'(p2_at);
      p3_esp_q.esp_len   <= p2_esp_len;
      p3_name_q.ah       <= p2_is_ah;
      p3_name_q.ipv6     <= p2.ipv6;
      p3_name_q.dst      <= p2.dst;
      p3_name_q.spi      <= ravelin_ipsec_pkg::swap32(p2_esp.spi);
      p3_esp_q.spi       <= ravelin_ipsec_pkg::swap32(p2_esp.spi);
      p3_esp_q.seq       <= ravelin_ipsec_pkg::swap32(p2_esp.seq);
      p3_esp_q.iv        <= p2_esp.iv;
      p3_esp_q.hash      <= p2_ip ? ravelin_ipsec_pkg::flow_hash(p2.ipv6, p2.src, p2.dst, p2_ports)
                                  : '0;
    end
  end

  // ------------------------------------------------------------------------ inbound SA
  // What the table says of a frame.
  typedef struct packed {
    logic           known;
    logic [SaW-1:0] idx;
    logic           gmac;
    logic           transport;
    logic           implicit;
    logic [1:0]     icv;
    logic [15:0]    text_len;
    logic           too_short;
  } found_t;

  logic           p7_hit;
  ravelin_ipsec_pkg::in_form_t p7_form;
  logic [5:0]     p7_around;   // octets of header, IV and ICV; or AH
  logic [2:0]     p7_least;    // octets of text
  logic [SaW-1:0] p7_idx;
  found_t         p7, p8_found_q, p9_found_q, p10_found_q, p11_found_q;

  ravelin_ipsec_lookup #(.SaCount(InSaCount), .ErrorInjection(ErrorInjection)) u_lookup (
    .clk_i, .rst_ni, .ready_o, .damage_i, .bad_o,
    .op_find_i, .op_insert_i, .op_remove_i, .op_name_i, .op_idx_i, .op_form_i,
    .op_full_o,
    .valid_i (p3_valid_q), .name_i (p3_name_q),
    .used_i (p4_esp_q.candidate),
    .hit_o (p7_hit), .idx_o (p7_idx), .form_o (p7_form)
  );
  assign p7_around   = p7_esp_q.ah ? p7_esp_q.ah_len :
                       (p7_form.implicit ? 6'd8 : 6'd16) +
                       6'(ravelin_ipsec_pkg::icv_octets(p7_form.icv));
  assign p7_least    = p7_esp_q.ah ? 3'd0 : 3'd4;
  assign op_hit_o    = p7_hit;

  always_comb begin
    p7.known     = p7_hit && p7_esp_q.candidate && (!p7_esp_q.udp || p7_esp_q.port == p7_form.port);
    p7.idx       = p7_idx;
    p7.gmac      = p7_form.gmac;
    p7.transport = p7_form.transport;
    p7.implicit  = p7_form.implicit;
    p7.icv       = p7_form.icv;
    p7.text_len  = p7_esp_q.esp_len - 16'(p7_around);
    p7.too_short = p7_esp_q.esp_len < 16'(p7_least) + 16'(p7_around);
  end

  assign pre_valid_o = p7_valid_q && p7_hit;
  assign pre_idx_o   = p7_idx;
  assign pre_seq_o   = p7_esp_q.seq;

  always_ff @(posedge clk_i) begin
    if (p3_valid_q) begin
      p4_q     <= p3_q;
      p4_esp_q <= p3_esp_q;
    end
    if (p4_valid_q) begin
      p5_q     <= p4_q;
      p5_esp_q <= p4_esp_q;
    end
    if (p5_valid_q) begin
      p6_q     <= p5_q;
      p6_esp_q <= p5_esp_q;
    end
    if (p6_valid_q) begin
      p7_q     <= p6_q;
      p7_esp_q <= p6_esp_q;
    end
    if (p7_valid_q) begin
      p8_q       <= p7_q;
      p8_esp_q   <= p7_esp_q;
      p8_found_q <= p7;
    end
    if (p8_valid_q) begin
      p9_q       <= p8_q;
      p9_esp_q   <= p8_esp_q;
      p9_found_q <= p8_found_q;
    end
    if (p9_valid_q) begin
      p10_q       <= p9_q;
      p10_esp_q   <= p9_esp_q;
      p10_found_q <= p9_found_q;
    end
    if (p10_valid_q) begin
      p11_q       <= p10_q;
      p11_esp_q   <= p10_esp_q;
      p11_found_q <= p10_found_q;
    end
  end

  // ------------------------------------------------------------------------ verdict
  logic [3:0] p11_reason;
  logic [6:0] p11_ahead;      // octets that are authenticated before the text
  ravelin_ipsec_pkg::rx_decision_t p12_q;

  // The packet up to the text; or the end of the IV (aad_of).
  assign p11_ahead = p11_esp_q.ah                    ? p11_esp_q.front + 7'(p11_esp_q.ah_len) :
                      p11_found_q.gmac && pre_esn_i ? 7'd4 : 7'd0;

  always_comb begin
    p11_reason = p11_q.reason;
    if (p11_q.reason == ravelin_ipsec_pkg::DROP_NONE && p11_found_q.known) begin
      p11_reason = p11_esp_q.bad_sum   ? ravelin_ipsec_pkg::DROP_CHECKSUM :
                  p11_esp_q.malformed || p11_found_q.too_short ? ravelin_ipsec_pkg::DROP_MALFORMED : pre_reason_i;
    end
    if (dead_i && p11_q.reason == ravelin_ipsec_pkg::DROP_NONE) begin
      p11_reason = ravelin_ipsec_pkg::DROP_PARITY;
    end
  end

  always_ff @(posedge clk_i) begin
    if (p11_valid_q) begin
      p12_q.action    <= p11_reason != ravelin_ipsec_pkg::DROP_NONE ? ravelin_ipsec_pkg::RX_DROP :
                        p11_found_q.known ? ravelin_ipsec_pkg::RX_DECRYPT : ravelin_ipsec_pkg::RX_PASS;
      p12_q.reason    <= p11_reason;
      p12_q.known     <= p11_found_q.known && !dead_i;
      p12_q.udp       <= p11_esp_q.udp;
      p12_q.sport     <= p11_esp_q.sport;
      p12_q.ah        <= p11_esp_q.ah;
      p12_q.gmac      <= p11_found_q.gmac;
      p12_q.next      <= p11_esp_q.next;
      p12_q.ahead     <= p11_ahead;
      p12_q.transport <= p11_found_q.transport;
      p12_q.ipv6      <= p11_esp_q.ipv6;
      p12_q.src       <= p11_esp_q.src;
      p12_q.dst       <= p11_esp_q.dst;
      p12_q.front     <= p11_esp_q.front;
      p12_q.names     <= p11_esp_q.names;
      p12_q.ecn       <= p11_esp_q.ecn;
      p12_q.l3        <= p11_q.l3;
      p12_q.skip      <= p11_esp_q.ah ? 8'(p11_q.l3) :
                         p11_esp_q.skip + (p11_found_q.implicit ? 8'd8 : 8'd16) - 8'(p11_ahead);
      p12_q.frame_len <= p11_q.len;
      p12_q.text_len  <= p11_found_q.text_len;
      p12_q.icv       <= p11_found_q.icv;
      p12_q.sa        <= 16'(p11_found_q.idx);
      p12_q.spi       <= p11_esp_q.spi;
      p12_q.esn       <= pre_esn_i;
      p12_q.seq       <= pre_number_i;
      p12_q.iv        <= p11_found_q.implicit ?
                         {ravelin_ipsec_pkg::swap32(pre_number_i[31:0]),
                          ravelin_ipsec_pkg::swap32(pre_number_i[63:32])} : p11_esp_q.iv;
      p12_q.hash      <= p11_esp_q.hash;
    end
  end

  always_ff @(posedge clk_i) begin
    cnt_o <= '0;
    if (rst_ni && p11_valid_q && !dead_i && p11_q.reason == ravelin_ipsec_pkg::DROP_NONE) begin
      cnt_o[ravelin_regs_pkg::CNT_RX_SA_MISS]  <= p11_esp_q.candidate && p11_esp_q.plain && !p11_found_q.known;
      cnt_o[ravelin_regs_pkg::CNT_RX_FRAGMENT] <= p11_esp_q.fragment;
      cnt_o[ravelin_regs_pkg::CNT_RX_HIDDEN]   <= p11_esp_q.hidden;
    end
  end

  logic       dec_room, unused;
  logic [5:0] dec_count;
  ravelin_ipsec_fifo #(.Width(ravelin_ipsec_pkg::RX_DECISION_W), .Depth(FifoDepth)) u_decisions (
    .clk_i, .rst_ni,
    .in_valid_i (p12_valid_q), .in_ready_o (dec_room), .in_data_i (p12_q),
    .out_valid_o (dec_valid_o), .out_ready_i (dec_ready_i), .out_data_o (dec_o),
    .count_o (dec_count)
  );
  assign unused = dec_room & (^dec_count);
endmodule
/* verilator lint_on UNUSEDSIGNAL */
