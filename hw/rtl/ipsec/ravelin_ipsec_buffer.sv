// SPDX-License-Identifier: BSD-2-Clause
//
// Ring of beats that holds frames until somebody has decided what becomes of them.
//
// One command a frame, in order: `total` beats are the frame's; `beats` of them from `start` on go
// out, none when `beats` is 0. The last beat leaves only when the whole frame has come in, then the
// room of the frame is free again. `hold_i` holds up commands that send nothing.
//
// `first_o` pulses with the issue of the first beat of a frame, and with a command that sends
// nothing; the command is taken (cmd_ready_o) with the issue of the last. Latency 1 cycle from a
// command to its first beat, a beat a cycle, no gap between frames.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_buffer #(
  parameter int unsigned DataW = 512,
  parameter int unsigned Depth = 512,  // beats, a power of two
  parameter int unsigned SideW = 1,
  localparam int unsigned PtrW = $clog2(Depth)
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  output logic             empty_o,
  input  logic             in_valid_i,
  output logic             in_ready_o,
  input  logic [DataW-1:0] in_data_i,
  input  logic             cmd_valid_i,
  output logic             cmd_ready_o,
  input  logic [PtrW:0]    cmd_start_i,
  input  logic [PtrW:0]    cmd_beats_i,
  input  logic [PtrW:0]    cmd_total_i,
  input  logic [SideW-1:0] cmd_side_i,
  input  logic             hold_i,
  output logic             first_o,
  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic             out_sop_o,
  output logic             out_eop_o,
  output logic [DataW-1:0] out_data_o,
  output logic [SideW-1:0] out_side_o   // stands while the frame's beats do
);
  logic [DataW-1:0] mem_q [0:Depth-1];
  logic [PtrW:0]    wptr_q, rptr_q, idx_q;
  logic [PtrW:0]    have, pos, addr;
  logic             none, last, whole, issue, finish, advance;

  assign have    = wptr_q - rptr_q;
  assign empty_o = (wptr_q == rptr_q) && !out_valid_o;
  assign pos     = cmd_start_i + idx_q;
  assign addr    = rptr_q + pos;
  assign none    = cmd_beats_i == '0;
  assign last    = idx_q + 1'b1 == cmd_beats_i;
  assign whole   = have >= cmd_total_i;
  assign advance = !out_valid_o || out_ready_i;
  assign issue   = cmd_valid_i && !none && advance && have > pos && (!last || whole);
  assign finish  = none ? cmd_valid_i && whole && !hold_i : issue && last;
  assign first_o = none ? finish : issue && idx_q == '0;

  assign cmd_ready_o = finish;
  assign in_ready_o  = !have[PtrW];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      wptr_q      <= '0;
      rptr_q      <= '0;
      idx_q       <= '0;
      out_valid_o <= 1'b0;
    end else begin
      if (in_valid_i && in_ready_o) begin
        wptr_q <= wptr_q + 1'b1;
      end
      if (finish) begin
        rptr_q <= rptr_q + cmd_total_i;
        idx_q  <= '0;
      end else if (issue) begin
        idx_q  <= idx_q + 1'b1;
      end
      if (advance) begin
        out_valid_o <= issue;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (in_valid_i && in_ready_o) begin
      mem_q[wptr_q[PtrW-1:0]] <= in_data_i;
    end
    if (issue) begin
      out_data_o <= mem_q[addr[PtrW-1:0]];
      out_sop_o  <= idx_q == '0;
      out_eop_o  <= last;
      if (idx_q == '0) begin
        out_side_o <= cmd_side_i;
      end
    end
  end
endmodule
/* verilator lint_on UNUSEDSIGNAL */
