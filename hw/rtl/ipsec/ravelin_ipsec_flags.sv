// SPDX-License-Identifier: BSD-2-Clause
//
// A bit for each SA, in registers. Latency of a read 2 cycles, interval 1; it tells what was written
// up to the cycle before its answer. The answer stands until the next one.
module ravelin_ipsec_flags #(
  parameter int unsigned Count = 1024,          // a power of two, 16 at least
  localparam int unsigned IdxW = $clog2(Count)
) (
  input  logic            clk_i,
  input  logic            rst_ni,
  input  logic            wr_i,
  input  logic [IdxW-1:0] wr_idx_i,
  input  logic            wr_flag_i,
  input  logic            rd_i,
  input  logic [IdxW-1:0] rd_idx_i,
  output logic            flag_o
);
  // Rows and columns: a level more for each of them instead of ten for all.
  localparam int unsigned ColW = IdxW / 2;
  localparam int unsigned RowW = IdxW - ColW;
  localparam int unsigned Cols = 1 << ColW;

  logic [Count-1:0] flags_q;
  logic [Cols-1:0]  row1_q, at;
  logic             read1_q, new1_q, flag1_q;   // new1_q: written while it was read, as flag1_q
  logic [IdxW-1:0]  idx1_q;

  always_comb begin
    at = '0;
    if (wr_i) begin
      for (int unsigned c = 0; c < Cols; c++) begin
        at[c] = wr_idx_i[ColW-1:0] == ColW'(c);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      flags_q <= '0;
      read1_q <= 1'b0;
    end else begin
      read1_q <= rd_i;
      if (wr_i) begin
        for (int unsigned r = 0; r < Count / Cols; r++) begin
          if (wr_idx_i[IdxW-1:ColW] == RowW'(r)) begin
            flags_q[r*Cols +: Cols] <= (flags_q[r*Cols +: Cols] & ~at) | (at & {Cols{wr_flag_i}});
          end
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rd_i) begin
      idx1_q  <= rd_idx_i;
      row1_q  <= flags_q[{rd_idx_i[IdxW-1:ColW], {ColW{1'b0}}} +: Cols];
      new1_q  <= wr_i && wr_idx_i == rd_idx_i;
      flag1_q <= wr_flag_i;
    end
    if (read1_q) begin
      flag_o <= wr_i && wr_idx_i == idx1_q ? wr_flag_i :
                new1_q                     ? flag1_q   : row1_q[idx1_q[ColW-1:0]];
    end
  end
endmodule
