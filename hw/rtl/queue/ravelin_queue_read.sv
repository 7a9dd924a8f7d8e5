// SPDX-License-Identifier: BSD-2-Clause
//
// The one port for DMA reads: chooses among those who read, remembers in which order they asked,
// and hands each answer, with what the request said, to whom it belongs.
//
// A bad transmit descriptor, or one that asks for what the device lacks, takes a place in the order
// without a read: its turn is a cycle of its own, in which no answer is accepted.
module ravelin_queue_read #(
  parameter  int unsigned QueuePairs = 4,
  parameter  int unsigned Reads      = 64,   // in flight; a power of two
  localparam int unsigned QW         = QueuePairs > 1 ? $clog2(QueuePairs) : 1
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  output logic          busy_o,
  // Requests, in order of priority
  input  logic          cmd_valid_i,
  output logic          cmd_ready_o,
  input  logic [63:0]   cmd_addr_i,
  input  logic          rxd_valid_i,     // receive descriptors
  output logic          rxd_ready_o,
  input  logic [63:0]   rxd_addr_i,
  input  logic [4:0]    rxd_n_i,
  input  logic [QW-1:0] rxd_q_i,
  input  logic          txd_valid_i,     // transmit descriptors
  output logic          txd_ready_o,
  input  logic [63:0]   txd_addr_i,
  input  logic [4:0]    txd_n_i,
  input  logic [QW-1:0] txd_q_i,
  input  logic          txf_valid_i,     // transmit frames
  output logic          txf_ready_o,
  input  logic          txf_bad_i,
  input  logic          txf_unsupported_i,  // with bad
  input  logic [63:0]   txf_addr_i,
  input  logic [15:0]   txf_len_i,
  input  logic [QW-1:0] txf_q_i,
  input  logic [15:0]   txf_index_i,
  input  logic          txf_sa_valid_i,
  input  logic [15:0]   txf_sa_i,
  // DMA
  output logic          rd_req_valid_o,
  input  logic          rd_req_ready_i,
  output logic [63:0]   rd_req_addr_o,
  output logic [15:0]   rd_req_len_o,
  output logic [7:0]    rd_req_tag_o,
  input  logic          rd_rsp_valid_i,
  output logic          rd_rsp_ready_o,
  input  logic          rd_rsp_eop_i,
  // Answers: a beat for one of these; its data goes past this block
  output logic          cmd_rsp_o,
  output logic          rxd_rsp_o,
  output logic          txd_rsp_o,
  output logic          txf_rsp_o,
  output logic          txf_rsp_bad_o,
  output logic          txf_rsp_unsupported_o,
  output logic [QW-1:0] rsp_q_o,
  output logic [4:0]    rsp_n_o,
  output logic [15:0]   rsp_len_o,
  output logic [15:0]   rsp_index_o,
  output logic          rsp_sa_valid_o,
  output logic [15:0]   rsp_sa_o
);
  typedef enum logic [2:0] { KindCmd, KindRxDesc, KindTxDesc, KindTxFrame, KindTxBad,
    KindTxUnsupported } kind_e;

  localparam int unsigned OrderW = 3 + QW + 5 + 16 + 16 + 1 + 16;

  logic              can, any, read, req_valid_q;
  logic [63:0]       addr, req_addr_q;
  logic [15:0]       len, req_len_q;
  logic [7:0]        req_tag_q;
  logic [2:0]        kind;
  logic [QW-1:0]     q;
  logic [4:0]        n;
  logic [OrderW-1:0] order_in;
  logic              order_full, order_valid, order_rd, order_empty;
  logic [2:0]        order_kind;

  assign can         = ~order_full & (~req_valid_q | rd_req_ready_i);
  assign any         = cmd_valid_i | rxd_valid_i | txd_valid_i | txf_valid_i;
  assign cmd_ready_o = can;
  assign rxd_ready_o = can & ~cmd_valid_i;
  assign txd_ready_o = can & ~cmd_valid_i & ~rxd_valid_i;
  assign txf_ready_o = can & ~cmd_valid_i & ~rxd_valid_i & ~txd_valid_i;

  always_comb begin
    kind = !txf_bad_i ? KindTxFrame : txf_unsupported_i ? KindTxUnsupported : KindTxBad;
    addr = txf_addr_i;
    len  = txf_len_i;
    q    = txf_q_i;
    n    = 5'd0;
    read = ~txf_bad_i;
    if (cmd_valid_i) begin
      kind = KindCmd;
      addr = cmd_addr_i;
      len  = 16'(ravelin_regs_pkg::CMD_OCTETS);
      read = 1'b1;
    end else if (rxd_valid_i) begin
      kind = KindRxDesc;
      addr = rxd_addr_i;
      n    = rxd_n_i;
      len  = 16'(32'(rxd_n_i) * ravelin_regs_pkg::RX_DESC_OCTETS);
      q    = rxd_q_i;
      read = 1'b1;
    end else if (txd_valid_i) begin
      kind = KindTxDesc;
      addr = txd_addr_i;
      n    = txd_n_i;
      len  = 16'(32'(txd_n_i) * ravelin_regs_pkg::TX_DESC_OCTETS);
      q    = txd_q_i;
      read = 1'b1;
    end
  end

  assign order_in = {kind, q, n, len, txf_index_i, txf_sa_valid_i, txf_sa_i};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      req_valid_q <= 1'b0;
      req_tag_q   <= '0;
    end else if (!req_valid_q || rd_req_ready_i) begin
      req_valid_q <= any & can & read;
      req_tag_q   <= req_tag_q + 8'(req_valid_q);
    end
  end

  always_ff @(posedge clk_i) begin
    if (any && can) begin
      req_addr_q <= addr;
      req_len_q  <= len;
    end
  end

  assign rd_req_valid_o = req_valid_q;
  assign rd_req_addr_o  = req_addr_q;
  assign rd_req_len_o   = req_len_q;
  assign rd_req_tag_o   = req_tag_q;

  ravelin_queue_fifo #(.Width(OrderW), .Depth(Reads)) u_order (
    .clk_i, .rst_ni,
    .wr_i (any & can), .wdata_i (order_in), .full_o (order_full),
    .valid_o (order_valid),
    .rdata_o ({order_kind, rsp_q_o, rsp_n_o, rsp_len_o, rsp_index_o, rsp_sa_valid_o, rsp_sa_o}),
    .rd_i (order_rd), .empty_o (order_empty)
  );

  // An answer to nobody is of a time before a reset: taken and forgotten.
  logic fire, no_read;
  assign no_read        = (order_kind == KindTxBad) | (order_kind == KindTxUnsupported);
  assign rd_rsp_ready_o = order_valid ? ~no_read : order_empty;
  assign fire           = rd_rsp_valid_i & order_valid & ~no_read;
  assign cmd_rsp_o      = fire & (order_kind == KindCmd);
  assign rxd_rsp_o      = fire & (order_kind == KindRxDesc);
  assign txd_rsp_o      = fire & (order_kind == KindTxDesc);
  assign txf_rsp_o      = fire & (order_kind == KindTxFrame);
  assign txf_rsp_bad_o  = order_valid & no_read;
  assign txf_rsp_unsupported_o = order_kind == KindTxUnsupported;
  assign order_rd       = (fire & rd_rsp_eop_i) | txf_rsp_bad_o;

  assign busy_o = req_valid_q | ~order_empty | any;
endmodule
