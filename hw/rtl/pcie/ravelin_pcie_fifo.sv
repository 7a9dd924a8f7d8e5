// SPDX-License-Identifier: BSD-2-Clause
//
// FIFO. The oldest entry stands at data_o while valid_o is 1; an entry appears one cycle after its
// push. One push and one pop a cycle. The writer looks at count_o: a push into a full FIFO is lost.
//
// With Erase an entry is zero from its pop on, and all are after a reset or clear_i: for what may be
// a key. The entries are registers then.
module ravelin_pcie_fifo #(
  parameter int unsigned Width = 32,
  parameter int unsigned Depth = 4,     // a power of two, 2 or more
  parameter bit          Erase = 1'b0,
  localparam int unsigned PtrW = $clog2(Depth)
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,
  input  logic             push_i,
  /* verilator tracing_off */
  input  logic [Width-1:0] data_i,
  /* verilator tracing_on */
  input  logic             pop_i,
  output logic             valid_o,
  /* verilator tracing_off */
  output logic [Width-1:0] data_o,
  /* verilator tracing_on */
  output logic [PtrW:0]    count_o
);
  if (Depth < 2 || (1 << PtrW) != Depth) begin : gen_check_depth
    $error("Depth must be a power of two");
  end

  /* verilator tracing_off */
  logic [Width-1:0] mem [Depth];
  /* verilator tracing_on */
  logic [PtrW:0]    wr_q, rd_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      wr_q <= '0;
      rd_q <= '0;
    end else begin
      if (push_i) begin
        wr_q <= wr_q + 1'b1;
      end
      if (pop_i) begin
        rd_q <= rd_q + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (Erase) begin
      if (pop_i) begin
        mem[rd_q[PtrW-1:0]] <= '0;
      end
      if (count_o != (PtrW+1)'(Depth)) begin
        mem[wr_q[PtrW-1:0]] <= push_i ? data_i : '0;
      end
      if (!rst_ni || clear_i) begin
        for (int i = 0; i < Depth; i++) begin
          mem[i] <= '0;
        end
      end
    end else if (push_i) begin
      mem[wr_q[PtrW-1:0]] <= data_i;
    end
  end

  assign count_o = wr_q - rd_q;
  assign valid_o = wr_q != rd_q;
  assign data_o  = mem[rd_q[PtrW-1:0]];
endmodule
