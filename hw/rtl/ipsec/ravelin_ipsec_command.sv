// SPDX-License-Identifier: BSD-2-Clause
//
// Executes commands, one at a time, to completion.
//
// Tables are read and written only while the decision pipelines are paused and empty; frames wait
// in their buffers for the few cycles that takes. An SA becomes visible last: key first, then its
// state, then, inbound, its entry in the lookup table. An SA that goes is made invisible first;
// then every frame admitted so far leaves; then its key is erased; then the command completes.
//
// Frames wait between the host, to which they are completed already, and their decision. Before the
// policies change or an outbound SA appears, those known when the command came are decided; so are
// those known when an outbound SA became invisible, before its SA_DELETE completes. No frame is
// judged by what was commanded after its completion. Decisions go on meanwhile.
//
// Of several things wrong with a command, the status with the lowest number answers; but an SA that
// is UNSUPPORTED is not looked up, so it is not DUPLICATE.
//
// With dead_i the command at hand, and each one after it, is answered with FATAL: nothing of it is
// done any more, and its key is forgotten.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_command #(
  parameter int unsigned OutSaCount   = 1024,
  parameter int unsigned InSaCount    = 1024,
  parameter int unsigned PolicyCount  = 64,
  parameter int unsigned ReplayWindow = 4096,
  parameter bit          ErrorInjection = 1'b0,
  localparam int unsigned OutW = $clog2(OutSaCount),
  localparam int unsigned InW  = $clog2(InSaCount),
  localparam int unsigned PolW = $clog2(PolicyCount),
  localparam int unsigned WinW = $clog2(ReplayWindow) + 1
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              ready_i,        // all tables and keys are swept
  output logic              idle_o,
  input  logic [ravelin_ipsec_pkg::DAMAGE_W-1:0]  damage_i,
  input  logic              dead_i,
  output logic              name_bad_o,     // pulse; dead_i is to follow in the next cycle
  input  logic              cmd_valid_i,
  output logic              cmd_ready_o,
  /* verilator tracing_off */
  input  ravelin_regs_pkg::cmd_t cmd_data_i,
  /* verilator tracing_on */
  output logic              rsp_valid_o,
  output ravelin_regs_pkg::cmd_cpl_t rsp_o,   // without opcode, tag and phase
  // transmit
  output logic              tx_pause_o,
  output logic              tx_wait_o,      // for frames to be decided, or to leave
  input  logic              tx_paused_i,
  input  logic [15:0]       tx_taken_i,     // frames the host may know as completed, running
  input  logic [15:0]       tx_decided_i,   // of these, decided
  input  logic [15:0]       tx_in_count_i,
  input  logic [15:0]       tx_out_count_i,
  output logic              pol_set_o,
  output logic [PolW-1:0]   pol_idx_o,
  output logic [31:0]       pol_priority_o,
  output logic [ravelin_ipsec_pkg::RULE_W-1:0]    pol_rule_o,
  input  logic [PolicyCount-1:0]                  pol_used_i,
  output logic              out_read_o,
  output logic              out_write_o,
  output logic [OutW-1:0]   out_idx_o,
  output logic [ravelin_ipsec_pkg::OUT_CFG_W-1:0] out_cfg_o,
  output logic              out_live_o,
  output logic [63:0]       out_seq_o,
  input  logic [ravelin_ipsec_pkg::OUT_DYN_W-1:0] out_dyn_i,
  input  logic              out_broken_i,
  output logic              out_key_valid_o,
  input  logic              out_key_ready_i,
  input  logic              out_key_done_i,
  // receive
  output logic              rx_pause_o,
  input  logic              rx_paused_i,
  input  logic [15:0]       rx_in_count_i,
  input  logic [15:0]       rx_out_count_i,
  output logic              find_o,
  output logic              insert_o,
  output logic              remove_o,
  output ravelin_ipsec_pkg::in_name_t find_name_o,
  output ravelin_ipsec_pkg::in_form_t find_form_o,
  input  logic              find_hit_i,
  input  logic              find_full_i,
  output logic              in_read_o,
  output logic              in_write_o,
  output logic [InW-1:0]    in_idx_o,
  output logic [ravelin_ipsec_pkg::IN_CFG_W-1:0]  in_cfg_o,
  output logic [63:0]       in_seq_o,
  output logic              in_esn_o,
  output logic [WinW-1:0]   in_window_o,
  input  logic              in_busy_i,      // it is not written yet
  output logic [ravelin_ipsec_pkg::SOURCE_W-1:0] in_source_o,  // port 0: it isn't watched
  input  logic [ravelin_ipsec_pkg::IN_DYN_W-1:0]  in_dyn_i,
  input  logic [63:0]       in_top_i,
  input  logic              in_broken_i,
  output logic              in_key_valid_o,
  input  logic              in_key_ready_i,
  input  logic              in_key_done_i,
  // key port of both engines
  output logic              key_erase_o,
  output logic [1:0]        key_size_o,
  /* verilator tracing_off */
  output logic [255:0]      key_o,
  output logic [31:0]       key_salt_o
  /* verilator tracing_on */
);
  typedef enum logic [3:0] {
    StIdle, StFields, StCheck, StVerdict, StPause, StFind, StJudge, StKey, StKeyWait, StCommit, StClear, StRead, StDrain,
    StSettle, StRespond
  } state_e;

  state_e      state_q;
  /* verilator tracing_off */
  ravelin_regs_pkg::cmd_t        cmd_q;
  ravelin_regs_pkg::cmd_policy_t policy;      // the same octets
  /* verilator tracing_on */
  logic [7:0]  status_q;
  logic [2:0]  wait_q;
  logic        key_loaded_q;        // SA_ADD: the key is in, the second pause installs
  logic        key_erase_q;
  logic [15:0] drain_q;             // frames admitted before the SA became invisible
  logic [15:0] settle_q;            // frames to be decided first
  logic [OutSaCount-1:0] out_used_q;
  logic [InSaCount-1:0]  in_used_q;
  ravelin_ipsec_pkg::in_name_t new_name, name;   // of an inbound SA; name: to remove it by

  // ------------------------------------------------------------------------ fields
  logic        inbound, is_add, is_delete, is_query, is_set, is_clear, is_sa, is_policy;
  ravelin_regs_pkg::sa_flag_t flags;
  logic [1:0]  icv;
  ravelin_ipsec_pkg::limits_t limits;

  assign policy    = cmd_q;
  assign flags     = cmd_q.sa_flags;
  assign inbound   = flags.inbound;
  assign icv       = flags.icv_8 ? ravelin_ipsec_pkg::ICV_8 :
                     flags.icv_12 ? ravelin_ipsec_pkg::ICV_12 : ravelin_ipsec_pkg::ICV_16;
  assign is_add    = cmd_q.opcode == ravelin_regs_pkg::CMD_OP_SA_ADD;
  assign is_delete = cmd_q.opcode == ravelin_regs_pkg::CMD_OP_SA_DELETE;
  assign is_query  = cmd_q.opcode == ravelin_regs_pkg::CMD_OP_SA_QUERY;
  assign is_set    = cmd_q.opcode == ravelin_regs_pkg::CMD_OP_POLICY_SET;
  assign is_clear  = cmd_q.opcode == ravelin_regs_pkg::CMD_OP_POLICY_CLEAR;
  assign is_sa     = is_add || is_delete || is_query;
  assign is_policy = is_set || is_clear;

  always_comb begin
    limits.hard_packets = cmd_q.hard_packets;
    limits.soft_packets = cmd_q.soft_packets;
    limits.hard_bytes   = cmd_q.hard_bytes;
    limits.soft_bytes   = cmd_q.soft_bytes;
  end

  function automatic logic [127:0] mask_of(input logic [7:0] len);
    mask_of = len >= 8'd128 ? '1 : ~({128{1'b1}} >> len);
  endfunction

  // ------------------------------------------------------------------------ checks
  // What the opcode has no use for, and has to be zero: all that it is not known to use.
  /* verilator tracing_off */
  ravelin_regs_pkg::cmd_t        spare;
  ravelin_regs_pkg::cmd_policy_t spare_policy;
  /* verilator tracing_on */
  localparam int unsigned Parts = ravelin_regs_pkg::CMD_W / 64;

  logic [Parts-1:0] reserved;
  /* verilator tracing_off */
  logic [ravelin_regs_pkg::CMD_W-1:0] leftover;
  /* verilator tracing_on */
  always_comb begin
    spare        = cmd_q;
    spare.opcode = '0;
    spare.tag    = '0;
    if (is_sa) begin
      spare.index            = '0;
      spare.sa_flags.inbound = 1'b0;
    end
    if (is_clear) begin
      spare.index = '0;
    end
    if (is_add) begin
      spare.sa_flags.aes192     = 1'b0;
      spare.sa_flags.aes256     = 1'b0;
      spare.sa_flags.implicit_iv = 1'b0;
      spare.sa_flags.icv_8      = 1'b0;
      spare.sa_flags.icv_12     = 1'b0;
      spare.sa_flags.udp        = 1'b0;
      spare.sa_flags.df_set     = 1'b0;
      spare.sa_flags.df_clear   = 1'b0;
      spare.sa_flags.dscp_fixed = 1'b0;
      spare.sa_flags.dscp       = '0;
      spare.sa_flags.ttl        = '0;
      spare.spi                 = '0;
      spare.src.v4              = '0;
      spare.dst.v4              = '0;
      if (flags.ipv6) begin
        spare.src.v6 = '0;
        spare.dst.v6 = '0;
      end
      if (flags.selectors) begin
        spare.sel_src.v4             = '0;
        spare.sel_dst.v4             = '0;
        if (flags.sel_ipv6) begin
          spare.sel_src.v6 = '0;
          spare.sel_dst.v6 = '0;
        end
        spare.sel_src_len            = '0;
        spare.sel_dst_len            = '0;
        spare.sel_proto              = '0;
        spare.sel_sport_lo           = '0;
        spare.sel_sport_hi           = '0;
        spare.sel_dport_lo           = '0;
        spare.sel_dport_hi           = '0;
        spare.sa_flags.sel_ipv6      = 1'b0;
        spare.sa_flags.sel_any_proto = 1'b0;
      end
      spare.sa_flags.esn        = 1'b0;
      spare.sa_flags.ipv6       = 1'b0;
      spare.sa_flags.transport  = 1'b0;
      spare.sa_flags.ah         = 1'b0;
      spare.sa_flags.gmac       = 1'b0;
      spare.sa_flags.selectors  = 1'b0;
      spare.path_mtu            = '0;
      spare.mss                 = '0;
      spare.udp_sport           = '0;
      spare.udp_dport           = '0;
      spare.salt                = '0;
      spare.key.low             = '0;
      spare.key.middle          = flags.aes192 || flags.aes256 ? '0 : cmd_q.key.middle;
      spare.key.high            = flags.aes256 ? '0 : cmd_q.key.high;
      spare.seq                 = '0;
      spare.window              = '0;
      spare.soft_bytes          = '0;
      spare.hard_bytes          = '0;
      spare.soft_packets        = '0;
      spare.hard_packets        = '0;
    end
    spare_policy                 = policy;
    spare_policy.opcode          = '0;
    spare_policy.tag             = '0;
    spare_policy.index           = '0;
    spare_policy.action          = '0;
    spare_policy.proto           = '0;
    spare_policy.flags.any_proto = 1'b0;
    spare_policy.flags.ipv6      = 1'b0;
    if (policy.flags.ipv6) begin
      spare_policy.src.v6 = '0;
      spare_policy.dst.v6 = '0;
    end
    spare_policy.priority_       = '0;
    spare_policy.src.v4          = '0;
    spare_policy.dst.v4          = '0;
    spare_policy.src_len         = '0;
    spare_policy.dst_len         = '0;
    spare_policy.sa              = '0;
    spare_policy.sport_lo        = '0;
    spare_policy.sport_hi        = '0;
    spare_policy.dport_lo        = '0;
    spare_policy.dport_hi        = '0;
    leftover = is_set ? spare_policy : spare;
    reserved = '0;
    if (state_q == StCheck) begin
      for (int unsigned i = 0; i < Parts; i++) begin
        reserved[i] = leftover[i*64 +: 64] != '0;
      end
    end
  end

  logic bad_index, in_use, not_found;
  always_comb begin
    bad_index = 1'b0;
    in_use    = 1'b0;
    not_found = 1'b0;
    if (state_q == StCheck) begin
      if (is_sa) begin
        bad_index = 32'(cmd_q.index) >= (inbound ? InSaCount : OutSaCount);
        in_use    = !bad_index && (inbound ? in_used_q[in_idx_o] : out_used_q[out_idx_o]);
        not_found = !bad_index && !in_use;
      end else if (is_policy) begin
        bad_index = 32'(policy.index) >= PolicyCount ||
                    (is_set && policy.action == ravelin_regs_pkg::POLICY_ACTION_PROTECT &&
                     32'(policy.sa) >= OutSaCount);
        not_found = !bad_index && !pol_used_i[pol_idx_o];
      end
    end
  end

  function automatic logic over(input logic [63:0] first, input logic [63:0] last);
    over = first != '0 && last != '0 && first > last;
  endfunction

  // What the command has room for and the data path does not do.
  logic unsupported;
  always_comb begin
    unsupported = 1'b0;
    if (state_q == StCheck && is_add) begin
      unsupported = (flags.ipv6 && flags.udp) || (flags.ah && !flags.gmac) ||
                    cmd_q.path_mtu != '0 || cmd_q.mss != '0;
    end
  end

  logic bad_flags, bad_limits, bad_seq, bad_window, bad_port;
  always_comb begin
    bad_flags  = 1'b0;
    bad_limits = 1'b0;
    bad_seq    = 1'b0;
    bad_window = 1'b0;
    bad_port   = 1'b0;
    if (state_q == StCheck && is_add) begin
      bad_flags  = inbound ? cmd_q.path_mtu != '0 || cmd_q.mss != '0 || flags.df_set || flags.df_clear || flags.dscp_fixed ||
                             flags.dscp != '0 || flags.ttl != '0
                           : flags.selectors || (flags.df_set && flags.df_clear) ||
                             (!flags.dscp_fixed && flags.dscp != '0) ||
                             (flags.transport ? flags.df_set || flags.df_clear || flags.dscp_fixed ||
                                                flags.ttl != '0 : flags.ttl == '0);
      bad_flags  = bad_flags || (flags.icv_8 && flags.icv_12) || (flags.aes192 && flags.aes256) ||
                   (flags.gmac && (icv != ravelin_ipsec_pkg::ICV_16 || flags.implicit_iv)) ||
                   (flags.ah && flags.udp);
      bad_limits = over(limits.soft_bytes, limits.hard_bytes) ||
                   over(limits.soft_packets, limits.hard_packets);
      bad_seq    = (!inbound && cmd_q.seq == '0) || (!flags.esn && (cmd_q.seq >> 32) != '0);
      bad_window = inbound ? cmd_q.window < 32'd32 || cmd_q.window > 32'(ReplayWindow)
                           : cmd_q.window != '0;
      bad_port   = flags.udp ? !inbound && (cmd_q.udp_sport == '0 || cmd_q.udp_dport == '0)
                             : cmd_q.udp_sport != '0 || cmd_q.udp_dport != '0;
    end
  end

  // The selector of a rule, or of an inbound SA.
  logic        bad_action, bad_prefix, bad_range;
  logic [7:0]  prefix_max, src_len, dst_len;
  logic [127:0] src_mask_q, dst_mask_q;
  ravelin_ipsec_pkg::selector_t selector;

  // Masks are there a cycle after the command.
  always_ff @(posedge clk_i) begin
    src_mask_q <= mask_of(src_len);
    dst_mask_q <= mask_of(dst_len);
  end

  assign src_len    = is_set ? policy.src_len : cmd_q.sel_src_len;
  assign dst_len    = is_set ? policy.dst_len : cmd_q.sel_dst_len;
  assign prefix_max = selector.ipv6 ? 8'd128 : 8'd32;

  always_comb begin
    if (is_set) begin
      selector.ipv6      = policy.flags.ipv6;
      selector.any_proto = policy.flags.any_proto;
      selector.proto     = policy.proto;
      selector.src       = ravelin_ipsec_pkg::swap128(policy.src);
      selector.dst       = ravelin_ipsec_pkg::swap128(policy.dst);
      selector.sport_lo  = policy.sport_lo;
      selector.sport_hi  = policy.sport_hi;
      selector.dport_lo  = policy.dport_lo;
      selector.dport_hi  = policy.dport_hi;
    end else begin
      selector.ipv6      = flags.sel_ipv6;
      selector.any_proto = flags.sel_any_proto;
      selector.proto     = cmd_q.sel_proto;
      selector.src       = ravelin_ipsec_pkg::swap128(cmd_q.sel_src);
      selector.dst       = ravelin_ipsec_pkg::swap128(cmd_q.sel_dst);
      selector.sport_lo  = cmd_q.sel_sport_lo;
      selector.sport_hi  = cmd_q.sel_sport_hi;
      selector.dport_lo  = cmd_q.sel_dport_lo;
      selector.dport_hi  = cmd_q.sel_dport_hi;
    end
    selector.src_mask = src_mask_q;
    selector.dst_mask = dst_mask_q;
    selector.any_port = selector.sport_lo == '0 && selector.sport_hi == '1 &&
                        selector.dport_lo == '0 && selector.dport_hi == '1;
  end

  always_comb begin
    bad_action = 1'b0;
    bad_prefix = 1'b0;
    bad_range  = 1'b0;
    if (state_q == StCheck && is_set) begin
      bad_action = policy.action < ravelin_regs_pkg::POLICY_ACTION_BYPASS ||
                   policy.action > ravelin_regs_pkg::POLICY_ACTION_PROTECT;
    end
    if (state_q == StCheck && (is_set || (is_add && flags.selectors))) begin
      bad_prefix = src_len > prefix_max || dst_len > prefix_max ||
                   (selector.src & ~selector.src_mask) != '0 ||
                   (selector.dst & ~selector.dst_mask) != '0;
      bad_range  = selector.sport_lo > selector.sport_hi ||
                   selector.dport_lo > selector.dport_hi;
    end
  end

  // What is wrong with it, a cycle later.
  typedef struct packed {
    logic             bad_opcode;
    logic [Parts-1:0] reserved;
    logic             bad_index;
    logic             in_use;
    logic             not_found;
    logic             bad_flags;
    logic             bad_spi;
    logic             bad_limits;
    logic             bad_seq;
    logic             bad_window;
    logic             bad_action;
    logic             bad_prefix;
    logic             bad_range;
    logic             bad_port;
    logic             unsupported;
  } faults_t;
  faults_t faults_q;

  always_ff @(posedge clk_i) begin
    faults_q.bad_opcode  <= !is_sa && !is_policy && cmd_q.opcode != ravelin_regs_pkg::CMD_OP_NOP;
    faults_q.reserved    <= reserved;
    faults_q.bad_index   <= bad_index;
    faults_q.in_use      <= is_add && in_use;
    faults_q.not_found   <= (is_delete || is_query || is_clear) && not_found;
    faults_q.bad_flags   <= bad_flags;
    faults_q.bad_spi     <= is_add && cmd_q.spi < 32'd256;
    faults_q.bad_limits  <= bad_limits;
    faults_q.bad_seq     <= bad_seq;
    faults_q.bad_window  <= bad_window;
    faults_q.bad_action  <= bad_action;
    faults_q.bad_prefix  <= bad_prefix;
    faults_q.bad_range   <= bad_range;
    faults_q.bad_port    <= bad_port;
    faults_q.unsupported <= unsupported;
  end

  // All but DUPLICATE and TABLE_FULL, which need a look at the table.
  logic [7:0] status;
  always_comb begin
    status = faults_q.bad_opcode     ? ravelin_regs_pkg::CMD_STATUS_BAD_OPCODE :
             faults_q.reserved != '0 ? ravelin_regs_pkg::CMD_STATUS_RESERVED :
             faults_q.bad_index      ? ravelin_regs_pkg::CMD_STATUS_BAD_INDEX :
             faults_q.in_use         ? ravelin_regs_pkg::CMD_STATUS_IN_USE :
             faults_q.not_found      ? ravelin_regs_pkg::CMD_STATUS_NOT_FOUND :
             faults_q.bad_flags      ? ravelin_regs_pkg::CMD_STATUS_BAD_FLAGS :
             faults_q.bad_spi        ? ravelin_regs_pkg::CMD_STATUS_BAD_SPI :
             faults_q.bad_limits     ? ravelin_regs_pkg::CMD_STATUS_BAD_LIMITS :
             faults_q.bad_seq        ? ravelin_regs_pkg::CMD_STATUS_BAD_SEQ :
             faults_q.bad_window     ? ravelin_regs_pkg::CMD_STATUS_BAD_WINDOW :
             faults_q.bad_action     ? ravelin_regs_pkg::CMD_STATUS_BAD_ACTION :
             faults_q.bad_prefix     ? ravelin_regs_pkg::CMD_STATUS_BAD_PREFIX :
             faults_q.bad_range      ? ravelin_regs_pkg::CMD_STATUS_BAD_RANGE :
             faults_q.bad_port       ? ravelin_regs_pkg::CMD_STATUS_BAD_PORT :
             faults_q.unsupported    ? ravelin_regs_pkg::CMD_STATUS_UNSUPPORTED :
                                       ravelin_regs_pkg::CMD_STATUS_OK;
  end

  // ------------------------------------------------------------------------ sequence
  logic needs_tx, needs_rx, paused, drained, settled;
  logic [15:0] tx_behind, rx_behind, decided_behind;

  assign needs_tx  = is_policy || (is_sa && !inbound);
  assign needs_rx  = is_sa && inbound;
  assign paused    = needs_tx ? tx_paused_i : rx_paused_i;
  assign tx_behind = tx_out_count_i - drain_q;
  assign rx_behind = rx_out_count_i - drain_q;
  assign decided_behind = tx_decided_i - settle_q;
  assign settled   = !decided_behind[15];
  assign drained   = inbound ? !rx_behind[15] : settled && !tx_behind[15];

  assign cmd_ready_o = ready_i && state_q == StIdle;
  assign idle_o      = state_q == StIdle && !cmd_valid_i;
  assign tx_pause_o  = needs_tx && (state_q == StPause || state_q == StCommit || state_q == StRead);
  assign tx_wait_o   = state_q == StSettle || (state_q == StDrain && !inbound);
  assign rx_pause_o  = needs_rx && (state_q == StPause || state_q == StFind || state_q == StJudge ||
                                    state_q == StCommit || state_q == StClear || state_q == StRead);

  assign pol_set_o       = state_q == StCommit && is_policy;
  assign out_write_o     = state_q == StCommit && !inbound && (is_add || is_delete);
  assign in_write_o      = state_q == StCommit && inbound && is_add;
  assign insert_o        = state_q == StCommit && inbound && is_add;
  assign remove_o        = state_q == StCommit && inbound && is_delete;
  assign out_read_o      = state_q == StPause && paused && is_query && !inbound;
  assign in_read_o       = state_q == StPause && paused && is_query && inbound;
  assign find_o          = state_q == StPause && paused && inbound && (is_add || is_delete);
  assign out_key_valid_o = state_q == StKey && !inbound;
  assign in_key_valid_o  = state_q == StKey && inbound;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q      <= StIdle;
      cmd_q        <= '0;
      status_q     <= '0;
      wait_q       <= '0;
      key_loaded_q <= 1'b0;
      key_erase_q  <= 1'b0;
      drain_q      <= '0;
      settle_q     <= '0;
      out_used_q   <= '0;
      in_used_q    <= '0;
      rsp_valid_o  <= 1'b0;
      rsp_o        <= '0;
    end else begin
      rsp_valid_o <= 1'b0;
      unique case (state_q)
        StIdle: begin
          if (cmd_valid_i && ready_i) begin
            cmd_q        <= cmd_data_i;
            key_loaded_q <= 1'b0;
            rsp_o        <= '0;
            state_q      <= StFields;
          end
        end
        StFields: begin
          settle_q <= tx_taken_i;
          state_q  <= StCheck;
        end
        StCheck: begin
          state_q <= StVerdict;
        end
        StVerdict: begin
          status_q    <= status;
          key_erase_q <= is_delete;
          if (cmd_q.opcode == ravelin_regs_pkg::CMD_OP_NOP ||
              (status != '0 && (!is_add || !inbound ||
                                status == ravelin_regs_pkg::CMD_STATUS_UNSUPPORTED ||
                                status < ravelin_regs_pkg::CMD_STATUS_DUPLICATE))) begin
            state_q <= StRespond;
          end else if (is_policy || (is_add && !inbound)) begin
            state_q <= StSettle;
          end else begin
            state_q <= StPause;
          end
        end
        StSettle: begin
          if (settled) begin
            state_q <= is_policy ? StPause : StKey;
          end
        end
        StPause: begin
          wait_q <= '0;
          if (paused) begin
            state_q <= is_query ? StRead :
                       inbound && (is_add || is_delete) ? StFind : StCommit;
          end
        end
        StFind: begin
          wait_q <= wait_q + 1'b1;
          if (wait_q == 3'd4) begin
            state_q <= is_add && !key_loaded_q ? StJudge : StCommit;
          end
        end
        StJudge: begin
          if (find_hit_i) begin
            status_q <= ravelin_regs_pkg::CMD_STATUS_DUPLICATE;
            state_q  <= StRespond;
          end else if (find_full_i) begin
            status_q <= ravelin_regs_pkg::CMD_STATUS_TABLE_FULL;
            state_q  <= StRespond;
          end else begin
            state_q  <= status_q != '0 ? StRespond : StKey;
          end
        end
        StKey: begin
          if (inbound ? in_key_ready_i : out_key_ready_i) begin
            state_q <= StKeyWait;
          end
        end
        StKeyWait: begin
          if (inbound ? in_key_done_i : out_key_done_i) begin
            key_loaded_q <= 1'b1;
            state_q      <= is_add ? StPause : StRespond;
            if (is_delete) begin
              if (inbound) begin
                in_used_q[in_idx_o] <= 1'b0;
              end else begin
                out_used_q[out_idx_o] <= 1'b0;
              end
            end
          end
        end
        StCommit: begin
          drain_q  <= inbound ? rx_in_count_i : tx_in_count_i;
          settle_q <= tx_taken_i;
          state_q <= is_delete ? StDrain : is_add && inbound ? StClear : StRespond;
          if (is_add) begin
            if (inbound) begin
              in_used_q[in_idx_o] <= 1'b1;
            end else begin
              out_used_q[out_idx_o] <= 1'b1;
            end
          end
        end
        StClear: begin
          if (!in_busy_i) begin
            state_q <= StRespond;
          end
        end
        StDrain: begin
          if (drained) begin
            state_q <= StKey;
          end
        end
        StRead: begin
          wait_q <= wait_q + 1'b1;
          if (wait_q == 3'd3) begin
            rsp_o   <= answer;
            state_q <= StRespond;
          end
        end
        StRespond: begin
          rsp_valid_o  <= 1'b1;
          rsp_o.status <= status_q;
          cmd_q        <= '0;           // it may hold a key
          state_q      <= StIdle;
        end
        default: state_q <= StIdle;
      endcase
      if (dead_i && state_q != StIdle && state_q != StRespond) begin
        status_q   <= ravelin_regs_pkg::CMD_STATUS_FATAL;
        rsp_o      <= '0;
        state_q    <= StRespond;
      end
    end
  end

  // ------------------------------------------------------------------------ answers to SA_QUERY
  ravelin_ipsec_pkg::out_dyn_t out_dyn;
  ravelin_ipsec_pkg::in_dyn_t  in_dyn;
  ravelin_regs_pkg::cmd_cpl_t  answer;
  assign out_dyn = out_dyn_i;
  assign in_dyn  = in_dyn_i;

  always_comb begin
    answer = '0;
    if (state_q == StRead && inbound) begin
      answer.packets            = in_dyn.packets;
      answer.bytes              = in_dyn.bytes;
      answer.seq                = in_top_i;
      answer.drop_icv           = 64'(in_dyn.drop_icv);
      answer.drop_replay        = 64'(in_dyn.drop_replay);
      answer.drop_format        = 64'(in_dyn.drop_format);
      answer.drop_limit         = 64'(in_dyn.drop_limit);
      answer.drop_selectors     = 64'(in_dyn.drop_selectors);
      answer.state.soft_bytes   = in_dyn.fired[ravelin_ipsec_pkg::FIRED_SOFT_BYTES];
      answer.state.soft_packets = in_dyn.fired[ravelin_ipsec_pkg::FIRED_SOFT_PACKETS];
      answer.state.hard         = in_dyn.fired[ravelin_ipsec_pkg::FIRED_HARD_BYTES] |
                                  in_dyn.fired[ravelin_ipsec_pkg::FIRED_HARD_PACKETS];
      answer.state.error        = in_broken_i;
    end else if (state_q == StRead) begin
      answer.packets            = out_dyn.packets;
      answer.bytes              = out_dyn.bytes;
      answer.seq                = out_dyn.seq;
      answer.drop_limit         = 64'(out_dyn.drop_limit);
      answer.state.soft_bytes   = out_dyn.fired[ravelin_ipsec_pkg::FIRED_SOFT_BYTES];
      answer.state.soft_packets = out_dyn.fired[ravelin_ipsec_pkg::FIRED_SOFT_PACKETS];
      answer.state.hard         = out_dyn.fired[ravelin_ipsec_pkg::FIRED_HARD_BYTES] |
                                  out_dyn.fired[ravelin_ipsec_pkg::FIRED_HARD_PACKETS];
      answer.state.seq_end      = out_dyn.fired[ravelin_ipsec_pkg::FIRED_SEQ_END];
      answer.state.error        = out_broken_i;
    end
  end

  // ------------------------------------------------------------------------ template
  // What an outbound SA puts around a packet: an IP header in tunnel mode; UDP, SPI, sequence number
  // and IV, pad length and next header, ICV; or AH.
  logic [6:0] around, around_esp, around_ah;

  assign around_esp = (flags.udp ? 7'd8 : 7'd0) + (flags.implicit_iv ? 7'd10 : 7'd18) +
                      7'(ravelin_ipsec_pkg::icv_octets(icv));
  assign around_ah  = flags.ipv6 ? 7'(ravelin_ipsec_pkg::AH_OCTETS6)
                                 : 7'(ravelin_ipsec_pkg::AH_OCTETS4);
  assign around     = (flags.transport ? 7'd0 : flags.ipv6 ? 7'd40 : 7'd20) +
                      (flags.ah ? around_ah : around_esp);

  // ------------------------------------------------------------------------ table contents
  ravelin_ipsec_pkg::rule_t    rule;
  ravelin_ipsec_pkg::out_cfg_t out_cfg;
  ravelin_ipsec_pkg::in_cfg_t  in_cfg;

  always_comb begin
    rule    = '0;
    out_cfg = '0;
    in_cfg  = '0;
    if (state_q == StCommit) begin
      if (is_set) begin
        rule.valid     = 1'b1;
        rule.action    = 2'(policy.action);
        rule.sa        = 16'(policy.sa);
        rule.selector  = selector;
      end else if (is_add && inbound) begin
        in_cfg.selects  = flags.selectors;
        in_cfg.selector = selector;
        in_cfg.spi      = cmd_q.spi;
        in_cfg.limits   = limits;
      end else if (is_add) begin
        out_cfg.ah         = flags.ah;
        out_cfg.gmac       = flags.gmac;
        out_cfg.icv        = icv;
        out_cfg.implicit   = flags.implicit_iv;
        out_cfg.esn        = flags.esn;
        out_cfg.transport  = flags.transport;
        out_cfg.ipv6       = flags.ipv6;
        out_cfg.udp        = flags.udp;
        out_cfg.df_set     = flags.df_set;
        out_cfg.df_clear   = flags.df_clear;
        out_cfg.dscp_fixed = flags.dscp_fixed;
        out_cfg.dscp       = flags.dscp;
        out_cfg.around     = around;
        out_cfg.ports      = {ravelin_ipsec_pkg::swap16(cmd_q.udp_dport),
                              ravelin_ipsec_pkg::swap16(cmd_q.udp_sport)};
        out_cfg.spi        = cmd_q.spi;
        out_cfg.ttl        = flags.ttl;
        out_cfg.proto      = flags.udp ? ravelin_ipsec_pkg::PROTO_UDP :
                             flags.ah  ? ravelin_ipsec_pkg::PROTO_AH :
                                         ravelin_ipsec_pkg::PROTO_ESP;
        out_cfg.addresses  = flags.ipv6 ? {cmd_q.dst, cmd_q.src} :
                                          256'({cmd_q.dst.v4, cmd_q.src.v4});
        out_cfg.limits     = limits;
      end
    end
  end

  assign pol_idx_o      = PolW'(policy.index);
  assign pol_priority_o = policy.priority_;
  assign pol_rule_o     = rule;
  assign out_idx_o      = OutW'(cmd_q.index);
  assign out_cfg_o      = out_cfg;
  assign out_live_o     = is_add;
  assign out_seq_o      = cmd_q.seq - 64'd1;
  assign in_idx_o       = InW'(cmd_q.index);
  assign in_cfg_o       = in_cfg;
  assign in_seq_o       = cmd_q.seq;
  assign in_esn_o       = flags.esn;
  assign in_window_o    = WinW'(cmd_q.window);
  assign in_source_o    = {cmd_q.udp_sport, ravelin_ipsec_pkg::swap32(cmd_q.src.v4)};
  assign new_name.ah    = flags.ah;
  assign new_name.ipv6  = flags.ipv6;
  assign new_name.dst   = ravelin_ipsec_pkg::swap128(cmd_q.dst);
  assign new_name.spi   = cmd_q.spi;
  assign find_name_o    = is_delete ? name : new_name;
  assign find_form_o.gmac      = flags.gmac;
  assign find_form_o.transport = flags.transport;
  assign find_form_o.implicit  = flags.implicit_iv;
  assign find_form_o.icv  = icv;
  assign find_form_o.port = cmd_q.udp_dport != '0 ? cmd_q.udp_dport : ravelin_ipsec_pkg::ENCAP_PORT;
  assign key_erase_o  = key_erase_q;
  assign key_size_o   = flags.aes256 ? 2'd2 : flags.aes192 ? 2'd1 : 2'd0;
  assign key_o        = cmd_q.key;
  assign key_salt_o   = cmd_q.salt;

  ravelin_ipsec_pkg::damage_t damage;
  assign damage = damage_i;

  ravelin_ram #(.Width(ravelin_ipsec_pkg::IN_NAME_W), .Depth(InSaCount), .ErrorInjection(ErrorInjection)) u_names (
    .clk_i, .rst_ni,
    .wr_i (insert_o), .wr_addr_i (in_idx_o), .wr_data_i (find_name_o),
    .rd_i (state_q == StVerdict && is_delete && inbound && status == '0),
    .rd_addr_i (in_idx_o), .rd_data_o (name), .rd_bad_o (name_bad_o),
    .damage_i (damage.valid && damage.memory == ravelin_ipsec_pkg::DAMAGE_NAME),
    .damage_addr_i (damage.index[InW-1:0])
  );
endmodule
/* verilator lint_on UNUSEDSIGNAL */
