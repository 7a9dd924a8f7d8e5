// SPDX-License-Identifier: BSD-2-Clause
//
// The 64-bit counters. Any number of them move in one cycle; a pulse counts two cycles later.
//
// Those that grow by more than one at a time have an amount beside their pulse. Reading the low
// half of a counter (bus_read_i) latches its high half, whatever else is read in between.
module ravelin_queue_counters #(
  localparam int unsigned Num = ravelin_regs_pkg::CNT_NUM
) (
  input  logic           clk_i,
  input  logic           rst_ni,
  output logic           busy_o,
  input  logic [Num-1:0] pulse_i,
  input  logic [15:0]    tx_bytes_i,       // with CNT_TX_BYTES
  input  logic [15:0]    rx_bytes_i,       // with CNT_RX_BYTES
  input  logic [1:0]     rx_no_buffer_i,   // with CNT_RX_DROP_NO_BUFFER
  input  logic [1:0]     events_lost_i,    // with CNT_EVENTS_LOST
  input  logic           bus_read_i,
  input  logic [15:0]    bus_addr_i,       // a multiple of 4
  output logic [31:0]    bus_rdata_o
);
  localparam int unsigned IdxW = $clog2(Num);

  logic [63:0]     cnt_q [Num];
  logic [31:0]     high_q [Num];
  logic [Num-1:0]  high_valid_q;
  logic [Num-1:0]  pulse_q;
  logic [15:0]     tx_bytes_q, rx_bytes_q;
  logic [1:0]      rx_no_buffer_q, events_lost_q;
  logic            sel;
  logic [IdxW-1:0] idx;

  assign sel = bus_addr_i[15] & (bus_addr_i[14:3] < 12'(Num));
  assign idx = sel ? bus_addr_i[IdxW+2:3] : '0;
  assign busy_o = |pulse_q;

  logic unused;
  assign unused = |bus_addr_i[1:0];

  always_comb begin
    bus_rdata_o = '0;
    if (sel) begin
      if (!bus_addr_i[2]) begin
        bus_rdata_o = 32'(cnt_q[idx]);
      end else if (high_valid_q[idx]) begin
        bus_rdata_o = high_q[idx];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      pulse_q      <= '0;
      high_valid_q <= '0;
    end else begin
      pulse_q <= pulse_i;
      if (bus_read_i && sel && !bus_addr_i[2]) begin
        high_valid_q[idx] <= 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (|pulse_i) begin
      tx_bytes_q     <= tx_bytes_i;
      rx_bytes_q     <= rx_bytes_i;
      rx_no_buffer_q <= rx_no_buffer_i;
      events_lost_q  <= events_lost_i;
    end
    if (bus_read_i && sel && !bus_addr_i[2]) begin
      high_q[idx] <= 32'(cnt_q[idx] >> 32);
    end
  end

  for (genvar k = 0; k < Num; k++) begin : gen_cnt
    logic [63:0] amount;
    if (k == ravelin_regs_pkg::CNT_TX_BYTES) begin : gen_tx_bytes
      assign amount = {48'b0, tx_bytes_q};
    end else if (k == ravelin_regs_pkg::CNT_RX_BYTES) begin : gen_rx_bytes
      assign amount = {48'b0, rx_bytes_q};
    end else if (k == ravelin_regs_pkg::CNT_RX_DROP_NO_BUFFER) begin : gen_no_buffer
      assign amount = {62'b0, rx_no_buffer_q};
    end else if (k == ravelin_regs_pkg::CNT_EVENTS_LOST) begin : gen_lost
      assign amount = {62'b0, events_lost_q};
    end else begin : gen_one
      assign amount = 64'd1;
    end
    always_ff @(posedge clk_i) begin
      if (!rst_ni) begin
        cnt_q[k] <= '0;
      end else if (pulse_q[k]) begin
        cnt_q[k] <= cnt_q[k] + amount;
      end
    end
  end
endmodule
