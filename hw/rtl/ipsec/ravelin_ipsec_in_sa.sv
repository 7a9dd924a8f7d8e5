// SPDX-License-Identifier: BSD-2-Clause
//
// Inbound SAs: anti-replay window (RFC 4303, section 3.4.3), lifetimes, counters.
//
// Two steps, because the ICV is known long after the sequence number. The first, `pre`, on arrival,
// may only refuse; what it sees may be old, which only makes it more lenient. The second, `final`,
// after authentication, decides and updates, so that a forged packet can't move the window. Each
// packet of a known SA takes the second step, to be counted, whatever the first one said.
//
// The window is a ring of ReplayWindow bits, one a sequence number modulo its size (as RFC 6479,
// but cleared bit by bit): when the highest number moves on, the bits in between are cleared at
// once.
//
// The first takes 4 cycles, the second 3 from rd_* on:
//
//   read -> [memory] -> [judge] -> [write]
//
// Interval 1, the same SA back to back included. A packet is judged by the state that the one before
// has left: what the memory can't have yet is forwarded, from the last packet when it is judged, and
// from the two before that one when the memory's output is registered. There the window is decoded
// ahead: the bit that is asked for, and all bits up to a number. What the last packet did to that
// bit, its number and the top before it tell.
//
// rd_* comes one cycle before chk_*. Operations of the command executor come while no packet is
// inside; their answer stands from 3 cycles later on.
//
// An SA in whose memory an error is found (here, or in its key slot: chk_bad_i) is broken: it passes
// nothing until it is written anew, and tells so in one event. What is damaged stays as it is. Which
// SAs are broken stands in registers. The window is kept twice, for its two readers. With dead_i
// nothing is judged any more.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_in_sa #(
  parameter int unsigned SaCount       = 1024,
  parameter int unsigned ReplayWindow  = 1024,  // a power of two
  parameter bit          TestMutations = 1'b0,
  parameter bit          ErrorInjection = 1'b0,
  localparam int unsigned IdxW = $clog2(SaCount),
  localparam int unsigned BitW = $clog2(ReplayWindow)
) (
  input  logic            clk_i,
  input  logic            rst_ni,
  output logic            ready_o,
  input  logic            no_replay_i,       // mutation
  input  logic            no_parity_i,       // mutation
  input  logic [ravelin_ipsec_pkg::DAMAGE_W-1:0] damage_i,
  input  logic            dead_i,
  input  logic            op_read_i,
  input  logic            op_write_i,
  input  logic [IdxW-1:0] op_idx_i,
  input  logic [ravelin_ipsec_pkg::IN_CFG_W-1:0] op_cfg_i,
  input  logic [63:0]     op_seq_i,          // highest one seen
  input  logic            op_esn_i,
  input  logic [BitW:0]   op_window_i,
  output logic [ravelin_ipsec_pkg::IN_DYN_W-1:0] op_dyn_o,
  output logic [63:0]     op_seq_o,          // the last there is if it is damaged
  output logic            op_broken_o,
  // on arrival
  input  logic            pre_valid_i,
  input  logic [IdxW-1:0] pre_idx_i,
  input  logic [31:0]     pre_seq_i,         // as it was sent
  output logic [3:0]      pre_reason_o,      // 4 cycles later, as the following
  output logic            pre_esn_o,
  output logic [63:0]     pre_number_o,
  // after authentication
  input  logic            rd_valid_i,
  input  logic [IdxW-1:0] rd_idx_i,
  input  logic            chk_valid_i,
  input  logic            chk_known_i,       // a packet of the SA that rd_idx_i named
  input  logic [3:0]      chk_reason_i,      // it is dropped already
  input  logic            chk_icv_ok_i,
  input  logic            chk_bad_i,         // its key slot is damaged
  input  logic [3:0]      chk_format_i,      // what is wrong with the plaintext
  input  logic [63:0]     chk_seq_i,
  input  logic [15:0]     chk_bytes_i,       // octets of the inner packet
  input  logic [ravelin_ipsec_pkg::FLOW_REC_W-1:0] chk_flow_i,  // of the inner packet
  output logic [3:0]      reason_o,
  output logic            ev_valid_o,
  output logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] ev_o
);
  localparam int unsigned DynW = ravelin_ipsec_pkg::IN_DYN_W;
  localparam int unsigned CfgW = ravelin_ipsec_pkg::IN_CFG_W;

  typedef struct packed {
    logic                    expired; // for who reads no counters
    logic                    esn;
    logic [BitW-1:0]         reach;   // from the top to the lowest number of the window
    logic [63:0]             top;     // highest number seen
    logic [ReplayWindow-1:0] seen;
  } window_t;
  localparam int unsigned WinW = ReplayWindow + 64 + BitW + 1 + 1;

  logic            ready_q;
  logic [IdxW-1:0] sweep_q;

  assign ready_o = ready_q;

  // The highest number that a window of this reach leaves behind; negative when there is none.
  function automatic logic [64:0] below(input logic [63:0] number, input logic [BitW-1:0] reach);
    below = {1'b0, number} + ~{{(65-BitW){1'b0}}, reach};
  endfunction

  function automatic logic at_most(input logic [63:0] number, input logic [64:0] limit);
    at_most = !limit[64] && number <= limit[63:0];
  endfunction

  // DROP_NONE, DROP_WINDOW or DROP_REPLAY. left is the highest number that the window has left behind.
  function automatic logic [3:0] judge(input logic zero, input logic [63:0] seq,
                                       input logic [63:0] top, input logic [64:0] left,
                                       input logic seen);
    if (zero || at_most(seq, left)) begin
      judge = ravelin_ipsec_pkg::DROP_WINDOW;
    end else if (seq <= top && seen) begin
      judge = ravelin_ipsec_pkg::DROP_REPLAY;
    end else begin
      judge = ravelin_ipsec_pkg::DROP_NONE;
    end
  endfunction

  function automatic logic is_expired(input logic [3:0] fired);
    is_expired = fired[ravelin_ipsec_pkg::FIRED_HARD_BYTES] ||
                 fired[ravelin_ipsec_pkg::FIRED_HARD_PACKETS];
  endfunction

  // Bits 0 to n.
  function automatic logic [ReplayWindow-1:0] up_to(input logic [BitW-1:0] n);
    up_to = ~({ReplayWindow{1'b1}} << 1 << n);
  endfunction

  // ------------------------------------------------------------------------ on arrival
  //
  //   read -> [memory] -> [window] -> [number] -> [judge]
  //
  // With ESN a number is the one in the window, or else the next one above it, whose low half was
  // sent (RFC 4303, appendix A2.2). An old window gives the same one, as long as no 2^31 packets are inside.
  logic [2:0]      pre_valid_q;          // bit i: after stage i + 1
  logic [WinW-1:0] pre_rd;
  logic            pre_bad;
  logic [31:0]     pre_seq1_q, pre_seq2_q;
  window_t         pre_win;

  logic            pre_bad2_q, pre_expired2_q, pre_esn2_q, pre_seen2_q;
  logic [63:0]     pre_top2_q;
  logic [64:0]     pre_left2_q, pre_first2_q;
  logic            pre_bad3_q, pre_expired3_q, pre_esn3_q, pre_seen3_q;
  logic [63:0]     pre_top3_q, pre_number3_q;
  logic [64:0]     pre_left3_q;
  logic [32:0]     pre_high2;            // negative or too high: there is no such number

  assign pre_win   = pre_rd;
  assign pre_high2 = pre_seq2_q < pre_first2_q[31:0] ? pre_first2_q[64:32] + 33'd1 :
                                                       pre_first2_q[64:32];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      pre_valid_q <= '0;
    end else begin
      pre_valid_q <= {pre_valid_q[1:0], pre_valid_i};
    end
  end

  always_ff @(posedge clk_i) begin
    if (pre_valid_i) begin
      pre_seq1_q <= pre_seq_i;
    end
    if (pre_valid_q[0]) begin
      pre_seq2_q     <= pre_seq1_q;
      pre_bad2_q     <= pre_bad;
      pre_expired2_q <= pre_win.expired;
      pre_esn2_q     <= pre_win.esn;
      pre_seen2_q    <= pre_win.seen[pre_seq1_q[BitW-1:0]];
      pre_top2_q     <= pre_win.top;
      pre_left2_q    <= below(pre_win.top, pre_win.reach);
      pre_first2_q   <= {1'b0, pre_win.top} - {{(65-BitW){1'b0}}, pre_win.reach};
    end
    if (pre_valid_q[1]) begin
      pre_bad3_q     <= pre_bad2_q;
      pre_expired3_q <= pre_expired2_q;
      pre_esn3_q     <= pre_esn2_q;
      pre_seen3_q    <= pre_seen2_q;
      pre_top3_q     <= pre_top2_q;
      pre_left3_q    <= pre_left2_q;
      pre_number3_q  <= !pre_esn2_q   ? {32'b0, pre_seq2_q} :
                        pre_high2[32] ? '0 : {pre_high2[31:0], pre_seq2_q};
    end
    if (pre_valid_q[2]) begin
      pre_reason_o <= pre_bad3_q && !(TestMutations && no_parity_i) ? ravelin_ipsec_pkg::DROP_PARITY :
                      pre_expired3_q ? ravelin_ipsec_pkg::DROP_LIFETIME :
                      TestMutations && no_replay_i ? ravelin_ipsec_pkg::DROP_NONE :
                      judge(pre_number3_q == '0, pre_number3_q, pre_top3_q, pre_left3_q, pre_seen3_q);
      pre_esn_o    <= pre_esn3_q;
      pre_number_o <= pre_number3_q;
    end
  end

  // ------------------------------------------------------------------------ memory
  // What a stage holds of its packet has the stage's number.
  logic [CfgW-1:0] cfg_rd;
  ravelin_ipsec_pkg::in_cfg_t cfg1;
  logic [DynW-1:0] dyn_rd;
  logic [WinW-1:0] win_rd;
  logic            cfg_bad, dyn_bad, win_bad, read, op1_q, known1, known;
  logic [IdxW-1:0] read_idx, idx1_q;
  logic            is3_q, is4_q;           // the SA of that stage is the one that is read
  logic            from3, from4;           // a result that the memory didn't have when it was read
  window_t         win1;

  logic            valid2_q, known2_q, icv_ok2_q, key_bad2_q, cfg_bad2_q, dyn_bad2_q, win_bad2_q;
  logic            broken2, same2_q, again2_q, seen2_q;
  logic [3:0]      reason2_q, format2_q;
  logic            zero2_q;
  logic [63:0]     seq2_q;
  logic [15:0]     bytes2_q;
  logic [IdxW-1:0] idx2_q;
  logic [ReplayWindow-1:0] to_seq2_q, to_top2_q;
  logic [64:0]     left2_q, seq_left2_q;   // left behind now; and once seq2_q is the top
  logic [64:0]     seq_ring2_q;            // a top up to here: no bit that was set stays
  window_t         win2_q;
  ravelin_ipsec_pkg::in_cfg_t cfg2_q;
  ravelin_ipsec_pkg::in_dyn_t dyn2_q;

  logic            update3_q, update4_q;   // a packet whose result is written
  logic            accepted3_q, new_top3_q;
  logic [63:0]     top_before3_q;
  logic [IdxW-1:0] idx3_q, idx4_q;
  logic [ReplayWindow-1:0] to_top3_q;
  logic [64:0]     left3_q;
  window_t         win3_q, win4_q;
  ravelin_ipsec_pkg::in_dyn_t dyn3_q, dyn3, dyn4_q;
  logic            bad3_q;                 // a packet that has found its SA broken first

  assign read     = rd_valid_i || op_read_i;
  assign read_idx = op_read_i ? op_idx_i : rd_idx_i;
  assign known1   = chk_valid_i && chk_known_i;
  assign cfg1     = cfg_rd;
  assign from3    = update3_q && is3_q;
  assign from4    = update4_q && is4_q;

  always_comb begin
    win1 = '0;
    if (known1 || op1_q) begin
      win1 = from3 ? win3_q : from4 ? win4_q : win_rd;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      op1_q    <= 1'b0;
      valid2_q <= 1'b0;
    end else begin
      op1_q    <= op_read_i;
      valid2_q <= chk_valid_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (read) begin
      idx1_q <= read_idx;
    end
    // What idx1_q is going to be beside idx3_q and idx4_q.
    is3_q <= (read ? read_idx : idx1_q) == (known ? idx2_q : idx3_q);
    is4_q <= (read ? read_idx : idx1_q) == (update3_q ? idx3_q : idx4_q);
    if (chk_valid_i) begin
      known2_q   <= chk_known_i;
      reason2_q  <= chk_reason_i;
      icv_ok2_q  <= chk_icv_ok_i;
      key_bad2_q <= chk_bad_i;
      format2_q  <= chk_format_i == ravelin_ipsec_pkg::DROP_NONE && cfg1.selects &&
                    !ravelin_ipsec_pkg::selector_fits(cfg1.selector, chk_flow_i, 1'b1) ?
                    ravelin_ipsec_pkg::DROP_SELECTORS : chk_format_i;
      seq2_q     <= chk_seq_i;
      zero2_q    <= chk_seq_i == '0;
      bytes2_q   <= chk_bytes_i;
    end
    if (known1 || op1_q) begin
      idx2_q      <= idx1_q;
      same2_q     <= valid2_q && known2_q && idx1_q == idx2_q;
      again2_q    <= chk_seq_i == seq2_q;
      cfg2_q      <= cfg_rd;
      cfg_bad2_q  <= cfg_bad;
      dyn2_q      <= from3 ? dyn3 : from4 ? dyn4_q : dyn_rd;
      dyn_bad2_q  <= dyn_bad && !from3 && !from4;
      win2_q      <= win1;
      win_bad2_q  <= win_bad && !from3 && !from4;
      seen2_q     <= win1.seen[chk_seq_i[BitW-1:0]];
      to_top2_q   <= up_to(win1.top[BitW-1:0]);
      to_seq2_q   <= up_to(chk_seq_i[BitW-1:0]);
      left2_q     <= below(win1.top, win1.reach);
      seq_left2_q <= below(chk_seq_i, win1.reach);
      seq_ring2_q <= below(chk_seq_i, BitW'(ReplayWindow - 1));
    end
  end

  assign op_dyn_o    = dyn_bad2_q || win_bad2_q ? '0 : dyn2_q;
  assign op_seq_o    = dyn_bad2_q || win_bad2_q ? '1 : win2_q.top;
  assign op_broken_o = broken2 || cfg_bad2_q || dyn_bad2_q || win_bad2_q;

  // ------------------------------------------------------------------------ judge
  logic            same, broken, update, bad, fault;   // update: its state is judged and changed
  logic            seen, new_top, accepted, expired;
  logic [3:0]      judgement, reason;
  logic [63:0]     top;
  logic [64:0]     left;
  logic [ReplayWindow-1:0] to_top, unseen;
  window_t         win_d;
  ravelin_ipsec_pkg::in_dyn_t dyn, dyn_d;

  assign same      = same2_q && update3_q;       // the last result counts
  assign broken    = broken2 || (same2_q && bad3_q);
  assign known     = valid2_q && known2_q && !dead_i;
  assign update    = known && !fault;
  assign top       = same ? win3_q.top : win2_q.top;
  assign left      = same ? left3_q : left2_q;
  assign expired   = is_expired(same ? dyn3.fired : dyn2_q.fired);
  assign new_top   = seq2_q > top;
  assign judgement = judge(zero2_q, seq2_q, top, left, seen);

  always_comb begin
    bad   = 1'b0;
    fault = 1'b0;
    if (known) begin
      bad   = (cfg_bad2_q || (!same && (dyn_bad2_q || win_bad2_q)) || key_bad2_q ||
               reason2_q == ravelin_ipsec_pkg::DROP_PARITY) &&
              !(TestMutations && no_parity_i);
      fault = bad || broken;
    end
  end

  // The last packet has set the bit of seq2_q, or cleared it on its way to a new top, or neither.
  always_comb begin
    seen = seen2_q;
    if (same && accepted3_q && again2_q) begin
      seen = 1'b1;
    end else if (same && new_top3_q && seq2_q > top_before3_q) begin
      seen = 1'b0;
    end
  end

  always_comb begin
    accepted = 1'b0;
    reason   = reason2_q;
    if (fault) begin
      if (reason2_q != ravelin_ipsec_pkg::DROP_CHECKSUM &&
          reason2_q != ravelin_ipsec_pkg::DROP_MALFORMED) begin
        reason = ravelin_ipsec_pkg::DROP_PARITY;
      end
    end else if (known) begin
      if (reason2_q == ravelin_ipsec_pkg::DROP_LIFETIME ||
          reason2_q == ravelin_ipsec_pkg::DROP_WINDOW ||
          reason2_q == ravelin_ipsec_pkg::DROP_REPLAY) begin
        // refused on arrival; why, is told by the state that the frames before it have left, and
        // if that tells nothing, by what refused it
        if (expired) begin
          reason = ravelin_ipsec_pkg::DROP_LIFETIME;
        end else if (judgement != ravelin_ipsec_pkg::DROP_NONE) begin
          reason = judgement;
        end
      end else if (reason2_q == ravelin_ipsec_pkg::DROP_NONE) begin
        if (!icv_ok2_q) begin
          reason = ravelin_ipsec_pkg::DROP_ICV;
        end else if (expired) begin
          reason = ravelin_ipsec_pkg::DROP_LIFETIME;
        end else if (TestMutations && no_replay_i) begin
          reason = format2_q;
        end else if (judgement != ravelin_ipsec_pkg::DROP_NONE) begin
          reason = judgement;
        end else begin
          reason   = format2_q;
          accepted = 1'b1;
        end
      end
    end
  end

  // The bits between the top and a new one belong to numbers not seen.
  always_comb begin
    win_d  = '0;
    to_top = '0;
    unseen = '0;
    if (update) begin
      win_d  = same ? win3_q : win2_q;
      to_top = same ? to_top3_q : to_top2_q;
      if (accepted) begin
        if (new_top) begin
          if (at_most(top, seq_ring2_q)) begin
            unseen = '1;
          end else if (top[BitW-1:0] < seq2_q[BitW-1:0]) begin
            unseen = to_seq2_q & ~to_top;
          end else begin
            unseen = to_seq2_q | ~to_top;
          end
          win_d.top = seq2_q;
          to_top    = to_seq2_q;
        end
        win_d.seen = (win_d.seen & ~unseen) | (to_seq2_q & ~(to_seq2_q >> 1));
      end
    end
  end

  always_comb begin
    dyn   = '0;
    dyn_d = '0;
    if (update) begin
      dyn   = same ? dyn3 : dyn2_q;
      dyn_d = dyn;
      case (reason)
        ravelin_ipsec_pkg::DROP_NONE: begin
          dyn_d.packets = dyn.packets + 64'd1;
          dyn_d.bytes   = dyn.bytes + 64'(bytes2_q);
        end
        ravelin_ipsec_pkg::DROP_ICV:
          dyn_d.drop_icv = dyn.drop_icv + 32'd1;
        ravelin_ipsec_pkg::DROP_WINDOW, ravelin_ipsec_pkg::DROP_REPLAY:
          dyn_d.drop_replay = dyn.drop_replay + 32'd1;
        ravelin_ipsec_pkg::DROP_TRAILER, ravelin_ipsec_pkg::DROP_INNER,
        ravelin_ipsec_pkg::DROP_ECN:
          dyn_d.drop_format = dyn.drop_format + 32'd1;
        ravelin_ipsec_pkg::DROP_SELECTORS:
          dyn_d.drop_selectors = dyn.drop_selectors + 32'd1;
        ravelin_ipsec_pkg::DROP_LIFETIME:
          dyn_d.drop_limit = dyn.drop_limit + 32'd1;
        default: ;
      endcase
    end
  end

  // ------------------------------------------------------------------------ write
  logic            ok3_q, fault3_q, cfg_bad3_q, key_bad3_q, dyn_bad3_q;
  logic [3:0]      limited3_q, reached;    // by limits of `fired`'s bits
  ravelin_ipsec_pkg::in_cfg_t cfg3_q;
  ravelin_ipsec_pkg::event_t event3;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_q   <= 1'b0;
      sweep_q   <= '0;
      update3_q <= 1'b0;
      update4_q <= 1'b0;
      ok3_q     <= 1'b0;
      bad3_q    <= 1'b0;
      fault3_q  <= 1'b0;
    end else begin
      if (!ready_q) begin
        sweep_q <= sweep_q + 1'b1;
        ready_q <= sweep_q == IdxW'(SaCount - 1);
      end
      update3_q <= update;
      update4_q <= update3_q;
      ok3_q     <= update && reason == ravelin_ipsec_pkg::DROP_NONE;
      bad3_q    <= bad && !broken;
      fault3_q  <= fault;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid2_q) begin
      reason_o <= reason;
    end
    if (known) begin
      idx3_q     <= idx2_q;
      cfg3_q     <= cfg2_q;
      cfg_bad3_q <= cfg_bad2_q;
      key_bad3_q <= key_bad2_q;
      dyn_bad3_q <= !same && dyn_bad2_q;
      limited3_q <= {cfg2_q.limits.hard_packets != '0, cfg2_q.limits.hard_bytes != '0,
                     cfg2_q.limits.soft_packets != '0, cfg2_q.limits.soft_bytes != '0};
    end
    if (update) begin
      dyn3_q        <= dyn_d;
      win3_q        <= win_d;
      to_top3_q     <= to_top;
      left3_q       <= accepted && new_top ? seq_left2_q : left;
      accepted3_q   <= accepted;
      new_top3_q    <= accepted && new_top;
      top_before3_q <= top;
    end
    if (update3_q) begin
      idx4_q <= idx3_q;
      dyn4_q <= dyn3;
      win4_q <= win3_q;
    end
  end

  // Whoever is judged next knows what is reached here.
  always_comb begin
    reached = '0;
    if (ok3_q) begin
      reached = limited3_q & {dyn3_q.packets >= cfg3_q.limits.hard_packets,
                              dyn3_q.bytes   >= cfg3_q.limits.hard_bytes,
                              dyn3_q.packets >= cfg3_q.limits.soft_packets,
                              dyn3_q.bytes   >= cfg3_q.limits.soft_bytes};
    end
    dyn3       = dyn3_q;
    dyn3.fired = dyn3_q.fired | reached;
  end

  assign ev_valid_o = event3.mask != '0;
  assign ev_o       = event3;

  logic [7:0] memory3;      // the damaged one
  assign memory3 = cfg_bad3_q ? ravelin_regs_pkg::SA_ERROR_CONFIG :
                   key_bad3_q ? ravelin_regs_pkg::SA_ERROR_KEY :
                   dyn_bad3_q ? ravelin_regs_pkg::SA_ERROR_COUNTERS :
                                ravelin_regs_pkg::SA_ERROR_WINDOW;

  always_comb begin
    event3         = '0;
    event3.inbound = 1'b1;
    event3.index   = 16'(idx3_q);
    event3.spi     = fault3_q && cfg_bad3_q ? '0 : cfg3_q.spi;
    event3.mask    = {bad3_q, 2'b0, reached & ~dyn3_q.fired};
    if (fault3_q) begin
      event3.packets = 64'(memory3);
    end else begin
      event3.packets = dyn3_q.packets;
      event3.bytes   = dyn3_q.bytes;
    end
  end

  logic            wr;
  logic [IdxW-1:0] wr_idx;
  logic [DynW-1:0] dyn_wr;
  window_t         win_wr;

  assign wr     = !ready_q || op_write_i || update3_q;
  assign wr_idx = !ready_q ? sweep_q : op_write_i ? op_idx_i : idx3_q;

  always_comb begin
    dyn_wr = '0;
    win_wr = '0;
    if (op_write_i) begin
      // all numbers up to the highest one seen count as seen: the window starts full
      win_wr.reach = BitW'(op_window_i - 1'b1);
      win_wr.esn   = op_esn_i;
      win_wr.top   = op_seq_i;
      win_wr.seen  = '1;
    end else if (update3_q) begin
      dyn_wr         = dyn3;
      win_wr         = win3_q;
      win_wr.expired = is_expired(dyn3.fired);
    end
  end

  ravelin_ipsec_pkg::damage_t damage;
  assign damage = damage_i;

  ravelin_ipsec_flags #(.Count(SaCount)) u_broken (
    .clk_i, .rst_ni,
    .wr_i (op_write_i || bad3_q), .wr_idx_i (op_write_i ? op_idx_i : idx3_q), .wr_flag_i (bad3_q),
    .rd_i (read), .rd_idx_i (read_idx), .flag_o (broken2)
  );

  // In the sweep op_cfg_i is zero.
  ravelin_ram #(.Width(CfgW), .Depth(SaCount), .ErrorInjection(ErrorInjection)) u_cfg (
    .clk_i, .rst_ni,
    .wr_i (!ready_q || op_write_i), .wr_addr_i (ready_q ? op_idx_i : sweep_q),
    .wr_data_i (op_cfg_i),
    .rd_i (read), .rd_addr_i (read_idx), .rd_data_o (cfg_rd), .rd_bad_o (cfg_bad),
    .damage_i (damage.valid && damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_CONFIG),
    .damage_addr_i (damage.index[IdxW-1:0])
  );

  ravelin_ram #(.Width(DynW), .Depth(SaCount), .ErrorInjection(ErrorInjection)) u_dyn (
    .clk_i, .rst_ni,
    .wr_i (wr), .wr_addr_i (wr_idx), .wr_data_i (dyn_wr),
    .rd_i (read), .rd_addr_i (read_idx), .rd_data_o (dyn_rd), .rd_bad_o (dyn_bad),
    .damage_i (damage.valid && damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_COUNTERS),
    .damage_addr_i (damage.index[IdxW-1:0])
  );

  ravelin_ram #(.Width(WinW), .Depth(SaCount), .ErrorInjection(ErrorInjection)) u_win (
    .clk_i, .rst_ni,
    .wr_i (wr), .wr_addr_i (wr_idx), .wr_data_i (win_wr),
    .rd_i (read), .rd_addr_i (read_idx), .rd_data_o (win_rd), .rd_bad_o (win_bad),
    .damage_i (damage.valid && damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_WINDOW),
    .damage_addr_i (damage.index[IdxW-1:0])
  );

  ravelin_ram #(.Width(WinW), .Depth(SaCount), .ErrorInjection(ErrorInjection)) u_pre_win (
    .clk_i, .rst_ni,
    .wr_i (wr), .wr_addr_i (wr_idx), .wr_data_i (win_wr),
    .rd_i (pre_valid_i), .rd_addr_i (pre_idx_i), .rd_data_o (pre_rd), .rd_bad_o (pre_bad),
    .damage_i (damage.valid && damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_PRE_WINDOW),
    .damage_addr_i (damage.index[IdxW-1:0])
  );
endmodule
/* verilator lint_on UNUSEDSIGNAL */
