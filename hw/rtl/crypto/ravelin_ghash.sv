// SPDX-License-Identifier: BSD-2-Clause
//
// GHASH (NIST SP 800-38D, section 6.4) of a stream of beats, without feedback through a multiplier.
//
// The message's length is known before its first beat, so every block can be multiplied at once by
// the power of H that it will have got when the message ends. For a beat of t blocks C(0)..C(t-1)
// with n blocks of the message after it,
//
//   S = A * H^(t+1) + C(0) * H^t + ... + C(t-1) * H^1 + lengths
//   acc += S * H^(n mod 32 + 1) * H^(32 * floor(n / 32))
//
// where A, a leading block of additional data, belongs to a message's first beat and the length
// block to its last. The accumulator only adds, so the next beat may be of another message and
// another key.
//
//   beat, powers -> [operands] -> [leaves] -> [sum, fold] -> S -+
//   two powers ---> [operands] -> [leaves] -> [fold] -----> P --+-> [leaves] -> [fold] -> acc
//
// Latency 5 cycles from valid_i of the last beat to valid_o, interval 1.
module ravelin_ghash #(
  parameter int unsigned Lanes = 4,
  localparam int unsigned CountW = $clog2(Lanes + 1)
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     valid_i,
  input  logic                     last_i,
  input  logic                     scrub_i,     // a beat of no message: overwrite old operands
  input  logic [CountW-1:0]        blocks_i,    // blocks of this beat, 0 to Lanes
  input  logic [128*Lanes-1:0]     data_i,      // octet 0 in [7:0]; zero beyond the message
  input  logic                     aad_valid_i,
  input  logic [127:0]             aad_i,       // octet 0 in [7:0]; zero beyond the data
  input  logic [16:0]              aad_len_i,   // octets of additional data, all in all
  input  logic [15:0]              len_i,       // octets of text, all in all
  input  logic [128*(Lanes+1)-1:0] power_i,     // H^1 .. H^(Lanes+1)
  input  logic [127:0]             power_lo_i,  // H^(n mod 32 + 1)
  input  logic [127:0]             power_hi_i,  // H^(32 * floor(n / 32)), the element 1 for n < 32
  output logic                     valid_o,
  output logic [127:0]             hash_o       // octet 15 in [7:0]
);

  localparam int unsigned Terms = Lanes + 1;  // the blocks of a beat and A
  localparam int unsigned LeafW = ravelin_gf_pkg::LeafW;

  function automatic logic [LeafW-1:0] sum(input logic [LeafW*Terms-1:0] x);
    logic [LeafW-1:0] s;
    s = x[LeafW-1:0];
    for (int unsigned i = 1; i < Terms; i++) s = s ^ x[LeafW*i+:LeafW];
    sum = s;
  endfunction

  logic [4:0] valid_q, last_q, scrub_q;
  logic [Terms-1:0] en1_q, en2_q;
  logic [128*Terms-1:0] a1_q, b1_q;
  logic [127:0] lo1_q, hi1_q;
  logic [LeafW*Terms-1:0] leaf2_q;
  logic [LeafW-1:0] power_leaf2_q, leaf4_q;
  logic [16:0] aad_len1_q, aad_len2_q;
  logic [15:0] len1_q, len2_q;
  logic [127:0] sum3_q, power3_q, term5_q, acc_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) valid_q <= 5'd0;
    else valid_q <= {valid_q[3:0], valid_i};
    last_q  <= {last_q[3:0], last_i};
    scrub_q <= {scrub_q[3:0], scrub_i};
  end

  // Operands.
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      for (int unsigned j = 0; j < Lanes; j++) begin
        en1_q[j] <= 32'(blocks_i) > j;
        if (32'(blocks_i) > j) a1_q[128*j+:128] <= ravelin_gf_pkg::swap(data_i[128*j+:128]);
        for (int unsigned t = j + 1; t <= Lanes; t++) begin
          if (32'(blocks_i) == t) b1_q[128*j+:128] <= power_i[128*(t-j-1)+:128];
        end
      end
      en1_q[Lanes] <= aad_valid_i;
      if (aad_valid_i) begin
        a1_q[128*Lanes+:128] <= ravelin_gf_pkg::swap(aad_i);
        for (int unsigned t = 0; t <= Lanes; t++) begin
          if (32'(blocks_i) == t) b1_q[128*Lanes+:128] <= power_i[128*t+:128];
        end
      end
      lo1_q <= power_lo_i;
      hi1_q <= power_hi_i;
      aad_len1_q <= aad_len_i;
      len1_q <= len_i;
    end
  end

  // Leaves.
  always_ff @(posedge clk_i) begin
    if (valid_q[0]) begin
      en2_q <= en1_q;
      for (int unsigned j = 0; j < Terms; j++) begin
        if (en1_q[j]) begin
          leaf2_q[LeafW*j+:LeafW] <= ravelin_gf_pkg::leaves(a1_q[128*j+:128], b1_q[128*j+:128]);
        end else if (en2_q[j]) begin
          leaf2_q[LeafW*j+:LeafW] <= {LeafW{1'b0}};
        end
      end
      power_leaf2_q <= ravelin_gf_pkg::leaves(lo1_q, hi1_q);
      aad_len2_q <= aad_len1_q;
      len2_q <= len1_q;
    end
  end

  // S and the power that it is due.
  always_ff @(posedge clk_i) begin
    if (valid_q[1]) begin
      sum3_q <= ravelin_gf_pkg::fold(sum(leaf2_q)) ^
          (last_q[1] ? {44'd0, aad_len2_q, 3'd0, 45'd0, len2_q, 3'd0} : 128'd0);
      power3_q <= ravelin_gf_pkg::fold(power_leaf2_q);
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_q[2]) leaf4_q <= ravelin_gf_pkg::leaves(sum3_q, power3_q);
    if (valid_q[3]) term5_q <= ravelin_gf_pkg::fold(leaf4_q);
  end

  // A scrub beat may pass between two beats of a message, so it must not touch the sum.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) acc_q <= 128'd0;
    else if (valid_q[4] && !scrub_q[4]) acc_q <= last_q[4] ? 128'd0 : acc_q ^ term5_q;
  end

  assign valid_o = valid_q[4] && last_q[4] && !scrub_q[4];
  assign hash_o  = acc_q ^ term5_q;

endmodule
