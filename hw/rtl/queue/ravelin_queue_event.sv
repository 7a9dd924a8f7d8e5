// SPDX-License-Identifier: BSD-2-Clause
//
// Event ring.
//
// ev_ready_o is always 1: an event that finds this block's FIFO full, or later the ring full or
// off, is lost and counted. A queue pair's error, and a link that has gone up or down, become events
// of their own when no other arrives; a link that has changed again before that is one event.
//
// ENABLE reads 1 until a write under way has left; writing 1 before that restarts the ring after
// it. A size out of range or a vector that does not exist refuses ENABLE. While ENABLE reads 1, the
// base and the size stay as they are, and VECTOR does not change to one that does not exist. NUMBER
// counts from the enabling, like the pointers.
module ravelin_queue_event #(
  parameter  int unsigned DataW      = 512,
  parameter  int unsigned QueuePairs = 4,
  parameter  int unsigned Log2Max    = 15,
  localparam int unsigned QW         = QueuePairs > 1 ? $clog2(QueuePairs) : 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  output logic             busy_o,
  input  logic [63:0]      cycles_i,
  // Registers
  input  logic             bus_write_i,
  input  logic [15:0]      bus_addr_i,
  input  logic [31:0]      bus_wdata_i,
  input  logic             bus_low_i,        // octet 0 is written
  output logic [31:0]      bus_rdata_o,
  // Events: cycles, number and phase are filled in here
  input  logic             ev_valid_i,
  output logic             ev_ready_o,
  input  ravelin_regs_pkg::event_t ev_i,
  // A queue pair's transmit or receive ring has stopped
  input  logic             tx_err_i,
  input  logic             rx_err_i,
  input  logic [QW-1:0]    err_q_i,
  input  logic             link_i,
  // Write
  output logic             wr_valid_o,
  input  logic             wr_ready_i,
  output logic             wr_sop_o,
  output logic             wr_eop_o,
  output logic [63:0]      wr_addr_o,
  output logic [7:0]       wr_vector_o,
  output logic [DataW-1:0] wr_data_o,
  input  logic             written_i,
  output logic [1:0]       cnt_lost_o
);
  localparam int unsigned EventW     = ravelin_regs_pkg::EVENT_W;
  localparam int unsigned EventAlign = $clog2(ravelin_regs_pkg::EVENT_OCTETS);
  localparam int unsigned Beats      = DataW >= EventW ? 1 : EventW / DataW;

  typedef enum logic [1:0] { StIdle, StWrite, StWritten } state_e;

  state_e                state_q;
  logic [31:0]           base_lo_q, base_hi_q, number_q;
  logic [4:0]            size_q;
  logic [7:0]            vector_q;
  logic [15:0]           head_q, idx, mask, size;
  logic                  en_q, stop_q, restart_q, ctl_write, vector_ok;
  logic [QueuePairs-1:0] tx_err_q, rx_err_q;
  ravelin_regs_pkg::reg_evt_control_t control;
  /* verilator lint_off UNUSEDSIGNAL */  // what a write has in reserved bits is ignored
  ravelin_regs_pkg::reg_evt_control_t control_new;
  /* verilator lint_on UNUSEDSIGNAL */

  // ---------------------------------------------------------------------------------- registers
  always_comb begin
    control        = '0;
    control.enable = en_q;
    control.vector_ = vector_q;
    case (32'(bus_addr_i))
      ravelin_regs_pkg::REG_EVT_BASE_LO: bus_rdata_o = base_lo_q;
      ravelin_regs_pkg::REG_EVT_BASE_HI: bus_rdata_o = base_hi_q;
      ravelin_regs_pkg::REG_EVT_SIZE:    bus_rdata_o = 32'(size_q);
      ravelin_regs_pkg::REG_EVT_CONTROL: bus_rdata_o = control;
      ravelin_regs_pkg::REG_EVT_HEAD:    bus_rdata_o = 32'(head_q);
      ravelin_regs_pkg::REG_EVT_TAIL:    bus_rdata_o = 32'(16'(number_q));
      default:                           bus_rdata_o = '0;
    endcase
  end

  assign ctl_write = bus_write_i & (32'(bus_addr_i) == ravelin_regs_pkg::REG_EVT_CONTROL) &
                     bus_low_i;
  assign control_new = bus_wdata_i;
  assign vector_ok = control_new.vector_ <= 8'(QueuePairs);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      base_lo_q <= '0;
      base_hi_q <= '0;
      size_q    <= '0;
      vector_q  <= '0;
      head_q    <= '0;
      number_q  <= '0;
      en_q      <= 1'b0;
      stop_q    <= 1'b0;
      restart_q <= 1'b0;
    end else begin
      if (written_i) begin
        number_q <= number_q + 32'd1;
      end
      if (stop_q && state_q == StIdle) begin
        stop_q    <= 1'b0;
        restart_q <= 1'b0;
        if (restart_q) begin
          number_q <= '0;
        end else begin
          en_q <= 1'b0;
        end
      end
      if (bus_write_i && !en_q) begin
        case (32'(bus_addr_i))
          ravelin_regs_pkg::REG_EVT_BASE_LO: base_lo_q <= bus_wdata_i & -32'(ravelin_regs_pkg::RING_ALIGN);
          ravelin_regs_pkg::REG_EVT_BASE_HI: base_hi_q <= bus_wdata_i;
          ravelin_regs_pkg::REG_EVT_SIZE:
            size_q <= bus_wdata_i > 32'd31 ? 5'd31 : 5'(bus_wdata_i);
          default: ;
        endcase
      end
      if (bus_write_i) begin
        case (32'(bus_addr_i))
          ravelin_regs_pkg::REG_EVT_CONTROL: begin
            if (vector_ok || !en_q) begin
              vector_q <= control_new.vector_;
            end
          end
          ravelin_regs_pkg::REG_EVT_HEAD: head_q <= 16'(bus_wdata_i);
          default: ;
        endcase
      end
      if (ctl_write) begin
        if (!control_new.enable) begin
          stop_q    <= en_q;
          restart_q <= 1'b0;
        end else if (vector_ok && stop_q && state_q != StIdle) begin
          restart_q <= 1'b1;
          head_q    <= '0;
        end else if (vector_ok && (!en_q || stop_q) && size_q >= 5'd3 && size_q <= 5'(Log2Max)) begin
          en_q      <= 1'b1;
          stop_q    <= 1'b0;
          restart_q <= 1'b0;
          head_q    <= '0;
          number_q  <= '0;
        end
      end
    end
  end

  // --------------------------------------------------------------------------------- collection
  logic          tx_own, rx_own, own_rx, link_q, link_own_q;
  logic [QW-1:0] tx_own_q, rx_own_q, own_q;
  logic          in_valid, in_own, fifo_wr, fifo_full, valid, rd, empty, lost;
  ravelin_regs_pkg::event_t own, in, entry, image;

  ravelin_queue_rr #(.Num(QueuePairs)) u_tx_rr (
    .req_i (tx_err_q), .last_i ('0), .valid_o (tx_own), .index_o (tx_own_q)
  );
  ravelin_queue_rr #(.Num(QueuePairs)) u_rx_rr (
    .req_i (rx_err_q), .last_i ('0), .valid_o (rx_own), .index_o (rx_own_q)
  );

  assign own_rx   = ~tx_own;
  assign own_q    = tx_own ? tx_own_q : rx_own_q;
  always_comb begin
    own = '0;
    if (tx_own || rx_own) begin
      own.type_  = ravelin_regs_pkg::EVENT_QUEUE_ERROR;
      own.source = 8'(own_rx);
      own.index  = ravelin_regs_pkg::INDEX_W'(own_q);
    end else begin
      own.type_  = ravelin_regs_pkg::EVENT_LINK;
      own.value  = 64'(link_q);
    end
    in         = ev_valid_i ? ev_i : own;
    in.cycles  = cycles_i;
  end
  assign in_own   = ~ev_valid_i & (tx_own | rx_own | link_own_q);
  assign in_valid = ev_valid_i | in_own;
  assign fifo_wr  = in_valid & ~fifo_full;
  assign ev_ready_o = 1'b1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      tx_err_q   <= '0;
      rx_err_q   <= '0;
      link_q     <= link_i;
      link_own_q <= 1'b0;
    end else begin
      link_q <= link_i;
      if (link_i != link_q) begin
        link_own_q <= 1'b1;
      end else if (in_own && !tx_own && !rx_own) begin
        link_own_q <= 1'b0;
      end
      if (in_own && tx_own) begin
        tx_err_q[own_q] <= 1'b0;
      end
      if (in_own && !tx_own && rx_own) begin
        rx_err_q[own_q] <= 1'b0;
      end
      if (tx_err_i) begin
        tx_err_q[err_q_i] <= 1'b1;
      end
      if (rx_err_i) begin
        rx_err_q[err_q_i] <= 1'b1;
      end
    end
  end

  ravelin_queue_fifo #(.Width(EventW), .Depth(16)) u_fifo (
    .clk_i, .rst_ni,
    .wr_i (fifo_wr), .wdata_i (in), .full_o (fifo_full),
    .valid_o (valid), .rdata_o (entry), .rd_i (rd), .empty_o (empty)
  );

  // -------------------------------------------------------------------------------------- write
  logic room, beat_q;

  assign size  = 16'd1 << size_q;
  assign mask  = size - 16'd1;
  assign idx   = number_q[15:0] & mask;
  assign room  = en_q & ~stop_q & (16'(number_q[15:0] - head_q) < size);
  always_comb begin
    image            = entry;
    image.number     = number_q;
    image.phase      = '0;
    image.phase.pass = ~(|(number_q[15:0] & size));
  end
  assign lost  = (state_q == StIdle) & valid & ~room;
  assign rd    = lost | (wr_valid_o & wr_ready_i & wr_eop_o);

  assign wr_valid_o  = state_q == StWrite;
  assign wr_sop_o    = ~beat_q;
  assign wr_eop_o    = (Beats == 1) | beat_q;
  assign wr_addr_o   = {base_hi_q, base_lo_q} + (64'(idx) << EventAlign);
  assign wr_vector_o = vector_q;
  if (Beats == 1) begin : gen_data
    assign wr_data_o = DataW'(image);
  end else begin : gen_data
    assign wr_data_o = DataW'(beat_q ? image >> DataW : image);
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      beat_q  <= 1'b0;
    end else begin
      unique case (state_q)
        StIdle: begin
          if (valid && room) begin
            state_q <= StWrite;
          end
        end
        StWrite: begin
          if (wr_ready_i) begin
            beat_q <= ~wr_eop_o;
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

  assign cnt_lost_o = {1'b0, in_valid & fifo_full} + {1'b0, lost};
  assign busy_o     = ev_valid_i | tx_own | rx_own | link_own_q | (link_i != link_q) | ~empty | (state_q != StIdle) | stop_q;
endmodule
