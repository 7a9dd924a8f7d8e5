// SPDX-License-Identifier: BSD-2-Clause
//
// Takes the first `shift` octets off a frame and cuts it to `len` octets. The beats that come in
// must be just those that hold them. Octets beyond the last are zero.
//
// Latency 2 cycles, interval 1 beat; a frame costs one more cycle only when it comes in one beat
// more than it leaves in.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_realign #(
  parameter int unsigned DataW = 512,
  parameter int unsigned SideW = 1,
  localparam int unsigned BytesW = $clog2(DataW/8+1),
  localparam int unsigned OctW   = $clog2(DataW/8)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  output logic              empty_o,
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic              in_sop_i,
  input  logic              in_eop_i,
  input  logic [DataW-1:0]  in_data_i,
  input  logic [OctW-1:0]   in_shift_i,   // with sop
  input  logic [15:0]       in_len_i,     // with sop; 0: a beat of no octets
  input  logic [SideW-1:0]  in_side_i,    // with sop
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic              out_sop_o,
  output logic              out_eop_o,
  output logic [DataW-1:0]  out_data_o,
  output logic [BytesW-1:0] out_bytes_o,
  output logic [SideW-1:0]  out_side_o
);
  localparam int unsigned Octets = DataW / 8;

  logic [DataW-1:0] hold_q;
  logic             hold_valid_q, hold_last_q, first_q;
  logic [OctW-1:0]  shift_q;
  logic [15:0]      left_q;      // octets of the frame that are still to leave
  logic [SideW-1:0] side_q;
  logic             advance, flush, merge, load, emit, final_beat;

  assign empty_o    = !hold_valid_q && !out_valid_o;
  assign advance    = !out_valid_o || out_ready_i;
  assign flush      = hold_valid_q && hold_last_q && advance;
  assign merge      = hold_valid_q && !hold_last_q && in_valid_i && advance;
  assign load       = in_valid_i && in_sop_i && (!hold_valid_q || flush);
  assign emit       = flush || merge;
  assign final_beat = left_q <= 16'(Octets);
  assign in_ready_o = !hold_valid_q || advance;

  function automatic logic [DataW-1:0] extract(input logic [DataW-1:0] low,
                                               input logic [DataW-1:0] high,
                                               input logic [OctW-1:0] shift);
    logic [2*DataW-1:0] both;
    both    = {high, low} >> {shift, 3'b000};
    extract = both[DataW-1:0];
  endfunction

  function automatic logic [DataW-1:0] keep(input logic [DataW-1:0] data,
                                            input logic [BytesW-1:0] bytes);
    keep = data & ~({DataW{1'b1}} << {bytes, 3'b000});
  endfunction

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      hold_valid_q <= 1'b0;
      out_valid_o  <= 1'b0;
    end else begin
      if (load) begin
        hold_valid_q <= 1'b1;
      end else if (flush || (merge && final_beat)) begin
        hold_valid_q <= 1'b0;
      end
      if (advance) begin
        out_valid_o <= emit;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (emit) begin
      out_sop_o  <= first_q;
      out_eop_o  <= final_beat;
      out_side_o <= side_q;
      first_q    <= 1'b0;
      left_q     <= left_q - 16'(Octets);
      if (final_beat) begin
        out_data_o  <= keep(extract(hold_q, in_data_i, shift_q), left_q[BytesW-1:0]);
        out_bytes_o <= left_q[BytesW-1:0];
      end else begin
        out_data_o  <= extract(hold_q, in_data_i, shift_q);
        out_bytes_o <= BytesW'(Octets);
      end
    end
    if (load || merge) begin
      hold_q      <= in_data_i;
      hold_last_q <= in_eop_i;
    end
    if (load) begin
      first_q <= 1'b1;
      shift_q <= in_shift_i;
      left_q  <= in_len_i;
      side_q  <= in_side_i;
    end
  end
endmodule
/* verilator lint_on UNUSEDSIGNAL */
