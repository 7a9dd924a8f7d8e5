// SPDX-License-Identifier: BSD-2-Clause
//
// What an ICV of AH is over: a packet in which all that may change on its way, and the ICV field with
// the IV of GMAC, is zero (RFC 4302, section 3.3.3.1; RFC 4543, section 4). Its IP header is the fixed
// one alone, and AH follows. The ICV that was there stands with the last beat. Other frames pass
// unchanged.
//
// Nothing is registered but what a later beat of the frame needs.
module ravelin_ipsec_immutable #(
  parameter int unsigned DataW = 512
) (
  input  logic             clk_i,
  input  logic             take_i,       // the beat leaves
  input  logic             sop_i,
  input  logic             ah_i,         // as the following, stands with the frame
  input  logic             ipv6_i,
  input  logic [DataW-1:0] data_i,
  output logic [DataW-1:0] data_o,
  output logic [127:0]     icv_o
);
  localparam int unsigned Octets = DataW / 8;
  localparam int unsigned Beats  = (ravelin_ipsec_pkg::AH_HEAD_MAX + Octets - 1) / Octets;
  localparam int unsigned PadW   = Beats * DataW;
  localparam int unsigned IdxW   = $clog2(Beats + 1);
  localparam int unsigned Icv4   = ravelin_ipsec_pkg::AH_ICV_AT4;
  localparam int unsigned Icv6   = ravelin_ipsec_pkg::AH_ICV_AT6;

  localparam logic [PadW-1:0] Mutable4 = PadW'(ravelin_ipsec_pkg::AH_MUTABLE4);
  localparam logic [PadW-1:0] Mutable6 = PadW'(ravelin_ipsec_pkg::AH_MUTABLE6);

  logic [IdxW-1:0]  beat_q, beat;        // no further than behind the head
  logic [DataW-1:0] mutable4, mutable6;
  logic [127:0]     icv_q, icv4, icv6, here4, here6;

  assign beat = sop_i ? '0 : beat_q;

  always_comb begin
    mutable4 = '0;
    mutable6 = '0;
    here4    = '0;
    here6    = '0;
    icv4     = '0;
    icv6     = '0;
    for (int unsigned b = 0; b < Beats; b++) begin
      if (beat == IdxW'(b)) begin
        mutable4 = Mutable4[b*DataW +: DataW];
        mutable6 = Mutable6[b*DataW +: DataW];
        for (int unsigned i = 0; i < 16; i++) begin
          if ((Icv4 + i) / Octets == b) begin
            here4[i*8 +: 8] = '1;
            icv4[i*8 +: 8]  = data_i[(Icv4 + i) % Octets * 8 +: 8];
          end
          if ((Icv6 + i) / Octets == b) begin
            here6[i*8 +: 8] = '1;
            icv6[i*8 +: 8]  = data_i[(Icv6 + i) % Octets * 8 +: 8];
          end
        end
      end
    end
    data_o = data_i;
    icv_o  = icv_q;
    if (ah_i) begin
      data_o = data_i & ~(ipv6_i ? mutable6 : mutable4);
      icv_o  = ipv6_i ? (icv_q & ~here6) | icv6 : (icv_q & ~here4) | icv4;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take_i) begin
      beat_q <= beat == IdxW'(Beats) ? beat : beat + 1'b1;
      icv_q  <= icv_o;
    end
  end
endmodule
