// SPDX-License-Identifier: BSD-2-Clause
//
// Memory with a parity bit for each 64 bits: one write port, one read port. Any odd number of wrong
// bits in a group of 64 shows in rd_bad_o. A word of zeros is valid, so a sweep of zeros is one.
//
// Latency of a read 1 cycle, interval 1; rd_data_o then stands until the next read, rd_bad_o is 1
// only in the first cycle. A read of what is written in the same cycle gets the old word.
//
// With damage_i (and ErrorInjection) bit 0 of the word at damage_addr_i is read wrong.
module ravelin_ram #(
  parameter int unsigned Width          = 64,
  parameter int unsigned Depth          = 16,
  parameter bit          ErrorInjection = 1'b0,
  localparam int unsigned AddrW  = $clog2(Depth),
  localparam int unsigned Groups = (Width + 63) / 64
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             wr_i,
  input  logic [AddrW-1:0] wr_addr_i,
  /* verilator tracing_off */
  input  logic [Width-1:0] wr_data_i,
  /* verilator tracing_on */
  input  logic             rd_i,
  input  logic [AddrW-1:0] rd_addr_i,
  /* verilator tracing_off */
  output logic [Width-1:0] rd_data_o,
  /* verilator tracing_on */
  output logic             rd_bad_o,
  input  logic             damage_i,
  input  logic [AddrW-1:0] damage_addr_i
);
  /* verilator tracing_off */
  logic [Groups+Width-1:0] mem_q [0:Depth-1];    // {parity, word}
  /* verilator tracing_on */
  logic [Groups-1:0]       parity_q;
  logic                    read_q;

  logic [Groups-1:0]       wr_parity, rd_parity;

  always_comb begin
    wr_parity = '0;
    if (wr_i) begin
      for (int unsigned g = 0; g + 1 < Groups; g++) begin
        wr_parity[g] = ^wr_data_i[64*g +: 64];
      end
      wr_parity[Groups-1] = ^wr_data_i[Width-1:64*(Groups-1)];
    end
  end

  always_ff @(posedge clk_i) begin
    if (wr_i) begin
      mem_q[wr_addr_i] <= {wr_parity, wr_data_i};
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      read_q <= 1'b0;
    end else begin
      read_q <= rd_i;
    end
  end

  always_comb begin
    rd_parity = '0;
    rd_bad_o  = 1'b0;
    if (read_q) begin
      for (int unsigned g = 0; g + 1 < Groups; g++) begin
        rd_parity[g] = ^rd_data_o[64*g +: 64];
      end
      rd_parity[Groups-1] = ^rd_data_o[Width-1:64*(Groups-1)];
      rd_bad_o = rd_parity != parity_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rd_i) begin
      {parity_q, rd_data_o} <= mem_q[rd_addr_i] ^
          (Groups+Width)'(ErrorInjection && damage_i && damage_addr_i == rd_addr_i);
    end
  end
endmodule
