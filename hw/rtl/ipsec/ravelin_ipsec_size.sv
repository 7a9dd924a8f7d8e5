// SPDX-License-Identifier: BSD-2-Clause
//
// Is what an outbound SA makes of a packet too big?
//
// Latency 1 cycle, interval 1.
module ravelin_ipsec_size (
  input  logic        clk_i,
  input  logic        valid_i,
  input  logic [16:0] padded_i,    // octets of its frame, with padding
  input  logic [15:0] max_i,       // that the result may have
  input  logic [6:0]  around_i,    // that the SA adds
  output logic        big_o
);
  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      big_o <= padded_i + 17'(around_i) > {1'b0, max_i};
    end
  end
endmodule
