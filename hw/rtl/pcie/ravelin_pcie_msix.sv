// SPDX-License-Identifier: BSD-2-Clause
//
// MSI-X table (at 0x0) and pending bits (at 0x1000). A vector that may not be sent when it is raised
// (masked, function masked, MSI-X or bus master off) is pending until it may.
//
// `irq_*`: a vector to be raised now; irq_sendable_o tells whether its message (irq_addr_o,
// irq_data_o) may leave. irq_take_i ends it: without irq_sendable_o the vector becomes pending.
// `pend_*`: the same for a pending vector that became sendable.
module ravelin_pcie_msix #(
  parameter int unsigned Vectors = 5     // 1 to 256
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        flr_i,
  input  logic        drop_pending_i,
  input  logic        cfg_bus_master_i,
  input  logic        cfg_msix_enable_i,
  input  logic        cfg_msix_mask_i,
  input  logic        write_i,
  input  logic [12:0] addr_i,
  input  logic [31:0] wdata_i,
  input  logic [3:0]  be_i,
  output logic [31:0] rdata_o,
  input  logic [7:0]  irq_vector_i,
  output logic        irq_sendable_o,
  output logic [63:0] irq_addr_o,
  output logic [31:0] irq_data_o,
  input  logic        irq_take_i,
  output logic        pend_valid_o,
  output logic [63:0] pend_addr_o,
  output logic [31:0] pend_data_o,
  input  logic        pend_take_i
);
  if (Vectors < 1 || Vectors > 256) begin : gen_check_vectors
    $error("Vectors must be 1 to 256");
  end

  localparam int unsigned VecW = (Vectors == 1) ? 1 : $clog2(Vectors);

  logic [31:0]        addr_lo [Vectors];
  logic [31:0]        addr_hi [Vectors];
  logic [31:0]        data    [Vectors];
  logic [Vectors-1:0] masked_q, pending_q;
  logic               sweep_q;             // the table is being cleared
  logic [VecW-1:0]    sweep_vec_q;
  logic               enabled;

  // ----------------------------------------------------------------------- access to the table
  logic            in_table, tbl_write, vec_ok;
  logic [7:0]      vec;
  logic [VecW-1:0] vec_idx, write_vec;
  logic [31:0]     old, merged, bits;
  logic [1:0]      word;

  assign in_table = !addr_i[12];
  assign vec      = addr_i[11:4];
  assign vec_ok   = ({24'd0, vec} < Vectors);
  assign vec_idx  = vec_ok ? vec[VecW-1:0] : '0;
  assign word     = addr_i[3:2];

  always_comb begin
    unique case (word)
      2'd0:    old = addr_lo[vec_idx];
      2'd1:    old = addr_hi[vec_idx];
      2'd2:    old = data[vec_idx];
      default: old = {31'd0, masked_q[vec_idx]};
    endcase
    bits      = {{8{be_i[3]}}, {8{be_i[2]}}, {8{be_i[1]}}, {8{be_i[0]}}};
    merged    = sweep_q ? 32'd0 : (old & ~bits) | (wdata_i & bits);
    tbl_write = write_i && in_table && vec_ok;
    write_vec = sweep_q ? sweep_vec_q : vec_idx;
  end

  always_ff @(posedge clk_i) begin
    if (sweep_q || (tbl_write && word == 2'd0)) begin
      addr_lo[write_vec] <= {merged[31:2], 2'b00};
    end
    if (sweep_q || (tbl_write && word == 2'd1)) begin
      addr_hi[write_vec] <= merged;
    end
    if (sweep_q || (tbl_write && word == 2'd2)) begin
      data[write_vec] <= merged;
    end
  end

  logic [255:0] pending_all;

  assign pending_all = 256'(pending_q);
  always_comb begin
    if (in_table) begin
      rdata_o = vec_ok ? old : 32'd0;
    end else if (addr_i[11:5] == 7'd0) begin
      rdata_o = pending_all[{addr_i[4:2], 5'd0} +: 32];
    end else begin
      rdata_o = 32'd0;
    end
  end

  // ------------------------------------------------------------------------------------ sending
  logic               irq_ok;
  logic [VecW-1:0]    irq_idx, pend_idx;
  logic [Vectors-1:0] ready;

  assign enabled        = cfg_bus_master_i && cfg_msix_enable_i && !cfg_msix_mask_i && !sweep_q;
  assign irq_ok         = ({24'd0, irq_vector_i} < Vectors);
  assign irq_idx        = irq_ok ? irq_vector_i[VecW-1:0] : '0;
  assign irq_sendable_o = enabled && irq_ok && !masked_q[irq_idx];
  assign irq_addr_o     = {addr_hi[irq_idx], addr_lo[irq_idx]};
  assign irq_data_o     = data[irq_idx];

  assign ready        = pending_q & ~masked_q;
  assign pend_valid_o = enabled && (ready != '0);
  assign pend_addr_o  = {addr_hi[pend_idx], addr_lo[pend_idx]};
  assign pend_data_o  = data[pend_idx];

  always_comb begin
    pend_idx = '0;
    if (pend_valid_o) begin
      for (int i = Vectors - 1; i >= 0; i--) begin
        if (ready[i]) begin
          pend_idx = VecW'(i);
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || flr_i) begin
      masked_q    <= '1;
      pending_q   <= '0;
      sweep_q     <= 1'b1;
      sweep_vec_q <= '0;
    end else begin
      if (sweep_q) begin
        sweep_vec_q <= sweep_vec_q + 1'b1;
        sweep_q     <= (sweep_vec_q != VecW'(Vectors - 1));
      end
      if (tbl_write && word == 2'd3 && be_i[0]) begin
        masked_q[vec_idx] <= wdata_i[0];
      end
      if (drop_pending_i) begin
        pending_q <= '0;
      end else begin
        if (pend_take_i) begin
          pending_q[pend_idx] <= 1'b0;
        end
        if (irq_take_i && irq_ok && !irq_sendable_o) begin
          pending_q[irq_idx] <= 1'b1;
        end
      end
    end
  end

  logic unused;
  assign unused = &{1'b0, addr_i[1:0], vec, irq_vector_i};
endmodule
