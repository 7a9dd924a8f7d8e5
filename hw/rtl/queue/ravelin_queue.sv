// SPDX-License-Identifier: BSD-2-Clause
//
// Registers, counters and rings: everything between the DMA ports of the PCIe block and the frames,
// commands and events of the IPsec block.
//
//     registers --- regs --- counters        rd_req/rd_rsp --- read --- tx ring, rx ring, cmd, tx
//                                            wr ------------- write --- cmd, event, cq, rx
//     host memory --> tx ring --> tx --> htx         tx, rx --> cq --> host memory
//     host memory --> rx ring --> rx <-- hrx
//
// Nothing here waits for the driver while something waits for us: room for every answer, frame and
// completion is reserved before the request. What is disabled first lets what is in flight end.
module ravelin_queue #(
  parameter  int unsigned DataW        = 512,
  parameter  int unsigned QueuePairs   = 4,
  parameter  int unsigned OutSaCount   = 1024,
  parameter  int unsigned InSaCount    = 1024,
  parameter  int unsigned PolicyCount  = 64,
  parameter  int unsigned ReplayWindow = 4096,
  parameter  int unsigned StallCycles  = 250000,
  parameter  int unsigned MaxFrame     = 9234,
  parameter  int unsigned TxLog2Max    = 15,     // of the largest rings
  parameter  int unsigned RxLog2Max    = 15,
  parameter  int unsigned CqLog2Max    = 15,
  parameter  int unsigned CmdLog2Max   = 15,
  parameter  int unsigned EvtLog2Max   = 15,
  localparam int unsigned CntNum       = ravelin_regs_pkg::CNT_NUM,
  localparam int unsigned BytesW       = $clog2(DataW/8+1)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              power_on_rst_ni,
  output logic              idle_o,
  input  logic [47:0]       cfg_mac_i,
  input  logic              ipsec_ready_i,
  input  logic              fatal_i,
  input  logic [7:0]        fatal_cause_i,
  input  logic              link_i,
  output logic              soft_reset_o,       // from the write of CONTROL.RESET to rst_ni
  output logic              ctl_enable_o,
  output logic [15:0]       ctl_port_max_frame_o,
  // Register access
  input  logic              reg_valid_i,
  input  logic              reg_write_i,
  input  logic [15:0]       reg_addr_i,
  input  logic [31:0]       reg_wdata_i,
  input  logic [3:0]        reg_be_i,
  output logic              reg_ack_o,
  output logic [31:0]       reg_rdata_o,
  // DMA read
  output logic              rd_req_valid_o,
  input  logic              rd_req_ready_i,
  output logic [63:0]       rd_req_addr_o,
  output logic [15:0]       rd_req_len_o,
  output logic [7:0]        rd_req_tag_o,
  input  logic              rd_rsp_valid_i,
  output logic              rd_rsp_ready_o,
  input  logic              rd_rsp_sop_i,
  input  logic              rd_rsp_eop_i,
  input  logic              rd_rsp_err_i,
  input  logic [7:0]        rd_rsp_tag_i,
  /* verilator tracing_off */
  input  logic [DataW-1:0]  rd_rsp_data_i,
  /* verilator tracing_on */
  input  logic [BytesW-1:0] rd_rsp_bytes_i,
  // DMA write
  output logic              wr_valid_o,
  input  logic              wr_ready_i,
  output logic              wr_sop_o,
  output logic              wr_eop_o,
  output logic [63:0]       wr_addr_o,
  output logic [15:0]       wr_len_o,
  output logic              wr_irq_o,
  output logic [7:0]        wr_vector_o,
  output logic [DataW-1:0]  wr_data_o,
  // Commands
  output logic              cmd_valid_o,
  input  logic              cmd_ready_i,
  /* verilator tracing_off */
  output ravelin_regs_pkg::cmd_t     cmd_data_o,
  /* verilator tracing_on */
  input  logic              cmd_rsp_valid_i,
  input  ravelin_regs_pkg::cmd_cpl_t cmd_rsp_i,
  // Events
  input  logic              ev_valid_i,
  output logic              ev_ready_o,
  input  ravelin_regs_pkg::event_t ev_i,
  // Frames from the host
  output logic              htx_valid_o,
  input  logic              htx_ready_i,
  output logic              htx_sop_o,
  output logic              htx_eop_o,
  output logic [DataW-1:0]  htx_data_o,
  output logic [BytesW-1:0] htx_bytes_o,
  output logic [15:0]       htx_len_o,
  output logic              htx_sa_valid_o,
  output logic [15:0]       htx_sa_o,
  output logic [15:0]       htx_taken_o,        // frames read whole, running
  // Frames to the host
  input  logic              hrx_valid_i,
  output logic              hrx_ready_o,
  input  logic              hrx_sop_i,
  input  logic              hrx_eop_i,
  input  logic [DataW-1:0]  hrx_data_i,
  input  logic [BytesW-1:0] hrx_bytes_i,
  input  logic [15:0]       hrx_len_i,
  input  logic              hrx_decrypted_i,
  input  logic              hrx_udp_i,
  input  logic [15:0]       hrx_sa_i,
  input  logic [31:0]       hrx_hash_i,
  // What others count
  input  logic [CntNum-1:0] cnt_i,
  input  logic [15:0]       rx_bytes_add_i
);
  localparam int unsigned QW = QueuePairs > 1 ? $clog2(QueuePairs) : 1;

  logic regs_busy, cnt_busy, txr_busy, rxr_busy, cq_busy, tx_busy, rx_busy, cmd_busy, evt_busy;
  logic read_busy, write_busy;

  assign idle_o = ~(regs_busy | cnt_busy | txr_busy | rxr_busy | cq_busy | tx_busy | rx_busy |
                    cmd_busy | evt_busy | read_busy | write_busy | (|cnt_i));

  // ---------------------------------------------------------------------------------- registers
  logic          bus_read, bus_write, bus_qp;
  logic [15:0]   bus_addr;
  logic [QW-1:0] bus_q;
  logic [31:0]   bus_qp_addr, bus_wdata;
  logic          bus_low, bus_high;
  logic [31:0]   cnt_rdata, txr_rdata, rxr_rdata, cq_rdata, cmd_rdata, evt_rdata;
  logic [6:0]    rx_queues;
  logic [63:0]   cycles;

  ravelin_queue_regs #(
    .DataW(DataW), .QueuePairs(QueuePairs), .OutSaCount(OutSaCount), .InSaCount(InSaCount),
    .PolicyCount(PolicyCount), .ReplayWindow(ReplayWindow), .StallCycles(StallCycles), .MaxFrame(MaxFrame),
    .TxLog2Max(TxLog2Max), .RxLog2Max(RxLog2Max), .CqLog2Max(CqLog2Max), .CmdLog2Max(CmdLog2Max),
    .EvtLog2Max(EvtLog2Max)
  ) u_regs (
    .clk_i, .rst_ni, .power_on_rst_ni, .busy_o (regs_busy), .cfg_mac_i, .ipsec_ready_i,
    .fatal_i, .fatal_cause_i, .link_i, .reg_valid_i, .reg_write_i, .reg_addr_i, .reg_wdata_i, .reg_be_i, .reg_ack_o, .reg_rdata_o,
    .bus_read_o (bus_read), .bus_write_o (bus_write), .bus_addr_o (bus_addr), .bus_qp_o (bus_qp),
    .bus_q_o (bus_q), .bus_qp_addr_o (bus_qp_addr), .bus_wdata_o (bus_wdata), .bus_low_o (bus_low),
    .bus_high_o (bus_high),
    .bus_rdata_i (cnt_rdata | txr_rdata | rxr_rdata | cq_rdata | cmd_rdata | evt_rdata),
    .soft_reset_o, .ctl_enable_o, .ctl_port_max_frame_o, .rx_queues_o (rx_queues),
    .cycles_o (cycles)
  );

  logic [CntNum-1:0] pulse;
  logic              cnt_tx_frames, cnt_tx_bytes, cnt_tx_drop_desc, cnt_tx_drop_dma;
  logic [15:0]       cnt_tx_bytes_add;
  logic              cnt_rx_pass, cnt_rx_decrypted, cnt_rx_too_big;
  logic [1:0]        cnt_rx_no_buffer, cnt_events_lost;

  always_comb begin
    pulse = cnt_i;
    pulse[ravelin_regs_pkg::CNT_TX_FRAMES]         = cnt_tx_frames;
    pulse[ravelin_regs_pkg::CNT_TX_BYTES]          = cnt_tx_bytes;
    pulse[ravelin_regs_pkg::CNT_TX_DROP_DESC]      = cnt_tx_drop_desc;
    pulse[ravelin_regs_pkg::CNT_TX_DROP_DMA]       = cnt_tx_drop_dma;
    pulse[ravelin_regs_pkg::CNT_RX_BYTES]          = cnt_i[ravelin_regs_pkg::CNT_RX_FRAMES];
    pulse[ravelin_regs_pkg::CNT_RX_PASS]           = cnt_rx_pass;
    pulse[ravelin_regs_pkg::CNT_RX_DECRYPTED]      = cnt_rx_decrypted;
    pulse[ravelin_regs_pkg::CNT_RX_DROP_NO_BUFFER] = |cnt_rx_no_buffer;
    pulse[ravelin_regs_pkg::CNT_RX_DROP_TOO_BIG]   = cnt_rx_too_big;
    pulse[ravelin_regs_pkg::CNT_EVENTS_LOST]       = |cnt_events_lost;
  end

  ravelin_queue_counters u_counters (
    .clk_i, .rst_ni, .busy_o (cnt_busy), .pulse_i (pulse),
    .tx_bytes_i (cnt_tx_bytes_add), .rx_bytes_i (rx_bytes_add_i),
    .rx_no_buffer_i (cnt_rx_no_buffer), .events_lost_i (cnt_events_lost),
    .bus_read_i (bus_read), .bus_addr_i (bus_addr), .bus_rdata_o (cnt_rdata)
  );

  // -------------------------------------------------------------------------------------- reads
  logic          cmd_req_valid, cmd_req_ready, rxd_req_valid, rxd_req_ready;
  logic          txd_req_valid, txd_req_ready, txf_req_valid, txf_req_ready;
  logic [63:0]   cmd_req_addr, rxd_req_addr, txd_req_addr, txf_req_addr;
  logic [4:0]    rxd_req_n, txd_req_n;
  logic [QW-1:0] rxd_req_q, txd_req_q, tx_q;
  logic          txf_req_bad, txf_req_sa_valid;
  logic [15:0]   txf_req_len, txf_req_index, txf_req_sa;
  logic          txf_req_unsupported, txf_rsp_unsupported;
  logic          cmd_rsp, rxd_rsp, txd_rsp, txf_rsp, txf_rsp_bad;
  logic [QW-1:0] rsp_q;
  logic [4:0]    rsp_n;
  logic [15:0]   rsp_len, rsp_index, rsp_sa;
  logic          rsp_sa_valid;

  ravelin_queue_read #(.QueuePairs(QueuePairs)) u_read (
    .clk_i, .rst_ni, .busy_o (read_busy),
    .cmd_valid_i (cmd_req_valid), .cmd_ready_o (cmd_req_ready), .cmd_addr_i (cmd_req_addr),
    .rxd_valid_i (rxd_req_valid), .rxd_ready_o (rxd_req_ready), .rxd_addr_i (rxd_req_addr),
    .rxd_n_i (rxd_req_n), .rxd_q_i (rxd_req_q),
    .txd_valid_i (txd_req_valid), .txd_ready_o (txd_req_ready), .txd_addr_i (txd_req_addr),
    .txd_n_i (txd_req_n), .txd_q_i (txd_req_q),
    .txf_valid_i (txf_req_valid), .txf_ready_o (txf_req_ready), .txf_bad_i (txf_req_bad),
    .txf_unsupported_i (txf_req_unsupported),
    .txf_addr_i (txf_req_addr), .txf_len_i (txf_req_len), .txf_q_i (tx_q),
    .txf_index_i (txf_req_index), .txf_sa_valid_i (txf_req_sa_valid), .txf_sa_i (txf_req_sa),
    .rd_req_valid_o, .rd_req_ready_i, .rd_req_addr_o, .rd_req_len_o, .rd_req_tag_o,
    .rd_rsp_valid_i, .rd_rsp_ready_o, .rd_rsp_eop_i,
    .cmd_rsp_o (cmd_rsp), .rxd_rsp_o (rxd_rsp), .txd_rsp_o (txd_rsp), .txf_rsp_o (txf_rsp),
    .txf_rsp_bad_o (txf_rsp_bad), .txf_rsp_unsupported_o (txf_rsp_unsupported), .rsp_q_o (rsp_q), .rsp_n_o (rsp_n), .rsp_len_o (rsp_len),
    .rsp_index_o (rsp_index), .rsp_sa_valid_o (rsp_sa_valid), .rsp_sa_o (rsp_sa)
  );

  // -------------------------------------------------------------------------------------- rings
  logic [QueuePairs-1:0] en, space, tx_have, rx_have, rx_coming, tx_coming;
  logic [QueuePairs-1:0] txr_idle, rxr_idle, txr_err, rxr_err;
  logic                  settable, start, txr_size_ok, rxr_size_ok, txr_err_pulse, rxr_err_pulse;
  logic                  tx_look, tx_reserve, rx_look, rx_reserve;
  logic [QW-1:0]         tx_look_q, rx_q;
  ravelin_regs_pkg::tx_desc_t tx_desc;
  ravelin_regs_pkg::rx_desc_t rx_desc;
  logic [15:0]           tx_index, rx_index;
  logic                  cq_written;
  logic [QW-1:0]         cq_written_q;
  logic [2:0]            cq_written_tx_n, cq_written_rx_n;

  ravelin_queue_ring #(
    .DataW(DataW), .QueuePairs(QueuePairs), .RegBase(ravelin_regs_pkg::REG_TX_BASE_LO),
    .Log2Max(TxLog2Max), .DescW(ravelin_regs_pkg::TX_DESC_W)
  ) u_tx_ring (
    .clk_i, .rst_ni, .busy_o (txr_busy),
    .bus_write_i (bus_write), .bus_qp_i (bus_qp), .bus_q_i (bus_q), .bus_qp_addr_i (bus_qp_addr),
    .bus_wdata_i (bus_wdata), .bus_rdata_o (txr_rdata), .size_ok_o (txr_size_ok),
    .settable_i (settable), .start_i (start), .en_i (en),
    .req_valid_o (txd_req_valid), .req_ready_i (txd_req_ready), .req_addr_o (txd_req_addr),
    .req_n_o (txd_req_n), .req_q_o (txd_req_q),
    .rsp_valid_i (txd_rsp), .rsp_eop_i (rd_rsp_eop_i), .rsp_err_i (rd_rsp_err_i),
    .rsp_q_i (rsp_q), .rsp_n_i (rsp_n), .rsp_data_i (rd_rsp_data_i),
    .have_o (tx_have), .coming_o (tx_coming), .look_i (tx_look), .look_q_i (tx_look_q),
    .desc_o (tx_desc), .index_o (tx_index), .pop_i (tx_reserve), .pop_q_i (tx_q),
    .done_i (cq_written), .done_q_i (cq_written_q), .done_n_i (cq_written_tx_n),
    .idle_o (txr_idle), .err_o (txr_err), .err_pulse_o (txr_err_pulse)
  );

  ravelin_queue_ring #(
    .DataW(DataW), .QueuePairs(QueuePairs), .RegBase(ravelin_regs_pkg::REG_RX_BASE_LO),
    .Log2Max(RxLog2Max), .DescW(ravelin_regs_pkg::RX_DESC_W)
  ) u_rx_ring (
    .clk_i, .rst_ni, .busy_o (rxr_busy),
    .bus_write_i (bus_write), .bus_qp_i (bus_qp), .bus_q_i (bus_q), .bus_qp_addr_i (bus_qp_addr),
    .bus_wdata_i (bus_wdata), .bus_rdata_o (rxr_rdata), .size_ok_o (rxr_size_ok),
    .settable_i (settable), .start_i (start), .en_i (en),
    .req_valid_o (rxd_req_valid), .req_ready_i (rxd_req_ready), .req_addr_o (rxd_req_addr),
    .req_n_o (rxd_req_n), .req_q_o (rxd_req_q),
    .rsp_valid_i (rxd_rsp), .rsp_eop_i (rd_rsp_eop_i), .rsp_err_i (rd_rsp_err_i),
    .rsp_q_i (rsp_q), .rsp_n_i (rsp_n), .rsp_data_i (rd_rsp_data_i),
    .have_o (rx_have), .coming_o (rx_coming), .look_i (rx_look), .look_q_i (rx_q),
    .desc_o (rx_desc), .index_o (rx_index), .pop_i (rx_reserve), .pop_q_i (rx_q),
    .done_i (cq_written), .done_q_i (cq_written_q), .done_n_i (cq_written_rx_n),
    .idle_o (rxr_idle), .err_o (rxr_err), .err_pulse_o (rxr_err_pulse)
  );

  // --------------------------------------------------------------------------------- completion
  logic             txc_valid, txc_ready, rxc_valid, rxc_ready;
  logic [QW-1:0]    txc_q, rxc_q;
  ravelin_regs_pkg::cq_entry_t txc, rxc;
  logic             cq_wr_valid, cq_wr_ready, cq_wr_sop, cq_wr_eop, irq_valid, irq_ready;
  logic [63:0]      cq_wr_addr;
  logic [15:0]      cq_wr_len;
  logic [DataW-1:0] cq_wr_data;
  logic [QW-1:0]    cq_wr_q;
  logic [2:0]       cq_wr_tx_n, cq_wr_rx_n;
  logic [7:0]       irq_vector;

  ravelin_queue_cq #(.DataW(DataW), .QueuePairs(QueuePairs), .Log2Max(CqLog2Max)) u_cq (
    .clk_i, .rst_ni, .busy_o (cq_busy),
    .bus_write_i (bus_write), .bus_qp_i (bus_qp), .bus_q_i (bus_q), .bus_qp_addr_i (bus_qp_addr),
    .bus_wdata_i (bus_wdata), .bus_high_i (bus_high), .bus_rdata_o (cq_rdata),
    .en_o (en), .settable_o (settable), .start_o (start), .size_ok_i (txr_size_ok & rxr_size_ok),
    .tx_idle_i (txr_idle), .rx_idle_i (rxr_idle), .tx_err_i (txr_err), .rx_err_i (rxr_err),
    .space_o (space), .tx_reserve_i (tx_reserve), .tx_reserve_q_i (tx_q),
    .rx_reserve_i (rx_reserve), .rx_reserve_q_i (rx_q),
    .tx_valid_i (txc_valid), .tx_ready_o (txc_ready), .tx_q_i (txc_q), .tx_entry_i (txc),
    .rx_valid_i (rxc_valid), .rx_ready_o (rxc_ready), .rx_q_i (rxc_q), .rx_entry_i (rxc),
    .wr_valid_o (cq_wr_valid), .wr_ready_i (cq_wr_ready), .wr_sop_o (cq_wr_sop),
    .wr_eop_o (cq_wr_eop), .wr_addr_o (cq_wr_addr),
    .wr_len_o (cq_wr_len), .wr_data_o (cq_wr_data), .wr_q_o (cq_wr_q), .wr_tx_n_o (cq_wr_tx_n),
    .wr_rx_n_o (cq_wr_rx_n),
    .written_i (cq_written), .written_q_i (cq_written_q), .written_tx_n_i (cq_written_tx_n),
    .written_rx_n_i (cq_written_rx_n),
    .irq_valid_o (irq_valid), .irq_ready_i (irq_ready), .irq_vector_o (irq_vector)
  );

  // ------------------------------------------------------------------------------------- frames
  ravelin_queue_tx #(
    .DataW(DataW), .QueuePairs(QueuePairs), .OutSaCount(OutSaCount), .MaxFrame(MaxFrame)
  ) u_tx (
    .clk_i, .rst_ni, .busy_o (tx_busy), .ctl_enable_i (ctl_enable_o),
    .have_i (tx_have), .space_i (space), .reserve_ok_i (~rx_reserve), .reserve_o (tx_reserve),
    .look_o (tx_look), .look_q_o (tx_look_q), .q_o (tx_q), .desc_i (tx_desc), .index_i (tx_index),
    .req_valid_o (txf_req_valid), .req_ready_i (txf_req_ready), .req_bad_o (txf_req_bad),
    .req_unsupported_o (txf_req_unsupported),
    .req_addr_o (txf_req_addr), .req_len_o (txf_req_len), .req_index_o (txf_req_index),
    .req_sa_valid_o (txf_req_sa_valid), .req_sa_o (txf_req_sa),
    .rsp_valid_i (txf_rsp), .rsp_sop_i (rd_rsp_sop_i), .rsp_eop_i (rd_rsp_eop_i),
    .rsp_err_i (rd_rsp_err_i), .rsp_bad_i (txf_rsp_bad),
    .rsp_unsupported_i (txf_rsp_unsupported), .rsp_data_i (rd_rsp_data_i),
    .rsp_q_i (rsp_q), .rsp_len_i (rsp_len), .rsp_index_i (rsp_index),
    .rsp_sa_valid_i (rsp_sa_valid), .rsp_sa_i (rsp_sa),
    .cpl_valid_o (txc_valid), .cpl_ready_i (txc_ready), .cpl_q_o (txc_q),
    .cpl_o (txc),
    .htx_valid_o, .htx_ready_i, .htx_sop_o, .htx_eop_o, .htx_data_o, .htx_bytes_o, .htx_len_o,
    .htx_sa_valid_o, .htx_sa_o, .htx_taken_o,
    .cnt_frames_o (cnt_tx_frames), .cnt_drop_desc_o (cnt_tx_drop_desc),
    .cnt_drop_dma_o (cnt_tx_drop_dma), .cnt_bytes_o (cnt_tx_bytes),
    .cnt_bytes_add_o (cnt_tx_bytes_add)
  );

  logic             rx_mark, rx_mark_done;
  logic             rx_wr_valid, rx_wr_ready, rx_wr_sop, rx_wr_eop;
  logic [63:0]      rx_wr_addr;
  logic [15:0]      rx_wr_len;
  logic [DataW-1:0] rx_wr_data;

  ravelin_queue_rx #(.DataW(DataW), .QueuePairs(QueuePairs), .MaxFrame(MaxFrame)) u_rx (
    .clk_i, .rst_ni, .busy_o (rx_busy), .rx_queues_i (rx_queues),
    .hrx_valid_i, .hrx_ready_o, .hrx_sop_i, .hrx_eop_i, .hrx_data_i, .hrx_bytes_i, .hrx_len_i,
    .hrx_decrypted_i, .hrx_udp_i, .hrx_sa_i, .hrx_hash_i,
    .have_i (rx_have), .coming_i (rx_coming), .space_i (space), .reserve_o (rx_reserve),
    .look_o (rx_look), .q_o (rx_q), .desc_i (rx_desc), .index_i (rx_index),
    .wr_valid_o (rx_wr_valid), .wr_ready_i (rx_wr_ready), .wr_sop_o (rx_wr_sop),
    .wr_eop_o (rx_wr_eop), .wr_addr_o (rx_wr_addr), .wr_len_o (rx_wr_len), .wr_data_o (rx_wr_data),
    .cpl_valid_o (rxc_valid), .cpl_ready_i (rxc_ready), .cpl_q_o (rxc_q), .cpl_o (rxc),
    .cpl_written_i (cq_written ? cq_written_rx_n : 3'd0),
    .mark_i (rx_mark), .mark_done_o (rx_mark_done),
    .cnt_pass_o (cnt_rx_pass), .cnt_decrypted_o (cnt_rx_decrypted),
    .cnt_too_big_o (cnt_rx_too_big), .cnt_no_buffer_o (cnt_rx_no_buffer)
  );

  // ------------------------------------------------------------------------- commands and events
  logic             cmd_wr_valid, cmd_wr_ready, cmd_wr_sop, cmd_wr_eop, cmd_written;
  logic [63:0]      cmd_wr_addr;
  logic [7:0]       cmd_wr_vector;
  logic [DataW-1:0] cmd_wr_data;
  logic             evt_wr_valid, evt_wr_ready, evt_wr_sop, evt_wr_eop, evt_written;
  logic [63:0]      evt_wr_addr;
  logic [7:0]       evt_wr_vector;
  logic [DataW-1:0] evt_wr_data;

  ravelin_queue_cmd #(.DataW(DataW), .QueuePairs(QueuePairs), .Log2Max(CmdLog2Max)) u_cmd (
    .clk_i, .rst_ni, .busy_o (cmd_busy),
    .bus_write_i (bus_write), .bus_addr_i (bus_addr), .bus_wdata_i (bus_wdata),
    .bus_low_i (bus_low),
    .bus_rdata_o (cmd_rdata),
    .req_valid_o (cmd_req_valid), .req_ready_i (cmd_req_ready), .req_addr_o (cmd_req_addr),
    .rsp_valid_i (cmd_rsp), .rsp_eop_i (rd_rsp_eop_i), .rsp_err_i (rd_rsp_err_i),
    .rsp_data_i (rd_rsp_data_i),
    .cmd_valid_o, .cmd_ready_i, .cmd_data_o, .cmd_rsp_valid_i, .cmd_rsp_i,
    .rx_mark_o (rx_mark), .rx_mark_done_i (rx_mark_done),
    .wr_valid_o (cmd_wr_valid), .wr_ready_i (cmd_wr_ready), .wr_sop_o (cmd_wr_sop),
    .wr_eop_o (cmd_wr_eop), .wr_addr_o (cmd_wr_addr), .wr_vector_o (cmd_wr_vector),
    .wr_data_o (cmd_wr_data), .written_i (cmd_written)
  );

  ravelin_queue_event #(.DataW(DataW), .QueuePairs(QueuePairs), .Log2Max(EvtLog2Max)) u_event (
    .clk_i, .rst_ni, .busy_o (evt_busy), .cycles_i (cycles),
    .bus_write_i (bus_write), .bus_addr_i (bus_addr), .bus_wdata_i (bus_wdata),
    .bus_low_i (bus_low),
    .bus_rdata_o (evt_rdata),
    .ev_valid_i, .ev_ready_o, .ev_i,
    .tx_err_i (txr_err_pulse), .rx_err_i (rxr_err_pulse), .err_q_i (rsp_q), .link_i,
    .wr_valid_o (evt_wr_valid), .wr_ready_i (evt_wr_ready), .wr_sop_o (evt_wr_sop),
    .wr_eop_o (evt_wr_eop), .wr_addr_o (evt_wr_addr), .wr_vector_o (evt_wr_vector),
    .wr_data_o (evt_wr_data), .written_i (evt_written), .cnt_lost_o (cnt_events_lost)
  );

  // ------------------------------------------------------------------------------------- writes
  ravelin_queue_write #(.DataW(DataW), .QueuePairs(QueuePairs)) u_write (
    .clk_i, .rst_ni, .busy_o (write_busy),
    .cmd_valid_i (cmd_wr_valid), .cmd_ready_o (cmd_wr_ready), .cmd_sop_i (cmd_wr_sop),
    .cmd_eop_i (cmd_wr_eop), .cmd_addr_i (cmd_wr_addr), .cmd_vector_i (cmd_wr_vector),
    .cmd_data_i (cmd_wr_data), .cmd_written_o (cmd_written),
    .evt_valid_i (evt_wr_valid), .evt_ready_o (evt_wr_ready), .evt_sop_i (evt_wr_sop),
    .evt_eop_i (evt_wr_eop), .evt_addr_i (evt_wr_addr), .evt_vector_i (evt_wr_vector),
    .evt_data_i (evt_wr_data), .evt_written_o (evt_written),
    .irq_valid_i (irq_valid), .irq_ready_o (irq_ready), .irq_vector_i (irq_vector),
    .cq_valid_i (cq_wr_valid), .cq_ready_o (cq_wr_ready), .cq_sop_i (cq_wr_sop),
    .cq_eop_i (cq_wr_eop), .cq_addr_i (cq_wr_addr),
    .cq_len_i (cq_wr_len), .cq_data_i (cq_wr_data), .cq_q_i (cq_wr_q), .cq_tx_n_i (cq_wr_tx_n),
    .cq_rx_n_i (cq_wr_rx_n),
    .cq_written_o (cq_written), .cq_written_q_o (cq_written_q),
    .cq_written_tx_n_o (cq_written_tx_n), .cq_written_rx_n_o (cq_written_rx_n),
    .rx_valid_i (rx_wr_valid), .rx_ready_o (rx_wr_ready), .rx_sop_i (rx_wr_sop),
    .rx_eop_i (rx_wr_eop), .rx_addr_i (rx_wr_addr), .rx_len_i (rx_wr_len), .rx_data_i (rx_wr_data),
    .wr_valid_o, .wr_ready_i, .wr_sop_o, .wr_eop_o, .wr_addr_o, .wr_len_o, .wr_irq_o, .wr_vector_o,
    .wr_data_o
  );

  logic unused;
  assign unused = (|rd_rsp_tag_i) ^ (|rd_rsp_bytes_i) ^ (|tx_coming);   // answers come in order
endmodule
