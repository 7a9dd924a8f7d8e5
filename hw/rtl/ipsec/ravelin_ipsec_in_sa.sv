// SPDX-License-Identifier: BSD-2-Clause
//
// Inbound SAs: anti-replay window (RFC 4303, section 3.4.3), lifetimes, counters.
//
// Two steps, because the ICV is known long after the sequence number. The first, `pre`, on arrival,
// may only refuse; what it sees may be old, which only makes it more lenient. The second, `final`,
// after authentication, decides and updates, so that a forged packet can't move the window. Each
// packet of a known SA takes the second step, to be counted, whatever the first one said.
//
// The window is a ring of ReplayWindow bits, one a sequence number modulo its size, in words (RFC 6479).
// A word is cleared late: with it stands its mark, the highest number whose bit it ever had. Bits of
// numbers above the mark are as good as clear; they are cleared when the word is next written. So a
// packet concerns one word, however far the window moves, and what is kept of an SA besides (the
// highest number of all, the window's reach) is small. Numbers up to the floor, which the SA began
// with, count as seen.
//
// The first takes 4 cycles, the second 3 from rd_* on:
//
//   read -> [memory] -> [judge] -> [write]
//
// Interval 1, the same SA back to back included. A packet is judged by the state that the one before
// has left: what the memory can't have yet is forwarded, from the last packet when it is judged, and
// from the two before that one when the memory's output is registered. There the word is decoded
// ahead: the bit that is asked for, and all bits up to a number. The last packet has set that bit if it
// was of the same number; it cleared no bit of a number that is still in the window.
//
// rd_* comes one cycle before chk_*. Operations of the command executor come while no packet is
// inside; their answer stands from 3 cycles later on. After op_write_i the words of the SA are cleared,
// one a cycle: op_busy_o.
//
// An SA in whose memory an error is found (here, or in its key slot: chk_bad_i) is broken: it passes
// nothing until it is written anew, and tells so in one event. What is damaged stays as it is. Which
// SAs are broken stands in registers. The window is kept twice, for its two readers. With dead_i
// nothing is judged any more.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_in_sa #(
  parameter int unsigned SaCount       = 1024,
  parameter int unsigned ReplayWindow  = 4096,  // a power of two, 512 at least
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
  output logic            op_busy_o,
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
  input  logic [63:0]     rd_seq_i,
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
  output logic            newest_o,          // authentic, and the highest number so far
  output logic            ev_valid_o,
  output logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] ev_o
);
  localparam int unsigned DynW = ravelin_ipsec_pkg::IN_DYN_W;
  localparam int unsigned CfgW = ravelin_ipsec_pkg::IN_CFG_W;

  // A number is {turn of the ring, word, bit of the word}; in a word its name is {turn, bit}.
  localparam int unsigned WordW = 256;
  localparam int unsigned PosW  = 8;
  localparam int unsigned SlotW = BitW - PosW;
  localparam int unsigned TurnW = 64 - BitW;
  localparam int unsigned MarkW = TurnW + PosW;

  typedef struct packed {
    logic            expired;   // for who reads no counters
    logic            esn;
    logic [BitW-1:0] reach;     // from the top to the lowest number of the window
    logic [63:0]     top;       // highest number seen
    logic [63:0]     floor;     // up to here all count as seen
  } window_t;
  localparam int unsigned WinW = 64 + 64 + BitW + 1 + 1;

  typedef struct packed {
    logic [MarkW-1:0] mark;
    logic [WordW-1:0] seen;
  } word_t;
  localparam int unsigned RingW = MarkW + WordW;

  if (ReplayWindow < 2 * WordW || (ReplayWindow & (ReplayWindow - 1)) != 0) begin : gen_check_window
    $error("ReplayWindow must be a power of two, 512 at least");
  end

  logic             ready_q;
  logic [IdxW-1:0]  sweep_q;
  logic             clear_q;    // the words of clear_idx_q
  logic [IdxW-1:0]  clear_idx_q;
  logic [SlotW-1:0] clear_slot_q;

  assign ready_o   = ready_q;
  assign op_busy_o = clear_q;

  function automatic logic [SlotW-1:0] slot_of(input logic [63:0] number);
    slot_of = number[PosW +: SlotW];
  endfunction

  function automatic logic [MarkW-1:0] mark_of(input logic [63:0] number);
    mark_of = {number[63:BitW], number[PosW-1:0]};
  endfunction

  // The highest number that a window of this reach leaves behind; negative when there is none.
  function automatic logic [64:0] below(input logic [63:0] number, input logic [BitW-1:0] reach);
    below = {1'b0, number} + ~{{(65-BitW){1'b0}}, reach};
  endfunction

  function automatic logic at_most(input logic [63:0] number, input logic [64:0] limit);
    at_most = !limit[64] && number <= limit[63:0];
  endfunction

  // DROP_NONE, DROP_WINDOW or DROP_REPLAY. old: the window has left the number behind.
  function automatic logic [3:0] judge(input logic zero, input logic old, input logic seen);
    if (zero || old) begin
      judge = ravelin_ipsec_pkg::DROP_WINDOW;
    end else if (seen) begin
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
  function automatic logic [WordW-1:0] up_to(input logic [PosW-1:0] n);
    up_to = ~({WordW{1'b1}} << 1 << n);
  endfunction

  // ------------------------------------------------------------------------ on arrival
  //
  //   read -> [memory] -> [window] -> [number] -> [judge]
  //
  // With ESN a number is the one in the window, or else the next one above it, whose low half was
  // sent (RFC 4303, appendix A2.2). An old window gives the same one, as long as no 2^31 packets are inside.
  logic [2:0]      pre_valid_q;          // bit i: after stage i + 1
  logic [WinW-1:0] pre_rd;
  logic            pre_bad, pre_word_bad;
  logic [RingW-1:0] pre_ring_rd;
  word_t           pre_word;
  logic [31:0]     pre_seq1_q, pre_seq2_q;
  window_t         pre_win;

  logic            pre_bad2_q, pre_expired2_q, pre_esn2_q, pre_set2_q;
  logic [63:0]     pre_floor2_q;
  logic [MarkW-1:0] pre_mark2_q, pre_mark3_q;
  logic [64:0]     pre_left2_q, pre_first2_q;
  logic            pre_bad3_q, pre_expired3_q, pre_esn3_q, pre_set3_q, pre_seen;
  logic [63:0]     pre_floor3_q, pre_number3_q;
  logic [64:0]     pre_left3_q;
  logic [32:0]     pre_high2;            // negative or too high: there is no such number

  assign pre_win   = pre_rd;
  assign pre_word  = pre_ring_rd;
  assign pre_seen  = pre_number3_q <= pre_floor3_q ||
                     (pre_set3_q && mark_of(pre_number3_q) <= pre_mark3_q);
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
      pre_bad2_q     <= pre_bad || pre_word_bad;
      pre_expired2_q <= pre_win.expired;
      pre_esn2_q     <= pre_win.esn;
      pre_set2_q     <= pre_word.seen[pre_seq1_q[PosW-1:0]];
      pre_mark2_q    <= pre_word.mark;
      pre_floor2_q   <= pre_win.floor;
      pre_left2_q    <= below(pre_win.top, pre_win.reach);
      pre_first2_q   <= {1'b0, pre_win.top} - {{(65-BitW){1'b0}}, pre_win.reach};
    end
    if (pre_valid_q[1]) begin
      pre_bad3_q     <= pre_bad2_q;
      pre_expired3_q <= pre_expired2_q;
      pre_esn3_q     <= pre_esn2_q;
      pre_set3_q     <= pre_set2_q;
      pre_mark3_q    <= pre_mark2_q;
      pre_floor3_q   <= pre_floor2_q;
      pre_left3_q    <= pre_left2_q;
      pre_number3_q  <= !pre_esn2_q   ? {32'b0, pre_seq2_q} :
                        pre_high2[32] ? '0 : {pre_high2[31:0], pre_seq2_q};
    end
    if (pre_valid_q[2]) begin
      pre_reason_o <= pre_bad3_q && !(TestMutations && no_parity_i) ? ravelin_ipsec_pkg::DROP_PARITY :
                      pre_expired3_q ? ravelin_ipsec_pkg::DROP_LIFETIME :
                      TestMutations && no_replay_i ? ravelin_ipsec_pkg::DROP_NONE :
                      judge(pre_number3_q == '0, at_most(pre_number3_q, pre_left3_q), pre_seen);
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
  logic [RingW-1:0] ring_rd;
  logic            cfg_bad, dyn_bad, win_bad, word_bad, read, op1_q, known1, known;
  logic [IdxW-1:0] read_idx, idx1_q;
  logic            is3_q, is4_q;           // the SA of that stage is the one that is read
  logic            in3_q, in4_q;           // and its word the one, too
  logic            from3, from4;           // a result that the memory didn't have when it was read
  logic            word_from3, word_from4;
  logic [SlotW-1:0] slot1_q;
  logic [IdxW-1:0] next_idx1;
  logic [SlotW-1:0] next_slot1;
  window_t         win1;
  word_t           word1, ring1;
  logic [64:0]     left1;

  logic            valid2_q, known2_q, icv_ok2_q, key_bad2_q, cfg_bad2_q, dyn_bad2_q, win_bad2_q, word_bad2_q;
  logic            broken2, same2_q, again2_q;
  logic            near2_q;                // same2_q, and the same word
  logic            seen2_q;                // as the word had it
  logic            new2_q, old2_q, floor2_q;   // above the top; left behind; at the floor or below
  logic            ahead2_q, turn2_q, next2_q; // above the mark; of its turn, of the one after it
  logic            beyond2_q, level2_q, after2_q;  // the same of the last packet's number
  logic [3:0]      reason2_q, format2_q;
  logic            zero2_q;
  logic [63:0]     seq2_q;
  logic [15:0]     bytes2_q;
  logic [IdxW-1:0] idx2_q;
  logic [WordW-1:0] to_seq2_q, to_mark2_q;
  logic [64:0]     left2_q, seq_left2_q;   // left behind now; and once seq2_q is the top
  window_t         win2_q;
  word_t           word2_q;
  ravelin_ipsec_pkg::in_cfg_t cfg2_q;
  ravelin_ipsec_pkg::in_dyn_t dyn2_q;

  logic            update3_q, update4_q;   // a packet whose result is written
  logic            accepted3_q, accepted4_q;   // ... and its word
  logic [IdxW-1:0] idx3_q;
  logic [SlotW-1:0] slot3_q;
  logic            ahead3_q;
  logic [WordW-1:0] to_seq3_q;
  logic [64:0]     left3_q;
  window_t         win3_q, win4_q;
  word_t           word3_q, word4_q;
  ravelin_ipsec_pkg::in_dyn_t dyn3_q, dyn3, dyn4_q;
  logic            bad3_q;                 // a packet that has found its SA broken first

  assign read     = rd_valid_i || op_read_i;
  assign read_idx = op_read_i ? op_idx_i : rd_idx_i;
  assign known1   = chk_valid_i && chk_known_i;
  assign cfg1     = cfg_rd;
  assign from3    = update3_q && is3_q;
  assign from4    = update4_q && is4_q;
  assign word_from3 = accepted3_q && in3_q;
  assign word_from4 = accepted4_q && in4_q;
  assign next_idx1  = read ? read_idx : idx1_q;
  assign next_slot1 = read ? slot_of(rd_seq_i) : slot1_q;
  assign ring1      = ring_rd;
  assign left1      = below(win1.top, win1.reach);

  always_comb begin
    win1  = '0;
    word1 = '0;
    if (known1 || op1_q) begin
      win1 = from3 ? win3_q : from4 ? win4_q : win_rd;
    end
    if (known1) begin
      word1 = word_from3 ? word3_q : word_from4 ? word4_q : ring1;
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
      idx1_q  <= read_idx;
      slot1_q <= slot_of(rd_seq_i);
    end
    // What idx1_q is going to be, beside what is written in that cycle and was in the one before.
    is3_q <= next_idx1 == idx2_q;
    is4_q <= next_idx1 == idx3_q;
    in3_q <= next_idx1 == idx2_q && next_slot1 == slot_of(seq2_q);
    in4_q <= next_idx1 == idx3_q && next_slot1 == slot3_q;
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
      near2_q     <= valid2_q && known2_q && idx1_q == idx2_q && slot1_q == slot_of(seq2_q);
      again2_q    <= chk_seq_i == seq2_q;
      cfg2_q      <= cfg_rd;
      cfg_bad2_q  <= cfg_bad;
      dyn2_q      <= from3 ? dyn3 : from4 ? dyn4_q : dyn_rd;
      dyn_bad2_q  <= dyn_bad && !from3 && !from4;
      win2_q      <= win1;
      win_bad2_q  <= win_bad && !from3 && !from4;
      left2_q     <= left1;
      new2_q      <= chk_seq_i > win1.top;
      old2_q      <= at_most(chk_seq_i, left1);
      floor2_q    <= chk_seq_i <= win1.floor;
      seq_left2_q <= below(chk_seq_i, win1.reach);
    end
    if (known1) begin
      word2_q     <= word1;
      word_bad2_q <= word_bad && !word_from3 && !word_from4;
      seen2_q     <= word_from3 ? word3_q.seen[chk_seq_i[PosW-1:0]] :
                     word_from4 ? word4_q.seen[chk_seq_i[PosW-1:0]] : ring1.seen[chk_seq_i[PosW-1:0]];
      ahead2_q    <= mark_of(chk_seq_i) > word1.mark;
      turn2_q     <= chk_seq_i[63:BitW] == word1.mark[MarkW-1:PosW];
      next2_q     <= chk_seq_i[63:BitW] == word1.mark[MarkW-1:PosW] + 1'b1;
      beyond2_q   <= mark_of(chk_seq_i) > mark_of(seq2_q);
      level2_q    <= chk_seq_i[63:BitW] == seq2_q[63:BitW];
      after2_q    <= chk_seq_i[63:BitW] == seq2_q[63:BitW] + 1'b1;
      to_mark2_q  <= up_to(word1.mark[PosW-1:0]);
      to_seq2_q   <= up_to(chk_seq_i[PosW-1:0]);
    end
  end

  assign op_dyn_o    = dyn_bad2_q || win_bad2_q ? '0 : dyn2_q;
  assign op_seq_o    = dyn_bad2_q || win_bad2_q ? '1 : win2_q.top;
  assign op_broken_o = broken2 || cfg_bad2_q || dyn_bad2_q || win_bad2_q;

  // ------------------------------------------------------------------------ judge
  logic            same, broken, update, bad, fault;   // update: its state is judged and changed
  logic            seen, old, new_top, accepted, expired;
  logic [3:0]      judgement, reason;
  logic [64:0]     left;
  logic            near, moved, ahead, turn, next;
  logic [WordW-1:0] to_mark, unseen;
  window_t         win_d;
  word_t           word, word_d;
  logic [63:0]     packets, bytes;         // counting it
  ravelin_ipsec_pkg::in_dyn_t dyn;

  assign same      = same2_q && update3_q;       // the last result counts
  assign broken    = broken2 || (same2_q && bad3_q);
  assign known     = valid2_q && known2_q && !dead_i;
  assign update    = known && !fault;
  assign left      = same ? left3_q : left2_q;
  assign old       = same ? at_most(seq2_q, left3_q) : old2_q;
  assign expired   = is_expired(same ? dyn3.fired : dyn2_q.fired);
  assign new_top   = same ? seq2_q > win3_q.top : new2_q;
  assign seen      = floor2_q || (near && again2_q) || (seen2_q && !ahead2_q);
  assign judgement = judge(zero2_q, old, seen);

  always_comb begin
    bad   = 1'b0;
    fault = 1'b0;
    if (known) begin
      bad   = (cfg_bad2_q || (!same && (dyn_bad2_q || win_bad2_q)) || (!near && word_bad2_q) || key_bad2_q ||
               reason2_q == ravelin_ipsec_pkg::DROP_PARITY) &&
              !(TestMutations && no_parity_i);
      fault = bad || broken;
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

  always_comb begin
    win_d = '0;
    if (update) begin
      win_d = same ? win3_q : win2_q;
      if (accepted && new_top) begin
        win_d.top = seq2_q;
      end
    end
  end

  // The word, if the packet is accepted. The bits between its mark and the number belong to none seen.
  // Where the last packet was in the word and its number above the mark, that is the mark now.
  assign near  = near2_q && accepted3_q;
  assign moved = near2_q && accepted3_q && ahead3_q;

  always_comb begin
    word    = '0;
    word_d  = '0;
    to_mark = '0;
    unseen  = '0;
    ahead   = 1'b0;
    turn    = 1'b0;
    next    = 1'b0;
    if (known) begin
      word    = near ? word3_q : word2_q;
      to_mark = moved ? to_seq3_q : to_mark2_q;
      ahead   = moved ? beyond2_q : ahead2_q;
      turn    = moved ? level2_q : turn2_q;
      next    = moved ? after2_q : next2_q;
      word_d  = word;
      if (ahead) begin
        unseen      = turn ? to_seq2_q & ~to_mark : next ? to_seq2_q | ~to_mark : '1;
        word_d.mark = mark_of(seq2_q);
      end
      word_d.seen = (word_d.seen & ~unseen) | (to_seq2_q & ~(to_seq2_q >> 1));
    end
  end

  always_comb begin
    dyn     = '0;
    packets = '0;
    bytes   = '0;
    if (known) begin
      dyn     = same ? dyn3 : dyn2_q;
      packets = dyn.packets + 64'd1;
      bytes   = dyn.bytes + 64'(bytes2_q);
    end
  end

  // ------------------------------------------------------------------------ write
  logic [3:0]      reason3_q;
  logic [63:0]     packets3_q, bytes3_q;   // of dyn3_q, if it counts
  logic            ok3_q, fault3_q, cfg_bad3_q, key_bad3_q, dyn_bad3_q;
  logic [3:0]      limited3_q, reached;    // by limits of `fired`'s bits; the first, if it counts
  ravelin_ipsec_pkg::in_cfg_t cfg3_q;
  ravelin_ipsec_pkg::event_t event3;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_q   <= 1'b0;
      sweep_q   <= '0;
      update3_q <= 1'b0;
      update4_q <= 1'b0;
      accepted3_q <= 1'b0;
      accepted4_q <= 1'b0;
      ok3_q     <= 1'b0;
      bad3_q    <= 1'b0;
      fault3_q  <= 1'b0;
      clear_q   <= 1'b0;
    end else begin
      if (!ready_q) begin
        sweep_q <= sweep_q + 1'b1;
        ready_q <= sweep_q == IdxW'(SaCount - 1);
      end
      update3_q <= update;
      update4_q <= update3_q;
      accepted3_q <= accepted;
      accepted4_q <= accepted3_q;
      if (op_write_i) begin
        clear_q <= 1'b1;
      end else if (clear_slot_q == '1) begin
        clear_q <= 1'b0;
      end
      ok3_q     <= update && reason == ravelin_ipsec_pkg::DROP_NONE;
      bad3_q    <= bad && !broken;
      fault3_q  <= fault;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid2_q) begin
      reason_o <= reason;
      newest_o <= accepted && new_top;
    end
    if (known) begin
      idx3_q     <= idx2_q;
      slot3_q    <= slot_of(seq2_q);
      cfg3_q     <= cfg2_q;
      cfg_bad3_q <= cfg_bad2_q;
      key_bad3_q <= key_bad2_q;
      dyn_bad3_q <= !same && dyn_bad2_q;
      limited3_q <= {cfg2_q.limits.hard_packets != '0 && packets >= cfg2_q.limits.hard_packets,
                     cfg2_q.limits.hard_bytes   != '0 && bytes   >= cfg2_q.limits.hard_bytes,
                     cfg2_q.limits.soft_packets != '0 && packets >= cfg2_q.limits.soft_packets,
                     cfg2_q.limits.soft_bytes   != '0 && bytes   >= cfg2_q.limits.soft_bytes};
    end
    if (update) begin
      dyn3_q        <= dyn;
      packets3_q    <= packets;
      bytes3_q      <= bytes;
      reason3_q     <= reason;
      win3_q        <= win_d;
      left3_q       <= accepted && new_top ? seq_left2_q : left;
    end
    if (accepted) begin
      word3_q    <= word_d;
      ahead3_q   <= ahead;
      to_seq3_q <= to_seq2_q;
    end
    if (update3_q) begin
      dyn4_q <= dyn3;
      win4_q <= win3_q;
    end
    if (accepted3_q) begin
      word4_q <= word3_q;
    end
    if (op_write_i) begin
      clear_idx_q  <= op_idx_i;
      clear_slot_q <= '0;
    end else begin
      clear_slot_q <= clear_slot_q + 1'b1;
    end
  end

  // Whoever is judged next knows what is reached here.
  always_comb begin
    reached = ok3_q ? limited3_q : '0;
    dyn3    = dyn3_q;
    case (reason3_q)
      ravelin_ipsec_pkg::DROP_NONE: begin
        dyn3.packets = packets3_q;
        dyn3.bytes   = bytes3_q;
      end
      ravelin_ipsec_pkg::DROP_ICV:
        dyn3.drop_icv = dyn3_q.drop_icv + 32'd1;
      ravelin_ipsec_pkg::DROP_WINDOW, ravelin_ipsec_pkg::DROP_REPLAY:
        dyn3.drop_replay = dyn3_q.drop_replay + 32'd1;
      ravelin_ipsec_pkg::DROP_TRAILER, ravelin_ipsec_pkg::DROP_INNER,
      ravelin_ipsec_pkg::DROP_ECN:
        dyn3.drop_format = dyn3_q.drop_format + 32'd1;
      ravelin_ipsec_pkg::DROP_SELECTORS:
        dyn3.drop_selectors = dyn3_q.drop_selectors + 32'd1;
      ravelin_ipsec_pkg::DROP_LIFETIME:
        dyn3.drop_limit = dyn3_q.drop_limit + 32'd1;
      default: ;
    endcase
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
    event3.mask    = {1'b0, bad3_q, 2'b0, reached & ~dyn3_q.fired};
    if (fault3_q) begin
      event3.packets = 64'(memory3);
    end else begin
      event3.packets = dyn3.packets;
      event3.bytes   = dyn3.bytes;
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
      // all numbers up to the highest one seen count as seen
      win_wr.reach = BitW'(op_window_i - 1'b1);
      win_wr.esn   = op_esn_i;
      win_wr.top   = op_seq_i;
      win_wr.floor = op_seq_i;
    end else if (update3_q) begin
      dyn_wr         = dyn3;
      win_wr         = win3_q;
      win_wr.expired = is_expired(dyn3.fired);
    end
  end

  logic [IdxW+SlotW-1:0] word_addr;
  word_t                 word_wr;

  assign word_addr = clear_q ? {clear_idx_q, clear_slot_q} : {idx3_q, slot3_q};

  always_comb begin
    word_wr = '0;
    if (accepted3_q) begin
      word_wr = word3_q;
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

  // Of a word the slot doesn't matter: each of the SA's is damaged.
  ravelin_ram #(.Width(RingW), .Depth(SaCount << SlotW), .ErrorInjection(ErrorInjection)) u_ring (
    .clk_i, .rst_ni,
    .wr_i (clear_q || accepted3_q), .wr_addr_i (word_addr),
    .wr_data_i (word_wr),
    .rd_i (rd_valid_i), .rd_addr_i ({rd_idx_i, slot_of(rd_seq_i)}), .rd_data_o (ring_rd), .rd_bad_o (word_bad),
    .damage_i (damage.valid && damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_RING),
    .damage_addr_i ({damage.index[IdxW-1:0], slot_of(rd_seq_i)})
  );

  ravelin_ram #(.Width(RingW), .Depth(SaCount << SlotW), .ErrorInjection(ErrorInjection)) u_pre_ring (
    .clk_i, .rst_ni,
    .wr_i (clear_q || accepted3_q), .wr_addr_i (word_addr),
    .wr_data_i (word_wr),
    .rd_i (pre_valid_i), .rd_addr_i ({pre_idx_i, slot_of(64'(pre_seq_i))}), .rd_data_o (pre_ring_rd), .rd_bad_o (pre_word_bad),
    .damage_i (damage.valid && damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_PRE_RING),
    .damage_addr_i ({damage.index[IdxW-1:0], slot_of(64'(pre_seq_i))})
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
