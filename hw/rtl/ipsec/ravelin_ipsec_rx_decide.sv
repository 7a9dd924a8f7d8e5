// SPDX-License-Identifier: BSD-2-Clause
//
// Decides what becomes of a frame from the wire, as far as can be told before it is authenticated,
// from its first 128 octets and its length: parse, inbound SA, checks that need no key.
//
//   head -> [l3] -> [fields] -> [classify] -> [lookup, 3] -> [replay pre-check, 2] -> FIFO
//
// Latency 9 cycles, interval 1. Nothing stalls inside: a head is taken only when the FIFO of
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
  input  logic [31:0]     op_dst_i,
  input  logic [31:0]     op_spi_i,
  input  logic [SaW-1:0]  op_idx_i,
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
  input  logic [3:0]      pre_reason_i,     // 2 cycles later
  // decisions
  output logic            dec_valid_o,
  input  logic            dec_ready_i,
  output logic [ravelin_ipsec_pkg::RX_DECISION_W-1:0] dec_o,
  output logic [CntNum-1:0] cnt_o
);
  localparam int unsigned FifoDepth = 32;
  localparam logic [15:0] EncapPort = 16'd4500;  // RFC 3948

  typedef struct packed {
    logic [3:0]   reason;
    logic [15:0]  len;
    logic [4:0]   l3;
    logic [175:0] eth;
  } frame_t;

  typedef struct packed {
    logic         candidate;   // ESP in plain sight
    logic         fragment;
    logic         bad_sum;
    logic         malformed;
    logic         udp;
    logic [1:0]   ecn;
    logic [6:0]   skip;
    logic [15:0]  text_len;
    logic [31:0]  dst;
    logic [31:0]  spi;
    logic [31:0]  seq;
    logic [63:0]  iv;
    logic [31:0]  hash;
  } esp_t;

  function automatic logic [15:0] swap16(input logic [15:0] v);
    swap16 = {v[7:0], v[15:8]};
  endfunction

  function automatic logic [31:0] swap32(input logic [31:0] v);
    swap32 = {v[7:0], v[15:8], v[23:16], v[31:24]};
  endfunction

  // IPv4 header with options, UDP, ESP, IV: 84 octets
  function automatic logic [671:0] after_l3(input logic [1023:0] head, input logic [4:0] l3);
    case (l3)
      5'd18:   after_l3 = head[18*8 +: 672];
      5'd22:   after_l3 = head[22*8 +: 672];
      default: after_l3 = head[14*8 +: 672];
    endcase
  endfunction

  function automatic logic [191:0] after_ip(input logic [671:0] ip);
    case (ip[3:0])
      4'd6:    after_ip = ip[24*8 +: 192];
      4'd7:    after_ip = ip[28*8 +: 192];
      4'd8:    after_ip = ip[32*8 +: 192];
      4'd9:    after_ip = ip[36*8 +: 192];
      4'd10:   after_ip = ip[40*8 +: 192];
      4'd11:   after_ip = ip[44*8 +: 192];
      4'd12:   after_ip = ip[48*8 +: 192];
      4'd13:   after_ip = ip[52*8 +: 192];
      4'd14:   after_ip = ip[56*8 +: 192];
      4'd15:   after_ip = ip[60*8 +: 192];
      default: after_ip = ip[20*8 +: 192];
    endcase
  endfunction

  // Sum of the header's words, not folded. The order of octets in a word doesn't matter to whether
  // the folded sum is all ones (RFC 1071, section 2).
  function automatic logic [20:0] header_sum(input logic [671:0] ip);
    header_sum = '0;
    for (int unsigned i = 0; i < 30; i++) begin
      if (5'(i / 2) < {1'b0, ip[3:0]}) begin
        header_sum = header_sum + 21'(ip[i*16 +: 16]);
      end
    end
  endfunction

  function automatic logic sum_is_bad(input logic [20:0] sum);
    logic [16:0] once;
    once       = {1'b0, sum[15:0]} + 17'(sum[20:16]);
    sum_is_bad = once[15:0] + 16'(once[16]) != 16'hffff;
  endfunction

  // ------------------------------------------------------------------------ admission
  logic [5:0] credit_q;
  logic       take;
  logic       p1_valid_q, p2_valid_q, p3_valid_q, p4_valid_q, p5_valid_q, p6_valid_q, p7_valid_q;
  logic       p8_valid_q, p9_valid_q;

  assign head_ready_o = ready_o && !pause_i && credit_q < 6'(FifoDepth);
  assign take         = head_valid_i && head_ready_o;
  assign taken_o      = take;
  assign paused_o     = pause_i && !(p1_valid_q || p2_valid_q || p3_valid_q || p4_valid_q ||
                                     p5_valid_q || p6_valid_q || p7_valid_q || p8_valid_q ||
                                     p9_valid_q);
  assign idle_o       = credit_q == '0;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      credit_q <= '0;
      {p1_valid_q, p2_valid_q, p3_valid_q, p4_valid_q, p5_valid_q, p6_valid_q, p7_valid_q,
       p8_valid_q, p9_valid_q} <= '0;
    end else begin
      credit_q <= credit_q + 6'(take) - 6'(dec_valid_o && dec_ready_i);
      {p1_valid_q, p2_valid_q, p3_valid_q, p4_valid_q, p5_valid_q, p6_valid_q, p7_valid_q,
       p8_valid_q, p9_valid_q} <= {take, p1_valid_q, p2_valid_q, p3_valid_q, p4_valid_q, p5_valid_q,
                                   p6_valid_q, p7_valid_q, p8_valid_q};
    end
  end

  // ------------------------------------------------------------------------ parse
  frame_t       p1_q, p2_q, p3_q, p4_q, p5_q, p6_q, p7_q, p8_q;
  logic [671:0] p1_ip_q;
  logic [15:0]  p1_iplen_q;

  always_ff @(posedge clk_i) begin
    if (take) begin
      p1_ip_q     <= after_l3(head_i, ravelin_ipsec_pkg::find_l3(head_i[175:0], head_len_i));
      p1_iplen_q  <= head_len_i - 16'(ravelin_ipsec_pkg::find_l3(head_i[175:0], head_len_i));
      p1_q.reason <= head_reason_i;
      p1_q.len    <= head_len_i;
      p1_q.l3     <= ravelin_ipsec_pkg::find_l3(head_i[175:0], head_len_i);
      p1_q.eth    <= head_i[175:0];
    end
  end

  logic         p2_ip_q, p2_esp_q, p2_udp_q, p2_frag_q, p2_later_q;
  logic [5:0]   p2_hlen_q;
  logic [15:0]  p2_total_q, p2_iplen_q;
  logic [191:0] p2_l4_q;
  logic [20:0]  p2_sum_q;
  logic [31:0]  p2_src_q, p2_dst_q;
  logic [7:0]   p2_proto_q;
  logic [1:0]   p2_ecn_q;
  logic [5:0]   p1_hlen;
  logic [15:0]  p1_fragment;

  assign p1_hlen     = {p1_ip_q[3:0], 2'b00};
  assign p1_fragment = swap16(p1_ip_q[63:48]);

  always_ff @(posedge clk_i) begin
    if (p1_valid_q) begin
      p2_q       <= p1_q;
      p2_ip_q    <= p1_q.reason == ravelin_ipsec_pkg::DROP_NONE && p1_q.l3 != '0 &&
                    p1_iplen_q >= 16'd20 && p1_ip_q[7:4] == 4'd4 && p1_hlen >= 6'd20;
      p2_esp_q   <= p1_ip_q[79:72] == 8'd50;
      p2_udp_q   <= p1_ip_q[79:72] == 8'd17;
      p2_frag_q  <= p1_fragment[13:0] != '0;
      p2_later_q <= p1_fragment[12:0] != '0;
      p2_hlen_q  <= p1_hlen;
      p2_total_q <= swap16(p1_ip_q[31:16]);
      p2_iplen_q <= p1_iplen_q;
      p2_l4_q    <= after_ip(p1_ip_q);
      p2_sum_q   <= header_sum(p1_ip_q);
      p2_src_q   <= swap32(p1_ip_q[127:96]);
      p2_dst_q   <= swap32(p1_ip_q[159:128]);
      p2_proto_q <= p1_ip_q[79:72];
      p2_ecn_q   <= p1_ip_q[9:8];
    end
  end

  // ------------------------------------------------------------------------ classify
  logic [15:0]  p2_at;         // from the IPv4 header to the ESP header
  logic [127:0] p2_esp;
  logic [31:0]  p2_ports;      // {source, destination}
  logic [15:0]  p2_dport, p2_udp_len, p2_esp_len;
  logic         p2_visible, p2_candidate;
  esp_t         p3_esp_q, p4_esp_q, p5_esp_q, p6_esp_q, p7_esp_q, p8_esp_q;

  assign p2_at      = 16'(p2_hlen_q) + (p2_udp_q ? 16'd8 : 16'd0);
  assign p2_esp     = p2_udp_q ? p2_l4_q[191:64] : p2_l4_q[127:0];
  assign p2_dport   = swap16(p2_l4_q[31:16]);
  assign p2_udp_len = swap16(p2_l4_q[47:32]);
  assign p2_visible = !p2_later_q && p2_iplen_q >= p2_at + 16'd8;
  // One octet is a keepalive, four octets of zero mark IKE (RFC 3948, section 2).
  assign p2_candidate = p2_ip_q && (p2_esp_q || (p2_udp_q && p2_dport == EncapPort &&
                                                 p2_esp[31:0] != '0 && p2_udp_len >= 16'd12));

  assign p2_ports = ravelin_ipsec_pkg::has_ports(p2_proto_q) && !p2_frag_q &&
                    p2_iplen_q >= 16'(p2_hlen_q) + 16'd4 ? swap32(p2_l4_q[31:0]) : '0;

  // Octets from the ESP header to the ICV; 0 when the lengths contradict each other.
  always_comb begin
    p2_esp_len = '0;
    if (p2_valid_q && p2_total_q >= p2_at && p2_total_q <= p2_iplen_q) begin
      if (!p2_udp_q) begin
        p2_esp_len = p2_total_q - p2_at;
      end else if (17'(p2_hlen_q) + 17'(p2_udp_len) <= 17'(p2_total_q)) begin
        p2_esp_len = p2_udp_len - 16'd8;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (p2_valid_q) begin
      p3_q               <= p2_q;
      p3_esp_q.candidate <= p2_candidate && p2_visible && !p2_frag_q;
      p3_esp_q.fragment  <= p2_candidate && p2_frag_q && (p2_esp_q || p2_visible);
      p3_esp_q.bad_sum   <= sum_is_bad(p2_sum_q);
      p3_esp_q.malformed <= p2_esp_len < 16'd36 || p2_esp_len[1:0] != '0;
      p3_esp_q.udp       <= p2_udp_q;
      p3_esp_q.ecn       <= p2_ecn_q;
      p3_esp_q.skip      <= 7'(p2_q.l3) + 7'(p2_at) + 7'd16;
      p3_esp_q.text_len  <= p2_esp_len - 16'd32;
      p3_esp_q.dst       <= p2_dst_q;
      p3_esp_q.spi       <= swap32(p2_esp[31:0]);
      p3_esp_q.seq       <= swap32(p2_esp[63:32]);
      p3_esp_q.iv        <= p2_esp[127:64];
      p3_esp_q.hash      <= p2_ip_q ? ravelin_ipsec_pkg::flow_hash(p2_src_q, p2_dst_q, p2_ports)
                                    : '0;
    end
  end

  // ------------------------------------------------------------------------ inbound SA
  logic           p6_hit;
  logic [SaW-1:0] p6_idx, p7_idx_q, p8_idx_q;
  logic           p7_known_q, p8_known_q;

  ravelin_ipsec_lookup #(.SaCount(InSaCount), .ErrorInjection(ErrorInjection)) u_lookup (
    .clk_i, .rst_ni, .ready_o, .damage_i, .bad_o,
    .op_find_i, .op_insert_i, .op_remove_i, .op_dst_i, .op_spi_i, .op_idx_i, .op_full_o,
    .valid_i (p3_valid_q), .dst_i (p3_esp_q.dst), .spi_i (p3_esp_q.spi),
    .used_i (p4_esp_q.candidate),
    .hit_o (p6_hit), .idx_o (p6_idx)
  );
  assign op_hit_o    = p6_hit;
  assign pre_valid_o = p6_valid_q && p6_hit;
  assign pre_idx_o   = p6_idx;
  assign pre_seq_o   = p6_esp_q.seq;

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
      p7_q       <= p6_q;
      p7_esp_q   <= p6_esp_q;
      p7_known_q <= p6_esp_q.candidate && p6_hit;
      p7_idx_q   <= p6_idx;
    end
    if (p7_valid_q) begin
      p8_q       <= p7_q;
      p8_esp_q   <= p7_esp_q;
      p8_known_q <= p7_known_q;
      p8_idx_q   <= p7_idx_q;
    end
  end

  // ------------------------------------------------------------------------ verdict
  logic [3:0] p8_reason;
  ravelin_ipsec_pkg::rx_decision_t p9_q;

  always_comb begin
    p8_reason = p8_q.reason;
    if (p8_q.reason == ravelin_ipsec_pkg::DROP_NONE && p8_known_q) begin
      p8_reason = p8_esp_q.bad_sum   ? ravelin_ipsec_pkg::DROP_CHECKSUM :
                  p8_esp_q.malformed ? ravelin_ipsec_pkg::DROP_MALFORMED : pre_reason_i;
    end
    if (dead_i && p8_q.reason == ravelin_ipsec_pkg::DROP_NONE) begin
      p8_reason = ravelin_ipsec_pkg::DROP_PARITY;
    end
  end

  always_ff @(posedge clk_i) begin
    if (p8_valid_q) begin
      p9_q.action    <= p8_reason != ravelin_ipsec_pkg::DROP_NONE ? ravelin_ipsec_pkg::RX_DROP :
                        p8_known_q ? ravelin_ipsec_pkg::RX_DECRYPT : ravelin_ipsec_pkg::RX_PASS;
      p9_q.reason    <= p8_reason;
      p9_q.known     <= p8_known_q && !dead_i;
      p9_q.udp       <= p8_esp_q.udp;
      p9_q.ecn       <= p8_esp_q.ecn;
      p9_q.l3        <= p8_q.l3;
      p9_q.skip      <= p8_esp_q.skip;
      p9_q.frame_len <= p8_q.len;
      p9_q.text_len  <= p8_esp_q.text_len;
      p9_q.sa        <= 16'(p8_idx_q);
      p9_q.spi       <= p8_esp_q.spi;
      p9_q.seq       <= p8_esp_q.seq;
      p9_q.iv        <= p8_esp_q.iv;
      p9_q.eth       <= p8_q.eth;
      p9_q.hash      <= p8_esp_q.hash;
    end
  end

  always_ff @(posedge clk_i) begin
    cnt_o <= '0;
    if (rst_ni && p8_valid_q && !dead_i && p8_q.reason == ravelin_ipsec_pkg::DROP_NONE) begin
      cnt_o[ravelin_regs_pkg::CNT_RX_SA_MISS]  <= p8_esp_q.candidate && !p8_known_q;
      cnt_o[ravelin_regs_pkg::CNT_RX_FRAGMENT] <= p8_esp_q.fragment;
    end
  end

  logic       dec_room, unused;
  logic [5:0] dec_count;
  ravelin_ipsec_fifo #(.Width(ravelin_ipsec_pkg::RX_DECISION_W), .Depth(FifoDepth)) u_decisions (
    .clk_i, .rst_ni,
    .in_valid_i (p9_valid_q), .in_ready_o (dec_room), .in_data_i (p9_q),
    .out_valid_o (dec_valid_o), .out_ready_i (dec_ready_i), .out_data_o (dec_o),
    .count_o (dec_count)
  );
  assign unused = dec_room & (^dec_count);
endmodule
/* verilator lint_on UNUSEDSIGNAL */
