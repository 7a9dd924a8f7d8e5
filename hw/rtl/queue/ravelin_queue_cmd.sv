// SPDX-License-Identifier: BSD-2-Clause
//
// Command ring: reads one command at a time, hands it on, writes its completion.
//
// A deleted SA: the frames that it decrypted are with the driver, or dropped, before the completion
// of SA_DELETE is (rx_mark_o, rx_mark_done_i). Their number and the wait of each are bounded.
//
// The command may hold a key: it is erased here as soon as it is handed on or given up.
//
// ENABLE reads 1 until the ring has come to rest: a command that was handed on is completed first.
// Writing 1 before that restarts the ring at rest, from pointers of 0. A size out of range or a
// vector that does not exist refuses ENABLE. While ENABLE reads 1, bases and the size stay as they
// are, and VECTOR does not change to one that does not exist.
module ravelin_queue_cmd #(
  parameter int unsigned DataW      = 512,
  parameter int unsigned QueuePairs = 4,
  parameter int unsigned Log2Max    = 15
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  output logic             busy_o,
  // Registers
  input  logic             bus_write_i,
  input  logic [15:0]      bus_addr_i,
  input  logic [31:0]      bus_wdata_i,
  input  logic             bus_low_i,        // octet 0 is written
  output logic [31:0]      bus_rdata_o,
  // Read of a command
  output logic             req_valid_o,
  input  logic             req_ready_i,
  output logic [63:0]      req_addr_o,
  input  logic             rsp_valid_i,
  input  logic             rsp_eop_i,
  input  logic             rsp_err_i,
  /* verilator tracing_off */
  input  logic [DataW-1:0] rsp_data_i,
  /* verilator tracing_on */
  // Execution
  output logic             cmd_valid_o,
  input  logic             cmd_ready_i,
  /* verilator tracing_off */
  output ravelin_regs_pkg::cmd_t cmd_data_o,
  /* verilator tracing_on */
  input  logic             cmd_rsp_valid_i,
  input  ravelin_regs_pkg::cmd_cpl_t cmd_rsp_i,   // opcode, tag and phase are filled in here
  // Received frames that are under way
  output logic             rx_mark_o,
  input  logic             rx_mark_done_i,   // from 2 cycles after rx_mark_o on
  // Write of the completion
  output logic             wr_valid_o,
  input  logic             wr_ready_i,
  output logic             wr_sop_o,
  output logic             wr_eop_o,
  output logic [63:0]      wr_addr_o,
  output logic [7:0]       wr_vector_o,
  output logic [DataW-1:0] wr_data_o,
  input  logic             written_i         // it has left
);
  localparam int unsigned CmdW     = ravelin_regs_pkg::CMD_W;
  localparam int unsigned CplW     = ravelin_regs_pkg::CMD_CPL_W;
  localparam int unsigned CmdAlign = $clog2(ravelin_regs_pkg::CMD_OCTETS);
  localparam int unsigned CplAlign = $clog2(ravelin_regs_pkg::CMD_CPL_OCTETS);
  localparam int unsigned CplBeats = DataW >= CplW ? 1 : CplW / DataW;

  typedef enum logic [2:0] {
    StIdle, StRequest, StData, StExec, StWait, StSettle, StWrite, StWritten
  } state_e;

  state_e        state_q;
  logic [31:0]   base_lo_q, base_hi_q, cpl_base_lo_q, cpl_base_hi_q;
  logic [4:0]    size_q;
  logic [7:0]    vector_q;
  logic [15:0]   tail_q, ptr_q, idx, mask;
  logic          en_q, stop_q, restart_q, err_q;
  logic          ctl_write, vector_ok, at_rest, work, is_delete;
  /* verilator tracing_off */
  ravelin_regs_pkg::cmd_t cmd_q;
  /* verilator tracing_on */
  ravelin_regs_pkg::cmd_cpl_t cpl, cpl_q;
  ravelin_regs_pkg::reg_cmd_control_t control;
  /* verilator lint_off UNUSEDSIGNAL */  // what a write has in reserved bits is ignored
  ravelin_regs_pkg::reg_cmd_control_t control_new;
  /* verilator lint_on UNUSEDSIGNAL */
  ravelin_regs_pkg::reg_cmd_head_t    head;
  logic [3:0]    beat_q;

  // ---------------------------------------------------------------------------------- registers
  always_comb begin
    control        = '0;
    control.enable = en_q;
    control.vector_ = vector_q;
    head           = '0;
    head.pointer   = ptr_q;
    head.error     = err_q;
    case (32'(bus_addr_i))
      ravelin_regs_pkg::REG_CMD_BASE_LO:     bus_rdata_o = base_lo_q;
      ravelin_regs_pkg::REG_CMD_BASE_HI:     bus_rdata_o = base_hi_q;
      ravelin_regs_pkg::REG_CMD_CPL_BASE_LO: bus_rdata_o = cpl_base_lo_q;
      ravelin_regs_pkg::REG_CMD_CPL_BASE_HI: bus_rdata_o = cpl_base_hi_q;
      ravelin_regs_pkg::REG_CMD_SIZE:        bus_rdata_o = 32'(size_q);
      ravelin_regs_pkg::REG_CMD_CONTROL:     bus_rdata_o = control;
      ravelin_regs_pkg::REG_CMD_TAIL:        bus_rdata_o = 32'(tail_q);
      ravelin_regs_pkg::REG_CMD_HEAD:        bus_rdata_o = head;
      default:                               bus_rdata_o = '0;
    endcase
  end

  assign ctl_write = bus_write_i & (32'(bus_addr_i) == ravelin_regs_pkg::REG_CMD_CONTROL) &
                     bus_low_i;
  assign control_new = bus_wdata_i;
  assign vector_ok = control_new.vector_ <= 8'(QueuePairs);
  assign at_rest   = (state_q == StIdle) | (state_q == StRequest);
  assign work      = en_q & ~stop_q & ~err_q & (tail_q != ptr_q);
  assign busy_o    = work | stop_q | (state_q != StIdle);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      base_lo_q     <= '0;
      base_hi_q     <= '0;
      cpl_base_lo_q <= '0;
      cpl_base_hi_q <= '0;
      size_q        <= '0;
      vector_q      <= '0;
      tail_q        <= '0;
      ptr_q         <= '0;
      en_q          <= 1'b0;
      stop_q        <= 1'b0;
      restart_q     <= 1'b0;
      err_q         <= 1'b0;
    end else begin
      if (written_i) begin
        ptr_q <= ptr_q + 16'd1;
      end
      if (state_q == StData && rsp_valid_i && rsp_err_i && !stop_q) begin
        err_q <= 1'b1;
      end
      if (stop_q && at_rest) begin
        stop_q    <= 1'b0;
        restart_q <= 1'b0;
        err_q     <= 1'b0;
        if (restart_q) begin
          ptr_q <= '0;
        end else begin
          en_q <= 1'b0;
        end
      end
      if (bus_write_i && !en_q) begin
        case (32'(bus_addr_i))
          ravelin_regs_pkg::REG_CMD_BASE_LO:     base_lo_q     <= bus_wdata_i & -32'(ravelin_regs_pkg::CMD_OCTETS);
          ravelin_regs_pkg::REG_CMD_BASE_HI:     base_hi_q     <= bus_wdata_i;
          ravelin_regs_pkg::REG_CMD_CPL_BASE_LO: cpl_base_lo_q <= bus_wdata_i & -32'(ravelin_regs_pkg::CMD_CPL_OCTETS);
          ravelin_regs_pkg::REG_CMD_CPL_BASE_HI: cpl_base_hi_q <= bus_wdata_i;
          ravelin_regs_pkg::REG_CMD_SIZE:
            size_q <= bus_wdata_i > 32'd31 ? 5'd31 : 5'(bus_wdata_i);
          default: ;
        endcase
      end
      if (bus_write_i) begin
        case (32'(bus_addr_i))
          ravelin_regs_pkg::REG_CMD_CONTROL: begin
            if (vector_ok || !en_q) begin
              vector_q <= control_new.vector_;
            end
          end
          ravelin_regs_pkg::REG_CMD_TAIL: tail_q <= 16'(bus_wdata_i);
          default: ;
        endcase
      end
      if (ctl_write) begin
        if (!control_new.enable) begin
          stop_q    <= en_q;
          restart_q <= 1'b0;
        end else if (vector_ok && stop_q && !at_rest) begin
          restart_q <= 1'b1;
          tail_q    <= '0;
        end else if (vector_ok && (!en_q || stop_q) && size_q >= 5'd3 && size_q <= 5'(Log2Max)) begin
          en_q      <= 1'b1;
          stop_q    <= 1'b0;
          restart_q <= 1'b0;
          err_q     <= 1'b0;
          tail_q    <= '0;
          ptr_q     <= '0;
        end
      end
    end
  end

  // ---------------------------------------------------------------------------------- sequence
  assign mask = (16'd1 << size_q) - 16'd1;
  assign idx  = ptr_q & mask;

  assign req_valid_o = (state_q == StRequest) & ~stop_q & en_q;
  assign req_addr_o  = {base_hi_q, base_lo_q} + (64'(idx) << CmdAlign);
  assign is_delete   = cpl_q.opcode == ravelin_regs_pkg::CMD_OP_SA_DELETE;
  assign cmd_valid_o = state_q == StExec;
  assign cmd_data_o  = cmd_q;
  assign wr_valid_o  = state_q == StWrite;
  assign wr_sop_o    = beat_q == 4'd0;
  assign wr_eop_o    = beat_q == 4'(CplBeats - 1);
  assign wr_addr_o   = {cpl_base_hi_q, cpl_base_lo_q} + (64'(idx) << CplAlign);
  assign wr_vector_o = vector_q;
  assign wr_data_o   = DataW'(cpl_q);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q   <= StIdle;
      beat_q    <= '0;
      cmd_q     <= '0;
      rx_mark_o <= 1'b0;
    end else begin
      rx_mark_o <= state_q == StWait && cmd_rsp_valid_i;
      unique case (state_q)
        StIdle: begin
          beat_q <= '0;
          if (work) begin
            state_q <= StRequest;
          end
        end
        StRequest: begin
          if (req_valid_o && req_ready_i) begin
            state_q <= StData;
          end else if (!req_valid_o) begin
            state_q <= StIdle;
          end
        end
        StData: begin
          if (rsp_valid_i) begin
            for (int k = 0; k < CmdW/DataW; k++) begin
              if (beat_q == 4'(k)) begin
                cmd_q[DataW*k +: DataW] <= rsp_data_i;
              end
            end
            beat_q <= beat_q + 4'd1;
            if (rsp_eop_i) begin
              beat_q <= '0;
              if (rsp_err_i || stop_q) begin
                state_q <= StIdle;
                cmd_q   <= '0;
              end else begin
                state_q <= StExec;
              end
            end
          end
        end
        StExec: begin
          if (cmd_ready_i) begin
            cmd_q   <= '0;
            state_q <= StWait;
          end
        end
        StWait: begin
          if (cmd_rsp_valid_i) begin
            state_q <= is_delete ? StSettle : StWrite;
          end
        end
        StSettle: begin
          if (rx_mark_done_i && !rx_mark_o) begin
            state_q <= StWrite;
          end
        end
        StWrite: begin
          if (wr_ready_i) begin
            beat_q <= beat_q + 4'd1;
            if (wr_eop_o) begin
              state_q <= StWritten;
            end
          end
        end
        default: begin
          if (written_i) begin
            state_q <= StIdle;
          end
        end
      endcase
    end
  end

  // The opcode, tag and phase are kept here while the command is under way.
  always_comb begin
    cpl        = cmd_rsp_i;
    cpl.opcode = cpl_q.opcode;
    cpl.tag    = cpl_q.tag;
    cpl.phase  = cpl_q.phase;
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StExec) begin
      cpl_q.opcode     <= cmd_q.opcode;
      cpl_q.tag        <= cmd_q.tag;
      cpl_q.phase      <= '0;
      cpl_q.phase.pass <= ~(|(ptr_q & (mask + 16'd1)));
    end
    if (state_q == StWait && cmd_rsp_valid_i) begin
      cpl_q <= cpl;
    end
    if (wr_valid_o && wr_ready_i) begin
      cpl_q <= cpl_q >> DataW;
    end
  end
endmodule
