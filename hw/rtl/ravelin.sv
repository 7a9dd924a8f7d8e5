// SPDX-License-Identifier: BSD-2-Clause
//
// Ravelin: an IPsec NIC. Top level.
//
// One side is PCIe TLP streams, the other Ethernet frame streams. A board adds a shim from its hard
// PCIe block and its MAC to these; in simulation sim/ plays both.
//
// Streams: a beat moves when valid and ready are both 1; valid, once 1, stays until then. Octet 0 of
// a beat is data[7:0]. `bytes` counts the valid octets of the beat with eop (1 to DataW/8) and is
// ignored in the others, which are full.
//
// TLP streams: the header stands beside the first beat (sop): hdr[127:96] is header DW 0 as PCIe
// numbers its bits (Fmt in 127:125, Type in 124:120, Length in 105:96), hdr[31:0] DW 3 (zero in a
// 3 DW header). The payload starts at data[31:0] with its first DW in memory order (octet at the
// lowest address in data[7:0]); a TLP without payload is one beat with sop and eop. `bytes` is a
// multiple of 4. Posted requests, non-posted requests and completions leave on streams of their
// own: a stream that lacks credits holds its ready low and does not hold up the others.
//
// Reset: rst_ni resets all. flr_i (level) is a Function Level Reset; flr_done_o is 1 when it is
// complete and all keys are erased, until flr_i falls. datapath_reset_o is 1 while the data path is
// in reset: a frame that was on its way to the port then ends without eop, the shim drops it.
module ravelin #(
  parameter int unsigned DataW         = 512,   // beat width, bits: 128, 256 or 512
  parameter int unsigned QueuePairs    = 4,
  parameter int unsigned OutSaCount    = 1024,
  parameter int unsigned InSaCount     = 1024,
  parameter int unsigned PolicyCount   = 64,
  parameter int unsigned ReplayWindow  = 4096,  // packets
  parameter int unsigned MaxFrame      = 9234,  // octets without FCS
  parameter int unsigned ReadTags      = 64,    // PCIe reads in flight
  parameter int unsigned ReadTimeout   = 250000,  // cycles until a read is given up
  parameter int unsigned StallCycles   = 250000,  // cycles that a command waits for the port to take a beat
  parameter bit          TestMutations = 1'b0,  // 1: mutation_i breaks things on purpose (test bench only)
  parameter bit          ErrorInjection = 1'b0,  // 1: inject_* spoil memories (test bench only)
  localparam int unsigned BytesW       = $clog2(DataW/8+1)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              flr_i,
  output logic              flr_done_o,
  output logic              datapath_reset_o,
  output logic              idle_o,           // nothing is in flight; nothing happens until an input changes
  input  logic [3:0]        mutation_i,       // 1 replay check off, 2 ICV compare stuck true, 3 a sequence
                                              // number repeated, 4 SA erased but its key left,
                                              // 5 parity errors pass unnoticed
  // Configuration of the PCIe function, from its configuration space
  input  logic [15:0]       cfg_requester_id_i,   // bus, device, function
  input  logic              cfg_bus_master_i,
  input  logic [2:0]        cfg_max_payload_i,    // 0: 128 octets ... 5: 4096
  input  logic [2:0]        cfg_max_read_i,       // 0: 128 octets ... 5: 4096
  input  logic              cfg_ext_tag_i,
  input  logic              cfg_rcb128_i,         // read completion boundary: 128 octets; else 64
  input  logic              cfg_msix_enable_i,
  input  logic              cfg_msix_mask_i,      // function mask
  input  logic [47:0]       cfg_mac_i,            // MAC address, octet 0 in 7:0
  // Damage to a memory of an SA, for tests: from the cycle with inject_valid_i on a bit of it is read
  // wrong, until the SA is deleted or another bit damaged. inject_memory_i: DAMAGE_* of ravelin_ipsec_pkg.
  input  logic              inject_valid_i,
  input  logic [3:0]        inject_memory_i,
  input  logic              inject_inbound_i,
  input  logic [15:0]       inject_index_i,       // of the SA
  input  logic              port_link_i,          // the MAC sees a peer; of this clock
  // Requests in (memory reads and writes to BAR0 and BAR2)
  input  logic              rx_req_valid_i,
  output logic              rx_req_ready_o,
  input  logic              rx_req_sop_i,
  input  logic              rx_req_eop_i,
  input  logic [127:0]      rx_req_hdr_i,
  input  logic [2:0]        rx_req_bar_i,         // the BAR that matched: 0 or 2
  input  logic [DataW-1:0]  rx_req_data_i,
  input  logic [BytesW-1:0] rx_req_bytes_i,
  // Completions in (answers to our reads)
  input  logic              rx_cpl_valid_i,
  output logic              rx_cpl_ready_o,
  input  logic              rx_cpl_sop_i,
  input  logic              rx_cpl_eop_i,
  input  logic [127:0]      rx_cpl_hdr_i,
  /* verilator tracing_off */
  input  logic [DataW-1:0]  rx_cpl_data_i,
  /* verilator tracing_on */
  input  logic [BytesW-1:0] rx_cpl_bytes_i,
  // Posted requests out (memory writes, MSI-X)
  output logic              tx_wr_valid_o,
  input  logic              tx_wr_ready_i,
  output logic              tx_wr_sop_o,
  output logic              tx_wr_eop_o,
  output logic [127:0]      tx_wr_hdr_o,
  output logic [DataW-1:0]  tx_wr_data_o,
  output logic [BytesW-1:0] tx_wr_bytes_o,
  // Non-posted requests out (memory reads): a header a beat
  output logic              tx_rd_valid_o,
  input  logic              tx_rd_ready_i,
  output logic [127:0]      tx_rd_hdr_o,
  // Completions out (answers to reads of our BARs)
  output logic              tx_cpl_valid_o,
  input  logic              tx_cpl_ready_i,
  output logic              tx_cpl_sop_o,
  output logic              tx_cpl_eop_o,
  output logic [127:0]      tx_cpl_hdr_o,
  output logic [DataW-1:0]  tx_cpl_data_o,
  output logic [BytesW-1:0] tx_cpl_bytes_o,
  // Ethernet, from and to the wire, without preamble and FCS
  input  logic              port_rx_valid_i,
  output logic              port_rx_ready_o,
  input  logic              port_rx_sop_i,
  input  logic              port_rx_eop_i,
  input  logic [DataW-1:0]  port_rx_data_i,
  input  logic [BytesW-1:0] port_rx_bytes_i,
  input  logic              port_rx_err_i,        // with eop: damaged
  output logic              port_tx_valid_o,
  input  logic              port_tx_ready_i,
  output logic              port_tx_sop_o,
  output logic              port_tx_eop_o,
  output logic [DataW-1:0]  port_tx_data_o,
  output logic [BytesW-1:0] port_tx_bytes_o,
  output logic              port_tx_err_o         // with eop: the shim drops the frame, or ends what
                                                  // it has sent of it with a wrong FCS
);
  localparam int unsigned CntNum = ravelin_regs_pkg::CNT_NUM;

  if (DataW != 128 && DataW != 256 && DataW != 512) begin : gen_check_width
    $error("DataW must be 128, 256 or 512");
  end
  if (QueuePairs < 1 || QueuePairs > ravelin_regs_pkg::QP_MAX) begin : gen_check_queues
    $error("QueuePairs must be 1 to 64");
  end
  if (ReplayWindow < 512 || (ReplayWindow & (ReplayWindow - 1)) != 0) begin : gen_check_window
    $error("ReplayWindow must be a power of two, 512 or more");
  end
  if (PolicyCount < 2) begin : gen_check_policies
    $error("PolicyCount must be 2 or more");
  end
  if (OutSaCount < 16 || OutSaCount > 65536 || (OutSaCount & (OutSaCount - 1)) != 0) begin : gen_check_out_sas
    $error("OutSaCount must be a power of two, 16 to 65536");
  end
  if (InSaCount < 16 || InSaCount > 65536 || (InSaCount & (InSaCount - 1)) != 0) begin : gen_check_in_sas
    $error("InSaCount must be a power of two, 16 to 65536");
  end

  // ------------------------------------------------------------------------------------- wires
  logic dp_rst_n;                       // data path, queues and keys
  logic pcie_quiesce, pcie_quiesced;    // stop at TLP boundaries before the data path is reset
  logic soft_reset;                     // pulse: CONTROL.RESET written
  logic ipsec_ready;                    // keys and tables are swept
  logic pcie_idle, queue_idle, ipsec_idle;

  // Register access from the completer: valid is held until ack; read data stands with ack.
  logic        reg_valid, reg_write, reg_ack;
  logic [15:0] reg_addr;
  logic [31:0] reg_wdata, reg_rdata;
  logic [3:0]  reg_be;

  // DMA read: request, then its data in order of request, one response each. A failed read answers
  // with a single beat (sop, eop) and err set. The requester must always be able to take what it
  // asked for: it reserves the room first.
  logic             rd_req_valid, rd_req_ready;
  logic [63:0]      rd_req_addr;
  logic [15:0]      rd_req_len;         // octets, 1 to 16,383, any alignment
  logic [7:0]       rd_req_tag;         // returned with the response
  logic             rd_rsp_valid, rd_rsp_ready, rd_rsp_sop, rd_rsp_eop, rd_rsp_err;
  logic [7:0]       rd_rsp_tag;
  /* verilator tracing_off */
  logic [DataW-1:0] rd_rsp_data;
  /* verilator tracing_on */
  logic [BytesW-1:0] rd_rsp_bytes;

  // DMA write: address, length and interrupt stand with sop. Strictly in order; the interrupt's
  // message follows the data. A length of 0 (one beat) only raises the interrupt.
  logic              wr_valid, wr_ready, wr_sop, wr_eop, wr_irq;
  logic [63:0]       wr_addr;
  logic [15:0]       wr_len;
  logic [7:0]        wr_vector;
  logic [DataW-1:0]  wr_data;

  // Commands in, completions out (without opcode, tag and phase); one at a time.
  logic              cmd_valid, cmd_ready, cmd_rsp_valid;
  /* verilator tracing_off */
  ravelin_regs_pkg::cmd_t     cmd_data;
  /* verilator tracing_on */
  ravelin_regs_pkg::cmd_cpl_t cmd_rsp;

  // Events, without cycles, number and phase.
  logic              ev_valid, ev_ready;
  ravelin_regs_pkg::event_t ev;

  // Frames from the host, with what their descriptor said.
  logic              htx_valid, htx_ready, htx_sop, htx_eop, htx_sa_valid;
  logic [DataW-1:0]  htx_data;
  logic [BytesW-1:0] htx_bytes;
  logic [15:0]       htx_len, htx_sa;
  logic [15:0]       htx_taken;          // how many have been read, running

  // Frames to the host, with what their completion will say. Dropped in the queue when there is no
  // buffer: this stream never waits for the host.
  logic              hrx_valid, hrx_ready, hrx_sop, hrx_eop, hrx_decrypted, hrx_udp;
  logic [DataW-1:0]  hrx_data;
  logic [BytesW-1:0] hrx_bytes;
  logic [15:0]       hrx_len, hrx_sa;
  logic [31:0]       hrx_hash;

  // One pulse a counted thing; rx_bytes_add goes with the rx_frames pulse.
  logic [CntNum-1:0] pcie_cnt, ipsec_cnt;
  logic [15:0]       rx_bytes_add;

  logic              ctl_enable;
  logic [15:0]       ctl_port_max_frame;
  logic              fatal;
  logic [7:0]        fatal_cause;

  // ------------------------------------------------------------------------------------- blocks
  ravelin_reset u_reset (
    .clk_i, .rst_ni, .flr_i, .flr_done_o,
    .soft_reset_i     (soft_reset),
    .pcie_quiesce_o   (pcie_quiesce),
    .pcie_quiesced_i  (pcie_quiesced),
    .ipsec_ready_i    (ipsec_ready),
    .datapath_rst_no  (dp_rst_n)
  );

  assign datapath_reset_o = ~dp_rst_n;
  assign idle_o = pcie_idle & queue_idle & ipsec_idle & ipsec_ready & dp_rst_n & ~flr_i & ~pcie_quiesce;

  ravelin_pcie #(
    .DataW(DataW), .ReadTags(ReadTags), .ReadTimeout(ReadTimeout), .Vectors(QueuePairs + 1)
  ) u_pcie (
    .clk_i, .rst_ni, .flr_i,
    .quiesce_i (pcie_quiesce), .quiesced_o (pcie_quiesced), .idle_o (pcie_idle),
    .cfg_requester_id_i, .cfg_bus_master_i, .cfg_max_payload_i, .cfg_max_read_i, .cfg_ext_tag_i,
    .cfg_rcb128_i, .cfg_msix_enable_i, .cfg_msix_mask_i,
    .rx_req_valid_i, .rx_req_ready_o, .rx_req_sop_i, .rx_req_eop_i, .rx_req_hdr_i, .rx_req_bar_i,
    .rx_req_data_i, .rx_req_bytes_i,
    .rx_cpl_valid_i, .rx_cpl_ready_o, .rx_cpl_sop_i, .rx_cpl_eop_i, .rx_cpl_hdr_i, .rx_cpl_data_i,
    .rx_cpl_bytes_i,
    .tx_wr_valid_o, .tx_wr_ready_i, .tx_wr_sop_o, .tx_wr_eop_o, .tx_wr_hdr_o, .tx_wr_data_o,
    .tx_wr_bytes_o,
    .tx_rd_valid_o, .tx_rd_ready_i, .tx_rd_hdr_o,
    .tx_cpl_valid_o, .tx_cpl_ready_i, .tx_cpl_sop_o, .tx_cpl_eop_o, .tx_cpl_hdr_o, .tx_cpl_data_o,
    .tx_cpl_bytes_o,
    .reg_valid_o (reg_valid), .reg_write_o (reg_write), .reg_addr_o (reg_addr),
    .reg_wdata_o (reg_wdata), .reg_be_o (reg_be), .reg_ack_i (reg_ack), .reg_rdata_i (reg_rdata),
    .rd_req_valid_i (rd_req_valid), .rd_req_ready_o (rd_req_ready), .rd_req_addr_i (rd_req_addr),
    .rd_req_len_i (rd_req_len), .rd_req_tag_i (rd_req_tag),
    .rd_rsp_valid_o (rd_rsp_valid), .rd_rsp_ready_i (rd_rsp_ready), .rd_rsp_sop_o (rd_rsp_sop),
    .rd_rsp_eop_o (rd_rsp_eop), .rd_rsp_err_o (rd_rsp_err), .rd_rsp_tag_o (rd_rsp_tag),
    .rd_rsp_data_o (rd_rsp_data), .rd_rsp_bytes_o (rd_rsp_bytes),
    .wr_valid_i (wr_valid), .wr_ready_o (wr_ready), .wr_sop_i (wr_sop), .wr_eop_i (wr_eop),
    .wr_addr_i (wr_addr), .wr_len_i (wr_len), .wr_irq_i (wr_irq), .wr_vector_i (wr_vector),
    .wr_data_i (wr_data),
    .cnt_o (pcie_cnt)
  );

  ravelin_queue #(
    .DataW(DataW), .QueuePairs(QueuePairs), .OutSaCount(OutSaCount), .InSaCount(InSaCount),
    .PolicyCount(PolicyCount), .ReplayWindow(ReplayWindow), .MaxFrame(MaxFrame), .StallCycles(StallCycles)
  ) u_queue (
    .clk_i, .rst_ni (dp_rst_n), .power_on_rst_ni (rst_ni), .idle_o (queue_idle),
    .cfg_mac_i, .ipsec_ready_i (ipsec_ready), .fatal_i (fatal), .fatal_cause_i (fatal_cause), .link_i (port_link_i),
    .soft_reset_o (soft_reset),
    .ctl_enable_o (ctl_enable), .ctl_port_max_frame_o (ctl_port_max_frame),
    .reg_valid_i (reg_valid), .reg_write_i (reg_write), .reg_addr_i (reg_addr),
    .reg_wdata_i (reg_wdata), .reg_be_i (reg_be), .reg_ack_o (reg_ack), .reg_rdata_o (reg_rdata),
    .rd_req_valid_o (rd_req_valid), .rd_req_ready_i (rd_req_ready), .rd_req_addr_o (rd_req_addr),
    .rd_req_len_o (rd_req_len), .rd_req_tag_o (rd_req_tag),
    .rd_rsp_valid_i (rd_rsp_valid), .rd_rsp_ready_o (rd_rsp_ready), .rd_rsp_sop_i (rd_rsp_sop),
    .rd_rsp_eop_i (rd_rsp_eop), .rd_rsp_err_i (rd_rsp_err), .rd_rsp_tag_i (rd_rsp_tag),
    .rd_rsp_data_i (rd_rsp_data), .rd_rsp_bytes_i (rd_rsp_bytes),
    .wr_valid_o (wr_valid), .wr_ready_i (wr_ready), .wr_sop_o (wr_sop), .wr_eop_o (wr_eop),
    .wr_addr_o (wr_addr), .wr_len_o (wr_len), .wr_irq_o (wr_irq), .wr_vector_o (wr_vector),
    .wr_data_o (wr_data),
    .cmd_valid_o (cmd_valid), .cmd_ready_i (cmd_ready), .cmd_data_o (cmd_data),
    .cmd_rsp_valid_i (cmd_rsp_valid), .cmd_rsp_i (cmd_rsp),
    .ev_valid_i (ev_valid), .ev_ready_o (ev_ready), .ev_i (ev),
    .htx_valid_o (htx_valid), .htx_ready_i (htx_ready), .htx_sop_o (htx_sop), .htx_eop_o (htx_eop),
    .htx_data_o (htx_data), .htx_bytes_o (htx_bytes), .htx_len_o (htx_len),
    .htx_sa_valid_o (htx_sa_valid), .htx_sa_o (htx_sa), .htx_taken_o (htx_taken),
    .hrx_valid_i (hrx_valid), .hrx_ready_o (hrx_ready), .hrx_sop_i (hrx_sop), .hrx_eop_i (hrx_eop),
    .hrx_data_i (hrx_data), .hrx_bytes_i (hrx_bytes), .hrx_len_i (hrx_len),
    .hrx_decrypted_i (hrx_decrypted), .hrx_udp_i (hrx_udp), .hrx_sa_i (hrx_sa), .hrx_hash_i (hrx_hash),
    .cnt_i (pcie_cnt | ipsec_cnt), .rx_bytes_add_i (rx_bytes_add)
  );

  ravelin_ipsec #(
    .DataW(DataW), .OutSaCount(OutSaCount), .InSaCount(InSaCount), .PolicyCount(PolicyCount),
    .ReplayWindow(ReplayWindow), .MaxFrame(MaxFrame), .StallCycles(StallCycles), .TestMutations(TestMutations),
    .ErrorInjection(ErrorInjection)
  ) u_ipsec (
    .clk_i, .rst_ni (dp_rst_n), .ready_o (ipsec_ready), .idle_o (ipsec_idle), .mutation_i,
    .damage_i ({inject_valid_i, inject_memory_i, inject_inbound_i, inject_index_i}),
    .fatal_o (fatal), .fatal_cause_o (fatal_cause),
    .ctl_enable_i (ctl_enable), .ctl_port_max_frame_i (ctl_port_max_frame),
    .cmd_valid_i (cmd_valid), .cmd_ready_o (cmd_ready), .cmd_data_i (cmd_data),
    .cmd_rsp_valid_o (cmd_rsp_valid), .cmd_rsp_o (cmd_rsp),
    .ev_valid_o (ev_valid), .ev_ready_i (ev_ready), .ev_o (ev),
    .htx_valid_i (htx_valid), .htx_ready_o (htx_ready), .htx_sop_i (htx_sop), .htx_eop_i (htx_eop),
    .htx_data_i (htx_data), .htx_bytes_i (htx_bytes), .htx_len_i (htx_len),
    .htx_sa_valid_i (htx_sa_valid), .htx_sa_i (htx_sa), .htx_taken_i (htx_taken),
    .hrx_valid_o (hrx_valid), .hrx_ready_i (hrx_ready), .hrx_sop_o (hrx_sop), .hrx_eop_o (hrx_eop),
    .hrx_data_o (hrx_data), .hrx_bytes_o (hrx_bytes), .hrx_len_o (hrx_len),
    .hrx_decrypted_o (hrx_decrypted), .hrx_udp_o (hrx_udp), .hrx_sa_o (hrx_sa), .hrx_hash_o (hrx_hash),
    .port_rx_valid_i, .port_rx_ready_o, .port_rx_sop_i, .port_rx_eop_i, .port_rx_data_i,
    .port_rx_bytes_i, .port_rx_err_i,
    .port_tx_valid_o, .port_tx_ready_i, .port_tx_sop_o, .port_tx_eop_o, .port_tx_data_o,
    .port_tx_bytes_o, .port_tx_err_o,
    .cnt_o (ipsec_cnt), .rx_bytes_add_o (rx_bytes_add)
  );
endmodule
