// SPDX-License-Identifier: BSD-2-Clause
//
// Puts up to PrefixMax octets in front of a frame. They and their number stand with the frame's
// first beat until it is taken. The side band stands from the first beat that leaves to the last.
//
// Latency 1 cycle; as many beats a cycle as leave.
module ravelin_ipsec_prepend #(
  parameter int unsigned DataW     = 512,
  parameter int unsigned PrefixMax = 66,
  parameter int unsigned SideW     = 1,
  localparam int unsigned BytesW = $clog2(DataW/8+1),
  localparam int unsigned LenW   = $clog2(PrefixMax+1)
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  output logic                   empty_o,
  input  logic                   in_valid_i,
  output logic                   in_ready_o,
  input  logic                   in_sop_i,
  input  logic                   in_eop_i,
  input  logic [DataW-1:0]       in_data_i,
  input  logic [BytesW-1:0]      in_bytes_i,
  input  logic [PrefixMax*8-1:0] in_prefix_i,
  input  logic [LenW-1:0]        in_prefix_len_i,
  input  logic [SideW-1:0]       in_side_i,
  output logic                   out_valid_o,
  input  logic                   out_ready_i,
  output logic                   out_sop_o,
  output logic                   out_eop_o,
  output logic [DataW-1:0]       out_data_o,
  output logic [BytesW-1:0]      out_bytes_o,
  output logic [SideW-1:0]       out_side_o
);
  localparam int unsigned Octets = DataW / 8;
  localparam int unsigned OctW   = $clog2(Octets);
  localparam int unsigned Beats  = PrefixMax / Octets + 1;   // beats that the prefix touches
  localparam int unsigned PadW   = Beats * DataW;
  localparam int unsigned IdxW   = 8;

  logic [DataW-1:0]  carry_q;       // the first rest_q octets of the next beat
  logic [OctW-1:0]   rest_q;
  logic [IdxW-1:0]   idx_q;         // whole beats of the prefix that have left
  logic              flush_q;       // what is left of the frame is in the carry
  logic [BytesW-1:0] flush_bytes_q;
  logic              advance, ahead, take, over;
  logic [OctW-1:0]   rest;
  logic [BytesW:0]   sum;
  logic [IdxW-1:0]   ahead_beats;
  logic [15:0]       prefix_len;

  assign empty_o    = !out_valid_o && !flush_q;
  assign advance    = !out_valid_o || out_ready_i;
  assign prefix_len = 16'(in_prefix_len_i);
  assign ahead_beats = IdxW'(prefix_len >> OctW);
  assign ahead       = in_valid_i && in_sop_i && !flush_q && idx_q != ahead_beats;
  assign rest       = in_sop_i ? prefix_len[OctW-1:0] : rest_q;
  assign in_ready_o = advance && !flush_q && !ahead;
  assign take       = in_valid_i && in_ready_o;
  assign sum        = {1'b0, in_bytes_i} + (BytesW+1)'(rest);
  assign over       = sum > (BytesW+1)'(Octets);

  // Beat idx of the prefix, zero beyond its octets.
  function automatic logic [DataW-1:0] prefix_beat(input logic [PrefixMax*8-1:0] prefix,
                                                   input logic [LenW-1:0] len,
                                                   input logic [IdxW-1:0] idx);
    logic [PadW-1:0] padded;
    padded      = PadW'(prefix) & ~({PadW{1'b1}} << {len, 3'b000});
    prefix_beat = '0;
    for (int unsigned i = 0; i < Beats; i++) begin
      if (idx == IdxW'(i)) begin
        prefix_beat = padded[i*DataW +: DataW];
      end
    end
  endfunction

  function automatic logic [DataW-1:0] upper(input logic [DataW-1:0] data,
                                             input logic [OctW-1:0] rest_octets);
    logic [BytesW-1:0] used;
    used  = BytesW'(Octets) - BytesW'(rest_octets);
    upper = data >> {used, 3'b000};
  endfunction

  function automatic logic [DataW-1:0] keep(input logic [DataW-1:0] data,
                                            input logic [BytesW-1:0] bytes);
    keep = data & ~({DataW{1'b1}} << {bytes, 3'b000});
  endfunction

  logic [DataW-1:0] in_data;     // zero beyond the frame's octets
  always_comb begin
    in_data = in_data_i;
    if (take && in_eop_i) begin
      in_data = keep(in_data_i, in_bytes_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      out_valid_o <= 1'b0;
      flush_q     <= 1'b0;
      idx_q       <= '0;
    end else if (advance) begin
      out_valid_o <= ahead || take || flush_q;
      flush_q     <= take && in_eop_i && over;
      if (ahead) begin
        idx_q <= idx_q + 1'b1;
      end else if (take) begin
        idx_q <= '0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance && in_valid_i && in_sop_i && !flush_q) begin
      out_side_o <= in_side_i;
    end
    if (advance && ahead) begin
      out_sop_o   <= idx_q == '0;
      out_eop_o   <= 1'b0;
      out_bytes_o <= BytesW'(Octets);
      out_data_o  <= prefix_beat(in_prefix_i, in_prefix_len_i, idx_q);
    end else if (take) begin
      out_sop_o     <= in_sop_i && idx_q == '0;
      out_eop_o     <= in_eop_i && !over;
      out_bytes_o   <= in_eop_i && !over ? sum[BytesW-1:0] : BytesW'(Octets);
      flush_bytes_q <= BytesW'(sum - (BytesW+1)'(Octets));
      rest_q        <= rest;
      if (rest == '0) begin
        out_data_o <= in_data;
        carry_q    <= '0;
      end else begin
        out_data_o <= (in_data << {rest, 3'b000}) |
                      (in_sop_i ? prefix_beat(in_prefix_i, in_prefix_len_i, idx_q) : carry_q);
        carry_q    <= upper(in_data, rest);
      end
    end else if (advance && flush_q) begin
      out_sop_o   <= 1'b0;
      out_eop_o   <= 1'b1;
      out_data_o  <= carry_q;
      out_bytes_o <= flush_bytes_q;
    end
  end
endmodule
