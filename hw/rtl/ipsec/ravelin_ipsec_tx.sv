// SPDX-License-Identifier: BSD-2-Clause
//
// Frames from the host to the port: ESP (RFC 4303, section 3.3), or unchanged. A decision is an edit:
// so many octets are skipped, the others protected, with a trailer and an ICV, behind a prefix.
//
//   host -+-> [buffer] -> [realign: cut out what is protected] -> [append: trailer] -> [GCM] ->
//         |      ^                                                                           |
//         +-> [decide]                  port <- [prepend: headers] <- [append: ICV] <--------+
//
// All frames take this way, in order. A beat a cycle; a protected frame takes as many cycles as it
// has beats when it leaves.
//
// A parity error in a key slot may be found when the first beats of the frame have left. The frame
// then ends with port_err_o, its text 0 from there on where the key is concerned, its ICV 0; it
// counts as dropped. That is also what becomes of the frames in the engine when dead_i rises.
module ravelin_ipsec_tx #(
  parameter int unsigned DataW         = 512,
  parameter int unsigned OutSaCount    = 1024,
  parameter int unsigned PolicyCount   = 64,
  parameter bit          TestMutations = 1'b0,
  parameter bit          ErrorInjection = 1'b0,
  localparam int unsigned BytesW = $clog2(DataW/8+1),
  localparam int unsigned CntNum = ravelin_regs_pkg::CNT_NUM,
  localparam int unsigned SaW    = $clog2(OutSaCount),
  localparam int unsigned PolW   = $clog2(PolicyCount)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  output logic              ready_o,
  output logic              idle_o,
  input  logic [3:0]        mutation_i,
  input  logic [ravelin_ipsec_pkg::DAMAGE_W-1:0]  damage_i,
  input  logic              dead_i,
  input  logic [15:0]       max_frame_i,
  // the command executor
  input  logic              pause_i,
  output logic              paused_o,
  output logic [15:0]       decided_o,      // frames that were admitted
  output logic [15:0]       in_count_o,     // frames that were admitted and not dropped
  output logic [15:0]       out_count_o,    // frames that have left
  input  logic              pol_set_i,
  input  logic [PolW-1:0]   pol_idx_i,
  input  logic [31:0]       pol_priority_i,
  input  logic [ravelin_ipsec_pkg::RULE_W-1:0]    pol_rule_i,
  output logic [PolicyCount-1:0]                  pol_used_o,
  input  logic              sa_read_i,
  input  logic              sa_write_i,
  input  logic [SaW-1:0]    sa_idx_i,
  input  logic [ravelin_ipsec_pkg::OUT_CFG_W-1:0] sa_cfg_i,
  input  logic              sa_live_i,
  input  logic [63:0]       sa_seq_i,
  output logic [ravelin_ipsec_pkg::OUT_DYN_W-1:0] sa_dyn_o,
  output logic              sa_broken_o,
  input  logic              key_req_valid_i,
  output logic              key_req_ready_o,
  input  logic              key_req_erase_i,
  input  logic [SaW-1:0]    key_req_slot_i,
  input  logic [1:0]        key_req_size_i,
  /* verilator tracing_off */
  input  logic [255:0]      key_req_key_i,
  input  logic [31:0]       key_req_salt_i,
  /* verilator tracing_on */
  output logic              key_done_o,
  // events
  output logic              ev_valid_o,
  input  logic              ev_ready_i,
  output logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] ev_o,
  // frames
  input  logic              htx_valid_i,
  output logic              htx_ready_o,
  input  logic              htx_sop_i,
  input  logic              htx_eop_i,
  input  logic [DataW-1:0]  htx_data_i,
  input  logic [15:0]       htx_len_i,
  input  logic              htx_sa_valid_i,
  input  logic [15:0]       htx_sa_i,
  output logic              port_valid_o,
  input  logic              port_ready_i,
  output logic              port_sop_o,
  output logic              port_eop_o,
  output logic [DataW-1:0]  port_data_o,
  output logic [BytesW-1:0] port_bytes_o,
  output logic              port_err_o,     // with eop
  output logic [CntNum-1:0] cnt_o
);
  localparam int unsigned Octets    = DataW / 8;
  localparam int unsigned OctW      = $clog2(Octets);
  localparam int unsigned HeadBeats = 1024 / DataW;
  localparam int unsigned Depth     = 32768 / Octets;
  localparam int unsigned PtrW      = $clog2(Depth);
  localparam int unsigned InFlight  = 128;   // frames in and around the GCM engine
  localparam int unsigned PrefixMax = ravelin_ipsec_pkg::TX_PREFIX_MAX;

  // ------------------------------------------------------------------------ head of the frame
  logic [1023:0] head_q;
  logic [15:0]   head_len_q, head_sa_q;
  logic          head_sa_valid_q, head_valid_q, head_ready, head_beat, take, buf_ready;
  logic [3:0]    beat_q, beat;

  assign take        = htx_valid_i && htx_ready_o;
  assign htx_ready_o = buf_ready && !(head_valid_q && !head_ready);
  assign beat        = htx_sop_i ? 4'd0 : beat_q;
  assign head_beat   = take && beat != 4'(HeadBeats);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      head_valid_q <= 1'b0;
      beat_q       <= '0;
    end else begin
      if (head_beat && (htx_eop_i || beat == 4'(HeadBeats - 1))) begin
        head_valid_q <= 1'b1;
      end else if (head_ready) begin
        head_valid_q <= 1'b0;
      end
      if (head_beat) begin
        beat_q <= beat + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (head_beat) begin
      head_q[32'(beat)*DataW +: DataW] <= htx_data_i;
      if (htx_sop_i) begin
        head_len_q      <= htx_len_i;
        head_sa_valid_q <= htx_sa_valid_i;
        head_sa_q       <= htx_sa_i;
      end
    end
  end

  // ------------------------------------------------------------------------ decision
  logic dec_valid, dec_ready, decide_idle, sent;
  logic [ravelin_ipsec_pkg::TX_DECISION_W-1:0] dec_bits;
  ravelin_ipsec_pkg::tx_decision_t dec;
  logic sa_ready, gcm_ready, gcm_bad;
  logic [SaW-1:0] gcm_bad_slot;
  logic [CntNum-1:0] decide_cnt;
  ravelin_ipsec_pkg::damage_t damage;

  assign damage = damage_i;

  ravelin_ipsec_tx_decide #(
    .OutSaCount(OutSaCount), .PolicyCount(PolicyCount), .TestMutations(TestMutations),
    .ErrorInjection(ErrorInjection)
  ) u_decide (
    .clk_i, .rst_ni, .ready_o (sa_ready), .idle_o (decide_idle),
    .repeat_seq_i (mutation_i == 4'd3), .no_parity_i (mutation_i == 4'd5), .damage_i, .dead_i,
    .break_i (gcm_bad), .break_idx_i (gcm_bad_slot), .max_frame_i, .pause_i, .paused_o, .pol_set_i,
    .pol_idx_i, .pol_priority_i, .pol_rule_i, .pol_used_o, .sa_read_i, .sa_write_i, .sa_idx_i,
    .sa_cfg_i, .sa_live_i, .sa_seq_i, .sa_dyn_o, .sa_broken_o,
    .head_valid_i (head_valid_q), .head_ready_o (head_ready), .head_i (head_q),
    .head_len_i (head_len_q), .head_sa_valid_i (head_sa_valid_q), .head_sa_i (head_sa_q),
    .dec_valid_o (dec_valid), .dec_ready_i (dec_ready), .dec_o (dec_bits),
    .ev_valid_o, .ev_ready_i, .ev_o, .sent_o (sent), .cnt_o (decide_cnt)
  );
  assign dec = dec_bits;

  // ------------------------------------------------------------------------ buffer
  logic [15:0]   start_octets;        // of the last octet that goes out, from the first beat
  logic [OctW-1:0] cmd_shift;
  logic [PtrW:0] cmd_start, cmd_beats, cmd_total;
  logic          drop, protect, gcm_meta_ready, post_ready, buf_first, buf_empty;

  assign drop         = dec.action == ravelin_ipsec_pkg::TX_DROP;
  assign protect      = dec.action == ravelin_ipsec_pkg::TX_PROTECT;
  // What is skipped of a frame is no multiple of 4 octets. So of no text a beat goes out all the same,
  // which the trailer will be in.
  assign cmd_shift    = OctW'(dec.skip);
  assign start_octets = 16'(cmd_shift) + dec.text_len + 16'(Octets - 1);
  assign cmd_start    = (PtrW+1)'({9'b0, dec.skip} >> OctW);
  assign cmd_beats    = drop ? '0 : (PtrW+1)'(start_octets >> OctW);
  assign cmd_total    = (PtrW+1)'((dec.frame_len + 16'(Octets - 1)) >> OctW);

  logic              a_valid, a_ready, a_sop, a_eop;
  logic [DataW-1:0]  a_data;
  logic [OctW+26:0]  a_side;

  ravelin_ipsec_buffer #(.DataW(DataW), .Depth(Depth), .SideW(OctW + 27)) u_buffer (
    .clk_i, .rst_ni, .empty_o (buf_empty),
    .in_valid_i (take), .in_ready_o (buf_ready), .in_data_i (htx_data_i),
    .cmd_valid_i (dec_valid && (drop || (gcm_meta_ready && post_ready))), .cmd_ready_o (dec_ready),
    .cmd_start_i (cmd_start), .cmd_beats_i (cmd_beats), .cmd_total_i (cmd_total),
    .cmd_side_i ({cmd_shift, dec.text_len, protect, dec.next, dec.pad}), .hold_i (1'b0),
    .first_o (buf_first),
    .out_valid_o (a_valid), .out_ready_i (a_ready), .out_sop_o (a_sop), .out_eop_o (a_eop),
    .out_data_o (a_data), .out_side_o (a_side)
  );

  // ------------------------------------------------------------------------ text, trailer
  logic              b_valid, b_ready, b_sop, b_eop, c_valid, c_ready, c_sop, c_eop;
  logic [DataW-1:0]  b_data, c_data;
  logic [BytesW-1:0] b_bytes, c_bytes;
  logic [10:0]       b_side;
  logic              b_protect;
  logic [1:0]        b_pad;
  logic [7:0]        b_next;
  logic              realign_empty, trailer_empty, icv_empty, prepend_empty;
  logic [127:0]      trailer;

  ravelin_ipsec_realign #(.DataW(DataW), .SideW(11)) u_realign (
    .clk_i, .rst_ni, .empty_o (realign_empty),
    .in_valid_i (a_valid), .in_ready_o (a_ready), .in_sop_i (a_sop), .in_eop_i (a_eop),
    .in_data_i (a_data), .in_shift_i (a_side[OctW+26:27]), .in_len_i (a_side[26:11]),
    .in_side_i (a_side[10:0]),
    .out_valid_o (b_valid), .out_ready_i (b_ready), .out_sop_o (b_sop), .out_eop_o (b_eop),
    .out_data_o (b_data), .out_bytes_o (b_bytes), .out_side_o (b_side)
  );

  assign {b_protect, b_next, b_pad} = b_side;

  // Padding 1, 2, 3, its length, next header (RFC 4303, sections 2.4 to 2.6)
  always_comb begin
    case (b_pad)
      2'd1:    trailer = 128'({b_next, 16'h01_01});
      2'd2:    trailer = 128'({b_next, 24'h02_02_01});
      2'd3:    trailer = 128'({b_next, 32'h03_03_02_01});
      default: trailer = 128'({b_next, 8'h00});
    endcase
  end

  ravelin_ipsec_append #(.DataW(DataW)) u_trailer (
    .clk_i, .rst_ni, .empty_o (trailer_empty),
    .in_valid_i (b_valid), .in_ready_o (b_ready), .in_sop_i (b_sop), .in_eop_i (b_eop),
    .in_data_i (b_data), .in_bytes_i (b_bytes), .in_tail_i (trailer),
    .in_tail_bytes_i (b_protect ? 5'd2 + 5'(b_pad) : 5'd0),
    .out_valid_o (c_valid), .out_ready_i (c_ready), .out_sop_o (c_sop), .out_eop_o (c_eop),
    .out_data_o (c_data), .out_bytes_o (c_bytes)
  );

  // ------------------------------------------------------------------------ GCM
  logic         m_valid, m_protect;
  logic [15:0]  m_len;
  logic [SaW-1:0] m_sa;
  logic [31:0]  m_spi;
  logic         m_esn;
  logic [63:0]  m_seq;
  logic         gcm_idle, gcm_in_ready;
  logic         d_valid, d_ready, d_sop, d_eop, d_bypass, d_bad;
  logic [DataW-1:0]  d_data;
  logic [BytesW-1:0] d_bytes;
  logic [127:0]      d_tag;

  ravelin_ipsec_fifo #(.Width(SaW + 114), .Depth(16)) u_gcm_meta (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first && !drop), .in_ready_o (gcm_meta_ready),
    .in_data_i ({protect, protect ? dec.text_len + 16'(dec.pad) + 16'd2 : dec.text_len,
                 dec.sa[SaW-1:0], dec.spi, dec.esn, dec.seq}),
    .out_valid_o (m_valid), .out_ready_i (c_valid && c_ready && c_eop),
    .out_data_o ({m_protect, m_len, m_sa, m_spi, m_esn, m_seq}), .count_o (unused_meta_count)
  );

  logic damage_slot;
  assign damage_slot = damage.valid && !damage.inbound;

  assign c_ready = gcm_in_ready && m_valid;

  ravelin_gcm #(
    .DataW(DataW), .SaCount(OutSaCount), .Decrypt(1'b0), .TestMutations(TestMutations),
    .ErrorInjection(ErrorInjection)
  ) u_gcm (
    .clk_i, .rst_ni, .mutation_i, .dead_i,
    .damage_key_i  (damage_slot && damage.memory == ravelin_ipsec_pkg::DAMAGE_KEY),
    .damage_beat_i (damage_slot && damage.memory == ravelin_ipsec_pkg::DAMAGE_POWER),
    .damage_low_i  (damage_slot && damage.memory == ravelin_ipsec_pkg::DAMAGE_POWER_LOW),
    .damage_high_i (damage_slot && damage.memory == ravelin_ipsec_pkg::DAMAGE_POWER_HIGH),
    .damage_slot_i (damage.index[SaW-1:0]),
    .key_req_valid_i, .key_req_ready_o, .key_req_erase_i, .key_req_slot_i, .key_req_size_i,
    .key_req_key_i, .key_req_salt_i, .key_done_o, .ready_o (gcm_ready), .idle_o (gcm_idle),
    .in_valid_i (c_valid && m_valid), .in_ready_o (gcm_in_ready), .in_sop_i (c_sop),
    .in_eop_i (c_eop), .in_data_i (c_data), .in_bytes_i (c_bytes), .in_auth_only_i (1'b0),
    .in_bypass_i (!m_protect), .in_slot_i (m_sa), .in_iv_i ({ravelin_ipsec_pkg::swap32(m_seq[31:0]),
                ravelin_ipsec_pkg::swap32(m_seq[63:32])}),
    .in_aad_i (ravelin_ipsec_pkg::aad_of(m_spi, m_esn, m_seq)), .in_aad_len_i (m_esn ? 5'd12 : 5'd8),
    .in_auth_len_i (16'd0), .in_len_i (m_len),
    .out_valid_o (d_valid), .out_ready_i (d_ready), .out_sop_o (d_sop), .out_eop_o (d_eop),
    .out_data_o (d_data), .out_bytes_o (d_bytes), .out_tag_o (d_tag), .out_bypass_o (d_bypass),
    .out_bad_o (d_bad), .bad_o (gcm_bad), .bad_slot_o (gcm_bad_slot)
  );

  // ------------------------------------------------------------------------ ICV, headers
  logic              e_valid, e_ready, e_sop, e_eop, f_valid;
  logic [DataW-1:0]  e_data;
  logic [BytesW-1:0] e_bytes;
  logic [6:0]        f_prefix_len;
  logic [PrefixMax*8-1:0] f_prefix;
  logic              prepend_ready, unused_side;
  logic [7:0]        unused_prefix_count, unused_icv_count;
  logic [1:0]        d_icv;
  logic              icv_room, icv_valid;
  logic [4:0]        unused_meta_count;

  // As many as prefixes, and they go earlier: there is room.
  ravelin_ipsec_fifo #(.Width(2), .Depth(InFlight)) u_icv_lengths (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first && !drop), .in_ready_o (icv_room), .in_data_i (dec.icv),
    .out_valid_o (icv_valid), .out_ready_i (d_valid && d_ready && d_eop), .out_data_o (d_icv),
    .count_o (unused_icv_count)
  );

  ravelin_ipsec_append #(.DataW(DataW)) u_icv (
    .clk_i, .rst_ni, .empty_o (icv_empty),
    .in_valid_i (d_valid), .in_ready_o (d_ready), .in_sop_i (d_sop), .in_eop_i (d_eop),
    .in_data_i (d_data), .in_bytes_i (d_bytes), .in_tail_i (d_tag),
    .in_tail_bytes_i (d_bypass ? 5'd0 : ravelin_ipsec_pkg::icv_octets(d_icv)),
    .out_valid_o (e_valid), .out_ready_i (e_ready), .out_sop_o (e_sop), .out_eop_o (e_eop),
    .out_data_o (e_data), .out_bytes_o (e_bytes)
  );

  ravelin_ipsec_fifo #(.Width(7 + PrefixMax * 8), .Depth(InFlight)) u_prefixes (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first && !drop), .in_ready_o (post_ready),
    .in_data_i ({dec.prefix_len, dec.prefix}),
    .out_valid_o (f_valid), .out_ready_i (e_valid && e_ready && e_eop),
    .out_data_o ({f_prefix_len, f_prefix}), .count_o (unused_prefix_count)
  );

  assign e_ready = prepend_ready && f_valid;

  ravelin_ipsec_prepend #(.DataW(DataW), .PrefixMax(PrefixMax), .SideW(1)) u_prepend (
    .clk_i, .rst_ni, .empty_o (prepend_empty),
    .in_valid_i (e_valid && f_valid), .in_ready_o (prepend_ready), .in_sop_i (e_sop),
    .in_eop_i (e_eop), .in_data_i (e_data), .in_bytes_i (e_bytes), .in_prefix_i (f_prefix),
    .in_prefix_len_i (f_prefix_len), .in_side_i (1'b0),
    .out_valid_o (port_valid_o), .out_ready_i (port_ready_i), .out_sop_o (port_sop_o),
    .out_eop_o (port_eop_o), .out_data_o (port_data_o), .out_bytes_o (port_bytes_o),
    .out_side_o (unused_side)
  );

  // ------------------------------------------------------------------------ spoilt frames
  // What ends behind the engine ends at the port, after it. Both the port and the decision may drop a
  // frame in the same cycle: then the port's is counted when the decision drops none.
  logic       end_valid, end_ready, end_bypass, end_bad, left, owes, protected_q, spoilt_q;
  logic [3:0] end_count;
  logic [9:0] owed_q;

  ravelin_ipsec_fifo #(.Width(2), .Depth(8)) u_ends (
    .clk_i, .rst_ni,
    .in_valid_i (d_valid && d_ready && d_eop), .in_ready_o (end_ready),
    .in_data_i ({d_bypass, d_bad}),
    .out_valid_o (end_valid), .out_ready_i (left), .out_data_o ({end_bypass, end_bad}),
    .count_o (end_count)
  );

  assign left       = port_valid_o && port_ready_i && port_eop_o;
  assign port_err_o = port_eop_o && end_valid && end_bad;
  assign owes       = owed_q != '0 && !decide_cnt[ravelin_regs_pkg::CNT_TX_DROP_PARITY];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      protected_q <= 1'b0;
      spoilt_q    <= 1'b0;
      owed_q      <= '0;
    end else begin
      protected_q <= left && !end_bypass && !end_bad;
      spoilt_q    <= left && end_bad;
      owed_q      <= owed_q + 10'(spoilt_q) - 10'(owes);
    end
  end

  always_comb begin
    cnt_o = decide_cnt;
    cnt_o[ravelin_regs_pkg::CNT_TX_PROTECTED] = protected_q;
    if (owes) begin
      cnt_o[ravelin_regs_pkg::CNT_TX_DROP_PARITY] = 1'b1;
    end
  end

  // ------------------------------------------------------------------------ what is inside
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      decided_o   <= '0;
      in_count_o  <= '0;
      out_count_o <= '0;
    end else begin
      if (head_valid_q && head_ready) begin
        decided_o <= decided_o + 1'b1;
      end
      if (sent) begin
        in_count_o <= in_count_o + 1'b1;
      end
      if (left) begin
        out_count_o <= out_count_o + 1'b1;
      end
    end
  end

  assign ready_o = sa_ready && gcm_ready;
  assign idle_o  = decide_idle && !head_valid_q && !htx_valid_i && buf_empty && realign_empty &&
                   trailer_empty && gcm_idle && icv_empty && prepend_empty && !m_valid && !f_valid &&
                   !spoilt_q && owed_q == '0;

  logic unused;
  assign unused = icv_room ^ icv_valid ^ (^unused_icv_count) ^ unused_side ^ (^unused_meta_count) ^ (^unused_prefix_count) ^ (^dec.sa) ^
                  end_ready ^ (^end_count) ^ (^damage);
endmodule
