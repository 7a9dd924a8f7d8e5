// SPDX-License-Identifier: BSD-2-Clause
//
// Tags of the DMA read: hands them out, judges every completion against its own request, places
// its data, and gives up reads that take too long.
//
// A tag holds where its read ends in the buffer and how many octets are missing, so completions of
// different reads may come in any order: the next octet goes to the end minus what is missing.
//
// A tag is free again when its last octet or an error status came. When its state is not sure (timed
// out, a byte count that does not fit, data shorter than the header says), the read has failed, but
// the tag rests: until the completion that ends that read comes, or for about 15 times ReadTimeout.
// Data for a resting tag goes nowhere. Tags are handed out in turn, so that a freed one rests too.
//
// A completion beat every cycle; its effect is seen 2 cycles later (buf_*, event_*). Data may be a
// key: a register that held some is zero when no more follows.
module ravelin_pcie_rd_tags #(
  parameter int unsigned DataW       = 512,
  parameter int unsigned Tags        = 64,       // 2 to 256
  parameter int unsigned ReadTimeout = 250000,
  parameter int unsigned OpW         = 6,
  parameter int unsigned PosW        = 15,
  localparam int unsigned BytesW     = $clog2(DataW/8+1),
  localparam int unsigned OffW       = $clog2(DataW/8)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  output logic              quiet_o,             // no read in flight
  input  logic [15:0]       cfg_requester_id_i,
  input  logic              cfg_ext_tag_i,
  // A tag for the next read
  output logic              tag_valid_o,
  output logic [7:0]        tag_o,
  input  logic              issue_i,
  input  logic [OpW-1:0]    issue_op_i,
  input  logic [PosW-1:0]   issue_end_i,         // end of its data in the buffer
  input  logic [1:0]        issue_host_end_i,    // end of its data in host memory, mod 4
  input  logic [12:0]       issue_octets_i,
  input  logic              unsent_i,            // this tag's read still waits for the link
  input  logic [7:0]        unsent_tag_i,
  // Completions
  input  logic              rx_cpl_valid_i,
  output logic              rx_cpl_ready_o,
  input  logic              rx_cpl_sop_i,
  input  logic              rx_cpl_eop_i,
  input  logic [127:0]      rx_cpl_hdr_i,
  /* verilator tracing_off */
  input  logic [DataW-1:0]  rx_cpl_data_i,
  /* verilator tracing_on */
  input  logic [BytesW-1:0] rx_cpl_bytes_i,
  output logic              buf_valid_o,
  output logic [PosW-1:0]   buf_pos_o,
  /* verilator tracing_off */
  output logic [DataW-1:0]  buf_data_o,
  /* verilator tracing_on */
  output logic [1:0]        buf_skip_o,
  output logic [OffW:0]     buf_end_o,
  // A read of this operation ended (retire) or failed (err), or both
  output logic              event_retire_o,
  output logic              event_err_o,
  output logic [OpW-1:0]    event_op_o,
  output logic              cnt_ur_o,
  output logic              cnt_ca_o,
  output logic              cnt_poisoned_o,
  output logic              cnt_timeout_o,
  output logic              cnt_unexpected_o
);
  localparam int unsigned W       = DataW / 8;
  localparam int unsigned TagW    = $clog2(Tags);
  localparam int unsigned TickLen = (ReadTimeout/16 > Tags) ? ReadTimeout/16 : Tags;
  localparam int unsigned TickW   = $clog2(TickLen);
  localparam int unsigned ReqW    = OpW + PosW + 2 + 13;
  localparam logic [7:0]  AgeOut  = 8'd17;       // 16 whole ticks passed

  if (Tags < 2 || Tags > 256) begin : gen_check_tags
    $error("Tags must be 2 to 256");
  end

  // busy: not to be handed out; live: completions are expected. Busy but not live: picked to be the
  // next, or resting.
  logic [Tags-1:0]  busy_q, live_q, started_q, fresh_q, poisoned_q;
  logic [ReqW-1:0]  req_mem  [Tags];   // from the request
  logic [12:0]      left_mem [Tags];   // octets missing, once started
  logic [7:0]       age_mem  [Tags];   // ticks

  // ------------------------------------------------------------------------- handing out, in turn
  logic            next_valid_q, next_ok, pick;
  logic [TagW-1:0] next_q, pick_tag;
  logic [Tags-1:0] allowed, free, free_above, pick_from, above_q;

  always_comb begin
    for (int i = 0; i < Tags; i++) begin
      allowed[i] = (i < 32) || cfg_ext_tag_i;
    end
    free       = '0;
    free_above = '0;
    pick_from  = '0;
    pick_tag   = '0;
    pick       = 1'b0;
    if (!next_valid_q || issue_i) begin
      free       = ~busy_q & allowed;
      free_above = free & above_q;
      pick_from  = (free_above != '0) ? free_above : free;
      pick       = (free != '0);
      for (int i = Tags - 1; i >= 0; i--) begin
        if (pick_from[i]) begin
          pick_tag = TagW'(i);
        end
      end
    end
  end

  assign next_ok     = (32'(next_q) < 32'd32) || cfg_ext_tag_i;
  assign tag_valid_o = next_valid_q && next_ok;
  assign tag_o       = 8'(next_q);

  // -------------------------------------------------------------------- stage A: completion taken
  logic              a_valid_q, a_sop_q, a_eop_q;
  logic [127:0]      a_hdr_q;
  /* verilator tracing_off */
  logic [DataW-1:0]  a_data_q;
  /* verilator tracing_on */
  logic [BytesW-1:0] a_bytes_q;

  assign rx_cpl_ready_o = 1'b1;

  always_ff @(posedge clk_i) begin
    a_valid_q <= rst_ni && rx_cpl_valid_i;
    if (!rst_ni || rx_cpl_valid_i || a_valid_q) begin
      a_data_q <= (rst_ni && rx_cpl_valid_i) ? rx_cpl_data_i : '0;
    end
    if (rx_cpl_valid_i) begin
      a_sop_q   <= rx_cpl_sop_i;
      a_eop_q   <= rx_cpl_eop_i;
      a_bytes_q <= rx_cpl_eop_i ? rx_cpl_bytes_i : BytesW'(W);
      if (rx_cpl_sop_i) begin
        a_hdr_q <= rx_cpl_hdr_i;
      end
    end
  end

  // --------------------------------------------------------------------- stage B: judged, accounted
  typedef enum logic [2:0] { VStray, VData, VBad, VUr, VCa } verdict_e;

  logic            known, is_live, is_resting, has_data, success, final_req;
  logic [7:0]      tag;
  logic [TagW-1:0] idx;
  logic [12:0]     byte_count, octets, missing, span;
  logic [1:0]      skip;
  logic [ReqW-1:0] req;
  logic [PosW-1:0] req_end;
  logic [1:0]      req_host_end;
  logic [12:0]     req_octets;
  logic [OpW-1:0]  req_op;

  verdict_e        s_verdict;          // of the header that stands in stage A
  logic            s_final, s_release;
  logic [12:0]     s_octets;

  always_comb begin
    tag        = a_hdr_q[47:40];
    idx        = tag[TagW-1:0];
    known      = (a_hdr_q[127] == 1'b0) && (a_hdr_q[125:120] == 6'b001010) && !a_hdr_q[119] &&
                 !a_hdr_q[115] && (a_hdr_q[63:48] == cfg_requester_id_i) && ({24'd0, tag} < Tags);
    has_data   = a_hdr_q[126];
    success    = (a_hdr_q[79:77] == 3'b000);
    byte_count = {a_hdr_q[75:64] == 12'd0, a_hdr_q[75:64]};
    is_live    = known && live_q[idx];
    is_resting = known && busy_q[idx] && !live_q[idx] && !(next_valid_q && next_q == idx);

    req        = req_mem[idx];
    {req_op, req_end, req_host_end, req_octets} = req;
    missing    = started_q[idx] ? left_mem[idx] : req_octets;
    skip       = req_host_end - missing[1:0];
    span       = {a_hdr_q[105:96] == 10'd0, a_hdr_q[105:96], 2'b00};
    octets     = span - {11'd0, is_live ? skip : a_hdr_q[33:32]};
    final_req  = (octets >= missing);

    s_final    = final_req;
    s_octets   = final_req ? missing : octets;
    s_release  = is_resting && (!success || byte_count <= octets);
    if (!is_live) begin
      s_verdict = VStray;
    end else if (!success) begin
      s_verdict = (a_hdr_q[79:77] == 3'b100) ? VCa : VUr;
    end else if (!has_data || byte_count != missing || octets > missing + 13'd3) begin
      s_verdict = VBad;
    end else begin
      s_verdict = VData;
    end
  end

  // Of a completion of several beats, from its first one
  verdict_e        m_verdict_q, verdict;
  logic            m_active_q, m_final_q, m_release_q, m_poison_q;
  logic [TagW-1:0] m_idx_q, v_idx;
  logic [OpW-1:0]  m_op_q, v_op;
  logic [12:0]     m_missing_q, v_missing;        // missing after it
  logic [PosW-1:0] m_pos_q, v_pos;
  logic [12:0]     m_left_q, v_left;              // octets of payload up to the last wanted one
  logic            v_final, v_release, v_poison, v_use, v_short, commit;
  logic            b_retire, b_err, b_free;

  always_comb begin
    if (a_sop_q) begin
      verdict   = s_verdict;
      v_final   = s_final;
      v_release = s_release;
      v_poison  = a_hdr_q[110];
      v_idx     = idx;
      v_op      = req_op;
      v_missing = missing - s_octets;
      v_pos     = req_end - PosW'(missing) - PosW'(skip);
      v_left    = s_octets + {11'd0, skip};
    end else begin
      verdict   = m_verdict_q;
      v_final   = m_final_q;
      v_release = m_release_q;
      v_poison  = m_poison_q;
      v_idx     = m_idx_q;
      v_op      = m_op_q;
      v_missing = m_missing_q;
      v_pos     = m_pos_q;
      v_left    = m_left_q;
    end
    v_use    = a_valid_q && (a_sop_q || m_active_q);
    commit   = v_use && a_eop_q;
    v_short  = (verdict == VData) && (v_left > 13'(a_bytes_q));
    b_retire = commit && verdict != VStray && !(verdict == VData && !v_short && !v_final);
    b_err    = commit && verdict != VStray && (verdict != VData || v_short || v_poison ||
                                               poisoned_q[v_idx]);
    b_free   = commit && ((verdict == VData && !v_short && v_final) || verdict == VUr ||
                          verdict == VCa || (verdict == VStray && v_release));
  end

  // ------------------------------------------------------------------------------------ timeouts
  // A round over all tags each tick, one tag a cycle. Events of completions come first. The time of
  // a read begins when it is sent: until then the round passes it by.
  logic [TickW-1:0] tick_q;
  logic             scan_q, scan_hold, scan_step, scan_skip, scan_out, scan_free, scan_age;
  logic [TagW-1:0]  scan_idx_q;
  logic [7:0]       age;

  always_comb begin
    age       = fresh_q[scan_idx_q] ? 8'd0 : age_mem[scan_idx_q];
    scan_hold = v_use || (m_active_q && m_idx_q == scan_idx_q) || issue_i;
    scan_step = scan_q && !scan_hold;
    scan_skip = unsent_i && unsent_tag_i == 8'(scan_idx_q);
    scan_out  = scan_step && !scan_skip && live_q[scan_idx_q] && (age >= AgeOut - 8'd1);
    scan_free = scan_step && busy_q[scan_idx_q] && !live_q[scan_idx_q] &&
                !(next_valid_q && next_q == scan_idx_q) && (age == 8'hff);
    scan_age  = scan_step && !scan_skip && busy_q[scan_idx_q] && (age != 8'hff);
  end

  always_ff @(posedge clk_i) begin
    if (scan_age) begin
      age_mem[scan_idx_q] <= age + 8'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tick_q     <= '0;
      scan_q     <= 1'b0;
      scan_idx_q <= '0;
    end else begin
      tick_q <= (tick_q == TickW'(TickLen - 1)) ? '0 : tick_q + 1'b1;
      if (scan_step) begin
        scan_idx_q <= (scan_idx_q == TagW'(Tags - 1)) ? '0 : scan_idx_q + 1'b1;
      end
      if (tick_q == TickW'(TickLen - 1)) begin
        scan_q <= 1'b1;
      end else if (scan_step && scan_idx_q == TagW'(Tags - 1)) begin
        scan_q <= 1'b0;
      end
    end
  end

  // --------------------------------------------------------------------------------- state of tags
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q       <= '0;
      live_q       <= '0;
      started_q    <= '0;
      fresh_q      <= '0;
      poisoned_q   <= '0;
      next_valid_q <= 1'b0;
      next_q       <= '0;
      above_q      <= '1;
      m_active_q   <= 1'b0;
    end else begin
      if (issue_i) begin
        live_q[next_q]     <= 1'b1;
        started_q[next_q]  <= 1'b0;
        fresh_q[next_q]    <= 1'b1;
        poisoned_q[next_q] <= 1'b0;
      end
      if (pick) begin
        next_valid_q     <= 1'b1;
        next_q           <= pick_tag;
        busy_q[pick_tag] <= 1'b1;
        above_q          <= {Tags{1'b1}} << pick_tag << 1;
      end else if (issue_i) begin
        next_valid_q <= 1'b0;
      end else if (next_valid_q && !next_ok) begin
        next_valid_q   <= 1'b0;
        busy_q[next_q] <= 1'b0;
      end

      if (v_use) begin
        m_active_q <= !a_eop_q;
      end
      if (commit && verdict == VData) begin
        started_q[v_idx] <= 1'b1;
        if (v_poison) begin
          poisoned_q[v_idx] <= 1'b1;
        end
      end
      if (b_retire) begin
        live_q[v_idx] <= 1'b0;
      end
      if (b_free) begin
        busy_q[v_idx] <= 1'b0;
      end
      if (b_retire && !b_free) begin       // it rests
        fresh_q[v_idx] <= 1'b1;
      end

      if (scan_age) begin
        fresh_q[scan_idx_q] <= 1'b0;
      end
      if (scan_out) begin
        live_q[scan_idx_q] <= 1'b0;
      end
      if (scan_free) begin
        busy_q[scan_idx_q] <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (issue_i) begin
      req_mem[next_q] <= {issue_op_i, issue_end_i, issue_host_end_i, issue_octets_i};
    end
    if (commit && verdict == VData) begin
      left_mem[v_idx] <= v_missing;
    end
    if (v_use) begin
      if (a_sop_q) begin
        m_verdict_q <= verdict;
        m_final_q   <= v_final;
        m_release_q <= v_release;
        m_poison_q  <= v_poison;
        m_idx_q     <= v_idx;
        m_op_q      <= v_op;
        m_missing_q <= v_missing;
      end
      m_pos_q  <= v_pos + PosW'(W);
      m_left_q <= (v_left > 13'(W)) ? v_left - 13'(W) : 13'd0;
    end
  end

  // ------------------------------------------------------------------------------ stage C: effects
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      buf_valid_o      <= 1'b0;
      event_retire_o   <= 1'b0;
      event_err_o      <= 1'b0;
      cnt_ur_o         <= 1'b0;
      cnt_ca_o         <= 1'b0;
      cnt_poisoned_o   <= 1'b0;
      cnt_timeout_o    <= 1'b0;
      cnt_unexpected_o <= 1'b0;
    end else begin
      buf_valid_o      <= v_use && verdict == VData && v_left != 13'd0;
      event_retire_o   <= b_retire || scan_out;
      event_err_o      <= b_err || scan_out;
      cnt_ur_o         <= commit && verdict == VUr;
      cnt_ca_o         <= commit && verdict == VCa;
      cnt_poisoned_o   <= commit && verdict == VData && v_poison && !poisoned_q[v_idx];
      cnt_timeout_o    <= scan_out;
      cnt_unexpected_o <= commit && (verdict == VStray || verdict == VBad || v_short);
    end
  end

  logic [ReqW-1:0] scan_req;
  logic            b_dirty_q;

  assign scan_req = req_mem[scan_idx_q];

  always_ff @(posedge clk_i) begin
    b_dirty_q <= a_valid_q;
    if (a_valid_q || b_dirty_q) begin
      buf_data_o <= v_use ? a_data_q : '0;
    end
    if (v_use) begin
      buf_pos_o  <= v_pos;
      buf_skip_o <= a_sop_q ? skip : 2'd0;
      buf_end_o  <= (v_left > 13'(a_bytes_q)) ? a_bytes_q : v_left[OffW:0];
    end
    event_op_o <= v_use ? v_op : scan_req[ReqW-1 -: OpW];
  end

  assign quiet_o = (live_q == '0) && !a_valid_q && !buf_valid_o && !event_retire_o && !event_err_o;

  logic unused;
  assign unused = &{1'b0, a_hdr_q[118:116], a_hdr_q[114:111], a_hdr_q[109:106], a_hdr_q[95:80],
                    a_hdr_q[76], a_hdr_q[39:34], a_hdr_q[31:0], scan_req, tag};
endmodule
