// SPDX-License-Identifier: BSD-2-Clause
//
// PCIe side of the NIC: completer for BAR0 (registers) and BAR2 (MSI-X), DMA read, DMA write, MSI-X.
//
// Order: register accesses and MSI-X accesses happen in the order of their requests. Memory writes
// and interrupts leave in the order of the transfers. A completion does not leave before the
// transfers that were complete at its register read. Memory reads keep no order with writes.
//
// Rings and bits survive nothing: quiesce_i stops all at TLP boundaries and waits for reads in
// flight (each bounded by ReadTimeout); quiesced_o then stays 1 until quiesce_i falls, and all that
// was accepted and not done is dropped. The completer keeps answering meanwhile. What waits for the
// link (a TLP that has begun) has no bound: a link that is down ends by rst_ni.
//
// idle_o looks at the inputs too: while it is 1 and no input changes, nothing happens.
module ravelin_pcie #(
  parameter int unsigned DataW       = 512,
  parameter int unsigned ReadTags    = 64,
  parameter int unsigned ReadTimeout = 250000,   // cycles, 1 to 1.07 times that
  parameter int unsigned Vectors     = 5,
  parameter int unsigned ReadBuffer  = 32768,    // octets
  parameter int unsigned WriteBuffer = 8192,     // octets
  parameter int unsigned RegTimeout  = 256,      // cycles for a register access
  localparam int unsigned BytesW     = $clog2(DataW/8+1)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              flr_i,
  input  logic              quiesce_i,
  output logic              quiesced_o,
  output logic              idle_o,
  input  logic [15:0]       cfg_requester_id_i,
  input  logic              cfg_bus_master_i,
  input  logic [2:0]        cfg_max_payload_i,
  input  logic [2:0]        cfg_max_read_i,
  input  logic              cfg_ext_tag_i,
  input  logic              cfg_rcb128_i,
  input  logic              cfg_msix_enable_i,
  input  logic              cfg_msix_mask_i,
  input  logic              rx_req_valid_i,
  output logic              rx_req_ready_o,
  input  logic              rx_req_sop_i,
  input  logic              rx_req_eop_i,
  input  logic [127:0]      rx_req_hdr_i,
  input  logic [2:0]        rx_req_bar_i,
  input  logic [DataW-1:0]  rx_req_data_i,
  input  logic [BytesW-1:0] rx_req_bytes_i,
  input  logic              rx_cpl_valid_i,
  output logic              rx_cpl_ready_o,
  input  logic              rx_cpl_sop_i,
  input  logic              rx_cpl_eop_i,
  input  logic [127:0]      rx_cpl_hdr_i,
  /* verilator tracing_off */
  input  logic [DataW-1:0]  rx_cpl_data_i,
  /* verilator tracing_on */
  input  logic [BytesW-1:0] rx_cpl_bytes_i,
  output logic              tx_wr_valid_o,
  input  logic              tx_wr_ready_i,
  output logic              tx_wr_sop_o,
  output logic              tx_wr_eop_o,
  output logic [127:0]      tx_wr_hdr_o,
  output logic [DataW-1:0]  tx_wr_data_o,
  output logic [BytesW-1:0] tx_wr_bytes_o,
  output logic              tx_rd_valid_o,
  input  logic              tx_rd_ready_i,
  output logic [127:0]      tx_rd_hdr_o,
  output logic              tx_cpl_valid_o,
  input  logic              tx_cpl_ready_i,
  output logic              tx_cpl_sop_o,
  output logic              tx_cpl_eop_o,
  output logic [127:0]      tx_cpl_hdr_o,
  output logic [DataW-1:0]  tx_cpl_data_o,
  output logic [BytesW-1:0] tx_cpl_bytes_o,
  // Register access: valid is held until ack; read data stands with ack
  output logic              reg_valid_o,
  output logic              reg_write_o,
  output logic [15:0]       reg_addr_o,
  output logic [31:0]       reg_wdata_o,
  output logic [3:0]        reg_be_o,
  input  logic              reg_ack_i,
  input  logic [31:0]       reg_rdata_i,
  // DMA read
  input  logic              rd_req_valid_i,
  output logic              rd_req_ready_o,
  input  logic [63:0]       rd_req_addr_i,
  input  logic [15:0]       rd_req_len_i,
  input  logic [7:0]        rd_req_tag_i,
  output logic              rd_rsp_valid_o,
  input  logic              rd_rsp_ready_i,
  output logic              rd_rsp_sop_o,
  output logic              rd_rsp_eop_o,
  output logic              rd_rsp_err_o,
  output logic [7:0]        rd_rsp_tag_o,
  /* verilator tracing_off */
  output logic [DataW-1:0]  rd_rsp_data_o,
  /* verilator tracing_on */
  output logic [BytesW-1:0] rd_rsp_bytes_o,
  // DMA write
  input  logic              wr_valid_i,
  output logic              wr_ready_o,
  input  logic              wr_sop_i,
  input  logic              wr_eop_i,
  input  logic [63:0]       wr_addr_i,
  input  logic [15:0]       wr_len_i,
  input  logic              wr_irq_i,
  input  logic [7:0]        wr_vector_i,
  input  logic [DataW-1:0]  wr_data_i,
  output logic [ravelin_regs_pkg::CNT_NUM-1:0] cnt_o
);
  // ------------------------------------------------------------------------------------ quiescing
  logic quiesced_q, clear, rd_quiet, tx_quiet;
  logic cpl_idle, rd_idle, wr_idle;

  always_ff @(posedge clk_i) begin
    // Once quiet, nothing of ours begins: what stirs rd_quiet then is a late completion passing by.
    quiesced_q <= rst_ni && quiesce_i && (quiesced_q || (rd_quiet && tx_quiet));
  end

  assign quiesced_o = quiesced_q;
  assign clear      = quiesce_i && quiesced_q;

  // ------------------------------------------------------------------------------------ completer
  logic        msix_write;
  logic [12:0] msix_addr;
  logic [31:0] msix_wdata, msix_rdata;
  logic [3:0]  msix_be;
  logic [15:0] taken, sent;
  logic        bad_request;

  ravelin_pcie_completer #(.DataW(DataW), .RegTimeout(RegTimeout)) u_completer (
    .clk_i, .rst_ni, .idle_o(cpl_idle), .cfg_requester_id_i,
    .rx_req_valid_i, .rx_req_ready_o, .rx_req_sop_i, .rx_req_eop_i, .rx_req_hdr_i, .rx_req_bar_i,
    .rx_req_data_i(rx_req_data_i[63:0]),
    .tx_cpl_valid_o, .tx_cpl_ready_i, .tx_cpl_sop_o, .tx_cpl_eop_o, .tx_cpl_hdr_o, .tx_cpl_data_o,
    .tx_cpl_bytes_o,
    .reg_valid_o, .reg_write_o, .reg_addr_o, .reg_wdata_o, .reg_be_o, .reg_ack_i, .reg_rdata_i,
    .msix_write_o(msix_write), .msix_addr_o(msix_addr), .msix_wdata_o(msix_wdata),
    .msix_be_o(msix_be), .msix_rdata_i(msix_rdata),
    .fence_in_i(taken), .fence_out_i(sent), .bad_request_o(bad_request)
  );

  // ----------------------------------------------------------------------------- writes and MSI-X
  logic             tlp_valid, tlp_pop, tlp_data, tlp_last, tlp_irq, beat_pop;
  logic [127:0]     tlp_hdr;
  logic [7:0]       tlp_vector, irq_vector;
  logic [DataW-1:0] beat_data;
  logic             irq_sendable, irq_take, pend_valid, pend_take;
  logic [63:0]      irq_addr, pend_addr;
  logic [31:0]      irq_data, pend_data;

  ravelin_pcie_wr #(.DataW(DataW), .Octets(WriteBuffer)) u_wr (
    .clk_i, .rst_ni, .clear_i(clear), .idle_o(wr_idle), .cfg_requester_id_i, .cfg_max_payload_i,
    .wr_valid_i, .wr_ready_o, .wr_sop_i, .wr_eop_i, .wr_addr_i, .wr_len_i, .wr_irq_i, .wr_vector_i,
    .wr_data_i, .taken_o(taken),
    .tlp_valid_o(tlp_valid), .tlp_pop_i(tlp_pop), .tlp_hdr_o(tlp_hdr), .tlp_data_o(tlp_data),
    .tlp_last_o(tlp_last), .tlp_irq_o(tlp_irq), .tlp_vector_o(tlp_vector),
    .beat_pop_i(beat_pop), .beat_data_o(beat_data)
  );

  ravelin_pcie_tx #(.DataW(DataW)) u_tx (
    .clk_i, .rst_ni, .stop_i(quiesce_i), .clear_i(clear), .quiet_o(tx_quiet), .cfg_bus_master_i,
    .cfg_requester_id_i,
    .taken_i(taken), .tlp_valid_i(tlp_valid), .tlp_pop_o(tlp_pop), .tlp_hdr_i(tlp_hdr),
    .tlp_data_i(tlp_data), .tlp_last_i(tlp_last), .tlp_irq_i(tlp_irq), .tlp_vector_i(tlp_vector),
    .beat_pop_o(beat_pop), .beat_data_i(beat_data), .sent_o(sent),
    .irq_vector_o(irq_vector), .irq_sendable_i(irq_sendable), .irq_addr_i(irq_addr),
    .irq_data_i(irq_data), .irq_take_o(irq_take),
    .pend_valid_i(pend_valid), .pend_addr_i(pend_addr), .pend_data_i(pend_data),
    .pend_take_o(pend_take),
    .tx_wr_valid_o, .tx_wr_ready_i, .tx_wr_sop_o, .tx_wr_eop_o, .tx_wr_hdr_o, .tx_wr_data_o,
    .tx_wr_bytes_o
  );

  ravelin_pcie_msix #(.Vectors(Vectors)) u_msix (
    .clk_i, .rst_ni, .flr_i, .drop_pending_i(clear), .cfg_bus_master_i, .cfg_msix_enable_i,
    .cfg_msix_mask_i,
    .write_i(msix_write), .addr_i(msix_addr), .wdata_i(msix_wdata), .be_i(msix_be),
    .rdata_o(msix_rdata),
    .irq_vector_i(irq_vector), .irq_sendable_o(irq_sendable), .irq_addr_o(irq_addr),
    .irq_data_o(irq_data), .irq_take_i(irq_take),
    .pend_valid_o(pend_valid), .pend_addr_o(pend_addr), .pend_data_o(pend_data),
    .pend_take_i(pend_take)
  );

  // ---------------------------------------------------------------------------------------- reads
  logic cnt_ur, cnt_ca, cnt_poisoned, cnt_timeout, cnt_unexpected;

  ravelin_pcie_rd #(
    .DataW(DataW), .ReadTags(ReadTags), .ReadTimeout(ReadTimeout), .Octets(ReadBuffer)
  ) u_rd (
    .clk_i, .rst_ni, .stop_i(quiesce_i), .clear_i(clear), .quiet_o(rd_quiet), .idle_o(rd_idle),
    .cfg_requester_id_i, .cfg_bus_master_i, .cfg_max_read_i, .cfg_ext_tag_i,
    .rd_req_valid_i, .rd_req_ready_o, .rd_req_addr_i, .rd_req_len_i, .rd_req_tag_i,
    .rd_rsp_valid_o, .rd_rsp_ready_i, .rd_rsp_sop_o, .rd_rsp_eop_o, .rd_rsp_err_o, .rd_rsp_tag_o,
    .rd_rsp_data_o, .rd_rsp_bytes_o,
    .tx_rd_valid_o, .tx_rd_ready_i, .tx_rd_hdr_o,
    .rx_cpl_valid_i, .rx_cpl_ready_o, .rx_cpl_sop_i, .rx_cpl_eop_i, .rx_cpl_hdr_i, .rx_cpl_data_i,
    .rx_cpl_bytes_i,
    .cnt_ur_o(cnt_ur), .cnt_ca_o(cnt_ca), .cnt_poisoned_o(cnt_poisoned),
    .cnt_timeout_o(cnt_timeout), .cnt_unexpected_o(cnt_unexpected)
  );

  always_comb begin
    cnt_o = '0;
    cnt_o[ravelin_regs_pkg::CNT_PCIE_READ_UR]                = cnt_ur;
    cnt_o[ravelin_regs_pkg::CNT_PCIE_READ_CA]                = cnt_ca;
    cnt_o[ravelin_regs_pkg::CNT_PCIE_READ_POISONED]          = cnt_poisoned;
    cnt_o[ravelin_regs_pkg::CNT_PCIE_READ_TIMEOUT]           = cnt_timeout;
    cnt_o[ravelin_regs_pkg::CNT_PCIE_UNEXPECTED_COMPLETION]  = cnt_unexpected;
    cnt_o[ravelin_regs_pkg::CNT_PCIE_BAD_REQUEST]            = bad_request;
  end

  assign idle_o = cpl_idle && rd_idle && wr_idle && tx_quiet && !pend_valid && (taken == sent) &&
                  (cnt_o == '0);

  // Completions are taken at any legal or illegal boundary, so the RCB does not matter.
  logic unused;
  assign unused = &{1'b0, cfg_rcb128_i, rx_req_data_i[DataW-1:64], rx_req_bytes_i};
endmodule
