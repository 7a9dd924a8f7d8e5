// SPDX-License-Identifier: BSD-2-Clause
//
// FIFO over a memory with a registered read.
//
// Latency: 2 cycles from wr_i to valid_o. Interval: 1. Holds Depth entries behind the output
// register. The writer looks at full_o, or keeps count itself.
module ravelin_queue_fifo #(
  parameter int unsigned Width = 8,
  parameter int unsigned Depth = 16    // a power of two
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             wr_i,
  /* verilator tracing_off */
  input  logic [Width-1:0] wdata_i,
  /* verilator tracing_on */
  output logic             full_o,
  output logic             valid_o,
  output logic [Width-1:0] rdata_o,
  input  logic             rd_i,
  output logic             empty_o     // nothing in the memory or the output register
);
  localparam int unsigned AddrW = $clog2(Depth);

  if (Depth != (1 << AddrW) || Depth < 2) begin : gen_check_depth
    $error("Depth must be a power of two");
  end

  logic [Width-1:0] mem [Depth];
  logic [AddrW:0]   wptr_q, rptr_q;
  logic             valid_q;
  logic [Width-1:0] rdata_q;
  logic             load;

  assign load    = (wptr_q != rptr_q) & (~valid_q | rd_i);
  assign full_o  = (wptr_q[AddrW] != rptr_q[AddrW]) & (wptr_q[AddrW-1:0] == rptr_q[AddrW-1:0]);
  assign valid_o = valid_q;
  assign rdata_o = rdata_q;
  assign empty_o = ~valid_q & (wptr_q == rptr_q);

  always_ff @(posedge clk_i) begin
    if (wr_i) begin
      mem[wptr_q[AddrW-1:0]] <= wdata_i;
    end
    if (load) begin
      rdata_q <= mem[rptr_q[AddrW-1:0]];
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wptr_q  <= '0;
      rptr_q  <= '0;
      valid_q <= 1'b0;
    end else begin
      if (wr_i) begin
        wptr_q <= wptr_q + 1'b1;
      end
      if (load) begin
        rptr_q  <= rptr_q + 1'b1;
        valid_q <= 1'b1;
      end else if (rd_i) begin
        valid_q <= 1'b0;
      end
    end
  end
endmodule
