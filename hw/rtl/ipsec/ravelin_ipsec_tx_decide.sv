// SPDX-License-Identifier: BSD-2-Clause
//
// Decides what becomes of a frame from the host, from its first 128 octets: parse, policy, outbound
// SA, and what goes before the text.
//
//   head -+-> [parse, 9] -> [policy, 2] -> [out_sa, 3] -> [lengths] -> [header] -> [prefix] -> FIFO
//         +-> [ring] -------------------------------------------------------^
//
// Latency 17 cycles, interval 1. Nothing stalls inside: a head is taken only when the FIFOs of
// decisions and of events have room for its results. An SA that the engine found broken (break_*)
// is marked in a gap between heads. With dead_i every frame is dropped.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_tx_decide #(
  parameter int unsigned OutSaCount    = 1024,
  parameter int unsigned PolicyCount   = 64,
  parameter bit          TestMutations = 1'b0,
  parameter bit          ErrorInjection = 1'b0,
  localparam int unsigned CntNum = ravelin_regs_pkg::CNT_NUM,
  localparam int unsigned SaW    = $clog2(OutSaCount),
  localparam int unsigned PolW   = $clog2(PolicyCount)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  output logic                ready_o,
  output logic                idle_o,
  input  logic                repeat_seq_i,
  input  logic                no_parity_i,
  input  logic [ravelin_ipsec_pkg::DAMAGE_W-1:0]  damage_i,
  input  logic                dead_i,
  input  logic                break_i,
  input  logic [SaW-1:0]      break_idx_i,
  input  logic [15:0]         max_frame_i,
  // the command executor: it pauses admission, waits for paused, then operates on the tables
  input  logic                pause_i,
  output logic                paused_o,
  input  logic                pol_set_i,
  input  logic [PolW-1:0]     pol_idx_i,
  input  logic [31:0]         pol_priority_i,
  input  logic [ravelin_ipsec_pkg::RULE_W-1:0]    pol_rule_i,
  output logic [PolicyCount-1:0]                  pol_used_o,
  input  logic                sa_read_i,
  input  logic                sa_write_i,
  input  logic [SaW-1:0]      sa_idx_i,
  input  logic [ravelin_ipsec_pkg::OUT_CFG_W-1:0] sa_cfg_i,
  input  logic                sa_live_i,
  input  logic [63:0]         sa_seq_i,
  output logic [ravelin_ipsec_pkg::OUT_DYN_W-1:0] sa_dyn_o,
  output logic                sa_broken_o,
  // heads
  input  logic                head_valid_i,
  output logic                head_ready_o,
  input  logic [1023:0]       head_i,
  input  logic [15:0]         head_len_i,
  input  logic                head_sa_valid_i,
  input  logic [15:0]         head_sa_i,
  // decisions
  output logic                dec_valid_o,
  input  logic                dec_ready_i,
  output logic [ravelin_ipsec_pkg::TX_DECISION_W-1:0] dec_o,
  // events
  output logic                ev_valid_o,
  input  logic                ev_ready_i,
  output logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0]   ev_o,
  output logic                sent_o,       // pulse: a frame will leave
  output logic [CntNum-1:0]   cnt_o
);
  localparam int unsigned FifoDepth = 32;
  localparam int unsigned Stages    = 17;

  // Everything that goes along with the packet beside what its stage works on.
  typedef struct packed {
    logic [15:0]  len;
    logic         is_ip;
    logic         ipv6;
    logic         malformed;
    logic         sa_valid;
    logic [15:0]  sa;
    logic [4:0]   l3;
    logic [15:0]  total;
    logic [7:0]   tos;
    logic         df;
    logic         fragment;
    logic         beyond;
    logic [6:0]   front;
    logic [6:0]   front_names;
    logic [7:0]   behind;
  } carry_t;

  logic [5:0]  credit_q;      // packets in the pipeline and in the FIFO
  logic [5:0]  ev_count;
  logic        take;
  logic        parsing, p2_valid, p3_valid_q, p4_valid_q, p5_valid_q, p6_valid_q, p7_valid_q;
  logic        p8_valid_q, p9_valid_q, p10_valid_q;
  carry_t      p2, p3_q, p4_q, p5_q, p6_q, p7_q, p8_q;

  logic           break_q, break_go;
  logic [SaW-1:0] break_idx_q;

  // ------------------------------------------------------------------------ admission
  assign take         = head_valid_i && head_ready_o;
  assign head_ready_o = ready_o && !pause_i && !break_q && credit_q < 6'(FifoDepth) &&
                        ev_count < 6'(FifoDepth - Stages - 4);
  assign paused_o     = pause_i && !(parsing || p3_valid_q || p4_valid_q || p5_valid_q ||
                                     p6_valid_q || p7_valid_q || p8_valid_q || p9_valid_q ||
                                     p10_valid_q);
  assign idle_o       = credit_q == '0 && ev_count == '0 && !break_q;

  // One at a time: what is lost meanwhile, the next frame of that SA finds again.
  assign break_go = break_q && !p4_valid_q && !sa_read_i && !sa_write_i &&
                    ev_count < 6'(FifoDepth - 4);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      break_q <= 1'b0;
    end else if (!break_q) begin
      break_q     <= break_i;
      break_idx_q <= break_idx_i;
    end else if (break_go || (sa_write_i && sa_idx_i == break_idx_q)) begin
      break_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      credit_q <= '0;
    end else begin
      credit_q <= credit_q + 6'(take) - 6'(dec_valid_o && dec_ready_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      {p3_valid_q, p4_valid_q, p5_valid_q, p6_valid_q, p7_valid_q, p8_valid_q, p9_valid_q,
       p10_valid_q} <= '0;
    end else begin
      {p3_valid_q, p4_valid_q, p5_valid_q, p6_valid_q, p7_valid_q, p8_valid_q, p9_valid_q,
       p10_valid_q} <= {p2_valid, p3_valid_q, p4_valid_q, p5_valid_q, p6_valid_q, p7_valid_q,
                        p8_valid_q, p9_valid_q};
    end
  end

  // The octets of the heads inside that may go before the text.
  localparam int unsigned HeadW  = ravelin_ipsec_pkg::HEAD_W;
  localparam int unsigned FrontW = ravelin_ipsec_pkg::FRONT_W;

  logic [HeadW-1:0] heads_q [0:FifoDepth-1];
  logic [4:0]       head_in_q, head_out_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      head_in_q  <= '0;
      head_out_q <= '0;
    end else begin
      head_in_q  <= head_in_q + 5'(take);
      head_out_q <= head_out_q + 5'(p7_valid_q);
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      heads_q[head_in_q] <= head_i[HeadW-1:0];
    end
  end

  // ------------------------------------------------------------------------ parse
  // What comes with a head.
  typedef struct packed {
    logic [15:0] len;
    logic        sa_valid;
    logic [15:0] sa;
  } head_t;

  head_t                      head, p2_head;
  ravelin_ipsec_pkg::parsed_t p2_parsed;
  ravelin_ipsec_pkg::flow_t   p2_flow;
  logic                       p2_seen, p2_hidden;

  always_comb begin
    head.len      = head_len_i;
    head.sa_valid = head_sa_valid_i;
    head.sa       = head_sa_i;
  end

  ravelin_ipsec_parse #(.Checksum(1'b0), .SideW(33)) u_parse (
    .clk_i, .rst_ni, .busy_o (parsing),
    .valid_i (take), .head_i, .len_i (head_len_i), .head_ipv6_i (1'b0), .head_bare_i (1'b0),
    .head_proto_i ('0), .head_src_i ('0), .head_dst_i ('0), .side_i (head),
    .valid_o (p2_valid), .parsed_o (p2_parsed), .flow_o (p2_flow), .side_o (p2_head)
  );

  // Of what is hidden, addresses and length are known: a rule that protects or discards has it.
  assign p2_hidden = p2_parsed.state == ravelin_ipsec_pkg::PARSE_HIDDEN;
  assign p2_seen   = p2_parsed.state == ravelin_ipsec_pkg::PARSE_SEEN || p2_hidden;

  // A third tag: what lies behind it is not seen, so no rule can be said not to match.
  always_comb begin
    p2.len       = p2_head.len;
    p2.is_ip     = p2_seen || p2_parsed.state == ravelin_ipsec_pkg::PARSE_BAD;
    p2.ipv6      = p2_parsed.ipv6;
    p2.malformed = p2.is_ip ? !p2_seen || !p2_parsed.whole :
                   p2_head.sa_valid || p2_parsed.state == ravelin_ipsec_pkg::PARSE_TAGS;
    p2.sa_valid  = p2_head.sa_valid;
    p2.sa        = p2_head.sa;
    p2.l3        = p2_parsed.l3;
    p2.total     = p2_parsed.total;
    p2.tos       = p2_parsed.tos;
    p2.df        = p2_parsed.df;
    p2.fragment  = p2_parsed.fragment;
    p2.beyond    = p2_parsed.beyond;
    p2.front     = p2_parsed.front;
    p2.front_names = p2_parsed.front_names;
    p2.behind    = p2_parsed.behind;
  end

  // ------------------------------------------------------------------------ policy
  logic        pol_hit;
  logic [1:0]  pol_action;
  logic [15:0] pol_sa;
  logic        pol_valid;

  ravelin_ipsec_policy #(.PolicyCount(PolicyCount)) u_policy (
    .clk_i, .rst_ni,
    .set_valid_i (pol_set_i), .set_idx_i (pol_idx_i), .set_priority_i (pol_priority_i),
    .set_rule_i (pol_rule_i), .used_o (pol_used_o),
    .valid_i (p2_valid), .flow_i (p2_flow),
    .valid_o (pol_valid), .hit_o (pol_hit), .action_o (pol_action), .sa_o (pol_sa)
  );

  always_ff @(posedge clk_i) begin
    if (p2_valid) begin
      p3_q <= p2;
    end
    if (p3_valid_q) begin
      p4_q <= p3_q;
    end
  end

  // ------------------------------------------------------------------------ outbound SA
  logic        p4_ask;        // the policies decide
  logic        p4_use, p4_discard;
  logic [1:0]  p4_pad;
  logic [16:0] p4_frame;      // octets of the frame, what follows the packet left out
  logic        p5_discard_q, p6_discard_q, p7_discard_q;
  logic        p5_big_q, p6_big_q, p7_big_q;
  logic        sa_valid, no_sa, expired, sa_too_big, seq_end, sa_broken, sa_ok, ev_valid;
  logic [1:0]  unfit;
  logic [63:0] seq;
  logic [ravelin_ipsec_pkg::OUT_CFG_W-1:0]   cfg_bits;
  logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] ev_rec;
  ravelin_ipsec_pkg::out_cfg_t cfg;

  assign p4_ask     = p4_q.is_ip && !p4_q.malformed && !p4_q.sa_valid && pol_hit && pol_valid;
  assign p4_use     = p4_q.is_ip && !p4_q.malformed &&
                      (p4_q.sa_valid ||
                       (p4_ask && pol_action == 2'(ravelin_regs_pkg::POLICY_ACTION_PROTECT)));
  assign p4_discard = p4_ask && pol_action == 2'(ravelin_regs_pkg::POLICY_ACTION_DISCARD);
  assign p4_pad     = 2'd2 - p4_q.total[1:0];
  assign p4_frame   = 17'(p4_q.l3) + {1'b0, p4_q.total};

  ravelin_ipsec_out_sa #(
    .SaCount(OutSaCount), .TestMutations(TestMutations), .ErrorInjection(ErrorInjection)
  ) u_sa (
    .clk_i, .rst_ni, .ready_o, .repeat_seq_i, .no_parity_i, .damage_i,
    .break_i (break_go), .break_idx_i (break_idx_q),
    .op_read_i (sa_read_i), .op_write_i (sa_write_i), .op_idx_i (sa_idx_i), .op_cfg_i (sa_cfg_i),
    .op_live_i (sa_live_i), .op_seq_i (sa_seq_i), .op_dyn_o (sa_dyn_o), .op_broken_o (sa_broken_o),
    .valid_i (p4_valid_q), .use_sa_i (p4_use), .idx_i (p4_q.sa_valid ? p4_q.sa : pol_sa),
    .bytes_i (p4_q.total), .frame_i (p4_frame), .pad_i (p4_pad), .max_i (max_frame_i),
    .ipv6_i (p4_q.ipv6), .fragment_i (p4_q.fragment), .beyond_i (p4_q.beyond),
    .bare_i (p4_q.front == (p4_q.ipv6 ? 7'd40 : 7'd20)),
    .valid_o (sa_valid), .no_sa_o (no_sa), .unfit_o (unfit), .expired_o (expired), .too_big_o (sa_too_big),
    .seq_end_o (seq_end), .broken_o (sa_broken), .ok_o (sa_ok), .seq_o (seq), .cfg_o (cfg_bits), .ev_valid_o (ev_valid),
    .ev_o (ev_rec)
  );
  assign cfg = cfg_bits;

  always_ff @(posedge clk_i) begin
    if (p4_valid_q) begin
      p5_q         <= p4_q;
      p5_q.sa      <= p4_q.sa_valid ? p4_q.sa : pol_sa;
      p5_discard_q <= p4_discard;
      p5_big_q     <= !p4_use && p4_q.len > max_frame_i;
    end
    if (p5_valid_q) begin
      p6_q         <= p5_q;
      p6_discard_q <= p5_discard_q;
      p6_big_q     <= p5_big_q;
    end
    if (p6_valid_q) begin
      p7_q         <= p6_q;
      p7_discard_q <= p6_discard_q;
      p7_big_q     <= p6_big_q;
    end
  end

  // ------------------------------------------------------------------------ verdict, lengths
  logic        p7_pass, p7_unfit;
  logic [1:0]  p7_pad;
  logic [15:0] p7_outer;      // total length of the outer packet
  logic [6:0]  p7_front;      // octets of the packet that stay outside
  logic [7:0]  p7_tos;
  logic        p7_df;
  logic [19:0] p7_sum;        // of an IPv4 header of tunnel mode
  logic [HeadW-1:0] p8_head_q;

  assign p7_pad   = cfg.ah ? 2'd0 : 2'd2 - p7_q.total[1:0];
  assign p7_outer = p7_q.total + 16'(p7_pad) + 16'(cfg.around);
  assign p7_front = cfg.transport ? p7_q.front : '0;
  assign p7_tos   = {cfg.dscp_fixed ? cfg.dscp : p7_q.tos[7:2], p7_q.tos[1:0]};
  assign p7_df    = cfg.df_set || (!cfg.df_clear && p7_q.df);
  assign p7_unfit = unfit != ravelin_ipsec_pkg::UNFIT_NOT;
  assign p7_pass  = !p7_q.malformed && !p7_discard_q && !p7_big_q && !no_sa && !p7_unfit && !expired &&
                    !sa_too_big && !seq_end && !sa_broken && !sa_ok && !dead_i;
  assign p7_sum   = {4'b0, 8'h45, p7_tos} + 20'(p7_outer) + 20'(seq[15:0]) +
                    {5'b0, p7_df, 14'b0} + {4'b0, cfg.ttl, cfg.proto} +
                    20'(ravelin_ipsec_pkg::swap16(cfg.addresses[15:0])) +
                    20'(ravelin_ipsec_pkg::swap16(cfg.addresses[31:16])) +
                    20'(ravelin_ipsec_pkg::swap16(cfg.addresses[47:32])) +
                    20'(ravelin_ipsec_pkg::swap16(cfg.addresses[63:48]));

  // What an SA makes of its packet.
  typedef struct packed {
    logic         transport;
    logic         ipv6;
    logic         udp;
    logic         ah;
    logic         gmac;
    logic [1:0]   icv;
    logic [1:0]   pad;
    logic [15:0]  text_len;
    logic [7:0]   next;
    logic [15:0]  outer;
    logic [6:0]   front;       // octets before UDP, ESP or AH
    logic [7:0]   tos;
    logic         df;
    logic [7:0]   ttl;
    logic [7:0]   proto;       // of what follows the IP header
    logic [31:0]  ports;
    logic [31:0]  spi;
    logic         implicit;
    logic         esn;
    logic [63:0]  seq;
  } made_t;

  logic [1:0]   p8_action_q, p9_action_q;
  made_t        p8_made_q, p9_made_q;
  logic [19:0]  p8_sum_q;
  logic [255:0] p8_addresses_q;

  always_ff @(posedge clk_i) begin
    if (p7_valid_q) begin
      p8_q        <= p7_q;
      p8_head_q   <= heads_q[head_out_q];
      p8_action_q <= sa_ok && !dead_i ? ravelin_ipsec_pkg::TX_PROTECT :
                     p7_pass ? ravelin_ipsec_pkg::TX_BYPASS : ravelin_ipsec_pkg::TX_DROP;
      if (sa_ok) begin
        p8_made_q.transport <= cfg.transport;
        p8_made_q.ipv6      <= cfg.ipv6;
        p8_made_q.udp       <= cfg.udp;
        p8_made_q.ah        <= cfg.ah;
        p8_made_q.gmac      <= cfg.gmac;
        p8_made_q.icv       <= cfg.icv;
        p8_made_q.pad       <= p7_pad;
        p8_made_q.text_len  <= p7_q.total - 16'(p7_front);
        p8_made_q.next      <= cfg.transport ? p7_q.behind :
                               p7_q.ipv6     ? ravelin_ipsec_pkg::PROTO_IPV6 :
                                               ravelin_ipsec_pkg::PROTO_IPV4;
        p8_made_q.outer     <= p7_outer;
        p8_made_q.front     <= cfg.transport ? p7_q.front : cfg.ipv6 ? 7'd40 : 7'd20;
        p8_made_q.tos       <= p7_tos;
        p8_made_q.df        <= p7_df;
        p8_made_q.ports     <= cfg.ports;
        p8_made_q.spi       <= cfg.spi;
        p8_made_q.implicit  <= cfg.implicit;
        p8_made_q.esn       <= cfg.esn;
        p8_made_q.seq       <= seq;
        p8_made_q.ttl       <= cfg.ttl;
        p8_made_q.proto     <= cfg.proto;
        p8_addresses_q      <= cfg.addresses;
        p8_sum_q            <= p7_sum;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    cnt_o  <= '0;
    sent_o <= 1'b0;
    if (rst_ni && p7_valid_q && sa_valid && dead_i) begin
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_PARITY]   <= 1'b1;
    end else if (rst_ni && p7_valid_q && sa_valid) begin
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_PARITY]   <= sa_broken;
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_MALFORMED] <= p7_q.malformed ||
          unfit == ravelin_ipsec_pkg::UNFIT_FAMILY;
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_FRAGMENT] <= unfit == ravelin_ipsec_pkg::UNFIT_FRAGMENT;
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_HEADERS]  <= unfit == ravelin_ipsec_pkg::UNFIT_HEADERS;
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_POLICY]   <= p7_discard_q;
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_NO_SA]    <= no_sa;
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_SEQ]      <= seq_end;
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_LIFETIME] <= expired;
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_TOO_BIG]  <= sa_too_big ||
          (p7_big_q && !p7_q.malformed && !p7_discard_q);
      sent_o <= p7_pass || sa_ok;
    end
  end

  // ------------------------------------------------------------------------ header
  // Of tunnel mode the template's, of transport mode the packet's own. The IPv4 checksum is left out.
  logic [FrontW-1:0] p8_packet, p8_kept, p8_front, p9_front_q;
  logic [19:0]       p8_own_sum, p9_sum_q;
  ravelin_ipsec_pkg::ipv4_t p8_ip;
  ravelin_ipsec_pkg::ipv6_t p8_ipv6;
  logic [175:0]      p9_eth_q;
  carry_t            p9_q;

  assign p8_packet  = ravelin_ipsec_pkg::packet_of(p8_head_q, p8_q.l3);
  assign p8_kept    = ravelin_ipsec_pkg::front_of(p8_packet, p8_made_q.front, p8_q.front_names,
                                                p8_made_q.proto);
  assign p8_own_sum = ravelin_ipsec_pkg::renewed_sum(p8_packet[95:0], p8_made_q.outer,
                                                     p8_made_q.proto);

  always_comb begin
    p8_ip           = p8_kept[159:0];
    p8_ip.total     = ravelin_ipsec_pkg::swap16(p8_made_q.outer);
    p8_ip.checksum  = '0;
    p8_ipv6         = p8_kept[319:0];
    p8_ipv6.payload = ravelin_ipsec_pkg::swap16(p8_made_q.outer - 16'd40);
    if (!p8_made_q.transport) begin
      p8_ip.version   = 4'd4;
      p8_ip.words     = 4'd5;
      p8_ip.tos       = p8_made_q.tos;
      p8_ip.id        = ravelin_ipsec_pkg::swap16(p8_made_q.seq[15:0]);
      p8_ip.fragment  = ravelin_ipsec_pkg::swap16({1'b0, p8_made_q.df, 14'b0});
      p8_ip.ttl       = p8_made_q.ttl;
      p8_ip.proto     = p8_made_q.proto;
      {p8_ip.dst, p8_ip.src} = p8_addresses_q[63:0];
      p8_ipv6.version = 4'd6;
      {p8_ipv6.class_high, p8_ipv6.class_low} = p8_made_q.tos;
      {p8_ipv6.label_high, p8_ipv6.label} = '0;
      p8_ipv6.hops    = p8_made_q.ttl;
      p8_ipv6.proto   = p8_made_q.proto;
      {p8_ipv6.dst, p8_ipv6.src} = p8_addresses_q;
    end
    p8_front = p8_made_q.transport ? p8_kept : '0;
    if (p8_made_q.ipv6) begin
      p8_front[319:0] = p8_ipv6;
    end else begin
      p8_front[159:0] = p8_ip;
    end
  end

  always_ff @(posedge clk_i) begin
    if (p8_valid_q) begin
      p9_q        <= p8_q;
      p9_action_q <= p8_action_q;
      if (p8_action_q == ravelin_ipsec_pkg::TX_PROTECT) begin
        p9_made_q  <= p8_made_q;
        p9_front_q <= p8_front;
        p9_sum_q   <= p8_made_q.transport ? p8_own_sum : p8_sum_q;
        p9_eth_q   <= ravelin_ipsec_pkg::ethernet_of(p8_head_q[175:0], p8_q.l3, p8_made_q.ipv6);
      end
    end
  end

  // ------------------------------------------------------------------------ prefix
  localparam int unsigned TailW = FrontW + ravelin_ipsec_pkg::ESP_OCTETS * 8;

  ravelin_ipsec_pkg::udp_t  p9_udp;
  ravelin_ipsec_pkg::esp_t  p9_esp;
  ravelin_ipsec_pkg::ah_t   p9_ah;          // its ICV and padding are zero
  logic [TailW-1:0] p9_tail;      // all that follows the Ethernet header
  logic [6:0]       p9_tail_len;
  logic [5:0]       p9_ah_len;

  always_comb begin
    p9_udp.sport    = p9_made_q.ports[15:0];
    p9_udp.dport    = p9_made_q.ports[31:16];
    p9_udp.len      = ravelin_ipsec_pkg::swap16(p9_made_q.outer - 16'(p9_made_q.front));
    p9_udp.checksum = '0;
    p9_esp.spi      = ravelin_ipsec_pkg::swap32(p9_made_q.spi);
    p9_esp.seq      = ravelin_ipsec_pkg::swap32(p9_made_q.seq[31:0]);
    p9_esp.iv       = {ravelin_ipsec_pkg::swap32(p9_made_q.seq[31:0]),
                       ravelin_ipsec_pkg::swap32(p9_made_q.seq[63:32])};
    p9_ah_len       = p9_made_q.ipv6 ? 6'(ravelin_ipsec_pkg::AH_OCTETS6)
                                     : 6'(ravelin_ipsec_pkg::AH_OCTETS4);
    p9_ah.esp       = p9_esp;
    p9_ah.reserved  = '0;
    p9_ah.words     = {4'b0, p9_ah_len[5:2]} - 8'd2;
    p9_ah.next      = p9_made_q.next;
    p9_tail         = TailW'(p9_front_q) |
                      ((p9_made_q.ah  ? TailW'(p9_ah) :
                        p9_made_q.udp ? TailW'({p9_esp, p9_udp}) : TailW'(p9_esp))
                       << {p9_made_q.front[6:2], 5'b0});
    if (!p9_made_q.ipv6) begin
      p9_tail[95:80] = ravelin_ipsec_pkg::swap16(ravelin_ipsec_pkg::folded(p9_sum_q));
    end
    p9_tail_len = p9_made_q.front + (p9_made_q.udp ? 7'd8 : 7'd0) +
                  (p9_made_q.ah ? 7'(p9_ah_len) : p9_made_q.implicit ? 7'd8 : 7'd16);
  end

  ravelin_ipsec_pkg::tx_decision_t p10_q;

  always_ff @(posedge clk_i) begin
    if (p9_valid_q) begin
      p10_q.action    <= p9_action_q;
      p10_q.frame_len <= p9_q.len;
      if (p9_action_q == ravelin_ipsec_pkg::TX_PROTECT) begin
        p10_q.skip       <= 7'(p9_q.l3) + (p9_made_q.transport ? p9_made_q.front : '0);
        p10_q.text_len   <= p9_made_q.text_len;
        p10_q.pad        <= p9_made_q.pad;
        p10_q.next       <= p9_made_q.next;
        p10_q.ah         <= p9_made_q.ah;
        p10_q.gmac       <= p9_made_q.gmac;
        p10_q.ipv6       <= p9_made_q.ipv6;
        p10_q.l3         <= p9_q.l3;
        p10_q.front      <= p9_made_q.ah                    ? p9_tail_len :
                            p9_made_q.gmac && p9_made_q.esn ? 7'd4 : 7'd0;
        p10_q.icv        <= p9_made_q.icv;
        p10_q.sa         <= p9_q.sa;
        p10_q.spi        <= p9_made_q.spi;
        p10_q.esn        <= p9_made_q.esn;
        p10_q.seq        <= p9_made_q.seq;
        p10_q.prefix_len <= 7'(p9_q.l3) + p9_tail_len;
        case (p9_q.l3)
          5'd18:   p10_q.prefix <= {32'b0, p9_tail, p9_eth_q[143:0]};
          5'd22:   p10_q.prefix <= {p9_tail, p9_eth_q};
          default: p10_q.prefix <= {64'b0, p9_tail, p9_eth_q[111:0]};
        endcase
      end else begin
        p10_q.skip       <= '0;
        p10_q.text_len   <= p9_q.len;
        p10_q.prefix_len <= '0;
      end
    end
  end

  logic dec_room;
  logic [5:0] dec_count;
  ravelin_ipsec_fifo #(.Width(ravelin_ipsec_pkg::TX_DECISION_W), .Depth(FifoDepth)) u_decisions (
    .clk_i, .rst_ni,
    .in_valid_i (p10_valid_q), .in_ready_o (dec_room), .in_data_i (p10_q),
    .out_valid_o (dec_valid_o), .out_ready_i (dec_ready_i), .out_data_o (dec_o),
    .count_o (dec_count)
  );

  logic ev_room;
  ravelin_ipsec_fifo #(.Width(ravelin_ipsec_pkg::EVENT_REC_W), .Depth(FifoDepth)) u_events (
    .clk_i, .rst_ni,
    .in_valid_i (ev_valid), .in_ready_o (ev_room), .in_data_i (ev_rec),
    .out_valid_o (ev_valid_o), .out_ready_i (ev_ready_i), .out_data_o (ev_o), .count_o (ev_count)
  );

  logic unused;
  assign unused = dec_room & ev_room & (^dec_count);
endmodule
/* verilator lint_on UNUSEDSIGNAL */
