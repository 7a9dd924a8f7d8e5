// SPDX-License-Identifier: BSD-2-Clause
//
// IPsec: transmit, receive, commands, events. ESP tunnel mode (RFC 4303), IPv4 and IPv6 in either;
// AES-GCM (RFC 4106), ESP in UDP over IPv4 (RFC 3948).
//
//   htx -> [tx] -> port_tx        port_rx -> [rx] -> hrx
//             \                     /
//              [command]   [events]
//
// Frames keep their order in each direction. A frame takes part in one SA at most.
//
// A parity error that cannot be laid to one SA makes the block dead until it is reset (fatal_o): all
// frames that have not been decided are dropped, those in the engines spoilt, all keys erased, and
// commands answered with FATAL.
module ravelin_ipsec #(
  parameter int unsigned DataW         = 512,
  parameter int unsigned OutSaCount    = 1024,  // powers of two, 16 at least
  parameter int unsigned InSaCount     = 1024,
  parameter int unsigned PolicyCount   = 64,
  parameter int unsigned ReplayWindow  = 4096,  // a power of two, 512 at least
  parameter int unsigned MaxFrame      = 9234,
  parameter int unsigned StallCycles   = 250000,  // that a command waits for the port to take a beat
  parameter bit          TestMutations = 1'b0,
  parameter bit          ErrorInjection = 1'b0,
  localparam int unsigned BytesW = $clog2(DataW/8+1),
  localparam int unsigned CntNum = ravelin_regs_pkg::CNT_NUM
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  output logic              ready_o,        // tables and keys are swept
  output logic              idle_o,
  input  logic [3:0]        mutation_i,
  input  logic [ravelin_ipsec_pkg::DAMAGE_W-1:0] damage_i,
  output logic              fatal_o,
  output logic [7:0]        fatal_cause_o,
  input  logic              ctl_enable_i,
  input  logic [15:0]       ctl_port_max_frame_i,
  input  logic              cmd_valid_i,
  output logic              cmd_ready_o,
  /* verilator tracing_off */
  input  ravelin_regs_pkg::cmd_t     cmd_data_i,
  /* verilator tracing_on */
  output logic              cmd_rsp_valid_o,
  output ravelin_regs_pkg::cmd_cpl_t cmd_rsp_o,
  output logic              ev_valid_o,
  input  logic              ev_ready_i,
  output ravelin_regs_pkg::event_t   ev_o,
  input  logic              htx_valid_i,
  output logic              htx_ready_o,
  input  logic              htx_sop_i,
  input  logic              htx_eop_i,
  input  logic [DataW-1:0]  htx_data_i,
  input  logic [BytesW-1:0] htx_bytes_i,
  input  logic [15:0]       htx_len_i,
  input  logic              htx_sa_valid_i,
  input  logic [15:0]       htx_sa_i,
  input  logic [15:0]       htx_taken_i,    // frames that come or came, running
  output logic              hrx_valid_o,
  input  logic              hrx_ready_i,
  output logic              hrx_sop_o,
  output logic              hrx_eop_o,
  output logic [DataW-1:0]  hrx_data_o,
  output logic [BytesW-1:0] hrx_bytes_o,
  output logic [15:0]       hrx_len_o,
  output logic              hrx_decrypted_o,
  output logic              hrx_udp_o,
  output logic [15:0]       hrx_sa_o,
  output logic [31:0]       hrx_hash_o,
  input  logic              port_rx_valid_i,
  output logic              port_rx_ready_o,
  input  logic              port_rx_sop_i,
  input  logic              port_rx_eop_i,
  input  logic [DataW-1:0]  port_rx_data_i,
  input  logic [BytesW-1:0] port_rx_bytes_i,
  input  logic              port_rx_err_i,
  output logic              port_tx_valid_o,
  input  logic              port_tx_ready_i,
  output logic              port_tx_sop_o,
  output logic              port_tx_eop_o,
  output logic [DataW-1:0]  port_tx_data_o,
  output logic [BytesW-1:0] port_tx_bytes_o,
  output logic              port_tx_err_o,
  output logic [CntNum-1:0] cnt_o,
  output logic [15:0]       rx_bytes_add_o
);
  localparam int unsigned OutW = $clog2(OutSaCount);
  localparam int unsigned InW  = $clog2(InSaCount);
  localparam int unsigned PolW = $clog2(PolicyCount);
  localparam int unsigned WinW = $clog2(ReplayWindow) + 1;

  if (MaxFrame > 16000) begin : gen_check_frame
    $error("the buffers of 32 KiB must hold two frames");
  end

  logic [ravelin_ipsec_pkg::DAMAGE_W-1:0] damage_q;
  logic tx_ready, tx_idle, rx_ready, rx_idle, cmd_idle, ev_idle;
  logic tx_pause, tx_paused, tx_wait, rx_pause, rx_paused;
  logic [15:0] tx_in_count, tx_out_count, tx_decided, rx_in_count, rx_out_count;
  logic [CntNum-1:0] tx_cnt, rx_cnt;

  logic            pol_set;
  logic [PolW-1:0] pol_idx;
  logic [31:0]     pol_priority;
  logic [ravelin_ipsec_pkg::RULE_W-1:0] pol_rule;
  logic [PolicyCount-1:0] pol_used;

  logic            out_live, out_broken, in_broken, lookup_bad, name_bad, fatal, fatal_q;
  logic [7:0]      fatal_cause_q;
  logic            out_read, out_write, out_key_valid, out_key_ready, out_key_done;
  logic [OutW-1:0] out_idx;
  logic [63:0]     out_seq;
  logic [ravelin_ipsec_pkg::OUT_CFG_W-1:0] out_cfg;
  logic [ravelin_ipsec_pkg::OUT_DYN_W-1:0] out_dyn;

  logic            in_read, in_write, in_key_valid, in_key_ready, in_key_done;
  logic            find, insert, remove, find_hit, find_full;
  logic [63:0]     in_seq, in_top;
  logic            in_esn, in_busy;
  ravelin_ipsec_pkg::in_name_t find_name;
  ravelin_ipsec_pkg::in_form_t find_form;
  logic [InW-1:0]  in_idx;
  logic [WinW-1:0] in_window;
  logic [ravelin_ipsec_pkg::SOURCE_W-1:0] in_source;
  logic [ravelin_ipsec_pkg::IN_CFG_W-1:0] in_cfg;
  logic [ravelin_ipsec_pkg::IN_DYN_W-1:0] in_dyn;

  logic            key_erase;
  logic [1:0]      key_size;
  /* verilator tracing_off */
  logic [255:0]    key;
  logic [31:0]     key_salt;
  /* verilator tracing_on */

  logic            tx_ev_valid, tx_ev_ready, rx_ev_valid, rx_ev_ready;
  logic [ravelin_ipsec_pkg::EVENT_REC_W-1:0] tx_ev, rx_ev;

  ravelin_ipsec_tx #(
    .DataW(DataW), .OutSaCount(OutSaCount), .PolicyCount(PolicyCount), .StallCycles(StallCycles),
    .TestMutations(TestMutations), .ErrorInjection(ErrorInjection)
  ) u_tx (
    .clk_i, .rst_ni, .ready_o (tx_ready), .idle_o (tx_idle), .mutation_i,
    .damage_i (damage_q),
    .dead_i (fatal_q),
    .max_frame_i (ctl_port_max_frame_i),
    .pause_i (tx_pause), .paused_o (tx_paused), .wait_i (tx_wait), .decided_o (tx_decided),
    .in_count_o (tx_in_count), .out_count_o (tx_out_count),
    .pol_set_i (pol_set), .pol_idx_i (pol_idx), .pol_priority_i (pol_priority),
    .pol_rule_i (pol_rule), .pol_used_o (pol_used),
    .sa_read_i (out_read), .sa_write_i (out_write), .sa_idx_i (out_idx), .sa_cfg_i (out_cfg),
    .sa_live_i (out_live), .sa_seq_i (out_seq), .sa_dyn_o (out_dyn), .sa_broken_o (out_broken),
    .key_req_valid_i (out_key_valid), .key_req_ready_o (out_key_ready),
    .key_req_erase_i (key_erase), .key_req_slot_i (out_idx), .key_req_size_i (key_size),
    .key_req_key_i (key), .key_req_salt_i (key_salt), .key_done_o (out_key_done),
    .ev_valid_o (tx_ev_valid), .ev_ready_i (tx_ev_ready), .ev_o (tx_ev),
    .htx_valid_i, .htx_ready_o, .htx_sop_i, .htx_eop_i, .htx_data_i, .htx_len_i, .htx_sa_valid_i,
    .htx_sa_i,
    .port_valid_o (port_tx_valid_o), .port_ready_i (port_tx_ready_i), .port_sop_o (port_tx_sop_o),
    .port_eop_o (port_tx_eop_o), .port_data_o (port_tx_data_o), .port_bytes_o (port_tx_bytes_o),
    .port_err_o (port_tx_err_o), .cnt_o (tx_cnt)
  );

  ravelin_ipsec_rx #(
    .DataW(DataW), .InSaCount(InSaCount), .ReplayWindow(ReplayWindow), .MaxFrame(MaxFrame),
    .TestMutations(TestMutations), .ErrorInjection(ErrorInjection)
  ) u_rx (
    .clk_i, .rst_ni, .ready_o (rx_ready), .idle_o (rx_idle), .mutation_i,
    .damage_i (damage_q),
    .dead_i (fatal_q), .lookup_bad_o (lookup_bad),
    .enable_i (ctl_enable_i),
    .pause_i (rx_pause), .paused_o (rx_paused), .in_count_o (rx_in_count),
    .out_count_o (rx_out_count),
    .op_find_i (find), .op_insert_i (insert), .op_remove_i (remove), .op_name_i (find_name), .op_form_i (find_form),
    .op_hit_o (find_hit), .op_full_o (find_full),
    .sa_read_i (in_read), .sa_write_i (in_write), .sa_idx_i (in_idx), .sa_cfg_i (in_cfg),
    .sa_seq_i (in_seq), .sa_esn_i (in_esn), .sa_window_i (in_window), .sa_source_i (in_source),
    .sa_busy_o (in_busy), .sa_dyn_o (in_dyn), .sa_seq_o (in_top),
    .sa_broken_o (in_broken), .key_req_valid_i (in_key_valid), .key_req_ready_o (in_key_ready),
    .key_req_erase_i (key_erase), .key_req_slot_i (in_idx), .key_req_size_i (key_size),
    .key_req_key_i (key), .key_req_salt_i (key_salt), .key_done_o (in_key_done),
    .ev_valid_o (rx_ev_valid), .ev_ready_i (rx_ev_ready), .ev_o (rx_ev),
    .port_valid_i (port_rx_valid_i), .port_ready_o (port_rx_ready_o), .port_sop_i (port_rx_sop_i),
    .port_eop_i (port_rx_eop_i), .port_data_i (port_rx_data_i), .port_bytes_i (port_rx_bytes_i),
    .port_err_i (port_rx_err_i),
    .hrx_valid_o, .hrx_ready_i, .hrx_sop_o, .hrx_eop_o, .hrx_data_o, .hrx_bytes_o, .hrx_len_o,
    .hrx_decrypted_o, .hrx_udp_o, .hrx_sa_o, .hrx_hash_o,
    .cnt_o (rx_cnt), .bytes_add_o (rx_bytes_add_o)
  );

  ravelin_ipsec_command #(
    .OutSaCount(OutSaCount), .InSaCount(InSaCount), .PolicyCount(PolicyCount),
    .ReplayWindow(ReplayWindow), .ErrorInjection(ErrorInjection)
  ) u_command (
    .clk_i, .rst_ni, .ready_i (ready_o), .idle_o (cmd_idle),
    .damage_i (damage_q), .dead_i (fatal_q), .name_bad_o (name_bad),
    .cmd_valid_i, .cmd_ready_o, .cmd_data_i, .rsp_valid_o (cmd_rsp_valid_o),
    .rsp_o (cmd_rsp_o),
    .tx_pause_o (tx_pause), .tx_wait_o (tx_wait), .tx_paused_i (tx_paused), .tx_taken_i (htx_taken_i),
    .tx_decided_i (tx_decided), .tx_in_count_i (tx_in_count), .tx_out_count_i (tx_out_count),
    .pol_set_o (pol_set), .pol_idx_o (pol_idx), .pol_priority_o (pol_priority),
    .pol_rule_o (pol_rule), .pol_used_i (pol_used),
    .out_read_o (out_read), .out_write_o (out_write), .out_idx_o (out_idx), .out_cfg_o (out_cfg),
    .out_live_o (out_live), .out_seq_o (out_seq), .out_dyn_i (out_dyn),
    .out_broken_i (out_broken), .out_key_valid_o (out_key_valid),
    .out_key_ready_i (out_key_ready), .out_key_done_i (out_key_done),
    .rx_pause_o (rx_pause), .rx_paused_i (rx_paused), .rx_in_count_i (rx_in_count),
    .rx_out_count_i (rx_out_count),
    .find_o (find), .insert_o (insert), .remove_o (remove), .find_name_o (find_name), .find_form_o (find_form),
    .find_hit_i (find_hit), .find_full_i (find_full),
    .in_read_o (in_read), .in_write_o (in_write), .in_idx_o (in_idx), .in_cfg_o (in_cfg),
    .in_seq_o (in_seq), .in_esn_o (in_esn), .in_window_o (in_window), .in_source_o (in_source),
    .in_busy_i (in_busy), .in_dyn_i (in_dyn), .in_top_i (in_top),
    .in_broken_i (in_broken),
    .in_key_valid_o (in_key_valid), .in_key_ready_i (in_key_ready), .in_key_done_i (in_key_done),
    .key_erase_o (key_erase), .key_size_o (key_size), .key_o (key), .key_salt_o (key_salt)
  );

  ravelin_ipsec_events u_events (
    .clk_i, .rst_ni, .idle_o (ev_idle), .fatal_i (fatal && !fatal_q),
    .fatal_cause_i (fatal_cause_q),
    .tx_valid_i (tx_ev_valid), .tx_ready_o (tx_ev_ready), .tx_i (tx_ev),
    .rx_valid_i (rx_ev_valid), .rx_ready_o (rx_ev_ready), .rx_i (rx_ev),
    .ev_valid_o, .ev_ready_i, .ev_o
  );

  // Damage lasts until the key slot of that SA is written or erased.
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      damage_q <= '0;
    end else if (ErrorInjection) begin
      if (damage_i[ravelin_ipsec_pkg::DAMAGE_W-1]) begin
        damage_q <= damage_i;
      end else if ((out_key_valid && {1'b0, 16'(out_idx)} == damage_q[16:0]) ||
                   (in_key_valid && {1'b1, 16'(in_idx)} == damage_q[16:0])) begin
        damage_q <= '0;
      end
    end
  end

  // ------------------------------------------------------------------------ the end of all
  assign fatal = (lookup_bad || name_bad) && !(TestMutations && mutation_i == 4'd5);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fatal_q       <= 1'b0;
      fatal_cause_q <= '0;
    end else if (fatal && !fatal_q) begin
      fatal_q       <= 1'b1;
      fatal_cause_q <= lookup_bad ? ravelin_regs_pkg::FATAL_CAUSE_LOOKUP :
                                    ravelin_regs_pkg::FATAL_CAUSE_NAMES;
    end
  end

  assign fatal_o       = fatal_q;
  assign fatal_cause_o = fatal_cause_q;

  assign cnt_o   = tx_cnt | rx_cnt;
  assign ready_o = tx_ready && rx_ready;
  assign idle_o  = ready_o && tx_idle && rx_idle && cmd_idle && ev_idle && !cmd_rsp_valid_o &&
                   tx_cnt == '0;

  logic unused;
  assign unused = ^htx_bytes_i;
endmodule
