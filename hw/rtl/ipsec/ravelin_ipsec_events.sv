// SPDX-License-Identifier: BSD-2-Clause
//
// Makes single events of the records of both directions, one a cycle, in turn. FATAL goes before all
// records that have not begun.
module ravelin_ipsec_events (
  input  logic         clk_i,
  input  logic         rst_ni,
  output logic         idle_o,
  input  logic         fatal_i,     // pulse
  input  logic [7:0]   fatal_cause_i,
  input  logic         tx_valid_i,
  output logic         tx_ready_o,
  input  logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] tx_i,
  input  logic         rx_valid_i,
  output logic         rx_ready_o,
  input  logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] rx_i,
  output logic         ev_valid_o,
  input  logic         ev_ready_i,
  output ravelin_regs_pkg::event_t ev_o   // without cycles, number and phase
);
  ravelin_ipsec_pkg::event_t rec, rec_q;
  logic [7:0]  mask_q;      // events of rec_q that are still to leave
  logic        fatal_q;
  logic        rx_first_q;
  logic        load, pick_rx;
  logic [7:0]  kind;
  logic [63:0] value;
  logic [7:0]  lowest;

  assign lowest     = mask_q & (~mask_q + 8'd1);
  assign load       = !fatal_q && (mask_q == '0 || (ev_ready_i && mask_q == lowest));
  assign rec        = pick_rx ? rx_i : tx_i;
  assign pick_rx    = rx_valid_i && (rx_first_q || !tx_valid_i);
  assign tx_ready_o = load && !pick_rx;
  assign rx_ready_o = load && pick_rx;
  assign idle_o     = mask_q == '0 && !fatal_q && !tx_valid_i && !rx_valid_i;
  assign ev_valid_o = mask_q != '0 || fatal_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      mask_q     <= '0;
      rx_first_q <= 1'b0;
      fatal_q    <= 1'b0;
    end else begin
      if (fatal_i) begin
        fatal_q <= 1'b1;
      end else if (mask_q == '0 && ev_ready_i) begin
        fatal_q <= 1'b0;
      end
      if (load) begin
        mask_q <= '0;
        if (tx_valid_i || rx_valid_i) begin
          mask_q     <= rec.mask;
          rx_first_q <= !pick_rx;
        end
      end else if (ev_ready_i) begin
        mask_q <= mask_q & ~lowest;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (load && (tx_valid_i || rx_valid_i)) begin
      rec_q <= rec;
    end
  end

  always_comb begin
    kind  = '0;
    value = '0;
    if (mask_q != '0) begin
      case (lowest)
        8'b00000001: begin
          kind  = ravelin_regs_pkg::EVENT_SOFT_BYTES;
          value = rec_q.bytes;
        end
        8'b00000010: begin
          kind  = ravelin_regs_pkg::EVENT_SOFT_PACKETS;
          value = rec_q.packets;
        end
        8'b00000100: begin
          kind  = ravelin_regs_pkg::EVENT_HARD_BYTES;
          value = rec_q.bytes;
        end
        8'b00001000: begin
          kind  = ravelin_regs_pkg::EVENT_HARD_PACKETS;
          value = rec_q.packets;
        end
        8'b00010000: begin
          kind  = ravelin_regs_pkg::EVENT_SEQ_NEAR_END;
          value = rec_q.seq;
        end
        8'b00100000: begin
          kind  = ravelin_regs_pkg::EVENT_SEQ_END;
          value = rec_q.seq;
        end
        8'b01000000: begin
          kind  = ravelin_regs_pkg::EVENT_SA_ERROR;
          value = rec_q.packets;
        end
        default: begin
          kind  = ravelin_regs_pkg::EVENT_MOVED;
          value = rec_q.seq;
        end
      endcase
    end
  end

  always_comb begin
    ev_o = '0;
    if (mask_q != '0) begin
      ev_o.type_  = kind;
      ev_o.source = 8'(rec_q.inbound);
      ev_o.index  = ravelin_regs_pkg::INDEX_W'(rec_q.index);
      ev_o.spi    = rec_q.spi;
      ev_o.value  = value;
    end else begin
      ev_o.type_  = ravelin_regs_pkg::EVENT_FATAL;
      ev_o.value  = 64'(fatal_cause_i);
    end
  end

  logic unused;
  assign unused = ^rec_q.mask;
endmodule
