// SPDX-License-Identifier: BSD-2-Clause
//
// Outbound SAs: look-up, hard lifetime, size, and one sequence number a packet, in order. A number,
// once given, never comes again (RFC 4106, section 3.1): gaps are legal, repetition is fatal.
//
// Latency 2 cycles, interval 1, the same SA back to back included (the state just computed is
// forwarded). Operations of the command executor come while no packet is inside; their answer
// stands from 2 cycles later on.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_out_sa #(
  parameter int unsigned SaCount       = 1024,
  parameter bit          TestMutations = 1'b0,
  localparam int unsigned IdxW = $clog2(SaCount)
) (
  input  logic                                    clk_i,
  input  logic                                    rst_ni,
  output logic                                    ready_o,        // swept
  input  logic                                    repeat_seq_i,   // mutation
  input  logic                                    op_read_i,
  input  logic                                    op_write_i,
  input  logic [IdxW-1:0]                         op_idx_i,
  input  logic [ravelin_ipsec_pkg::OUT_CFG_W-1:0] op_cfg_i,
  input  logic [31:0]                             op_seq_i,       // the last one used
  output logic [ravelin_ipsec_pkg::OUT_DYN_W-1:0] op_dyn_o,
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
  output logic                                    ok_o,           // a number was given
  output logic [31:0]                             seq_o,
  output logic [ravelin_ipsec_pkg::OUT_CFG_W-1:0] cfg_o,
  output logic                                    ev_valid_o,
  output logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] ev_o
);
  localparam int unsigned CfgW = ravelin_ipsec_pkg::OUT_CFG_W;
  localparam int unsigned DynW = ravelin_ipsec_pkg::OUT_DYN_W;

  logic [CfgW-1:0] cfg_mem_q [0:SaCount-1];
  logic [DynW-1:0] dyn_mem_q [0:SaCount-1];
  logic [CfgW-1:0] cfg_rd_q;
  logic [DynW-1:0] dyn_rd_q, dyn_last_q;
  logic            same_q;           // the packet before was of the same SA: its result counts
  logic            ready_q;
  logic [IdxW-1:0] sweep_q;

  // The packet whose SA has been read.
  logic        valid_q, use_q, range_q, big_plain_q, big_udp_q;
  logic [15:0] idx_q, bytes_q;

  ravelin_ipsec_pkg::out_cfg_t cfg;
  ravelin_ipsec_pkg::out_dyn_t dyn, dyn_d;
  ravelin_ipsec_pkg::event_t   event_d;
  logic       found, expired, too_big, seq_end, ok;
  logic       reuse;
  logic [5:0] reached;
  logic [3:0] repeat_q;

  assign ready_o  = ready_q;
  assign cfg      = cfg_rd_q;
  assign dyn      = same_q ? dyn_last_q : dyn_rd_q;
  assign op_dyn_o = dyn_rd_q;
  assign reuse    = TestMutations && repeat_seq_i && repeat_q == 4'hf;

  always_comb begin
    found   = 1'b0;
    expired = 1'b0;
    too_big = 1'b0;
    seq_end = 1'b0;
    ok      = 1'b0;
    dyn_d   = '0;
    event_d = '0;
    reached = '0;
    if (valid_q && use_q) begin
      found   = range_q && cfg.valid;
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
      event_d.mask    = reached & ~dyn.fired;
      event_d.packets = dyn_d.packets;
      event_d.bytes   = dyn_d.bytes;
      event_d.seq     = dyn_d.seq;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_q    <= 1'b0;
      sweep_q    <= '0;
      valid_q    <= 1'b0;
      valid_o    <= 1'b0;
      ev_valid_o <= 1'b0;
      repeat_q   <= '0;
    end else begin
      if (!ready_q) begin
        sweep_q <= sweep_q + 1'b1;
        ready_q <= sweep_q == IdxW'(SaCount - 1);
      end
      valid_q    <= valid_i;
      valid_o    <= valid_q;
      ev_valid_o <= ok && event_d.mask != '0;
      if (ok) begin
        repeat_q <= repeat_q + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!ready_q) begin
      cfg_mem_q[sweep_q] <= '0;
    end else if (op_write_i) begin
      cfg_mem_q[op_idx_i] <= op_cfg_i;
    end
    if (!ready_q) begin
      dyn_mem_q[sweep_q] <= '0;
    end else if (op_write_i) begin
      dyn_mem_q[op_idx_i] <= {6'b0, 32'b0, op_seq_i, 64'b0, 64'b0};
    end else if (found) begin
      dyn_mem_q[idx_q[IdxW-1:0]] <= dyn_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if ((valid_i && use_sa_i) || op_read_i) begin
      cfg_rd_q <= cfg_mem_q[op_read_i ? op_idx_i : idx_i[IdxW-1:0]];
      dyn_rd_q <= dyn_mem_q[op_read_i ? op_idx_i : idx_i[IdxW-1:0]];
    end
    if (valid_i) begin
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
      no_sa_o   <= use_q && !found;
      expired_o <= expired;
      too_big_o <= too_big;
      seq_end_o <= seq_end;
      ok_o      <= ok;
      seq_o     <= dyn_d.seq;
      cfg_o     <= cfg_rd_q;
      ev_o      <= event_d;
    end
  end
endmodule
/* verilator lint_on UNUSEDSIGNAL */
