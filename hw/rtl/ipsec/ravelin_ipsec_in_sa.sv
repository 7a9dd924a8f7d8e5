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
// Latency 2 cycles each, interval 1, the same SA back to back included: the whole state just
// computed is forwarded. rd_* comes one cycle before chk_*. Operations of the command executor come
// while no packet is inside; their answer stands from 3 cycles later on.
//
// An SA in whose memory an error is found (here, or in its key slot: chk_bad_i) is broken: it passes
// nothing until it is written anew, and tells so in one event. What is damaged stays as it is. Which
// SAs are broken stands in registers. The window is kept twice, for its two readers. With dead_i
// nothing is judged any more.
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
  input  logic [31:0]     op_seq_i,          // highest one seen
  input  logic [BitW:0]   op_window_i,
  output logic [ravelin_ipsec_pkg::IN_DYN_W-1:0] op_dyn_o,
  output logic [31:0]     op_seq_o,          // the last there is if it is damaged
  output logic            op_broken_o,
  // on arrival
  input  logic            pre_valid_i,
  input  logic [IdxW-1:0] pre_idx_i,
  input  logic [31:0]     pre_seq_i,
  output logic [3:0]      pre_reason_o,
  // after authentication
  input  logic            rd_valid_i,
  input  logic [IdxW-1:0] rd_idx_i,
  input  logic            chk_valid_i,
  input  logic            chk_known_i,       // a packet of the SA that rd_idx_i named
  input  logic [3:0]      chk_reason_i,      // it is dropped already
  input  logic            chk_icv_ok_i,
  input  logic            chk_bad_i,         // its key slot is damaged
  input  logic [3:0]      chk_format_i,      // what is wrong with the plaintext
  input  logic [31:0]     chk_seq_i,
  input  logic [15:0]     chk_bytes_i,       // octets of the inner packet
  output logic [3:0]      reason_o,
  output logic            ev_valid_o,
  output logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] ev_o
);
  localparam int unsigned DynW = ravelin_ipsec_pkg::IN_DYN_W;
  localparam int unsigned CfgW = ravelin_ipsec_pkg::IN_CFG_W;
  localparam int unsigned WinW = ReplayWindow + 32 + BitW + 1 + 1;  // {expired, window, top, seen}

  logic            ready_q;
  logic [IdxW-1:0] sweep_q;
  logic [SaCount-1:0] broken_q;

  assign ready_o = ready_q;

  // DROP_NONE, DROP_WINDOW or DROP_REPLAY
  function automatic logic [3:0] judge(input logic [WinW-1:0] state, input logic [31:0] seq);
    logic [31:0] top;
    logic [BitW:0] window;
    top    = state[ReplayWindow +: 32];
    window = state[ReplayWindow + 32 +: BitW + 1];
    if (seq == '0 || (seq <= top && top - seq >= 32'(window))) begin
      judge = ravelin_ipsec_pkg::DROP_WINDOW;
    end else if (seq <= top && state[32'(seq[BitW-1:0])]) begin
      judge = ravelin_ipsec_pkg::DROP_REPLAY;
    end else begin
      judge = ravelin_ipsec_pkg::DROP_NONE;
    end
  endfunction

  // Bits below n.
  function automatic logic [ReplayWindow-1:0] below(input logic [BitW-1:0] n);
    below = ~({ReplayWindow{1'b1}} << n);
  endfunction

  // The bits after seq was seen.
  function automatic logic [ReplayWindow-1:0] record(input logic [ReplayWindow-1:0] seen,
                                                     input logic [31:0] top,
                                                     input logic [31:0] seq);
    logic [BitW-1:0] from, to;
    logic [ReplayWindow-1:0] unseen;
    from   = top[BitW-1:0] + 1'b1;   // the bits from..to-1 belong to numbers not seen
    to     = seq[BitW-1:0];
    unseen = '0;
    if (seq > top) begin
      if (seq - top >= 32'(ReplayWindow)) begin
        unseen = '1;
      end else if (from <= to) begin
        unseen = below(to) & ~below(from);
      end else begin
        unseen = below(to) | ~below(from);
      end
    end
    record = (seen & ~unseen) | (ReplayWindow'(1) << to);
  endfunction

  // ------------------------------------------------------------------------ on arrival
  logic            pre_valid_q;
  logic [WinW-1:0] pre_win;
  logic            pre_bad;
  logic [31:0]     pre_seq_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      pre_valid_q <= 1'b0;
    end else begin
      pre_valid_q <= pre_valid_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (pre_valid_i) begin
      pre_seq_q <= pre_seq_i;
    end
    if (pre_valid_q) begin
      pre_reason_o <= pre_bad && !(TestMutations && no_parity_i) ? ravelin_ipsec_pkg::DROP_PARITY :
                      pre_win[WinW-1] ? ravelin_ipsec_pkg::DROP_LIFETIME :
                      TestMutations && no_replay_i ? ravelin_ipsec_pkg::DROP_NONE :
                      judge(pre_win, pre_seq_q);
    end
  end

  // ------------------------------------------------------------------------ after authentication
  logic [CfgW-1:0] cfg_rd;
  logic [DynW-1:0] dyn_rd, dyn_last_q;
  logic [WinW-1:0] win_rd, win_last_q;
  logic [IdxW-1:0] idx_q, last_idx_q, read_idx;
  logic            cfg_bad, dyn_bad, win_bad, read, op_q, op_lost_q, op_broken_q, broken_rd_q;
  logic            last_q, same;       // the packet before was of this SA: its result counts
  logic            bad, fault;
  logic            known, update;      // its state is judged and changed
  logic [3:0]      reason;
  logic [3:0]      reached;
  logic [WinW-1:0] win, win_d;
  ravelin_ipsec_pkg::in_cfg_t cfg;
  ravelin_ipsec_pkg::in_dyn_t dyn, dyn_d;
  ravelin_ipsec_pkg::event_t  event_d;
  ravelin_ipsec_pkg::damage_t damage;

  assign damage      = damage_i;
  assign read        = rd_valid_i || op_read_i;
  assign read_idx    = op_read_i ? op_idx_i : rd_idx_i;
  assign known       = chk_valid_i && chk_known_i && !dead_i;
  assign update      = known && !fault;
  assign same        = last_q && last_idx_q == idx_q;
  assign cfg         = cfg_rd;
  assign op_dyn_o    = op_lost_q ? '0 : dyn_rd;
  assign op_seq_o    = op_lost_q ? '1 : win_rd[ReplayWindow +: 32];
  assign op_broken_o = op_broken_q;

  always_comb begin
    bad   = 1'b0;
    fault = 1'b0;
    if (known) begin
      bad   = (cfg_bad || (!same && (dyn_bad || win_bad)) || chk_bad_i ||
               chk_reason_i == ravelin_ipsec_pkg::DROP_PARITY) &&
              !(TestMutations && no_parity_i);
      fault = bad || broken_rd_q;
    end
  end

  always_comb begin
    dyn     = '0;
    dyn_d   = '0;
    win     = '0;
    win_d   = '0;
    reached = '0;
    event_d = '0;
    reason  = chk_reason_i;
    if (op_write_i) begin
      // all numbers up to the highest one seen count as seen: the window starts full
      win_d = {1'b0, op_window_i, op_seq_i, {ReplayWindow{1'b1}}};
    end else if (fault) begin
      if (chk_reason_i != ravelin_ipsec_pkg::DROP_CHECKSUM &&
          chk_reason_i != ravelin_ipsec_pkg::DROP_MALFORMED) begin
        reason = ravelin_ipsec_pkg::DROP_PARITY;
      end
      event_d.inbound = 1'b1;
      event_d.index   = 16'(idx_q);
      event_d.spi     = cfg_bad ? '0 : cfg.spi;
      event_d.mask[ravelin_ipsec_pkg::EVENT_SA_ERROR_BIT] = !broken_rd_q;
      event_d.packets = {32'b0, cfg_bad          ? ravelin_regs_pkg::SA_ERROR_CONFIG :
                                chk_bad_i        ? ravelin_regs_pkg::SA_ERROR_KEY :
                                !same && dyn_bad ? ravelin_regs_pkg::SA_ERROR_COUNTERS :
                                                   ravelin_regs_pkg::SA_ERROR_WINDOW};
    end else if (known) begin
      dyn   = same ? dyn_last_q : dyn_rd;
      win   = same ? win_last_q : win_rd;
      dyn_d = dyn;
      win_d = win;
      if (reason == ravelin_ipsec_pkg::DROP_LIFETIME || reason == ravelin_ipsec_pkg::DROP_WINDOW ||
          reason == ravelin_ipsec_pkg::DROP_REPLAY) begin
        // refused on arrival; why, is told by the state that the frames before it have left, and
        // if that tells nothing, by what refused it
        if (win[WinW-1]) begin
          reason = ravelin_ipsec_pkg::DROP_LIFETIME;
        end else if (judge(win, chk_seq_i) != ravelin_ipsec_pkg::DROP_NONE) begin
          reason = judge(win, chk_seq_i);
        end
      end else if (reason == ravelin_ipsec_pkg::DROP_NONE) begin
        if (!chk_icv_ok_i) begin
          reason = ravelin_ipsec_pkg::DROP_ICV;
        end else if (win[WinW-1]) begin
          reason = ravelin_ipsec_pkg::DROP_LIFETIME;
        end else begin
          if (!(TestMutations && no_replay_i)) begin
            reason = judge(win, chk_seq_i);
          end
          if (reason == ravelin_ipsec_pkg::DROP_NONE) begin
            if (!(TestMutations && no_replay_i)) begin
              win_d[ReplayWindow-1:0] = record(win[ReplayWindow-1:0], win[ReplayWindow +: 32],
                                               chk_seq_i);
              if (chk_seq_i > win[ReplayWindow +: 32]) begin
                win_d[ReplayWindow +: 32] = chk_seq_i;
              end
            end
            reason = chk_format_i;
          end
        end
      end
      case (reason)
        ravelin_ipsec_pkg::DROP_NONE: begin
          dyn_d.packets = dyn.packets + 64'd1;
          dyn_d.bytes   = dyn.bytes + 64'(chk_bytes_i);
          reached = {ravelin_ipsec_pkg::at_limit(dyn_d.packets, cfg.limits.hard_packets),
                     ravelin_ipsec_pkg::at_limit(dyn_d.bytes, cfg.limits.hard_bytes),
                     ravelin_ipsec_pkg::at_limit(dyn_d.packets, cfg.limits.soft_packets),
                     ravelin_ipsec_pkg::at_limit(dyn_d.bytes, cfg.limits.soft_bytes)};
          dyn_d.fired   = dyn.fired | reached;
          win_d[WinW-1] = dyn_d.fired[ravelin_ipsec_pkg::FIRED_HARD_BYTES] ||
                          dyn_d.fired[ravelin_ipsec_pkg::FIRED_HARD_PACKETS];
        end
        ravelin_ipsec_pkg::DROP_ICV:
          dyn_d.drop_icv = dyn.drop_icv + 32'd1;
        ravelin_ipsec_pkg::DROP_WINDOW, ravelin_ipsec_pkg::DROP_REPLAY:
          dyn_d.drop_replay = dyn.drop_replay + 32'd1;
        ravelin_ipsec_pkg::DROP_TRAILER, ravelin_ipsec_pkg::DROP_INNER,
        ravelin_ipsec_pkg::DROP_ECN:
          dyn_d.drop_format = dyn.drop_format + 32'd1;
        ravelin_ipsec_pkg::DROP_LIFETIME:
          dyn_d.drop_limit = dyn.drop_limit + 32'd1;
        default: ;
      endcase
      event_d.inbound = 1'b1;
      event_d.index   = 16'(idx_q);
      event_d.spi     = cfg.spi;
      event_d.mask    = {3'b0, reached & ~dyn.fired};
      event_d.packets = dyn_d.packets;
      event_d.bytes   = dyn_d.bytes;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_q    <= 1'b0;
      sweep_q    <= '0;
      last_q     <= 1'b0;
      op_q       <= 1'b0;
      broken_q   <= '0;
      ev_valid_o <= 1'b0;
    end else begin
      if (!ready_q) begin
        sweep_q <= sweep_q + 1'b1;
        ready_q <= sweep_q == IdxW'(SaCount - 1);
      end
      last_q     <= update;
      op_q       <= op_read_i;
      ev_valid_o <= known && event_d.mask != '0;
      if (bad) begin
        broken_q[idx_q] <= 1'b1;
      end
      if (op_write_i) begin
        broken_q[op_idx_i] <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (read) begin
      idx_q       <= read_idx;
      broken_rd_q <= broken_q[read_idx] || (bad && idx_q == read_idx);
    end
    if (op_q) begin
      op_lost_q   <= dyn_bad || win_bad;
      op_broken_q <= broken_rd_q || cfg_bad || dyn_bad || win_bad;
    end
    if (update) begin
      dyn_last_q <= dyn_d;
      win_last_q <= win_d;
      last_idx_q <= idx_q;
    end
    if (known) begin
      ev_o       <= event_d;
    end
    if (chk_valid_i) begin
      reason_o <= reason;
    end
  end

  // In the sweep dyn_d, win_d and op_cfg_i are zero.
  logic            wr;
  logic [IdxW-1:0] wr_idx;

  assign wr     = !ready_q || op_write_i || update;
  assign wr_idx = !ready_q ? sweep_q : op_write_i ? op_idx_i : idx_q;

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
    .wr_i (wr), .wr_addr_i (wr_idx), .wr_data_i (dyn_d),
    .rd_i (read), .rd_addr_i (read_idx), .rd_data_o (dyn_rd), .rd_bad_o (dyn_bad),
    .damage_i (damage.valid && damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_COUNTERS),
    .damage_addr_i (damage.index[IdxW-1:0])
  );

  ravelin_ram #(.Width(WinW), .Depth(SaCount), .ErrorInjection(ErrorInjection)) u_win (
    .clk_i, .rst_ni,
    .wr_i (wr), .wr_addr_i (wr_idx), .wr_data_i (win_d),
    .rd_i (read), .rd_addr_i (read_idx), .rd_data_o (win_rd), .rd_bad_o (win_bad),
    .damage_i (damage.valid && damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_WINDOW),
    .damage_addr_i (damage.index[IdxW-1:0])
  );

  ravelin_ram #(.Width(WinW), .Depth(SaCount), .ErrorInjection(ErrorInjection)) u_pre_win (
    .clk_i, .rst_ni,
    .wr_i (wr), .wr_addr_i (wr_idx), .wr_data_i (win_d),
    .rd_i (pre_valid_i), .rd_addr_i (pre_idx_i), .rd_data_o (pre_win), .rd_bad_o (pre_bad),
    .damage_i (damage.valid && damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_PRE_WINDOW),
    .damage_addr_i (damage.index[IdxW-1:0])
  );

  logic unused;
  assign unused = ^damage;
endmodule
