// SPDX-License-Identifier: BSD-2-Clause
//
// Outbound SAs: look-up, hard lifetime, size, and one sequence number a packet, in order. A number,
// once given, never comes again (RFC 4106, section 3.1): gaps are legal, repetition is fatal.
//
//   read -> [memory] -> [judge] -> [write]
//
// Latency 3 cycles, interval 1, the same SA back to back included. A packet is judged by the state
// that the one before has left: what the memory can't have yet is forwarded, from the last packet
// when it is judged, and from the two before that one when the memory's output is registered.
// Operations of the command executor come while no packet is inside; their answer stands from 3
// cycles later on.
//
// An SA in whose memory an error is found (here, or as break_* says by the engine in its key slot)
// is broken: it passes nothing until it is written anew, and tells so in one event. What is damaged
// stays as it is. Which SAs there are, and which are broken, stands in registers.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_out_sa #(
  parameter int unsigned SaCount        = 1024,
  parameter bit          TestMutations  = 1'b0,
  parameter bit          ErrorInjection = 1'b0,
  localparam int unsigned IdxW = $clog2(SaCount)
) (
  input  logic                                    clk_i,
  input  logic                                    rst_ni,
  output logic                                    ready_o,        // swept
  input  logic                                    repeat_seq_i,   // mutation
  input  logic                                    no_parity_i,    // mutation
  input  logic [ravelin_ipsec_pkg::DAMAGE_W-1:0]  damage_i,
  input  logic                                    break_i,        // never with op_* or valid_i
  input  logic [IdxW-1:0]                         break_idx_i,
  input  logic                                    op_read_i,
  input  logic                                    op_write_i,
  input  logic [IdxW-1:0]                         op_idx_i,
  input  logic [ravelin_ipsec_pkg::OUT_CFG_W-1:0] op_cfg_i,
  input  logic                                    op_live_i,      // an SA is written; else removed
  input  logic [63:0]                             op_seq_i,       // the last one used
  output logic [ravelin_ipsec_pkg::OUT_DYN_W-1:0] op_dyn_o,       // all used up if it is damaged
  output logic                                    op_broken_o,
  input  logic                                    valid_i,
  input  logic                                    use_sa_i,       // else passes as it is
  input  logic [15:0]                             idx_i,
  input  logic [15:0]                             bytes_i,        // octets of the inner packet
  input  logic [16:0]                             frame_i,        // octets of the frame
  input  logic [1:0]                              pad_i,          // and of ESP's padding
  input  logic [15:0]                             max_i,          // that the result may have
  input  logic                                    ipv6_i,         // of the packet
  input  logic                                    fragment_i,
  input  logic                                    beyond_i,
  input  logic                                    bare_i,         // the IP header is all before AH
  output logic                                    valid_o,
  output logic                                    no_sa_o,
  output logic [1:0]                              unfit_o,        // UNFIT_*
  output logic                                    expired_o,
  output logic                                    too_big_o,
  output logic                                    seq_end_o,
  output logic                                    broken_o,
  output logic                                    ok_o,           // a number was given
  output logic [63:0]                             seq_o,
  output logic [ravelin_ipsec_pkg::OUT_CFG_W-1:0] cfg_o,
  output logic                                    ev_valid_o,
  output logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] ev_o
);
  localparam int unsigned CfgW = ravelin_ipsec_pkg::OUT_CFG_W;
  localparam int unsigned DynW = ravelin_ipsec_pkg::OUT_DYN_W;

  logic            ready_q;
  logic [IdxW-1:0] sweep_q;
  logic            read;
  logic [IdxW-1:0] read_idx;
  ravelin_ipsec_pkg::damage_t  damage;

  assign ready_o  = ready_q;
  assign damage   = damage_i;
  assign read     = (valid_i && use_sa_i) || op_read_i || break_i;
  assign read_idx = op_read_i ? op_idx_i : break_i ? break_idx_i : idx_i[IdxW-1:0];

  // ------------------------------------------------------------------------ memory
  // What a stage holds of its packet has the stage's number.
  logic [CfgW-1:0] cfg_rd;
  logic [DynW-1:0] dyn_rd;
  logic            cfg_bad, dyn_bad;
  logic            valid1_q, op1_q, use1_q, range1_q, break1_q;
  logic [16:0]     frame1_q, padded1_q;
  logic            ipv6_1_q, fragment1_q, beyond1_q, bare1_q;
  logic [15:0]     max1_q;
  logic [15:0]     idx1_q, bytes1_q;
  logic            from3, from4;         // a result that the memory didn't have when it was read

  logic            valid2_q, use2_q, range2_q, break2_q, big2, fits2_q;
  logic [1:0]      unfit1, unfit2_q;
  logic            cfg_bad2_q, dyn_bad2_q, live2, broken2, same2_q;   // live: there is an SA
  logic [15:0]     idx2_q, bytes2_q;
  ravelin_ipsec_pkg::out_cfg_t cfg2_q;
  ravelin_ipsec_pkg::out_dyn_t dyn2_q;

  logic            found3_q, found4_q;   // a packet whose result is written
  logic [15:0]     idx3_q, idx4_q;
  logic            bad3_q;               // a packet that has found its SA broken first
  ravelin_ipsec_pkg::out_dyn_t dyn3_q, dyn3, dyn4_q;

  ravelin_ipsec_pkg::out_cfg_t cfg1;
  assign cfg1 = cfg_rd;

  ravelin_ipsec_size u_size (
    .clk_i, .valid_i (valid1_q || op1_q), .padded_i (cfg1.ah ? frame1_q : padded1_q), .max_i (max1_q),
    .around_i (cfg1.around), .big_o (big2)
  );

  assign unfit1 = !cfg1.transport         ? ravelin_ipsec_pkg::UNFIT_NOT :
                  cfg1.ipv6 != ipv6_1_q ? ravelin_ipsec_pkg::UNFIT_FAMILY :
                  fragment1_q             ? ravelin_ipsec_pkg::UNFIT_FRAGMENT :
                  beyond1_q || (cfg1.ah && !bare1_q) ? ravelin_ipsec_pkg::UNFIT_HEADERS :
                                            ravelin_ipsec_pkg::UNFIT_NOT;

  assign from3 = found3_q && idx3_q == idx1_q;
  assign from4 = found4_q && idx4_q == idx1_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid1_q <= 1'b0;
      break1_q <= 1'b0;
      op1_q    <= 1'b0;
      valid2_q <= 1'b0;
      break2_q <= 1'b0;
    end else begin
      valid1_q <= valid_i || break_i;
      break1_q <= break_i;
      op1_q    <= op_read_i;
      valid2_q <= valid1_q;
      break2_q <= break1_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i || op_read_i || break_i) begin
      use1_q       <= use_sa_i || break_i;
      idx1_q       <= valid_i ? idx_i : 16'(read_idx);
      range1_q     <= !valid_i || 32'(idx_i) < SaCount;
      bytes1_q     <= bytes_i;
      frame1_q     <= frame_i;
      padded1_q    <= frame_i + 17'(pad_i);
      max1_q       <= max_i;
      ipv6_1_q     <= ipv6_i;
      fragment1_q  <= fragment_i;
      beyond1_q    <= beyond_i;
      bare1_q      <= bare_i;
    end
    if (valid1_q || op1_q) begin
      use2_q       <= use1_q;
      idx2_q       <= idx1_q;
      range2_q     <= range1_q;
      bytes2_q     <= bytes1_q;
      unfit2_q     <= unfit1;
      fits2_q      <= unfit1 == ravelin_ipsec_pkg::UNFIT_NOT;
      same2_q      <= valid1_q && valid2_q && idx1_q == idx2_q;
      cfg2_q       <= cfg_rd;
      cfg_bad2_q   <= cfg_bad;
      dyn2_q       <= from3 ? dyn3 : from4 ? dyn4_q : dyn_rd;
      dyn_bad2_q   <= dyn_bad && !from3 && !from4;
    end
  end

  // Who goes on from here has no number left to use.
  ravelin_ipsec_pkg::out_dyn_t lost;
  always_comb begin
    lost     = '0;
    lost.seq = '1;
  end
  assign op_dyn_o    = dyn_bad2_q ? lost : dyn2_q;
  assign op_broken_o = broken2 || cfg_bad2_q || dyn_bad2_q;

  // ------------------------------------------------------------------------ judge
  function automatic logic is_stopped(input logic [5:0] fired);
    is_stopped = fired[ravelin_ipsec_pkg::FIRED_HARD_BYTES] ||
                 fired[ravelin_ipsec_pkg::FIRED_HARD_PACKETS];
  endfunction

  ravelin_ipsec_pkg::out_dyn_t dyn, dyn_d;
  logic       same, here, broken, bad, fault, found, expired, too_big, seq_end, ok, last, last3, reuse;
  logic       fits, passes, stopped;       // stopped: its hard lifetime has passed
  logic       high_end3_q;                 // the high half of its number, if there is one, is the last
  logic [3:0] repeat_q;

  assign same   = same2_q && found3_q;     // the last result counts
  assign broken = broken2 || (same2_q && bad3_q);
  assign dyn    = same ? dyn3 : dyn2_q;
  assign last3  = high_end3_q && dyn3_q.seq[31:0] == '1;
  assign last   = same ? last3 :
                  dyn2_q.seq[31:0] == '1 && (!cfg2_q.esn || dyn2_q.seq[63:32] == '1);
  // What is known last is asked last.
  assign stopped = same ? is_stopped(dyn3.fired) : is_stopped(dyn2_q.fired);
  assign reuse  = TestMutations && repeat_seq_i && repeat_q == 4'hf;

  always_comb begin
    here    = 1'b0;
    bad     = 1'b0;
    fault   = 1'b0;
    found   = 1'b0;
    fits    = 1'b0;
    passes  = 1'b0;
    expired = 1'b0;
    too_big = 1'b0;
    seq_end = 1'b0;
    ok      = 1'b0;
    dyn_d   = dyn;
    if (valid2_q && use2_q) begin
      here    = range2_q && live2;
      bad     = here && (cfg_bad2_q || (!same && dyn_bad2_q) || break2_q) &&
                !(TestMutations && no_parity_i);
      fault   = bad || (here && broken);
      found   = here && !fault;
      fits    = found && fits2_q;
      expired = fits && stopped;
      too_big = fits && !stopped && big2;
      seq_end = fits && !stopped && !big2 && last;
      passes  = fits && !big2 && !last;
      ok      = passes && !stopped;
      if (ok) begin
        dyn_d.seq     = reuse ? dyn.seq : dyn.seq + 64'd1;
        dyn_d.bytes   = dyn.bytes + 64'(bytes2_q);
        dyn_d.packets = dyn.packets + 64'd1;
      end else if (expired || seq_end) begin
        dyn_d.drop_limit = dyn.drop_limit + 32'd1;
      end
    end
  end

  // ------------------------------------------------------------------------ write
  logic       ok3_q, fault3_q, cfg_bad3_q, break3_q;
  logic [3:0] limited3_q;                  // by limits of `fired`'s first four bits
  logic [5:0] reached;
  ravelin_ipsec_pkg::out_cfg_t cfg3_q;
  ravelin_ipsec_pkg::event_t   event3;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_q  <= 1'b0;
      sweep_q  <= '0;
      valid_o  <= 1'b0;
      found3_q <= 1'b0;
      found4_q <= 1'b0;
      ok3_q    <= 1'b0;
      bad3_q   <= 1'b0;
      fault3_q <= 1'b0;
      repeat_q <= '0;
    end else begin
      if (!ready_q) begin
        sweep_q <= sweep_q + 1'b1;
        ready_q <= sweep_q == IdxW'(SaCount - 1);
      end
      valid_o  <= valid2_q && !break2_q;
      found3_q <= found;
      found4_q <= found3_q;
      ok3_q    <= ok;
      bad3_q   <= bad && !broken;
      fault3_q <= fault;
      if (ok) begin
        repeat_q <= repeat_q + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid2_q) begin
      no_sa_o    <= use2_q && !here;
      unfit_o    <= found ? unfit2_q : ravelin_ipsec_pkg::UNFIT_NOT;
      expired_o  <= expired;
      too_big_o  <= too_big;
      seq_end_o  <= seq_end;
      idx3_q     <= idx2_q;
      dyn3_q     <= dyn_d;
      cfg3_q     <= cfg2_q;
      cfg_bad3_q <= cfg_bad2_q;
      limited3_q <= {cfg2_q.limits.hard_packets != '0, cfg2_q.limits.hard_bytes != '0,
                     cfg2_q.limits.soft_packets != '0, cfg2_q.limits.soft_bytes != '0};
      // What a number is near the end by doesn't change with it: there is no carry that near.
      high_end3_q <= !cfg2_q.esn || dyn.seq[63:32] == '1;
      break3_q   <= break2_q;
    end
    if (found3_q) begin
      idx4_q <= idx3_q;
      dyn4_q <= dyn3;
    end
  end

  // Whoever is judged next knows what is reached here.
  always_comb begin
    reached = '0;
    if (ok3_q) begin
      reached = {last3,
                 high_end3_q && dyn3_q.seq[31:0] >= ravelin_ipsec_pkg::SEQ_NEAR_END,
                 limited3_q & {dyn3_q.packets >= cfg3_q.limits.hard_packets,
                               dyn3_q.bytes   >= cfg3_q.limits.hard_bytes,
                               dyn3_q.packets >= cfg3_q.limits.soft_packets,
                               dyn3_q.bytes   >= cfg3_q.limits.soft_bytes}};
    end
    dyn3       = dyn3_q;
    dyn3.fired = dyn3_q.fired | reached;
  end

  assign ok_o       = ok3_q;
  assign broken_o   = fault3_q;
  assign seq_o      = dyn3_q.seq;
  assign cfg_o      = cfg3_q;
  assign ev_valid_o = event3.mask != '0;
  assign ev_o       = event3;

  logic [7:0] memory3;      // the damaged one
  assign memory3 = break3_q   ? ravelin_regs_pkg::SA_ERROR_KEY :
                   cfg_bad3_q ? ravelin_regs_pkg::SA_ERROR_CONFIG :
                                ravelin_regs_pkg::SA_ERROR_COUNTERS;

  always_comb begin
    event3         = '0;
    event3.index   = idx3_q;
    event3.spi     = fault3_q && cfg_bad3_q ? '0 : cfg3_q.spi;
    event3.mask    = {1'b0, bad3_q, reached & ~dyn3_q.fired};
    event3.bytes   = dyn3_q.bytes;
    event3.seq     = dyn3_q.seq;
    event3.packets = dyn3_q.packets;
    if (fault3_q) begin
      event3.packets = 64'(memory3);
    end
  end

  logic [DynW-1:0] dyn_wr;
  ravelin_ipsec_pkg::out_dyn_t fresh;
  always_comb begin
    fresh     = '0;
    fresh.seq = op_seq_i;
    dyn_wr    = !ready_q ? '0 : op_write_i ? fresh : dyn3;
  end

  ravelin_ipsec_flags #(.Count(SaCount)) u_live (
    .clk_i, .rst_ni,
    .wr_i (op_write_i), .wr_idx_i (op_idx_i), .wr_flag_i (op_live_i),
    .rd_i (read), .rd_idx_i (read_idx), .flag_o (live2)
  );

  ravelin_ipsec_flags #(.Count(SaCount)) u_broken (
    .clk_i, .rst_ni,
    .wr_i (op_write_i || bad3_q), .wr_idx_i (op_write_i ? op_idx_i : idx3_q[IdxW-1:0]),
    .wr_flag_i (bad3_q),
    .rd_i (read), .rd_idx_i (read_idx), .flag_o (broken2)
  );

  // In the sweep op_cfg_i is zero.
  ravelin_ram #(.Width(CfgW), .Depth(SaCount), .ErrorInjection(ErrorInjection)) u_cfg (
    .clk_i, .rst_ni,
    .wr_i (!ready_q || op_write_i), .wr_addr_i (ready_q ? op_idx_i : sweep_q),
    .wr_data_i (op_cfg_i),
    .rd_i (read), .rd_addr_i (read_idx), .rd_data_o (cfg_rd), .rd_bad_o (cfg_bad),
    .damage_i (damage.valid && !damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_CONFIG),
    .damage_addr_i (damage.index[IdxW-1:0])
  );

  ravelin_ram #(.Width(DynW), .Depth(SaCount), .ErrorInjection(ErrorInjection)) u_dyn (
    .clk_i, .rst_ni,
    .wr_i (!ready_q || op_write_i || found3_q),
    .wr_addr_i (!ready_q ? sweep_q : op_write_i ? op_idx_i : idx3_q[IdxW-1:0]),
    .wr_data_i (dyn_wr),
    .rd_i (read), .rd_addr_i (read_idx), .rd_data_o (dyn_rd), .rd_bad_o (dyn_bad),
    .damage_i (damage.valid && !damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_COUNTERS),
    .damage_addr_i (damage.index[IdxW-1:0])
  );
endmodule
/* verilator lint_on UNUSEDSIGNAL */
