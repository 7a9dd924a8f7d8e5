// SPDX-License-Identifier: BSD-2-Clause
//
// Takes the last octets (the ICV) off a longer frame, as many as `cut` says: 0, 8, 12 or 16. They
// stand beside the last beat that leaves, and whatever comes after them.
//
// Latency 2 cycles, interval 1 beat.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_tailcut #(
  parameter int unsigned DataW = 512,
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
  input  logic [BytesW-1:0] in_bytes_i,
  input  logic [4:0]        in_cut_i,      // with sop
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic              out_sop_o,
  output logic              out_eop_o,
  output logic [DataW-1:0]  out_data_o,
  output logic [BytesW-1:0] out_bytes_o,
  output logic [127:0]      out_tail_o
);
  localparam int unsigned Octets = DataW / 8;

  logic [DataW-1:0]  hold_q;
  logic [BytesW-1:0] hold_bytes_q;
  logic [127:0]      hold_tail_q;
  logic              hold_valid_q, hold_last_q, first_q;
  logic              advance, flush, merge, load, short_tail;
  logic [4:0]        cut_q, cut;

  assign empty_o    = !hold_valid_q && !out_valid_o;
  assign advance    = !out_valid_o || out_ready_i;
  assign cut        = in_sop_i ? in_cut_i : cut_q;
  assign short_tail = in_eop_i && cut != '0 && in_bytes_i <= BytesW'(cut);
  assign flush      = hold_valid_q && hold_last_q && advance;
  assign merge      = hold_valid_q && !hold_last_q && in_valid_i && advance;
  assign load       = in_valid_i && in_sop_i && (!hold_valid_q || flush);
  assign in_ready_o = !hold_valid_q || advance;

  // The 16 octets from octet `at` on of a beat and its successor.
  function automatic logic [127:0] tail_at(input logic [DataW-1:0] low,
                                           input logic [DataW-1:0] high,
                                           input logic [BytesW-1:0] at);
    logic [DataW+127:0] both;
    both    = {high[127:0], low} >> {at, 3'b000};
    tail_at = both[127:0];
  endfunction

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      hold_valid_q <= 1'b0;
      out_valid_o  <= 1'b0;
    end else begin
      if (load) begin
        hold_valid_q <= 1'b1;
      end else if (flush || (merge && short_tail)) begin
        hold_valid_q <= 1'b0;
      end
      if (advance) begin
        out_valid_o <= flush || merge;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (flush || merge) begin
      out_sop_o  <= first_q;
      out_data_o <= hold_q;
      first_q    <= 1'b0;
      if (merge && short_tail) begin
        out_eop_o   <= 1'b1;
        out_bytes_o <= BytesW'(Octets) - BytesW'(cut) + in_bytes_i;
        out_tail_o  <= tail_at(hold_q, in_data_i, BytesW'(Octets) - BytesW'(cut) + in_bytes_i);
      end else begin
        out_eop_o   <= hold_last_q;
        out_bytes_o <= hold_bytes_q;
        out_tail_o  <= hold_tail_q;
      end
    end
    if (load || merge) begin
      hold_q      <= in_data_i;
      hold_last_q <= in_eop_i;
      if (in_eop_i && cut != '0) begin
        hold_bytes_q <= in_bytes_i - BytesW'(cut);
        hold_tail_q  <= tail_at(in_data_i, '0, in_bytes_i - BytesW'(cut));
      end else begin
        hold_bytes_q <= in_bytes_i;
      end
    end
    if (load) begin
      first_q <= 1'b1;
      cut_q   <= in_cut_i;
    end
  end
endmodule
/* verilator lint_on UNUSEDSIGNAL */
