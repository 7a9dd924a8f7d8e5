// SPDX-License-Identifier: BSD-2-Clause
//
// Outbound SAs: look-up, hard lifetime, size, and one sequence number a packet, in order. A number,
// once given, never comes again (RFC 4106, section 3.1): gaps are legal, repetition is fatal.
//
// Latency 2 cycles, interval 1, the same SA back to back included (the state just computed is
// forwarded). Operations of the command executor come while no packet is inside; their answer
// stands from 3 cycles later on.
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
  input  logic [31:0]                             op_seq_i,       // the last one used
  output logic [ravelin_ipsec_pkg::OUT_DYN_W-1:0] op_dyn_o,       // all used up if it is damaged
  output logic                                    op_broken_o,
  input  logic                                    valid_i,
  input  logic                                    use_sa_i,       // else passes as it is
  input  logic [15:0]                             idx_i,
  input  logic [15:0]                             bytes_i,        // octets of the inner packet
  input  logic                                    big_plain_i,    // the result would be too big
  input  logic                                    big_udp_i,
  output logic                                    valid_o,
  output logic                                    no_sa_o,
  output logic                                    expired_o,
  output logic                                    too_big_o,
  output logic                                    seq_end_o,
  output logic                                    broken_o,
  output logic                                    ok_o,           // a number was given
  output logic [31:0]                             seq_o,
  output logic [ravelin_ipsec_pkg::OUT_CFG_W-1:0] cfg_o,
  output logic                                    ev_valid_o,
  output logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] ev_o
);
  localparam int unsigned CfgW = ravelin_ipsec_pkg::OUT_CFG_W;
  localparam int unsigned DynW = ravelin_ipsec_pkg::OUT_DYN_W;

  logic [CfgW-1:0] cfg_rd;
  logic [DynW-1:0] dyn_rd, dyn_last_q;
  logic            cfg_bad, dyn_bad, op_q, op_lost_q, op_broken_q;
  logic [SaCount-1:0] live_q, broken_q;   // there is an SA; and it is broken
  logic            live_rd_q, broken_rd_q, break_q;
  logic            read;
  logic [IdxW-1:0] read_idx;
  logic            same_q;           // the packet before was of the same SA: its result counts
  logic            ready_q;
  logic [IdxW-1:0] sweep_q;

  // The packet whose SA has been read.
  logic        valid_q, use_q, range_q, big_plain_q, big_udp_q;
  logic [15:0] idx_q, bytes_q;

  ravelin_ipsec_pkg::out_cfg_t cfg;
  ravelin_ipsec_pkg::out_dyn_t dyn, dyn_d;
  ravelin_ipsec_pkg::event_t   event_d;
  ravelin_ipsec_pkg::out_dyn_t lost;
  ravelin_ipsec_pkg::damage_t  damage;
  logic       here, bad, fault, found, expired, too_big, seq_end, ok;
  logic       reuse;
  logic [5:0] reached;
  logic [3:0] repeat_q;

  assign ready_o  = ready_q;
  assign cfg      = cfg_rd;
  assign dyn      = same_q ? dyn_last_q : dyn_rd;
  assign damage   = damage_i;
  assign read     = (valid_i && use_sa_i) || op_read_i || break_i;
  assign read_idx = op_read_i ? op_idx_i : break_i ? break_idx_i : idx_i[IdxW-1:0];

  // Who goes on from here has no number left to use.
  always_comb begin
    lost     = '0;
    lost.seq = '1;
  end
  assign op_dyn_o    = op_lost_q ? lost : dyn_rd;
  assign op_broken_o = op_broken_q;
  assign reuse    = TestMutations && repeat_seq_i && repeat_q == 4'hf;

  always_comb begin
    here    = 1'b0;
    bad     = 1'b0;
    fault   = 1'b0;
    found   = 1'b0;
    expired = 1'b0;
    too_big = 1'b0;
    seq_end = 1'b0;
    ok      = 1'b0;
    dyn_d   = '0;
    event_d = '0;
    reached = '0;
    if (op_write_i) begin
      dyn_d.seq = op_seq_i;
    end else if (valid_q && (use_q || break_q)) begin
      here    = range_q && live_rd_q;
      bad     = here && (cfg_bad || (!same_q && dyn_bad) || break_q) &&
                !(TestMutations && no_parity_i);
      fault   = bad || (here && broken_rd_q);
      found   = here && !fault;
      expired = found && (dyn.fired[ravelin_ipsec_pkg::FIRED_HARD_BYTES] ||
                          dyn.fired[ravelin_ipsec_pkg::FIRED_HARD_PACKETS]);
      too_big = found && !expired && (cfg.udp ? big_udp_q : big_plain_q);
      seq_end = found && !expired && !too_big && dyn.seq == '1;
      ok      = found && !expired && !too_big && !seq_end;
      dyn_d   = dyn;
      if (ok) begin
        dyn_d.seq     = reuse ? dyn.seq : dyn.seq + 32'd1;
        dyn_d.bytes   = dyn.bytes + 64'(bytes_q);
        dyn_d.packets = dyn.packets + 64'd1;
        reached = {dyn_d.seq == '1, dyn_d.seq >= ravelin_ipsec_pkg::SEQ_NEAR_END,
                   ravelin_ipsec_pkg::at_limit(dyn_d.packets, cfg.limits.hard_packets),
                   ravelin_ipsec_pkg::at_limit(dyn_d.bytes, cfg.limits.hard_bytes),
                   ravelin_ipsec_pkg::at_limit(dyn_d.packets, cfg.limits.soft_packets),
                   ravelin_ipsec_pkg::at_limit(dyn_d.bytes, cfg.limits.soft_bytes)};
        dyn_d.fired = dyn.fired | reached;
      end else begin
        dyn_d.drop_limit = dyn.drop_limit + 32'(expired || seq_end);
      end
      event_d.index   = idx_q;
      event_d.spi     = cfg.spi;
      event_d.mask    = {1'b0, reached & ~dyn.fired};
      event_d.packets = dyn_d.packets;
      event_d.bytes   = dyn_d.bytes;
      event_d.seq     = dyn_d.seq;
      if (fault) begin
        event_d.spi     = cfg_bad ? '0 : cfg.spi;
        event_d.mask    = '0;
        event_d.mask[ravelin_ipsec_pkg::EVENT_SA_ERROR_BIT] = !broken_rd_q;
        event_d.packets = {32'b0, break_q ? ravelin_regs_pkg::SA_ERROR_KEY :
                                  cfg_bad ? ravelin_regs_pkg::SA_ERROR_CONFIG :
                                            ravelin_regs_pkg::SA_ERROR_COUNTERS};
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_q    <= 1'b0;
      sweep_q    <= '0;
      valid_q    <= 1'b0;
      break_q    <= 1'b0;
      op_q       <= 1'b0;
      live_q     <= '0;
      broken_q   <= '0;
      valid_o    <= 1'b0;
      ev_valid_o <= 1'b0;
      repeat_q   <= '0;
    end else begin
      if (!ready_q) begin
        sweep_q <= sweep_q + 1'b1;
        ready_q <= sweep_q == IdxW'(SaCount - 1);
      end
      valid_q    <= valid_i || break_i;
      break_q    <= break_i;
      op_q       <= op_read_i;
      valid_o    <= valid_q && !break_q;
      ev_valid_o <= (ok || fault) && event_d.mask != '0;
      if (bad) begin
        broken_q[idx_q[IdxW-1:0]] <= 1'b1;
      end
      if (op_write_i) begin
        live_q[op_idx_i]   <= op_live_i;
        broken_q[op_idx_i] <= 1'b0;
      end
      if (ok) begin
        repeat_q <= repeat_q + 1'b1;
      end
    end
  end

  // In the sweep dyn_d and op_cfg_i are zero.
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
    .wr_i (!ready_q || op_write_i || found),
    .wr_addr_i (!ready_q ? sweep_q : op_write_i ? op_idx_i : idx_q[IdxW-1:0]), .wr_data_i (dyn_d),
    .rd_i (read), .rd_addr_i (read_idx), .rd_data_o (dyn_rd), .rd_bad_o (dyn_bad),
    .damage_i (damage.valid && !damage.inbound &&
               damage.memory == ravelin_ipsec_pkg::DAMAGE_COUNTERS),
    .damage_addr_i (damage.index[IdxW-1:0])
  );

  always_ff @(posedge clk_i) begin
    if (read) begin
      live_rd_q   <= live_q[read_idx];
      broken_rd_q <= broken_q[read_idx] || (bad && idx_q[IdxW-1:0] == read_idx);
    end
    if (op_q) begin
      op_lost_q   <= dyn_bad;
      op_broken_q <= broken_rd_q || cfg_bad || dyn_bad;
    end
    if (break_i) begin
      idx_q   <= 16'(break_idx_i);
      range_q <= 1'b1;
      same_q  <= 1'b0;
    end else if (valid_i) begin
      use_q       <= use_sa_i;
      idx_q       <= idx_i;
      range_q     <= 32'(idx_i) < SaCount;
      bytes_q     <= bytes_i;
      big_plain_q <= big_plain_i;
      big_udp_q   <= big_udp_i;
      same_q      <= found && idx_i == idx_q;
    end else if (op_read_i) begin
      same_q      <= 1'b0;
    end
    if (found) begin
      dyn_last_q <= dyn_d;
    end
    if (valid_q) begin
      no_sa_o   <= use_q && !here;
      broken_o  <= fault;
      expired_o <= expired;
      too_big_o <= too_big;
      seq_end_o <= seq_end;
      ok_o      <= ok;
      seq_o     <= dyn_d.seq;
      cfg_o     <= cfg_rd;
      ev_o      <= event_d;
    end
  end
endmodule
/* verilator lint_on UNUSEDSIGNAL */
