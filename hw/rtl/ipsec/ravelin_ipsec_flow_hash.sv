// SPDX-License-Identifier: BSD-2-Clause
//
// Hash of a flow: addresses, protocol and ports, mixed by odd multipliers so that the top bits
// vary. Latency 3 cycles, interval 1; the result stands until the next one.
module ravelin_ipsec_flow_hash (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        valid_i,
  input  logic [31:0] src_i,
  input  logic [31:0] dst_i,
  input  logic [7:0]  proto_i,
  input  logic [31:0] ports_i,   // zero if the packet shows none
  output logic [31:0] hash_o
);
  logic        v1_q, v2_q;
  logic [31:0] a1_q, b1_q, a2_q;
  logic [7:0]  proto1_q;

  function automatic logic [31:0] mix(input logic [31:0] v, input logic [31:0] odd);
    logic [31:0] product;
    product = v * odd;
    mix     = product ^ (product >> 15);
  endfunction

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      v1_q <= 1'b0;
      v2_q <= 1'b0;
    end else begin
      v1_q <= valid_i;
      v2_q <= v1_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      a1_q     <= mix(src_i ^ {ports_i[15:0], ports_i[31:16]}, 32'h9e3779b1);
      b1_q     <= dst_i;
      proto1_q <= proto_i;
    end
    if (v1_q) begin
      a2_q <= mix(a1_q + b1_q + {proto1_q, 24'b0}, 32'h7feb352d);
    end
    if (v2_q) begin
      hash_o <= mix(a2_q, 32'h846ca68b);
    end
  end
endmodule
