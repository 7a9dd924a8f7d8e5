// SPDX-License-Identifier: BSD-2-Clause
//
// Order of a reset.
//
// Power-on (rst_ni), Function Level Reset (flr_i, level) and CONTROL.RESET (pulse) all end in a reset
// of the data path, which erases every key and table. Before the latter two the PCIe block stops at
// TLP boundaries and lets its reads end (a read that never completes is bounded by its timeout), so
// no TLP is cut. An FLR is done when the tables are swept.
module ravelin_reset (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic flr_i,
  output logic flr_done_o,
  input  logic soft_reset_i,
  output logic pcie_quiesce_o,
  input  logic pcie_quiesced_i,
  input  logic ipsec_ready_i,
  output logic datapath_rst_no
);
  typedef enum logic [1:0] { StReset, StSweep, StRun, StQuiesce } state_e;

  state_e     state_q;
  logic [3:0] hold_q;       // the reset lasts 16 cycles
  logic       flr_seen_q;   // this reset answers the FLR that flr_i still holds

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q    <= StReset;
      hold_q     <= '0;
      flr_seen_q <= 1'b0;
    end else begin
      if (!flr_i) begin
        flr_seen_q <= 1'b0;
      end
      unique case (state_q)
        StReset: begin
          hold_q <= hold_q + 1'b1;
          if (hold_q == 4'hf) begin
            state_q <= StSweep;
          end
        end
        StSweep: begin
          if (ipsec_ready_i) begin
            state_q <= StRun;
          end
        end
        StRun: begin
          if (soft_reset_i || (flr_i && !flr_seen_q)) begin
            state_q    <= StQuiesce;
            flr_seen_q <= flr_i;
          end
        end
        StQuiesce: begin
          if (pcie_quiesced_i) begin
            state_q <= StReset;
          end
        end
        default: state_q <= StReset;
      endcase
    end
  end

  assign datapath_rst_no = (state_q != StReset) & rst_ni;
  assign pcie_quiesce_o  = (state_q == StQuiesce) | (state_q == StReset);
  assign flr_done_o      = flr_i & flr_seen_q & (state_q == StRun);
endmodule
