// SPDX-License-Identifier: BSD-2-Clause
//
// Cuts a frame to `len` octets behind the first `skip`. Both stand with the frame. Octets beyond the
// last are zero.
//
// Latency 2 cycles, interval 1 beat, as ravelin_ipsec_realign; beats that hold none of what is left
// are taken and don't leave.
module ravelin_ipsec_cut #(
  parameter int unsigned DataW = 512,
  parameter int unsigned SideW = 1,
  localparam int unsigned BytesW = $clog2(DataW/8+1)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  output logic              empty_o,
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic              in_sop_i,
  input  logic              in_eop_i,
  input  logic [DataW-1:0]  in_data_i,
  input  logic [6:0]        in_skip_i,
  input  logic [15:0]       in_len_i,     // 0: a beat of no octets
  input  logic [SideW-1:0]  in_side_i,
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic              out_sop_o,
  output logic              out_eop_o,
  output logic [DataW-1:0]  out_data_o,
  output logic [BytesW-1:0] out_bytes_o,
  output logic [SideW-1:0]  out_side_o
);
  localparam int unsigned Octets = DataW / 8;
  localparam int unsigned OctW   = $clog2(Octets);

  logic [16:0] beat_q, beat, first, last;   // beats of the frame, from 0 on
  logic        started_q, started, wanted, sop, ready, take;

  assign beat    = in_sop_i ? '0 : beat_q;
  assign started = !in_sop_i && started_q;
  assign first   = 17'(in_skip_i) >> OctW;
  assign last    = (17'(in_skip_i) + 17'(in_len_i) - 17'd1) >> OctW;
  // Of no octets the last beat will do.
  assign sop     = !started && (beat == first || in_eop_i);
  assign wanted  = sop || (started && beat <= last);

  assign in_ready_o = ready || !wanted;
  assign take       = in_valid_i && in_ready_o;

  always_ff @(posedge clk_i) begin
    if (take) begin
      beat_q    <= beat + 17'd1;
      started_q <= started || sop;
    end
  end

  ravelin_ipsec_realign #(.DataW(DataW), .SideW(SideW)) u_realign (
    .clk_i, .rst_ni, .empty_o,
    .in_valid_i (in_valid_i && wanted), .in_ready_o (ready), .in_sop_i (sop),
    .in_eop_i (in_eop_i || beat >= last || in_len_i == '0), .in_data_i,
    .in_shift_i (OctW'(in_skip_i)), .in_len_i, .in_side_i,
    .out_valid_o, .out_ready_i, .out_sop_o, .out_eop_o, .out_data_o, .out_bytes_o, .out_side_o
  );
endmodule
