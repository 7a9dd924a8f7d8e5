// SPDX-License-Identifier: BSD-2-Clause
//
// Puts up to 16 octets behind a frame. They and their number stand with eop. Octets of the last
// beat beyond the frame's become the tail or zero.
//
// Latency 1 cycle, interval 1 beat; one cycle more when the tail needs a beat of its own.
module ravelin_ipsec_append #(
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
  input  logic [127:0]      in_tail_i,
  input  logic [4:0]        in_tail_bytes_i,
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic              out_sop_o,
  output logic              out_eop_o,
  output logic [DataW-1:0]  out_data_o,
  output logic [BytesW-1:0] out_bytes_o
);
  localparam int unsigned Octets = DataW / 8;

  logic              extra_valid_q;
  logic [127:0]      extra_q;
  logic [BytesW-1:0] extra_bytes_q;
  logic              advance, take, over;
  logic [BytesW:0]   sum;

  assign empty_o    = !out_valid_o && !extra_valid_q;
  assign advance    = !out_valid_o || out_ready_i;
  assign in_ready_o = advance && !extra_valid_q;
  assign take       = in_valid_i && in_ready_o;
  assign sum        = {1'b0, in_bytes_i} + (BytesW+1)'(in_tail_bytes_i);
  assign over       = sum > (BytesW+1)'(Octets);

  function automatic logic [127:0] keep_tail(input logic [127:0] tail, input logic [4:0] bytes);
    keep_tail = tail & ~({128{1'b1}} << {bytes, 3'b000});
  endfunction

  function automatic logic [DataW-1:0] join_tail(input logic [DataW-1:0] data,
                                                 input logic [BytesW-1:0] bytes,
                                                 input logic [127:0] tail);
    join_tail = (data & ~({DataW{1'b1}} << {bytes, 3'b000})) | (DataW'(tail) << {bytes, 3'b000});
  endfunction

  function automatic logic [127:0] rest_of_tail(input logic [127:0] tail,
                                                input logic [BytesW-1:0] bytes);
    logic [BytesW-1:0] used;
    used         = BytesW'(Octets) - bytes;
    rest_of_tail = tail >> {used, 3'b000};
  endfunction

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      out_valid_o   <= 1'b0;
      extra_valid_q <= 1'b0;
    end else begin
      if (advance) begin
        out_valid_o   <= take || extra_valid_q;
        extra_valid_q <= take && in_eop_i && over;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      out_sop_o   <= in_sop_i;
      out_eop_o   <= in_eop_i && !over;
      out_bytes_o <= in_eop_i && !over ? sum[BytesW-1:0] : BytesW'(Octets);
      if (in_eop_i) begin
        out_data_o    <= join_tail(in_data_i, in_bytes_i, keep_tail(in_tail_i, in_tail_bytes_i));
        extra_q       <= rest_of_tail(keep_tail(in_tail_i, in_tail_bytes_i), in_bytes_i);
        extra_bytes_q <= BytesW'(sum - (BytesW+1)'(Octets));
      end else begin
        out_data_o <= in_data_i;
      end
    end else if (advance && extra_valid_q) begin
      out_sop_o   <= 1'b0;
      out_eop_o   <= 1'b1;
      out_data_o  <= DataW'(extra_q);
      out_bytes_o <= extra_bytes_q;
    end
  end
endmodule
