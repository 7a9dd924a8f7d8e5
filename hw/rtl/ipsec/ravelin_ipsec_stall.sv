// SPDX-License-Identifier: BSD-2-Clause
//
// The way to the port, and past it while the port takes nothing.
//
// A command may have to wait until frames have left (wait_i). When the port has taken no beat for
// StallCycles of such a wait, frames are dropped as they come, until the command waits no more or the
// port takes the beat that it was offered. That beat stands until then, as in all streams. If it was
// not its frame's last, one with err follows it: so that frame ends, and no octet of it stands before
// another one.
//
// Latency 0, interval 1.
module ravelin_ipsec_stall #(
  parameter int unsigned DataW       = 512,
  parameter int unsigned StallCycles = 250000,
  localparam int unsigned BytesW = $clog2(DataW/8+1),
  localparam int unsigned CountW = $clog2(StallCycles+1)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  output logic              empty_o,
  input  logic              wait_i,
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic              in_sop_i,
  input  logic              in_eop_i,
  input  logic [DataW-1:0]  in_data_i,
  input  logic [BytesW-1:0] in_bytes_i,
  input  logic              in_err_i,
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic              out_sop_o,
  output logic              out_eop_o,
  output logic [DataW-1:0]  out_data_o,
  output logic [BytesW-1:0] out_bytes_o,
  output logic              out_err_o,
  output logic              left_o,         // a frame has come to its end, ...
  output logic              dropped_o       // ... here, not at the port
);
  typedef enum logic [1:0] {StPass, StOffer, StEnd} state_e;

  state_e            state_q;
  logic [CountW-1:0] count_q;      // cycles of waiting without a beat
  logic              shed_q;       // frames are dropped
  logic              cut_q;        // what comes belongs to a frame that is dropped
  logic              give_up, blocked, take;
  logic              sop_q, eop_q, err_q;
  logic [DataW-1:0]  data_q;       // the beat that is offered while others are dropped
  logic [BytesW-1:0] bytes_q;

  assign blocked    = wait_i && !shed_q && !cut_q && !out_ready_i && (in_valid_i || state_q != StPass);
  assign give_up    = blocked && count_q == CountW'(StallCycles - 1);
  assign in_ready_o = shed_q || cut_q || (state_q == StPass && (out_ready_i || give_up));
  assign take       = in_valid_i && in_ready_o;
  assign left_o     = take && in_eop_i;
  assign dropped_o  = shed_q || cut_q;
  assign empty_o    = state_q == StPass;

  always_comb begin
    out_valid_o = state_q != StPass || (in_valid_i && !cut_q);
    out_sop_o   = in_sop_i;
    out_eop_o   = in_eop_i;
    out_data_o  = in_data_i;
    out_bytes_o = in_bytes_i;
    out_err_o   = in_err_i;
    if (state_q != StPass) begin
      out_sop_o   = sop_q;
      out_eop_o   = eop_q;
      out_data_o  = data_q;
      out_bytes_o = bytes_q;
      out_err_o   = err_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StPass;
      count_q <= '0;
      shed_q  <= 1'b0;
      cut_q   <= 1'b0;
    end else begin
      count_q <= blocked ? count_q + 1'b1 : '0;
      if (give_up) begin
        shed_q <= 1'b1;
      end else if (!wait_i || (out_ready_i && (state_q == StEnd || eop_q))) begin
        shed_q <= 1'b0;
      end
      if (take && (give_up || shed_q || cut_q)) begin
        cut_q <= !in_eop_i;
      end
      unique case (state_q)
        StPass: begin
          if (give_up) begin
            state_q <= StOffer;
          end
        end
        StOffer: begin
          if (out_ready_i) begin
            state_q <= eop_q ? StPass : StEnd;
          end
        end
        StEnd: begin
          if (out_ready_i) begin
            state_q <= StPass;
          end
        end
        default: state_q <= StPass;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StPass && give_up) begin
      sop_q   <= in_sop_i;
      eop_q   <= in_eop_i;
      data_q  <= in_data_i;
      bytes_q <= in_bytes_i;
      err_q   <= in_err_i;
    end else if (state_q == StOffer && out_ready_i) begin
      sop_q   <= 1'b0;
      eop_q   <= 1'b1;
      data_q  <= '0;
      bytes_q <= BytesW'(1);
      err_q   <= 1'b1;
    end
  end
endmodule
