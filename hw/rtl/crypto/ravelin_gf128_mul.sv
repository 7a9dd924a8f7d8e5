// SPDX-License-Identifier: BSD-2-Clause
//
// Product of two elements of GF(2^128), as GHASH defines them (see ravelin_gf_pkg).
//
// Latency 3 cycles (operands, leaves, fold), interval 1.
module ravelin_gf128_mul (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         valid_i,
  input  logic [127:0] a_i,
  input  logic [127:0] b_i,
  output logic         valid_o,
  output logic [127:0] product_o
);

  logic [2:0] valid_q;
  logic [127:0] a_q, b_q, product_q;
  logic [ravelin_gf_pkg::LeafW-1:0] leaf_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= 3'd0;
    else valid_q <= {valid_q[1:0], valid_i};
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      a_q <= a_i;
      b_q <= b_i;
    end
    if (valid_q[0]) leaf_q <= ravelin_gf_pkg::leaves(a_q, b_q);
    if (valid_q[1]) product_q <= ravelin_gf_pkg::fold(leaf_q);
  end

  assign valid_o   = valid_q[2];
  assign product_o = product_q;

endmodule
