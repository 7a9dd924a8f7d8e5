// SPDX-License-Identifier: BSD-2-Clause
//
// Frames from the port to the host: ESP and AH of known SAs taken off (RFC 4303, section 3.4; RFC
// 4302, section 3.4), everything else unchanged.
//
//   port -+-> [buffer] -> [realign: what is authenticated] -> [tailcut, immutable: ICV] -+
//         |      ^                                                                |      |
//         +-> [decide]                                                           ICV     |
//                                                                                 v      |
//     host <- [prepend: headers] <- [buffer] <- [verify] <- [cut: text] <------ [GCM] <--+
//
// All frames take this way, in order. The first buffer holds a frame until its end has come, since
// only then it is known whether it is damaged; the second holds the plaintext until the frame has
// been verified: no octet of it leaves before, and what is dropped there is overwritten by later
// frames.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_rx #(
  parameter int unsigned DataW         = 512,
  parameter int unsigned InSaCount     = 1024,
  parameter int unsigned ReplayWindow  = 4096,
  parameter int unsigned MaxFrame      = 9234,
  parameter bit          TestMutations = 1'b0,
  parameter bit          ErrorInjection = 1'b0,
  localparam int unsigned BytesW = $clog2(DataW/8+1),
  localparam int unsigned CntNum = ravelin_regs_pkg::CNT_NUM,
  localparam int unsigned SaW    = $clog2(InSaCount),
  localparam int unsigned WinW   = $clog2(ReplayWindow) + 1
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  output logic              ready_o,
  output logic              idle_o,
  input  logic [3:0]        mutation_i,
  input  logic [ravelin_ipsec_pkg::DAMAGE_W-1:0] damage_i,
  input  logic              dead_i,
  output logic              lookup_bad_o,   // pulse; dead_i is to follow in the next cycle
  input  logic              enable_i,
  // the command executor
  input  logic              pause_i,
  output logic              paused_o,
  output logic [15:0]       in_count_o,     // frames that were admitted
  output logic [15:0]       out_count_o,    // frames that have left or were dropped
  input  logic              op_find_i,
  input  logic              op_insert_i,
  input  logic              op_remove_i,
  input  logic [ravelin_ipsec_pkg::IN_NAME_W-1:0] op_name_i,
  input  logic [ravelin_ipsec_pkg::IN_FORM_W-1:0] op_form_i,
  output logic              op_hit_o,
  output logic              op_full_o,
  input  logic              sa_read_i,
  input  logic              sa_write_i,
  input  logic [SaW-1:0]    sa_idx_i,
  input  logic [ravelin_ipsec_pkg::IN_CFG_W-1:0] sa_cfg_i,
  input  logic [63:0]       sa_seq_i,
  input  logic              sa_esn_i,
  input  logic [WinW-1:0]   sa_window_i,
  output logic              sa_busy_o,
  input  logic [ravelin_ipsec_pkg::SOURCE_W-1:0] sa_source_i,
  output logic [ravelin_ipsec_pkg::IN_DYN_W-1:0] sa_dyn_o,
  output logic [63:0]       sa_seq_o,
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
  input  logic              port_valid_i,
  output logic              port_ready_o,
  input  logic              port_sop_i,
  input  logic              port_eop_i,
  input  logic [DataW-1:0]  port_data_i,
  input  logic [BytesW-1:0] port_bytes_i,
  input  logic              port_err_i,
  output logic              hrx_valid_o,
  input  logic              hrx_ready_i,
  output logic              hrx_sop_o,
  output logic              hrx_eop_o,
  output logic [DataW-1:0]  hrx_data_o,
  output logic [BytesW-1:0] hrx_bytes_o,
  output logic [15:0]       hrx_len_o,
  output logic              hrx_decrypted_o,
  output logic              hrx_udp_o,
  output logic [15:0]       hrx_sa_o,
  output logic [31:0]       hrx_hash_o,
  output logic [CntNum-1:0] cnt_o,
  output logic [15:0]       bytes_add_o
);
  localparam int unsigned Octets    = DataW / 8;
  localparam int unsigned OctW      = $clog2(Octets);
  localparam int unsigned HeadBeats = 1024 / DataW;
  localparam int unsigned MaxBeats  = (MaxFrame + Octets - 1) / Octets;
  localparam int unsigned Depth     = 32768 / Octets;
  localparam int unsigned PtrW      = $clog2(Depth);
  localparam int unsigned InFlight  = 128;   // frames in and around the GCM engine

  // ------------------------------------------------------------------------ frames from the port
  logic [1023:0] head_q;
  logic [15:0]   head_len_q, count_q, count, beats_q, beats;
  logic [3:0]    head_reason_q;
  logic          head_valid_q, head_ready, take, store, buf_ready, inside_q;
  logic [16:0]   len;           // octets of the frame with this beat

  // A reset may fall into a frame: what is left of it is taken and ignored.
  assign take         = port_valid_i && port_ready_o && (port_sop_i || inside_q);
  assign port_ready_o = ready_o && buf_ready && !(head_valid_q && !head_ready);
  assign beats        = port_sop_i ? 16'd0 : beats_q;        // before this beat
  assign count        = port_sop_i ? 16'd0 : count_q;
  assign store        = take && beats < 16'(MaxBeats);
  assign len          = {1'b0, count} + (port_eop_i ? 17'(port_bytes_i) : 17'(Octets));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      inside_q <= 1'b0;
    end else if (take) begin
      inside_q <= !port_eop_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      head_valid_q <= 1'b0;
    end else if (take && port_eop_i) begin
      head_valid_q <= 1'b1;
    end else if (head_ready) begin
      head_valid_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      if (beats < 16'(HeadBeats)) begin
        head_q[32'(beats)*DataW +: DataW] <= port_data_i;
      end
      if (store) begin
        beats_q <= beats + 1'b1;
      end
      count_q <= len[16] ? 16'hffff : len[15:0];
      if (port_eop_i) begin
        // what is beyond MaxFrame has not been stored
        head_len_q    <= len > 17'(MaxBeats * Octets) ? 16'(MaxBeats * Octets) : len[15:0];
        head_reason_q <= !enable_i ? ravelin_ipsec_pkg::DROP_DISABLED :
                         port_err_i || len < 17'd14 || len > 17'(MaxFrame)
                         ? ravelin_ipsec_pkg::DROP_PORT : ravelin_ipsec_pkg::DROP_NONE;
      end
    end
  end

  logic rx_frame_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      rx_frame_q <= 1'b0;
    end else begin
      rx_frame_q <= take && port_eop_i;
    end
    if (take && port_eop_i) begin
      bytes_add_o <= len[16] ? 16'hffff : len[15:0];
    end
  end

  // ------------------------------------------------------------------------ decision
  logic           dec_valid, dec_ready, decide_idle, decide_ready, decide_paused, taken;
  logic           pre_valid;
  logic [SaW-1:0] pre_idx;
  logic [31:0]    pre_seq;
  logic           pre_esn;
  logic [63:0]    pre_number;
  logic [3:0]     pre_reason;
  logic [CntNum-1:0] decide_cnt, verify_cnt;
  logic [ravelin_ipsec_pkg::RX_DECISION_W-1:0] dec_bits;
  ravelin_ipsec_pkg::rx_decision_t dec;

  ravelin_ipsec_pkg::damage_t damage;
  logic                       damage_slot;

  assign damage      = damage_i;
  assign damage_slot = damage.valid && damage.inbound;

  ravelin_ipsec_rx_decide #(.InSaCount(InSaCount), .ErrorInjection(ErrorInjection)) u_decide (
    .clk_i, .rst_ni, .ready_o (decide_ready), .idle_o (decide_idle),
    .damage_i (damage.valid && damage.memory == ravelin_ipsec_pkg::DAMAGE_LOOKUP),
    .dead_i, .bad_o (lookup_bad_o), .pause_i,
    .paused_o (decide_paused), .taken_o (taken),
    .op_find_i, .op_insert_i, .op_remove_i, .op_name_i, .op_idx_i (sa_idx_i),
    .op_form_i, .op_hit_o,
    .op_full_o,
    .head_valid_i (head_valid_q), .head_ready_o (head_ready), .head_i (head_q),
    .head_len_i (head_len_q), .head_reason_i (head_reason_q),
    .pre_valid_o (pre_valid), .pre_idx_o (pre_idx), .pre_seq_o (pre_seq),
    .pre_reason_i (pre_reason), .pre_esn_i (pre_esn), .pre_number_i (pre_number),
    .dec_valid_o (dec_valid), .dec_ready_i (dec_ready), .dec_o (dec_bits), .cnt_o (decide_cnt)
  );
  assign dec = dec_bits;

  // ------------------------------------------------------------------------ buffer of ciphertext
  logic          drop, decrypt, gcm_meta_ready, post_ready, buf_first, buf_empty;
  logic [15:0]   cut_len;           // octets that go to the engine, ICV included
  logic [15:0]   hash_len;
  logic [4:0]    icv_len;
  logic [OctW-1:0] cmd_shift;
  logic [PtrW:0] cmd_start, cmd_beats, cmd_total;

  assign drop      = dec.action == ravelin_ipsec_pkg::RX_DROP;
  assign decrypt   = dec.action == ravelin_ipsec_pkg::RX_DECRYPT;
  assign icv_len   = decrypt && !dec.ah ? ravelin_ipsec_pkg::icv_octets(dec.icv) : '0;
  assign hash_len  = decrypt ? 16'(dec.ahead) + dec.text_len : dec.frame_len;
  assign cut_len   = hash_len + 16'(icv_len);
  assign cmd_shift = decrypt ? OctW'(dec.skip) : '0;
  assign cmd_start = decrypt ? (PtrW+1)'({8'b0, dec.skip} >> OctW) : '0;
  assign cmd_beats = drop ? '0 : (PtrW+1)'((16'(cmd_shift) + cut_len + 16'(Octets - 1)) >> OctW);
  assign cmd_total = (PtrW+1)'((dec.frame_len + 16'(Octets - 1)) >> OctW);

  logic              a_valid, a_ready, a_sop, a_eop;
  logic [DataW-1:0]  a_data;
  logic [OctW+20:0]  a_side;

  ravelin_ipsec_buffer #(.DataW(DataW), .Depth(Depth), .SideW(OctW + 21)) u_ciphertext (
    .clk_i, .rst_ni, .empty_o (buf_empty),
    .in_valid_i (store), .in_ready_o (buf_ready), .in_data_i (port_data_i),
    .cmd_valid_i (dec_valid && post_ready && gcm_meta_ready), .cmd_ready_o (dec_ready),
    .cmd_start_i (cmd_start), .cmd_beats_i (cmd_beats), .cmd_total_i (cmd_total),
    .cmd_side_i ({cmd_shift, cut_len, icv_len}), .hold_i (1'b0), .first_o (buf_first),
    .out_valid_o (a_valid), .out_ready_i (a_ready), .out_sop_o (a_sop), .out_eop_o (a_eop),
    .out_data_o (a_data), .out_side_o (a_side)
  );

  // ------------------------------------------------------------------------ ciphertext, ICV
  logic              b_valid, b_ready, b_sop, b_eop, c_valid, c_ready, c_sop, c_eop;
  logic [DataW-1:0]  b_data, c_data;
  logic [BytesW-1:0] b_bytes, c_bytes;
  logic [127:0]      c_icv;
  logic [4:0]        b_cut;
  logic              realign_empty, tailcut_empty, unused_text_side;

  ravelin_ipsec_realign #(.DataW(DataW), .SideW(5)) u_realign (
    .clk_i, .rst_ni, .empty_o (realign_empty),
    .in_valid_i (a_valid), .in_ready_o (a_ready), .in_sop_i (a_sop), .in_eop_i (a_eop),
    .in_data_i (a_data), .in_shift_i (a_side[OctW+20:21]), .in_len_i (a_side[20:5]),
    .in_side_i (a_side[4:0]),
    .out_valid_o (b_valid), .out_ready_i (b_ready), .out_sop_o (b_sop), .out_eop_o (b_eop),
    .out_data_o (b_data), .out_bytes_o (b_bytes), .out_side_o (b_cut)
  );

  ravelin_ipsec_tailcut #(.DataW(DataW)) u_tailcut (
    .clk_i, .rst_ni, .empty_o (tailcut_empty),
    .in_valid_i (b_valid), .in_ready_o (b_ready), .in_sop_i (b_sop), .in_eop_i (b_eop),
    .in_data_i (b_data), .in_bytes_i (b_bytes), .in_cut_i (b_cut),
    .out_valid_o (c_valid), .out_ready_i (c_ready), .out_sop_o (c_sop), .out_eop_o (c_eop),
    .out_data_o (c_data), .out_bytes_o (c_bytes), .out_tail_o (c_icv)
  );

  // ------------------------------------------------------------------------ what AH's ICV is over
  // Behind it come the high octets of the number (RFC 4302, section 2.5.1).
  logic              i_valid, i_decrypt, i_ah, i_ipv6, i_esn;
  logic [31:0]       i_high;
  logic [DataW-1:0]  i_data;
  logic [127:0]      i_icv, i_ah_icv, icv;
  logic              g_valid, g_ready, g_sop, g_eop, append_ready, append_empty;
  logic [DataW-1:0]  g_data;
  logic [BytesW-1:0] g_bytes;
  logic              icv_valid, icv_room, icv_ready, im_room;
  logic [7:0]        icv_count, post_count;
  logic [4:0]        im_count;

  assign c_ready = append_ready && i_valid;
  assign i_icv   = i_ah ? i_ah_icv : c_icv;

  ravelin_ipsec_fifo #(.Width(36), .Depth(16)) u_immutable_meta (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first && !drop), .in_ready_o (im_room),
    .in_data_i ({decrypt, decrypt && dec.ah, dec.ipv6, decrypt && dec.ah && dec.esn,
                 ravelin_ipsec_pkg::swap32(dec.seq[63:32])}),
    .out_valid_o (i_valid), .out_ready_i (c_valid && c_ready && c_eop),
    .out_data_o ({i_decrypt, i_ah, i_ipv6, i_esn, i_high}), .count_o (im_count)
  );

  ravelin_ipsec_immutable #(.DataW(DataW)) u_immutable (
    .clk_i, .take_i (c_valid && c_ready), .sop_i (c_sop), .ah_i (i_ah), .ipv6_i (i_ipv6),
    .data_i (c_data), .data_o (i_data), .icv_o (i_ah_icv)
  );

  ravelin_ipsec_append #(.DataW(DataW)) u_high (
    .clk_i, .rst_ni, .empty_o (append_empty),
    .in_valid_i (c_valid && i_valid), .in_ready_o (append_ready), .in_sop_i (c_sop),
    .in_eop_i (c_eop), .in_data_i (i_data), .in_bytes_i (c_bytes), .in_tail_i (128'(i_high)),
    .in_tail_bytes_i (i_esn ? 5'd4 : 5'd0),
    .out_valid_o (g_valid), .out_ready_i (g_ready), .out_sop_o (g_sop), .out_eop_o (g_eop),
    .out_data_o (g_data), .out_bytes_o (g_bytes)
  );

  ravelin_ipsec_fifo #(.Width(128), .Depth(InFlight)) u_icvs (
    .clk_i, .rst_ni,
    .in_valid_i (c_valid && c_ready && c_eop && i_decrypt), .in_ready_o (icv_room),
    .in_data_i (i_icv),
    .out_valid_o (icv_valid), .out_ready_i (icv_ready), .out_data_o (icv), .count_o (icv_count)
  );

  // ------------------------------------------------------------------------ GCM
  logic           m_valid, m_decrypt, m_ah, m_gmac, gcm_ready, gcm_idle, gcm_in_ready;
  logic [15:0]    m_len;
  logic [SaW-1:0] m_sa;
  logic [31:0]    m_spi;
  logic           m_esn;
  logic [63:0]    m_seq;
  logic [63:0]    m_iv;
  logic           d_valid, d_ready, d_sop, d_eop, d_bypass, d_bad, gcm_bad;
  logic [SaW-1:0] gcm_bad_slot;
  logic [DataW-1:0]  d_data;
  logic [BytesW-1:0] d_bytes;
  /* verilator tracing_off */
  logic [127:0]      d_tag;
  /* verilator tracing_on */
  logic [4:0]     m_count;

  ravelin_ipsec_fifo #(.Width(SaW + 180), .Depth(16)) u_gcm_meta (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first && !drop), .in_ready_o (gcm_meta_ready),
    .in_data_i ({decrypt, decrypt && dec.ah, decrypt && dec.gmac,
                 decrypt && dec.ah && dec.esn ? hash_len + 16'd4 : hash_len, dec.sa[SaW-1:0],
                 dec.spi, dec.esn, dec.seq, dec.iv}),
    .out_valid_o (m_valid), .out_ready_i (g_valid && g_ready && g_eop),
    .out_data_o ({m_decrypt, m_ah, m_gmac, m_len, m_sa, m_spi, m_esn, m_seq, m_iv}),
    .count_o (m_count)
  );

  assign g_ready = gcm_in_ready && m_valid;

  ravelin_gcm #(
    .DataW(DataW), .SaCount(InSaCount), .Decrypt(1'b1), .TestMutations(TestMutations),
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
    .in_valid_i (g_valid && m_valid), .in_ready_o (gcm_in_ready), .in_sop_i (g_sop),
    .in_eop_i (g_eop), .in_data_i (g_data), .in_bytes_i (g_bytes), .in_auth_only_i (m_gmac),
    .in_bypass_i (!m_decrypt), .in_slot_i (m_sa), .in_iv_i (m_iv),
    .in_aad_i (ravelin_ipsec_pkg::aad_of(m_spi, m_esn, m_seq, m_iv)),
    .in_aad_len_i (ravelin_ipsec_pkg::aad_octets(m_ah, m_gmac, m_esn)),
    .in_auth_len_i (m_gmac ? m_len : 16'd0), .in_len_i (m_gmac ? 16'd0 : m_len),
    .out_valid_o (d_valid), .out_ready_i (d_ready), .out_sop_o (d_sop), .out_eop_o (d_eop),
    .out_data_o (d_data), .out_bytes_o (d_bytes), .out_tag_o (d_tag), .out_bypass_o (d_bypass),
    .out_bad_o (d_bad), .bad_o (gcm_bad), .bad_slot_o (gcm_bad_slot)
  );

  // ------------------------------------------------------------------------ text
  // What is left of a frame may end before the last beat of the engine, but the tag comes with that.
  logic              x_there, x_valid, x_ready, x_sop, x_eop, tag_valid, tag_room, t_valid, t_room;
  logic              x_bad, x_taken, cut_empty;
  logic [DataW-1:0]  x_data;
  logic [BytesW-1:0] x_bytes;
  logic [6:0]        t_ahead;
  logic [15:0]       t_len;
  logic [7:0]        t_count;
  logic [4:0]        tag_count;
  /* verilator tracing_off */
  logic [127:0]      x_tag;
  /* verilator tracing_on */

  ravelin_ipsec_fifo #(.Width(23), .Depth(InFlight)) u_text_meta (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first && !drop), .in_ready_o (t_room),
    .in_data_i ({decrypt ? dec.ahead : 7'd0, decrypt ? dec.text_len : dec.frame_len}),
    .out_valid_o (t_valid), .out_ready_i (d_valid && d_ready && d_eop),
    .out_data_o ({t_ahead, t_len}), .count_o (t_count)
  );

  ravelin_ipsec_cut #(.DataW(DataW), .SideW(1)) u_text (
    .clk_i, .rst_ni, .empty_o (cut_empty),
    .in_valid_i (d_valid), .in_ready_o (d_ready), .in_sop_i (d_sop), .in_eop_i (d_eop),
    .in_data_i (d_data), .in_skip_i (t_ahead), .in_len_i (t_len), .in_side_i (1'b0),
    .out_valid_o (x_there), .out_ready_i (x_taken), .out_sop_o (x_sop), .out_eop_o (x_eop),
    .out_data_o (x_data), .out_bytes_o (x_bytes), .out_side_o (unused_text_side)
  );

  /* verilator tracing_off */
  ravelin_ipsec_fifo #(.Width(129), .Depth(16)) u_tags (
    .clk_i, .rst_ni,
    .in_valid_i (d_valid && d_ready && d_eop), .in_ready_o (tag_room), .in_data_i ({d_bad, d_tag}),
    .out_valid_o (tag_valid), .out_ready_i (x_valid && x_ready && x_eop),
    .out_data_o ({x_bad, x_tag}), .count_o (tag_count)
  );
  /* verilator tracing_on */

  assign x_valid = x_there && (!x_eop || tag_valid);
  assign x_taken = x_ready && (!x_eop || tag_valid);

  // ------------------------------------------------------------------------ verification
  logic           post_valid, post_pop, hold_valid, hold_ready, verify_idle, verify_paused;
  logic           rd_valid, chk_valid, chk_known, chk_icv_ok, chk_bad;
  logic [SaW-1:0] rd_idx;
  logic [3:0]     chk_reason, chk_format, sa_reason;
  logic [63:0]    rd_seq, chk_seq;
  logic [15:0]    chk_bytes;
  logic [ravelin_ipsec_pkg::FLOW_REC_W-1:0] chk_flow;
  logic           out_valid, out_ready, in_sa_ready, sa_ev_valid, ev_in_ready;
  logic           chk_udp, sa_newest, moved;
  logic [ravelin_ipsec_pkg::SOURCE_W-1:0] chk_source, source;
  ravelin_ipsec_pkg::event_t event_rec;
  logic [5:0]     ev_count;
  logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0]   sa_ev;
  logic [ravelin_ipsec_pkg::RX_DECISION_W-1:0] post_bits;
  logic [ravelin_ipsec_pkg::RX_OUT_W-1:0]      out_bits;
  ravelin_ipsec_pkg::rx_out_t                  out;

  ravelin_ipsec_fifo #(.Width(ravelin_ipsec_pkg::RX_DECISION_W), .Depth(InFlight)) u_post (
    .clk_i, .rst_ni,
    .in_valid_i (buf_first), .in_ready_o (post_ready), .in_data_i (dec_bits),
    .out_valid_o (post_valid), .out_ready_i (post_pop), .out_data_o (post_bits),
    .count_o (post_count)
  );

  ravelin_ipsec_rx_verify #(
    .DataW(DataW), .InSaCount(InSaCount), .TestMutations(TestMutations)
  ) u_verify (
    .clk_i, .rst_ni, .idle_o (verify_idle), .icv_stuck_i (mutation_i == 4'd2), .dead_i, .pause_i,
    .paused_o (verify_paused),
    .meta_valid_i (post_valid), .meta_ready_o (post_pop), .meta_i (post_bits), .icv_i (icv),
    .icv_ready_o (icv_ready),
    .text_valid_i (x_valid), .text_ready_o (x_ready), .text_sop_i (x_sop), .text_eop_i (x_eop),
    .text_data_i (x_data), .text_bytes_i (x_bytes), .text_bad_i (x_bad),
    .text_tag_i (x_tag),
    .buf_valid_o (hold_valid), .buf_ready_i (hold_ready),
    .rd_valid_o (rd_valid), .rd_idx_o (rd_idx), .rd_seq_o (rd_seq), .chk_valid_o (chk_valid), .chk_known_o (chk_known),
    .chk_reason_o (chk_reason), .chk_icv_ok_o (chk_icv_ok), .chk_bad_o (chk_bad),
    .chk_format_o (chk_format),
    .chk_seq_o (chk_seq), .chk_bytes_o (chk_bytes), .chk_flow_o (chk_flow),
    .chk_udp_o (chk_udp), .chk_source_o (chk_source),
    .sa_reason_i (sa_reason),
    .ev_room_i (ev_count < 6'd16),
    .out_valid_o (out_valid), .out_ready_i (out_ready), .out_o (out_bits), .cnt_o (verify_cnt)
  );
  assign out = out_bits;

  ravelin_ipsec_in_sa #(
    .SaCount(InSaCount), .ReplayWindow(ReplayWindow), .TestMutations(TestMutations),
    .ErrorInjection(ErrorInjection)
  ) u_sa (
    .clk_i, .rst_ni, .ready_o (in_sa_ready), .no_replay_i (mutation_i == 4'd1),
    .no_parity_i (mutation_i == 4'd5), .damage_i, .dead_i,
    .op_read_i (sa_read_i), .op_write_i (sa_write_i), .op_idx_i (sa_idx_i), .op_cfg_i (sa_cfg_i),
    .op_seq_i (sa_seq_i), .op_esn_i (sa_esn_i), .op_window_i (sa_window_i), .op_busy_o (sa_busy_o), .op_dyn_o (sa_dyn_o), .op_seq_o (sa_seq_o),
    .op_broken_o (sa_broken_o),
    .pre_valid_i (pre_valid), .pre_idx_i (pre_idx), .pre_seq_i (pre_seq),
    .pre_reason_o (pre_reason), .pre_esn_o (pre_esn), .pre_number_o (pre_number),
    .rd_valid_i (rd_valid), .rd_idx_i (rd_idx), .rd_seq_i (rd_seq), .chk_valid_i (chk_valid),
    .chk_known_i (chk_known), .chk_reason_i (chk_reason), .chk_icv_ok_i (chk_icv_ok),
    .chk_bad_i (chk_bad), .chk_format_i (chk_format), .chk_seq_i (chk_seq), .chk_bytes_i (chk_bytes),
    .chk_flow_i (chk_flow),
    .reason_o (sa_reason), .newest_o (sa_newest), .ev_valid_o (sa_ev_valid), .ev_o (sa_ev)
  );

  ravelin_ipsec_moves #(.SaCount(InSaCount)) u_moves (
    .clk_i, .rst_ni,
    .op_write_i (sa_write_i), .op_idx_i (sa_idx_i), .op_source_i (sa_source_i),
    .rd_valid_i (rd_valid), .rd_idx_i (rd_idx), .chk_valid_i (chk_valid && chk_known),
    .chk_udp_i (chk_udp), .chk_source_i (chk_source), .newest_i (sa_newest),
    .moved_o (moved), .source_o (source)
  );

  // in_sa's record is of the packet that moved_o is about, whether or not it has events.
  always_comb begin
    event_rec = sa_ev;
    if (moved) begin
      event_rec.mask[ravelin_ipsec_pkg::EVENT_MOVED_BIT] = 1'b1;
      event_rec.seq = 64'(source);
    end
  end

  ravelin_ipsec_fifo #(.Width(ravelin_ipsec_pkg::EVENT_REC_W), .Depth(32)) u_events (
    .clk_i, .rst_ni,
    .in_valid_i (sa_ev_valid || moved), .in_ready_o (ev_in_ready), .in_data_i (event_rec),
    .out_valid_o (ev_valid_o), .out_ready_i (ev_ready_i), .out_data_o (ev_o), .count_o (ev_count)
  );

  // ------------------------------------------------------------------------ what goes before it
  // The heads of all frames inside: rx_decide, u_post and rx_verify hold fewer than there are places.
  // Each leaves with what becomes of its frame.
  //
  //   heads, out -> [u: the packet's own headers] -> [v: patched] -> buffer
  localparam int unsigned HeadW  = ravelin_ipsec_pkg::HEAD_W;
  localparam int unsigned FrontW = ravelin_ipsec_pkg::FRONT_W;
  localparam int unsigned LenW   = $clog2(ravelin_ipsec_pkg::RX_PREFIX_MAX + 1);

  logic              head_there, head_room, u_valid_q, v_valid_q, u_ready, v_ready;
  logic [8:0]        head_count;
  logic [HeadW-1:0]  head, v_prefix_q;
  logic [LenW-1:0]   u_len, v_len_q;     // octets of the prefix
  logic [FrontW-1:0] u_packet_q, u_front;
  logic [175:0]      u_eth_q;
  logic [15:0]       u_total_q;          // of a packet of transport mode
  logic [19:0]       u_sum_q;
  logic [FrontW-1:0] head_packet;
  ravelin_ipsec_pkg::rx_out_t u_q, v_q;

  assign head_packet = ravelin_ipsec_pkg::packet_of(head, out.l3);

  ravelin_ipsec_fifo #(.Width(HeadW), .Depth(256)) u_heads (
    .clk_i, .rst_ni,
    .in_valid_i (taken), .in_ready_o (head_room), .in_data_i (head_q[HeadW-1:0]),
    .out_valid_o (head_there), .out_ready_i (out_valid && out_ready), .out_data_o (head),
    .count_o (head_count)
  );

  assign out_ready = !u_valid_q || u_ready;
  assign u_ready   = !v_valid_q || v_ready;
  assign u_len     = LenW'(u_q.l3) + (u_q.transport ? u_q.front : '0);

  always_comb begin
    u_front = ravelin_ipsec_pkg::front_of(u_packet_q, u_q.front, u_q.names, u_q.next);
    if (u_q.ipv6) begin
      u_front[47:32] = ravelin_ipsec_pkg::swap16(u_total_q - 16'd40);
    end else begin
      u_front[31:16] = ravelin_ipsec_pkg::swap16(u_total_q);
      u_front[95:80] = ravelin_ipsec_pkg::swap16(ravelin_ipsec_pkg::folded(u_sum_q));
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      u_valid_q <= 1'b0;
      v_valid_q <= 1'b0;
    end else begin
      if (out_ready) begin
        u_valid_q <= out_valid;
      end
      if (u_ready) begin
        v_valid_q <= u_valid_q;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (out_valid && out_ready) begin
      u_q        <= out_bits;
      u_packet_q <= head_packet;
      u_eth_q    <= ravelin_ipsec_pkg::ethernet_of(head[175:0], out.l3, out.ipv6);
      u_total_q  <= out.len + 16'(out.front);
      u_sum_q    <= ravelin_ipsec_pkg::renewed_sum(head_packet[95:0], out.len + 16'(out.front), out.next);
    end
    if (u_valid_q && u_ready) begin
      v_q     <= u_q;
      v_len_q <= u_q.decrypted ? u_len : '0;
      case (u_q.l3)
        5'd18:   v_prefix_q <= {32'b0, u_front, u_eth_q[143:0]};
        5'd22:   v_prefix_q <= {u_front, u_eth_q};
        default: v_prefix_q <= {64'b0, u_front, u_eth_q[111:0]};
      endcase
    end
  end

  // ------------------------------------------------------------------------ buffer of plaintext
  localparam int unsigned MetaW = 16 + 1 + 1 + 16 + 32;   // {len, decrypted, udp, sa, hash}
  localparam int unsigned SideW = MetaW + 1 + 1 + 8 + 16 + LenW + HeadW + BytesW;

  logic             hold_first, hold_empty, h_valid, h_ready, h_sop, h_eop, v_none;
  logic [DataW-1:0] h_data, h_patched;
  logic [SideW-1:0] v_side, h_side;
  logic [BytesW-1:0] v_last, h_last;
  logic [LenW-1:0]  h_len;
  logic [HeadW-1:0] h_prefix;
  logic [7:0]       h_tos;
  logic [15:0]      h_checksum;
  logic             h_patch, h_ipv6, prepend_empty;
  logic [MetaW-1:0] h_meta;

  // Of no octets a beat goes out all the same: the prefix will be in it.
  assign v_none = v_q.len == '0;
  assign v_last = v_none ? '0 : BytesW'(OctW'(v_q.len - 16'd1)) + BytesW'(1);
  assign v_side = {v_q.len + 16'(v_len_q), v_q.decrypted, v_q.udp, v_q.sa, v_q.hash,
                   v_q.decrypted && !v_q.transport, v_q.ipv6, v_q.tos, v_q.checksum, v_len_q,
                   v_prefix_q, v_last};
  assign {h_meta, h_patch, h_ipv6, h_tos, h_checksum, h_len, h_prefix, h_last} = h_side;

  ravelin_ipsec_buffer #(.DataW(DataW), .Depth(Depth), .SideW(SideW)) u_plaintext (
    .clk_i, .rst_ni, .empty_o (hold_empty),
    .in_valid_i (hold_valid), .in_ready_o (hold_ready), .in_data_i (x_data),
    .cmd_valid_i (v_valid_q), .cmd_ready_o (v_ready), .cmd_start_i ('0),
    .cmd_beats_i (v_q.drop ? '0 : (PtrW+1)'((v_q.len + 16'(Octets - 1) + 16'(v_none)) >> OctW)),
    .cmd_total_i ((PtrW+1)'((v_q.buffered + 16'(Octets - 1)) >> OctW)),
    .cmd_side_i (v_side), .hold_i (h_valid || !prepend_empty), .first_o (hold_first),
    .out_valid_o (h_valid), .out_ready_i (h_ready), .out_sop_o (h_sop), .out_eop_o (h_eop),
    .out_data_o (h_data), .out_side_o (h_side)
  );

  // TOS and checksum, or traffic class, of the inner header with its new ECN
  always_comb begin
    h_patched = h_data;
    if (h_valid && h_sop && h_patch && h_ipv6) begin
      {h_patched[3:0], h_patched[15:12]} = h_tos;
    end else if (h_valid && h_sop && h_patch) begin
      h_patched[15:8]  = h_tos;
      h_patched[95:80] = h_checksum;
    end
  end

  ravelin_ipsec_prepend #(
    .DataW(DataW), .PrefixMax(ravelin_ipsec_pkg::RX_PREFIX_MAX), .SideW(MetaW)
  ) u_prepend (
    .clk_i, .rst_ni, .empty_o (prepend_empty),
    .in_valid_i (h_valid), .in_ready_o (h_ready), .in_sop_i (h_sop), .in_eop_i (h_eop),
    .in_data_i (h_patched), .in_bytes_i (h_eop ? h_last : BytesW'(Octets)), .in_prefix_i (h_prefix),
    .in_prefix_len_i (h_len), .in_side_i (h_meta),
    .out_valid_o (hrx_valid_o), .out_ready_i (hrx_ready_i), .out_sop_o (hrx_sop_o),
    .out_eop_o (hrx_eop_o), .out_data_o (hrx_data_o), .out_bytes_o (hrx_bytes_o),
    .out_side_o ({hrx_len_o, hrx_decrypted_o, hrx_udp_o, hrx_sa_o, hrx_hash_o})
  );

  // ------------------------------------------------------------------------ what is inside
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      in_count_o  <= '0;
      out_count_o <= '0;
    end else begin
      if (taken) begin
        in_count_o <= in_count_o + 1'b1;
      end
      // never both: a drop is held up until the frame before it has left
      if ((hrx_valid_o && hrx_ready_i && hrx_eop_o) || (v_valid_q && v_ready && v_q.drop)) begin
        out_count_o <= out_count_o + 1'b1;
      end
    end
  end

  always_comb begin
    cnt_o = decide_cnt | verify_cnt;
    cnt_o[ravelin_regs_pkg::CNT_RX_FRAMES] = rx_frame_q;
  end

  assign ready_o  = decide_ready && in_sa_ready && gcm_ready;
  assign paused_o = decide_paused && verify_paused;
  assign idle_o   = !port_valid_i && !head_valid_q && decide_idle && buf_empty && realign_empty &&
                    tailcut_empty && append_empty && !m_valid && gcm_idle && cut_empty && !post_valid && verify_idle &&
                    !u_valid_q && !v_valid_q && hold_empty && prepend_empty && ev_count == '0 && cnt_o == '0;

  logic unused;
  assign unused = im_room ^ (^im_count) ^ t_valid ^ t_room ^ (^t_count) ^ tag_room ^ (^tag_count) ^
                  unused_text_side ^ (^d_bytes) ^ head_there ^ head_room ^ (^head_count) ^ icv_valid ^ icv_room ^ (^m_count) ^ (^icv_count) ^ (^post_count) ^ d_bypass ^
                  hold_first ^ ev_in_ready ^ gcm_bad ^ (^gcm_bad_slot) ^ (^damage);
endmodule
/* verilator lint_on UNUSEDSIGNAL */
