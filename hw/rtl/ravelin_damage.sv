// SPDX-License-Identifier: BSD-2-Clause
//
// Remembers which word of a memory was damaged by damage_i, for tests: hit_o says that the word at
// rd_addr_i is to be read wrong. A word is whole again when it is written. A word at a time; the next
// damage takes its place. Without ErrorInjection nothing is left of it.
module ravelin_damage #(
  parameter int unsigned AddrW          = 4,
  parameter bit          ErrorInjection = 1'b0
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             damage_i,
  input  logic [AddrW-1:0] damage_addr_i,
  input  logic             wr_i,
  input  logic [AddrW-1:0] wr_addr_i,
  input  logic [AddrW-1:0] rd_addr_i,
  output logic             hit_o
);
  if (ErrorInjection) begin : gen_damage
    logic             damaged_q;
    logic [AddrW-1:0] addr_q;

    assign hit_o = damage_i ? damage_addr_i == rd_addr_i : damaged_q && addr_q == rd_addr_i;

    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        damaged_q <= 1'b0;
      end else if (damage_i) begin
        damaged_q <= 1'b1;
        addr_q    <= damage_addr_i;
      end else if (damaged_q && wr_i && wr_addr_i == addr_q) begin
        damaged_q <= 1'b0;
      end
    end
  end else begin : gen_none
    logic unused;
    assign unused = clk_i ^ rst_ni ^ damage_i ^ (^damage_addr_i) ^ wr_i ^ (^wr_addr_i) ^ (^rd_addr_i);
    assign hit_o  = 1'b0;
  end
endmodule
