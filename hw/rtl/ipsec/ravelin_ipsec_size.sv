// SPDX-License-Identifier: BSD-2-Clause
//
// Is what an outbound SA makes of a packet too big? Its form adds to what every one does.
//
// Latency 1 cycle, interval 1.
module ravelin_ipsec_size (
  input  logic        clk_i,
  input  logic        valid_i,
  input  logic [16:0] result_i,    // octets over IPv4, without UDP, with the least ICV
  input  logic [15:0] max_i,       // that it may have
  input  logic [1:0]  icv_i,
  input  logic        ipv6_i,
  input  logic        udp_i,
  output logic        big_o
);
  logic [4:0] more;

  assign more = ravelin_ipsec_pkg::icv_octets(icv_i) - 5'd8 +
                (ipv6_i ? 5'd20 : udp_i ? 5'd8 : 5'd0);

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      big_o <= result_i + 17'(more) > {1'b0, max_i};
    end
  end
endmodule
