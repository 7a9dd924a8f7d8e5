// SPDX-License-Identifier: BSD-2-Clause
//
// Posted requests out: the complete TLPs of the DMA writes in their order, the interrupt of a
// transfer behind its data, and pending interrupts between them. While bus master is off, writes
// are dropped at TLP boundaries.
//
// One beat a cycle; an interrupt takes a cycle more. stop_i: no TLP begins; quiet_o: none is under
// way.
module ravelin_pcie_tx #(
  parameter int unsigned DataW = 512,
  localparam int unsigned BytesW = $clog2(DataW/8+1)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              stop_i,
  input  logic              clear_i,
  output logic              quiet_o,
  input  logic              cfg_bus_master_i,
  input  logic [15:0]       cfg_requester_id_i,
  // From the DMA write
  input  logic [15:0]       taken_i,
  input  logic              tlp_valid_i,
  output logic              tlp_pop_o,
  input  logic [127:0]      tlp_hdr_i,
  input  logic              tlp_data_i,
  input  logic              tlp_last_i,
  input  logic              tlp_irq_i,
  input  logic [7:0]        tlp_vector_i,
  output logic              beat_pop_o,
  input  logic [DataW-1:0]  beat_data_i,
  output logic [15:0]       sent_o,         // transfers that left whole (or were dropped), a count
  // From MSI-X
  output logic [7:0]        irq_vector_o,
  input  logic              irq_sendable_i,
  input  logic [63:0]       irq_addr_i,
  input  logic [31:0]       irq_data_i,
  output logic              irq_take_o,
  input  logic              pend_valid_i,
  input  logic [63:0]       pend_addr_i,
  input  logic [31:0]       pend_data_i,
  output logic              pend_take_o,
  output logic              tx_wr_valid_o,
  input  logic              tx_wr_ready_i,
  output logic              tx_wr_sop_o,
  output logic              tx_wr_eop_o,
  output logic [127:0]      tx_wr_hdr_o,
  output logic [DataW-1:0]  tx_wr_data_o,
  output logic [BytesW-1:0] tx_wr_bytes_o
);
  localparam int unsigned W = DataW / 8;

  typedef enum logic [1:0] { StTlp, StSend, StDrop, StIrq } state_e;

  state_e      state_q;
  logic        valid_q;
  logic [7:0]  vector_q;
  logic [12:0] left_q, left;          // octets of the TLP not yet taken
  logic [10:0] dws;
  logic        can_load, begin_tlp, begin_drop, begin_none, load, final_beat, tlp_done;
  logic        send_msi, whole;
  logic [63:0] msi_addr;
  logic [31:0] msi_data;
  logic [15:0] done_q, settled_q;

  always_comb begin
    can_load    = !valid_q || tx_wr_ready_i;
    dws         = {tlp_hdr_i[105:96] == 10'd0, tlp_hdr_i[105:96]};
    left        = (state_q == StTlp) ? {dws, 2'b00} : left_q;
    final_beat  = left <= 13'(W);
    pend_take_o = (state_q == StTlp) && !stop_i && pend_valid_i && can_load;
    begin_tlp   = (state_q == StTlp) && !stop_i && !pend_valid_i && tlp_valid_i && tlp_data_i &&
                  cfg_bus_master_i && can_load;
    begin_drop  = (state_q == StTlp) && !stop_i && tlp_valid_i && tlp_data_i && !cfg_bus_master_i;
    begin_none  = (state_q == StTlp) && !stop_i && !pend_valid_i && tlp_valid_i && !tlp_data_i;
    load        = begin_tlp || (state_q == StSend && can_load);
    beat_pop_o  = load || begin_drop || (state_q == StDrop);
    tlp_done    = (beat_pop_o && final_beat) || begin_none;
    tlp_pop_o   = tlp_done;
    irq_take_o  = (state_q == StIrq) && !stop_i && (!irq_sendable_i || can_load);
    send_msi    = pend_take_o || (irq_take_o && irq_sendable_i);
    msi_addr    = pend_take_o ? pend_addr_i : irq_addr_i;
    msi_data    = pend_take_o ? pend_data_i : irq_data_i;
    whole       = (tlp_done && tlp_last_i && !tlp_irq_i) || irq_take_o;
  end

  assign irq_vector_o = vector_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      state_q <= StTlp;
      valid_q <= 1'b0;
    end else begin
      if (tlp_done) begin
        state_q <= tlp_irq_i ? StIrq : StTlp;
      end else if (begin_tlp) begin
        state_q <= StSend;
      end else if (begin_drop) begin
        state_q <= StDrop;
      end else if (irq_take_o) begin
        state_q <= StTlp;
      end
      if (can_load) begin
        valid_q <= load || send_msi;
      end
    end
    if (!rst_ni) begin
      done_q    <= '0;
      settled_q <= '0;
    end else if (clear_i) begin
      done_q    <= taken_i;
      settled_q <= taken_i;
    end else begin
      done_q <= done_q + {15'd0, whole};
      if (can_load) begin
        settled_q <= done_q;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (beat_pop_o) begin
      left_q <= left - 13'(W);
    end
    if (tlp_done) begin
      vector_q <= tlp_vector_i;
    end
    if (load) begin
      tx_wr_sop_o   <= begin_tlp;
      tx_wr_eop_o   <= final_beat;
      tx_wr_data_o  <= beat_data_i;
      tx_wr_bytes_o <= final_beat ? left[BytesW-1:0] : BytesW'(W);
      if (begin_tlp) begin
        tx_wr_hdr_o <= tlp_hdr_i;
      end
    end else if (send_msi) begin
      tx_wr_sop_o   <= 1'b1;
      tx_wr_eop_o   <= 1'b1;
      tx_wr_data_o  <= DataW'(msi_data);
      tx_wr_bytes_o <= BytesW'(4);
      tx_wr_hdr_o   <= (msi_addr[63:32] == 32'd0) ?
                       {32'h4000_0001, cfg_requester_id_i, 16'h000f, msi_addr[31:0], 32'd0} :
                       {32'h6000_0001, cfg_requester_id_i, 16'h000f, msi_addr};
    end
  end

  assign tx_wr_valid_o = valid_q;
  assign sent_o        = settled_q;
  assign quiet_o       = !valid_q && (state_q == StTlp || state_q == StIrq);
endmodule
