// SPDX-License-Identifier: BSD-2-Clause
//
// Frames from the host to the port: ESP (RFC 4303, section 3.3), AH (RFC 4302, section 3.3), or
// unchanged. A decision is an edit: so many octets are skipped, the others protected, with a trailer
// and an ICV, behind a prefix. What of that prefix is authenticated with the text goes through the
// engine before it, and is cut off again.
//
//   host -+-> [buffer] -> [realign: what is protected] -> [front] -> [trailer] -> [GCM] -> [cut: text] ->
//         |      ^                                                                                   |
//         +-> [decide]               port <- [prepend: headers] <- [buffer] <- [append: ICV] <-------+
//
// The second buffer holds a frame with AH until its ICV is known, which goes before the text.
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
  parameter int unsigned StallCycles   = 250000,
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
  input  logic              wait_i,         // it waits until frames have left
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
  logic [OctW+148:0] a_side;

  ravelin_ipsec_buffer #(.DataW(DataW), .Depth(Depth), .SideW(OctW + 149)) u_buffer (
    .clk_i, .rst_ni, .empty_o (buf_empty),
    .in_valid_i (take), .in_ready_o (buf_ready), .in_data_i (htx_data_i),
    .cmd_valid_i (dec_valid && (drop || (gcm_meta_ready && post_ready))), .cmd_ready_o (dec_ready),
    .cmd_start_i (cmd_start), .cmd_beats_i (cmd_beats), .cmd_total_i (cmd_total),
    .cmd_side_i ({cmd_shift, dec.text_len, trailer_octets, trailer}), .hold_i (1'b0),
    .first_o (buf_first),
    .out_valid_o (a_valid), .out_ready_i (a_ready), .out_sop_o (a_sop), .out_eop_o (a_eop),
    .out_data_o (a_data), .out_side_o (a_side)
  );

  // ------------------------------------------------------------------------ text, what is around it
  // Before it goes what is authenticated too and not part of it: all of a packet with AH; or the end
  // of the IV (aad_of).
  localparam int unsigned FrontMax = ravelin_ipsec_pkg::AH_HEAD_MAX;

  logic              b_valid, b_ready, b_sop, b_eop, c_valid, c_ready, c_sop, c_eop;
  logic              n_valid, n_ready, n_sop, n_eop, front_valid, front_room;
  logic [DataW-1:0]  b_data, c_data, n_data;
  logic [BytesW-1:0] b_bytes, c_bytes, n_bytes;
  logic [4:0]        front_count;
  logic [6:0]        front_len;
  logic [FrontMax*8-1:0] dec_front, front;
  logic [132:0]      b_side, n_side;       // {octets of the trailer, trailer}
  logic              realign_empty, front_empty, trailer_empty, icv_empty, prepend_empty;
  logic [127:0]      trailer;
  logic [4:0]        trailer_octets;

  always_comb begin
    case (dec.l3)
      5'd18:   dec_front = dec.prefix[18*8 +: FrontMax*8];
      5'd22:   dec_front = dec.prefix[22*8 +: FrontMax*8];
      default: dec_front = dec.prefix[14*8 +: FrontMax*8];
    endcase
    dec_front = dec_front & ~(dec.ipv6 ? ravelin_ipsec_pkg::AH_MUTABLE6
                                       : ravelin_ipsec_pkg::AH_MUTABLE4);
    if (!dec.ah) begin
      dec_front = (FrontMax*8)'(ravelin_ipsec_pkg::swap32(dec.seq[31:0]));
    end
  end

  // Padding 1, 2, 3, its length, next header (RFC 4303, sections 2.4 to 2.6); behind what AH's ICV is
  // over, the high octets of the number (RFC 4302, section 2.5.1).
  always_comb begin
    case (dec.pad)
      2'd1:    trailer = 128'({dec.next, 16'h01_01});
      2'd2:    trailer = 128'({dec.next, 24'h02_02_01});
      2'd3:    trailer = 128'({dec.next, 32'h03_03_02_01});
      default: trailer = 128'({dec.next, 8'h00});
    endcase
    if (dec.ah) begin
      trailer = 128'(ravelin_ipsec_pkg::swap32(dec.seq[63:32]));
    end
    trailer_octets = !protect ? 5'd0 : !dec.ah ? 5'd2 + 5'(dec.pad) : dec.esn ? 5'd4 : 5'd0;
  end

  ravelin_ipsec_realign #(.DataW(DataW), .SideW(133)) u_realign (
    .clk_i, .rst_ni, .empty_o (realign_empty),
    .in_valid_i (a_valid), .in_ready_o (a_ready), .in_sop_i (a_sop), .in_eop_i (a_eop),
    .in_data_i (a_data), .in_shift_i (a_side[OctW+148:149]), .in_len_i (a_side[148:133]),
    .in_side_i (a_side[132:0]),
    .out_valid_o (b_valid), .out_ready_i (b_ready), .out_sop_o (b_sop), .out_eop_o (b_eop),
    .out_data_o (b_data), .out_bytes_o (b_bytes), .out_side_o (b_side)
  );

  ravelin_ipsec_fifo #(.Width(7 + FrontMax * 8), .Depth(16)) u_fronts (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first && !drop), .in_ready_o (front_room),
    .in_data_i ({protect ? dec.front : 7'd0, dec_front}),
    .out_valid_o (front_valid), .out_ready_i (b_valid && b_ready && b_eop),
    .out_data_o ({front_len, front}), .count_o (front_count)
  );

  ravelin_ipsec_prepend #(.DataW(DataW), .PrefixMax(FrontMax), .SideW(133)) u_front (
    .clk_i, .rst_ni, .empty_o (front_empty),
    .in_valid_i (b_valid), .in_ready_o (b_ready), .in_sop_i (b_sop), .in_eop_i (b_eop),
    .in_data_i (b_data), .in_bytes_i (b_bytes), .in_prefix_i (front),
    .in_prefix_len_i (front_len), .in_side_i (b_side),
    .out_valid_o (n_valid), .out_ready_i (n_ready), .out_sop_o (n_sop), .out_eop_o (n_eop),
    .out_data_o (n_data), .out_bytes_o (n_bytes), .out_side_o (n_side)
  );

  ravelin_ipsec_append #(.DataW(DataW)) u_trailer (
    .clk_i, .rst_ni, .empty_o (trailer_empty),
    .in_valid_i (n_valid), .in_ready_o (n_ready), .in_sop_i (n_sop), .in_eop_i (n_eop),
    .in_data_i (n_data), .in_bytes_i (n_bytes), .in_tail_i (n_side[127:0]),
    .in_tail_bytes_i (n_side[132:128]),
    .out_valid_o (c_valid), .out_ready_i (c_ready), .out_sop_o (c_sop), .out_eop_o (c_eop),
    .out_data_o (c_data), .out_bytes_o (c_bytes)
  );

  // ------------------------------------------------------------------------ GCM
  logic         m_valid, m_protect, m_ah, m_gmac, c_none;
  logic [15:0]  m_len, text_len, hash_len;
  logic [SaW-1:0] m_sa;
  logic [31:0]  m_spi;
  logic         m_esn;
  logic [63:0]  m_seq, m_iv;
  logic         gcm_idle, gcm_in_ready;
  logic         d_valid, d_ready, d_sop, d_eop, d_bypass, d_bad;
  logic [DataW-1:0]  d_data;
  logic [BytesW-1:0] d_bytes;
  logic [127:0]      d_tag;

  // Octets of the text with its trailer, and of all that the engine gets.
  assign text_len = dec.ah ? dec.text_len : dec.text_len + 16'(trailer_octets);
  assign hash_len = dec.text_len + 16'(trailer_octets) + 16'(dec.front);

  ravelin_ipsec_fifo #(.Width(SaW + 116), .Depth(16)) u_gcm_meta (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first && !drop), .in_ready_o (gcm_meta_ready),
    .in_data_i ({protect, protect && dec.ah, protect && dec.gmac,
                 protect ? hash_len : dec.text_len, dec.sa[SaW-1:0], dec.spi, dec.esn, dec.seq}),
    .out_valid_o (m_valid), .out_ready_i (c_valid && c_ready && c_eop),
    .out_data_o ({m_protect, m_ah, m_gmac, m_len, m_sa, m_spi, m_esn, m_seq}),
    .count_o (unused_meta_count)
  );

  logic damage_slot;
  assign damage_slot = damage.valid && !damage.inbound;

  assign c_ready = gcm_in_ready && m_valid;
  assign c_none  = c_eop && c_bytes == '0;       // what is authenticated has ended with the beat before
  assign m_iv    = {ravelin_ipsec_pkg::swap32(m_seq[31:0]),
                    ravelin_ipsec_pkg::swap32(m_seq[63:32])};

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
    .in_eop_i (c_eop), .in_data_i (c_data), .in_bytes_i (c_bytes),
    .in_auth_only_i (m_gmac && !c_none), .in_bypass_i (!m_protect), .in_slot_i (m_sa),
    .in_iv_i (m_iv), .in_aad_i (ravelin_ipsec_pkg::aad_of(m_spi, m_esn, m_seq, m_iv)),
    .in_aad_len_i (ravelin_ipsec_pkg::aad_octets(m_ah, m_gmac, m_esn)),
    .in_auth_len_i (m_gmac ? m_len : 16'd0), .in_len_i (m_gmac ? 16'd0 : m_len),
    .out_valid_o (d_valid), .out_ready_i (d_ready), .out_sop_o (d_sop), .out_eop_o (d_eop),
    .out_data_o (d_data), .out_bytes_o (d_bytes), .out_tag_o (d_tag), .out_bypass_o (d_bypass),
    .out_bad_o (d_bad), .bad_o (gcm_bad), .bad_slot_o (gcm_bad_slot)
  );

  // ------------------------------------------------------------------------ text, ICV
  // What is left of a frame may end before the last beat of the engine, but the tag comes with that.
  logic              t_valid, t_room, x_valid, x_there, x_ready, x_taken, x_sop, x_eop, cut_empty;
  logic [6:0]        t_front;
  logic [15:0]       t_len;
  logic [4:0]        t_icv, x_icv;
  logic              t_ah, x_ah;
  logic [7:0]        t_count;
  logic [DataW-1:0]  x_data;
  logic [BytesW-1:0] x_bytes;
  logic              tag_valid, tag_room;
  logic [4:0]        tag_count;
  logic [127:0]      x_tag;
  logic              e_valid, e_ready, e_sop, e_eop;
  logic [DataW-1:0]  e_data;
  logic [BytesW-1:0] e_bytes;
  logic [4:0]        dec_icv;        // octets of it behind the text

  assign dec_icv = protect && !dec.ah ? ravelin_ipsec_pkg::icv_octets(dec.icv) : 5'd0;

  ravelin_ipsec_fifo #(.Width(29), .Depth(InFlight)) u_text_meta (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first && !drop), .in_ready_o (t_room),
    .in_data_i ({protect && dec.ah, dec_icv, protect ? dec.front : 7'd0, protect ? text_len : dec.text_len}),
    .out_valid_o (t_valid), .out_ready_i (d_valid && d_ready && d_eop),
    .out_data_o ({t_ah, t_icv, t_front, t_len}), .count_o (t_count)
  );

  ravelin_ipsec_cut #(.DataW(DataW), .SideW(6)) u_text (
    .clk_i, .rst_ni, .empty_o (cut_empty),
    .in_valid_i (d_valid), .in_ready_o (d_ready), .in_sop_i (d_sop), .in_eop_i (d_eop),
    .in_data_i (d_data), .in_skip_i (t_front), .in_len_i (t_len), .in_side_i ({t_ah, t_icv}),
    .out_valid_o (x_there), .out_ready_i (x_taken), .out_sop_o (x_sop), .out_eop_o (x_eop),
    .out_data_o (x_data), .out_bytes_o (x_bytes), .out_side_o ({x_ah, x_icv})
  );

  ravelin_ipsec_fifo #(.Width(128), .Depth(16)) u_tags (
    .clk_i, .rst_ni,
    .in_valid_i (d_valid && d_ready && d_eop), .in_ready_o (tag_room), .in_data_i (d_tag),
    .out_valid_o (tag_valid), .out_ready_i (x_valid && x_ready && x_eop), .out_data_o (x_tag),
    .count_o (tag_count)
  );

  assign x_valid = x_there && (!x_eop || tag_valid);
  assign x_taken = x_ready && (!x_eop || tag_valid);

  ravelin_ipsec_append #(.DataW(DataW)) u_icv (
    .clk_i, .rst_ni, .empty_o (icv_empty),
    .in_valid_i (x_valid), .in_ready_o (x_ready), .in_sop_i (x_sop), .in_eop_i (x_eop),
    .in_data_i (x_data), .in_bytes_i (x_bytes), .in_tail_i (x_tag), .in_tail_bytes_i (x_icv),
    .out_valid_o (e_valid), .out_ready_i (e_ready), .out_sop_o (e_sop), .out_eop_o (e_eop),
    .out_data_o (e_data), .out_bytes_o (e_bytes)
  );

  // ------------------------------------------------------------------------ headers
  // The ICV of AH goes before the text: a frame of it waits until that is known, others only for
  // those before them.
  logic              f_valid, f_ah, f_ipv6, h_valid, h_ready, h_sop, h_eop;
  logic              hold_first, hold_empty, hold_taken, ah_valid, ah_room;
  logic              unused_side, p_valid, p_ready, p_sop, p_eop;
  logic [DataW-1:0]  p_data;
  logic [BytesW-1:0] p_bytes;
  logic [15:0]       f_len;          // octets behind the prefix
  logic [4:0]        f_l3;
  logic [6:0]        f_prefix_len, h_prefix_len;
  logic [PrefixMax*8-1:0] f_prefix, f_whole, h_prefix;
  logic [BytesW-1:0] f_last, h_last;
  logic [PtrW:0]     f_beats;
  logic [DataW-1:0]  h_data;
  logic [127:0]      f_icv;
  logic [7:0]        unused_prefix_count, ah_count;
  logic [4:0]        unused_meta_count;

  ravelin_ipsec_fifo #(.Width(30 + PrefixMax * 8), .Depth(InFlight)) u_prefixes (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first && !drop), .in_ready_o (post_ready),
    .in_data_i ({protect && dec.ah, dec.ipv6, dec.l3,
                 protect ? text_len + 16'(dec_icv) : dec.text_len, dec.prefix_len, dec.prefix}),
    .out_valid_o (f_valid), .out_ready_i (hold_taken),
    .out_data_o ({f_ah, f_ipv6, f_l3, f_len, f_prefix_len, f_prefix}), .count_o (unused_prefix_count)
  );

  // The ICVs of AH, as they come out of the engine.
  ravelin_ipsec_fifo #(.Width(128), .Depth(InFlight)) u_icvs (
    .clk_i, .rst_ni,
    .in_valid_i (x_valid && x_ready && x_eop && x_ah), .in_ready_o (ah_room), .in_data_i (x_tag),
    .out_valid_o (ah_valid), .out_ready_i (hold_taken && f_ah), .out_data_o (f_icv),
    .count_o (ah_count)
  );

  always_comb begin
    f_whole = f_prefix;
    for (int unsigned i = 0; i < 3; i++) begin
      if (f_ah && f_l3 == 5'(14 + 4 * i)) begin
        if (f_ipv6) begin
          f_whole[(14 + 4 * i + ravelin_ipsec_pkg::AH_ICV_AT6) * 8 +: 128] = f_icv;
        end else begin
          f_whole[(14 + 4 * i + ravelin_ipsec_pkg::AH_ICV_AT4) * 8 +: 128] = f_icv;
        end
      end
    end
  end

  // Of no octets a beat comes all the same.
  assign f_last  = f_len == '0 ? '0 : BytesW'(OctW'(f_len - 16'd1)) + BytesW'(1);
  assign f_beats = f_len == '0 ? (PtrW+1)'(1) : (PtrW+1)'((f_len + 16'(Octets - 1)) >> OctW);

  ravelin_ipsec_buffer #(
    .DataW(DataW), .Depth(Depth), .SideW(BytesW + 7 + PrefixMax * 8)
  ) u_hold (
    .clk_i, .rst_ni, .empty_o (hold_empty),
    .in_valid_i (e_valid), .in_ready_o (e_ready), .in_data_i (e_data),
    .cmd_valid_i (f_valid && (!f_ah || ah_valid)), .cmd_ready_o (hold_taken), .cmd_start_i ('0),
    .cmd_beats_i (f_beats), .cmd_total_i (f_beats),
    .cmd_side_i ({f_last, f_prefix_len, f_whole}), .hold_i (1'b0), .first_o (hold_first),
    .out_valid_o (h_valid), .out_ready_i (h_ready), .out_sop_o (h_sop), .out_eop_o (h_eop),
    .out_data_o (h_data), .out_side_o ({h_last, h_prefix_len, h_prefix})
  );

  ravelin_ipsec_prepend #(.DataW(DataW), .PrefixMax(PrefixMax), .SideW(1)) u_prepend (
    .clk_i, .rst_ni, .empty_o (prepend_empty),
    .in_valid_i (h_valid), .in_ready_o (h_ready), .in_sop_i (h_sop),
    .in_eop_i (h_eop), .in_data_i (h_data), .in_bytes_i (h_eop ? h_last : BytesW'(Octets)),
    .in_prefix_i (h_prefix), .in_prefix_len_i (h_prefix_len), .in_side_i (1'b0),
    .out_valid_o (p_valid), .out_ready_i (p_ready), .out_sop_o (p_sop), .out_eop_o (p_eop),
    .out_data_o (p_data), .out_bytes_o (p_bytes), .out_side_o (unused_side)
  );

  // ------------------------------------------------------------------------ port
  logic end_valid, end_bypass, end_bad, left, stalled, stall_empty;

  ravelin_ipsec_stall #(.DataW(DataW), .StallCycles(StallCycles)) u_stall (
    .clk_i, .rst_ni, .empty_o (stall_empty), .wait_i,
    .in_valid_i (p_valid), .in_ready_o (p_ready), .in_sop_i (p_sop), .in_eop_i (p_eop),
    .in_data_i (p_data), .in_bytes_i (p_bytes), .in_err_i (p_eop && end_valid && end_bad),
    .out_valid_o (port_valid_o), .out_ready_i (port_ready_i), .out_sop_o (port_sop_o),
    .out_eop_o (port_eop_o), .out_data_o (port_data_o), .out_bytes_o (port_bytes_o),
    .out_err_o (port_err_o), .left_o (left), .dropped_o (stalled)
  );

  // ------------------------------------------------------------------------ spoilt frames
  // What ends behind the engine ends at the port, after it. Both the port and the decision may drop a
  // frame in the same cycle: then the port's is counted when the decision drops none.
  logic       end_ready, owes, bypassed_q, protected_q, spoilt_q, stalled_q;
  logic [8:0] end_count;
  logic [9:0] owed_q;

  ravelin_ipsec_fifo #(.Width(2), .Depth(2 * InFlight)) u_ends (
    .clk_i, .rst_ni,
    .in_valid_i (d_valid && d_ready && d_eop), .in_ready_o (end_ready),
    .in_data_i ({d_bypass, d_bad}),
    .out_valid_o (end_valid), .out_ready_i (left), .out_data_o ({end_bypass, end_bad}),
    .count_o (end_count)
  );

  assign owes = owed_q != '0 && !decide_cnt[ravelin_regs_pkg::CNT_TX_DROP_PARITY];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      bypassed_q  <= 1'b0;
      protected_q <= 1'b0;
      spoilt_q    <= 1'b0;
      stalled_q   <= 1'b0;
      owed_q      <= '0;
    end else begin
      bypassed_q  <= left && !stalled && end_bypass;
      protected_q <= left && !stalled && !end_bypass && !end_bad;
      spoilt_q    <= left && !stalled && end_bad;
      stalled_q   <= left && stalled;
      owed_q      <= owed_q + 10'(spoilt_q) - 10'(owes);
    end
  end

  always_comb begin
    cnt_o = decide_cnt;
    cnt_o[ravelin_regs_pkg::CNT_TX_BYPASS]       = bypassed_q;
    cnt_o[ravelin_regs_pkg::CNT_TX_PROTECTED]    = protected_q;
    cnt_o[ravelin_regs_pkg::CNT_TX_DROP_STALLED] = stalled_q;
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
                   front_empty && trailer_empty && gcm_idle && cut_empty && icv_empty && hold_empty &&
                   prepend_empty && !m_valid && !f_valid &&
                   stall_empty && !stalled_q && !spoilt_q && owed_q == '0;

  logic unused;
  assign unused = front_valid ^ front_room ^ (^front_count) ^ t_valid ^ t_room ^ (^t_count) ^ tag_room ^
                  (^tag_count) ^ e_sop ^ e_eop ^ (^e_bytes) ^ hold_first ^ ah_room ^ (^ah_count) ^
                  unused_side ^ (^unused_meta_count) ^
                  (^unused_prefix_count) ^ (^dec.sa) ^ end_ready ^ (^end_count) ^ (^damage) ^ (^d_bytes);
endmodule
