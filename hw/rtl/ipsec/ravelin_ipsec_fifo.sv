// SPDX-License-Identifier: BSD-2-Clause
//
// FIFO. Latency 1 cycle, interval 1. An entry put in can be seen in the next cycle.
module ravelin_ipsec_fifo #(
  parameter int unsigned Width = 8,
  parameter int unsigned Depth = 16,  // a power of two
  localparam int unsigned PtrW = $clog2(Depth)
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             in_valid_i,
  output logic             in_ready_o,
  input  logic [Width-1:0] in_data_i,
  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [Width-1:0] out_data_o,
  output logic [PtrW:0]    count_o
);
  logic [Width-1:0] mem_q [0:Depth-1];
  logic [PtrW:0]    wptr_q, rptr_q;

  assign count_o     = wptr_q - rptr_q;
  assign in_ready_o  = !count_o[PtrW];
  assign out_valid_o = wptr_q != rptr_q;
  assign out_data_o  = mem_q[rptr_q[PtrW-1:0]];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wptr_q <= '0;
      rptr_q <= '0;
    end else begin
      if (in_valid_i && in_ready_o) begin
        wptr_q <= wptr_q + 1'b1;
      end
      if (out_valid_o && out_ready_i) begin
        rptr_q <= rptr_q + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (in_valid_i && in_ready_o) begin
      mem_q[wptr_q[PtrW-1:0]] <= in_data_i;
    end
  end
endmodule
