// SPDX-License-Identifier: BSD-2-Clause
//
// The one port for DMA writes: chooses among those who write, a whole write at a time, by priority;
// the frames, which have the least, are what causes the rest, so they can't starve.
//
// One register stage. A pulse tells the writer when its write has left it.
module ravelin_queue_write #(
  parameter  int unsigned DataW      = 512,
  parameter  int unsigned QueuePairs = 4,
  localparam int unsigned QW         = QueuePairs > 1 ? $clog2(QueuePairs) : 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  output logic             busy_o,
  // Command completions, with interrupt
  input  logic             cmd_valid_i,
  output logic             cmd_ready_o,
  input  logic             cmd_sop_i,
  input  logic             cmd_eop_i,
  input  logic [63:0]      cmd_addr_i,
  input  logic [7:0]       cmd_vector_i,
  input  logic [DataW-1:0] cmd_data_i,
  output logic             cmd_written_o,
  // Events, with interrupt
  input  logic             evt_valid_i,
  output logic             evt_ready_o,
  input  logic             evt_sop_i,
  input  logic             evt_eop_i,
  input  logic [63:0]      evt_addr_i,
  input  logic [7:0]       evt_vector_i,
  input  logic [DataW-1:0] evt_data_i,
  output logic             evt_written_o,
  // Interrupts of completion rings
  input  logic             irq_valid_i,
  output logic             irq_ready_o,
  input  logic [7:0]       irq_vector_i,
  // Completions: those of a beat, or one of several beats
  input  logic             cq_valid_i,
  output logic             cq_ready_o,
  input  logic             cq_sop_i,
  input  logic             cq_eop_i,
  input  logic [63:0]      cq_addr_i,
  input  logic [15:0]      cq_len_i,
  input  logic [DataW-1:0] cq_data_i,
  input  logic [QW-1:0]    cq_q_i,
  input  logic [2:0]       cq_tx_n_i,
  input  logic [2:0]       cq_rx_n_i,
  output logic             cq_written_o,
  output logic [QW-1:0]    cq_written_q_o,
  output logic [2:0]       cq_written_tx_n_o,
  output logic [2:0]       cq_written_rx_n_o,
  // Received frames
  input  logic             rx_valid_i,
  output logic             rx_ready_o,
  input  logic             rx_sop_i,
  input  logic             rx_eop_i,
  input  logic [63:0]      rx_addr_i,
  input  logic [15:0]      rx_len_i,
  input  logic [DataW-1:0] rx_data_i,
  // DMA
  output logic             wr_valid_o,
  input  logic             wr_ready_i,
  output logic             wr_sop_o,
  output logic             wr_eop_o,
  output logic [63:0]      wr_addr_o,
  output logic [15:0]      wr_len_o,
  output logic             wr_irq_o,
  output logic [7:0]       wr_vector_o,
  output logic [DataW-1:0] wr_data_o
);
  typedef enum logic [2:0] { FromNone, FromCmd, FromEvt, FromIrq, FromCq, FromRx } from_e;

  logic [2:0] choice, from, lock_q, from_q;
  logic       valid_q, load, valid, sop, eop;

  assign load = ~valid_q | wr_ready_i;

  always_comb begin
    choice = FromNone;
    if (cmd_valid_i) begin
      choice = FromCmd;
    end else if (evt_valid_i) begin
      choice = FromEvt;
    end else if (irq_valid_i) begin
      choice = FromIrq;
    end else if (cq_valid_i) begin
      choice = FromCq;
    end else if (rx_valid_i) begin
      choice = FromRx;
    end
    from = (lock_q != FromNone) ? lock_q : choice;
    case (from)
      FromCmd: begin
        valid = cmd_valid_i;
        sop   = cmd_sop_i;
        eop   = cmd_eop_i;
      end
      FromEvt: begin
        valid = evt_valid_i;
        sop   = evt_sop_i;
        eop   = evt_eop_i;
      end
      FromIrq: begin
        valid = 1'b1;
        sop   = 1'b1;
        eop   = 1'b1;
      end
      FromCq: begin
        valid = cq_valid_i;
        sop   = cq_sop_i;
        eop   = cq_eop_i;
      end
      FromRx: begin
        valid = rx_valid_i;
        sop   = rx_sop_i;
        eop   = rx_eop_i;
      end
      default: begin
        valid = 1'b0;
        sop   = 1'b0;
        eop   = 1'b0;
      end
    endcase
  end

  assign cmd_ready_o = load & (from == FromCmd);
  assign evt_ready_o = load & (from == FromEvt);
  assign irq_ready_o = load & (from == FromIrq);
  assign cq_ready_o  = load & (from == FromCq);
  assign rx_ready_o  = load & (from == FromRx);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      lock_q  <= FromNone;
      from_q  <= FromNone;
    end else if (load) begin
      valid_q <= valid;
      from_q  <= from;
      if (valid) begin
        lock_q <= eop ? FromNone : from;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (load && valid) begin
      wr_sop_o <= sop;
      wr_eop_o <= eop;
      wr_irq_o <= (from == FromCmd) | (from == FromEvt) | (from == FromIrq);
      case (from)
        FromCmd: begin
          wr_addr_o   <= cmd_addr_i;
          wr_len_o    <= 16'(ravelin_regs_pkg::CMD_CPL_OCTETS);
          wr_vector_o <= cmd_vector_i;
          wr_data_o   <= cmd_data_i;
        end
        FromEvt: begin
          wr_addr_o   <= evt_addr_i;
          wr_len_o    <= 16'(ravelin_regs_pkg::EVENT_OCTETS);
          wr_vector_o <= evt_vector_i;
          wr_data_o   <= evt_data_i;
        end
        FromIrq: begin
          wr_addr_o   <= '0;
          wr_len_o    <= '0;
          wr_vector_o <= irq_vector_i;
          wr_data_o   <= '0;
        end
        FromCq: begin
          wr_addr_o   <= cq_addr_i;
          wr_len_o    <= cq_len_i;
          wr_vector_o <= '0;
          wr_data_o   <= cq_data_i;
        end
        default: begin
          wr_addr_o   <= rx_addr_i;
          wr_len_o    <= rx_len_i;
          wr_vector_o <= '0;
          wr_data_o   <= rx_data_i;
        end
      endcase
      cq_written_q_o    <= cq_q_i;
      cq_written_tx_n_o <= cq_tx_n_i;
      cq_written_rx_n_o <= cq_rx_n_i;
    end
  end

  logic left;
  assign wr_valid_o    = valid_q;
  assign left          = valid_q & wr_ready_i & wr_eop_o;
  assign cmd_written_o = left & (from_q == FromCmd);
  assign evt_written_o = left & (from_q == FromEvt);
  assign cq_written_o  = left & (from_q == FromCq);
  assign busy_o        = valid_q | (choice != FromNone);
endmodule
