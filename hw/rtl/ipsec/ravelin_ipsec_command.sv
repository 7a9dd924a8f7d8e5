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
// Of several things wrong with a command, the status with the lowest number answers.
//
// With dead_i the command at hand, and each one after it, is answered with FATAL: nothing of it is
// done any more, and its key is forgotten.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_command #(
  parameter int unsigned OutSaCount   = 1024,
  parameter int unsigned InSaCount    = 1024,
  parameter int unsigned PolicyCount  = 64,
  parameter int unsigned ReplayWindow = 1024,
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
  input  logic [1023:0]     cmd_data_i,
  /* verilator tracing_on */
  output logic              rsp_valid_o,
  output logic [7:0]        rsp_status_o,
  output logic [447:0]      rsp_data_o,
  // transmit
  output logic              tx_pause_o,
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
  output logic [31:0]       out_seq_o,
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
  output logic [31:0]       find_dst_o,
  output logic [31:0]       find_spi_o,
  input  logic              find_hit_i,
  input  logic              find_full_i,
  output logic              in_read_o,
  output logic              in_write_o,
  output logic [InW-1:0]    in_idx_o,
  output logic [ravelin_ipsec_pkg::IN_CFG_W-1:0]  in_cfg_o,
  output logic [31:0]       in_seq_o,
  output logic [WinW-1:0]   in_window_o,
  input  logic [ravelin_ipsec_pkg::IN_DYN_W-1:0]  in_dyn_i,
  input  logic [31:0]       in_top_i,
  input  logic              in_broken_i,
  output logic              in_key_valid_o,
  input  logic              in_key_ready_i,
  input  logic              in_key_done_i,
  // key port of both engines
  output logic              key_erase_o,
  output logic              key_aes256_o,
  /* verilator tracing_off */
  output logic [255:0]      key_o,
  output logic [31:0]       key_salt_o
  /* verilator tracing_on */
);
  typedef enum logic [3:0] {
    StIdle, StCheck, StPause, StFind, StJudge, StKey, StKeyWait, StCommit, StRead, StDrain,
    StSettle, StRespond
  } state_e;

  state_e      state_q;
  /* verilator tracing_off */
  logic [1023:0] cmd_q;
  /* verilator tracing_on */
  logic [7:0]  status_q;
  logic [2:0]  wait_q;
  logic        key_loaded_q;        // SA_ADD: the key is in, the second pause installs
  logic        key_erase_q;
  logic [15:0] drain_q;             // frames admitted before the SA became invisible
  logic [15:0] settle_q;            // frames to be decided first
  logic [OutSaCount-1:0] out_used_q;
  logic [InSaCount-1:0]  in_used_q;
  logic [63:0] name;                // (destination, SPI) of an inbound SA, to remove it by

  // ------------------------------------------------------------------------ fields
  logic [7:0]  opcode;
  logic [15:0] index;
  logic [31:0] flags;
  logic        inbound, is_add, is_delete, is_query, is_set, is_clear, is_sa, is_policy;
  logic [255:0] limits;             // {hard packets, soft packets, hard bytes, soft bytes}

  assign opcode    = cmd_q[7:0];
  assign index     = cmd_q[ravelin_regs_pkg::CMD_INDEX_LSB +: 16];
  assign flags     = cmd_q[ravelin_regs_pkg::CMD_SA_FLAGS_LSB +: 32];
  assign inbound   = flags[0];
  assign is_add    = opcode == 8'(ravelin_regs_pkg::CMD_OP_SA_ADD);
  assign is_delete = opcode == 8'(ravelin_regs_pkg::CMD_OP_SA_DELETE);
  assign is_query  = opcode == 8'(ravelin_regs_pkg::CMD_OP_SA_QUERY);
  assign is_set    = opcode == 8'(ravelin_regs_pkg::CMD_OP_POLICY_SET);
  assign is_clear  = opcode == 8'(ravelin_regs_pkg::CMD_OP_POLICY_CLEAR);
  assign is_sa     = is_add || is_delete || is_query;
  assign is_policy = is_set || is_clear;
  assign limits    = {cmd_q[ravelin_regs_pkg::CMD_HARD_PACKETS_LSB +: 64],
                      cmd_q[ravelin_regs_pkg::CMD_SOFT_PACKETS_LSB +: 64],
                      cmd_q[ravelin_regs_pkg::CMD_HARD_BYTES_LSB +: 64],
                      cmd_q[ravelin_regs_pkg::CMD_SOFT_BYTES_LSB +: 64]};

  function automatic logic [31:0] swap32(input logic [31:0] v);
    swap32 = {v[7:0], v[15:8], v[23:16], v[31:24]};
  endfunction

  function automatic logic [31:0] mask_of(input logic [7:0] len);
    mask_of = len == '0 ? '0 : {32{1'b1}} << (8'd32 - len);
  endfunction

  // ------------------------------------------------------------------------ checks
  // Bits that the opcode has no use for.
  logic reserved;
  always_comb begin
    reserved = 1'b0;
    if (state_q == StCheck) begin
      reserved = cmd_q[15:8] != '0;
      if (is_add) begin
        reserved = reserved || cmd_q[63:48] != '0 || (flags & 32'hff00c088) != '0 ||
                   cmd_q[255:160] != '0 || cmd_q[383:288] != '0 ||
                   (!flags[1] && cmd_q[ravelin_regs_pkg::CMD_KEY_LSB + 128 +: 128] != '0);
      end else if (is_delete || is_query) begin
        reserved = reserved || cmd_q[63:48] != '0 || cmd_q[1023:65] != '0;
      end else if (is_set) begin
        reserved = reserved || cmd_q[63:48] != '0 ||
                   cmd_q[ravelin_regs_pkg::CMD_POLICY_FLAGS_LSB + 1 +: 15] != '0 ||
                   cmd_q[255:160] != '0 || cmd_q[383:288] != '0 ||
                   cmd_q[1023:ravelin_regs_pkg::CMD_POLICY_RSVD2_LSB] != '0;
      end else if (is_clear) begin
        reserved = reserved || cmd_q[1023:48] != '0;
      end else begin
        reserved = reserved || cmd_q[1023:32] != '0;
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
        bad_index = 32'(index) >= (inbound ? InSaCount : OutSaCount);
        in_use    = !bad_index && (inbound ? in_used_q[index[InW-1:0]]
                                           : out_used_q[index[OutW-1:0]]);
        not_found = !bad_index && !in_use;
      end else if (is_policy) begin
        bad_index = 32'(index) >= PolicyCount ||
                    (is_set && cmd_q[ravelin_regs_pkg::CMD_POLICY_ACTION_LSB +: 8] ==
                               8'(ravelin_regs_pkg::POLICY_ACTION_PROTECT) &&
                     32'(cmd_q[ravelin_regs_pkg::CMD_POLICY_SA_LSB +: 16]) >= OutSaCount);
        not_found = !bad_index && !pol_used_i[index[PolW-1:0]];
      end
    end
  end

  function automatic logic over(input logic [63:0] first, input logic [63:0] last);
    over = first != '0 && last != '0 && first > last;
  endfunction

  logic bad_flags, bad_limits, bad_window, bad_port;
  always_comb begin
    bad_flags  = 1'b0;
    bad_limits = 1'b0;
    bad_window = 1'b0;
    bad_port   = 1'b0;
    if (state_q == StCheck && is_add) begin
      bad_flags  = inbound ? (flags & 32'h00ff3f70) != '0
                           : flags[5:4] == 2'b11 || (!flags[6] && flags[13:8] != '0) ||
                             flags[23:16] == '0;
      bad_limits = over(limits[63:0], limits[127:64]) || over(limits[191:128], limits[255:192]);
      bad_window = inbound ? cmd_q[ravelin_regs_pkg::CMD_WINDOW_LSB +: 32] < 32'd32 ||
                             cmd_q[ravelin_regs_pkg::CMD_WINDOW_LSB +: 32] > 32'(ReplayWindow)
                           : cmd_q[ravelin_regs_pkg::CMD_WINDOW_LSB +: 32] != '0;
      bad_port   = flags[2] ? !inbound && (cmd_q[399:384] == '0 || cmd_q[415:400] == '0)
                            : cmd_q[415:384] != '0;
    end
  end

  logic        bad_action, bad_prefix, bad_range;
  logic [31:0] pol_src, pol_dst, pol_src_mask, pol_dst_mask;
  assign pol_src      = swap32(cmd_q[ravelin_regs_pkg::CMD_POLICY_SRC_LSB +: 32]);
  assign pol_dst      = swap32(cmd_q[ravelin_regs_pkg::CMD_POLICY_DST_LSB +: 32]);
  assign pol_src_mask = mask_of(cmd_q[ravelin_regs_pkg::CMD_POLICY_SRC_LEN_LSB +: 8]);
  assign pol_dst_mask = mask_of(cmd_q[ravelin_regs_pkg::CMD_POLICY_DST_LEN_LSB +: 8]);

  always_comb begin
    bad_action = 1'b0;
    bad_prefix = 1'b0;
    bad_range  = 1'b0;
    if (state_q == StCheck && is_set) begin
      bad_action = cmd_q[ravelin_regs_pkg::CMD_POLICY_ACTION_LSB +: 8] == '0 ||
                   cmd_q[ravelin_regs_pkg::CMD_POLICY_ACTION_LSB +: 8] > 8'd3;
      bad_prefix = cmd_q[ravelin_regs_pkg::CMD_POLICY_SRC_LEN_LSB +: 8] > 8'd32 ||
                   cmd_q[ravelin_regs_pkg::CMD_POLICY_DST_LEN_LSB +: 8] > 8'd32 ||
                   (pol_src & ~pol_src_mask) != '0 || (pol_dst & ~pol_dst_mask) != '0;
      bad_range  = cmd_q[ravelin_regs_pkg::CMD_POLICY_SPORT_LO_LSB +: 16] >
                   cmd_q[ravelin_regs_pkg::CMD_POLICY_SPORT_HI_LSB +: 16] ||
                   cmd_q[ravelin_regs_pkg::CMD_POLICY_DPORT_LO_LSB +: 16] >
                   cmd_q[ravelin_regs_pkg::CMD_POLICY_DPORT_HI_LSB +: 16];
    end
  end

  // All but DUPLICATE and TABLE_FULL, which need a look at the table.
  logic [7:0] status;
  always_comb begin
    status = 8'(ravelin_regs_pkg::CMD_STATUS_OK);
    if (state_q == StCheck) begin
      if (!is_sa && !is_policy && opcode != 8'(ravelin_regs_pkg::CMD_OP_NOP)) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_OPCODE);
      end else if (reserved) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_RESERVED);
      end else if (bad_index) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_INDEX);
      end else if (is_add && in_use) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_IN_USE);
      end else if ((is_delete || is_query || is_clear) && not_found) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_NOT_FOUND);
      end else if (bad_flags) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_FLAGS);
      end else if (is_add && cmd_q[ravelin_regs_pkg::CMD_SPI_LSB +: 32] < 32'd256) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_SPI);
      end else if (bad_limits) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_LIMITS);
      end else if (is_add && !inbound && cmd_q[ravelin_regs_pkg::CMD_SEQ_LSB +: 32] == '0) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_SEQ);
      end else if (bad_window) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_WINDOW);
      end else if (bad_action) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_ACTION);
      end else if (bad_prefix) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_PREFIX);
      end else if (bad_range) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_RANGE);
      end else if (bad_port) begin
        status = 8'(ravelin_regs_pkg::CMD_STATUS_BAD_PORT);
      end
    end
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
  assign rx_pause_o  = needs_rx && (state_q == StPause || state_q == StFind || state_q == StJudge ||
                                    state_q == StCommit || state_q == StRead);

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
      rsp_status_o <= '0;
      rsp_data_o   <= '0;
    end else begin
      rsp_valid_o <= 1'b0;
      unique case (state_q)
        StIdle: begin
          if (cmd_valid_i && ready_i) begin
            cmd_q        <= cmd_data_i;
            key_loaded_q <= 1'b0;
            rsp_data_o   <= '0;
            state_q      <= StCheck;
          end
        end
        StCheck: begin
          status_q    <= status;
          key_erase_q <= is_delete;
          settle_q    <= tx_taken_i;
          if (opcode == 8'(ravelin_regs_pkg::CMD_OP_NOP) ||
              (status != '0 && (!is_add || !inbound ||
                                status < 8'(ravelin_regs_pkg::CMD_STATUS_DUPLICATE)))) begin
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
            status_q <= 8'(ravelin_regs_pkg::CMD_STATUS_DUPLICATE);
            state_q  <= StRespond;
          end else if (find_full_i) begin
            status_q <= 8'(ravelin_regs_pkg::CMD_STATUS_TABLE_FULL);
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
                in_used_q[index[InW-1:0]] <= 1'b0;
              end else begin
                out_used_q[index[OutW-1:0]] <= 1'b0;
              end
            end
          end
        end
        StCommit: begin
          drain_q  <= inbound ? rx_in_count_i : tx_in_count_i;
          settle_q <= tx_taken_i;
          state_q <= is_delete ? StDrain : StRespond;
          if (is_add) begin
            if (inbound) begin
              in_used_q[index[InW-1:0]] <= 1'b1;
            end else begin
              out_used_q[index[OutW-1:0]] <= 1'b1;
            end
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
            rsp_data_o <= answer;
            state_q    <= StRespond;
          end
        end
        StRespond: begin
          rsp_valid_o  <= 1'b1;
          rsp_status_o <= status_q;
          cmd_q        <= '0;           // it may hold a key
          state_q      <= StIdle;
        end
        default: state_q <= StIdle;
      endcase
      if (dead_i && state_q != StIdle && state_q != StRespond) begin
        status_q   <= 8'(ravelin_regs_pkg::CMD_STATUS_FATAL);
        rsp_data_o <= '0;
        state_q    <= StRespond;
      end
    end
  end

  // ------------------------------------------------------------------------ answers to SA_QUERY
  ravelin_ipsec_pkg::out_dyn_t out_dyn;
  ravelin_ipsec_pkg::in_dyn_t  in_dyn;
  logic [447:0] answer;             // from PACKETS on
  assign out_dyn = out_dyn_i;
  assign in_dyn  = in_dyn_i;

  always_comb begin
    answer = '0;
    if (state_q == StRead) begin
      if (inbound) begin
        answer = {96'b0, 27'b0, in_broken_i, 1'b0, in_dyn.fired[3] | in_dyn.fired[2],
                  in_dyn.fired[1:0],
                  in_dyn.drop_limit, in_dyn.drop_format, in_dyn.drop_replay, in_dyn.drop_icv,
                  32'b0, in_top_i, in_dyn.bytes, in_dyn.packets};
      end else begin
        answer = {96'b0, 27'b0, out_broken_i, out_dyn.fired[5], out_dyn.fired[3] | out_dyn.fired[2],
                  out_dyn.fired[1:0], out_dyn.drop_limit, 96'b0,
                  32'b0, out_dyn.seq, out_dyn.bytes, out_dyn.packets};
      end
    end
  end

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
        rule.action    = cmd_q[ravelin_regs_pkg::CMD_POLICY_ACTION_LSB +: 2];
        rule.any_proto = cmd_q[ravelin_regs_pkg::CMD_POLICY_FLAGS_LSB];
        rule.proto     = cmd_q[ravelin_regs_pkg::CMD_POLICY_PROTO_LSB +: 8];
        rule.sa        = cmd_q[ravelin_regs_pkg::CMD_POLICY_SA_LSB +: 16];
        rule.src       = pol_src;
        rule.src_mask  = pol_src_mask;
        rule.dst       = pol_dst;
        rule.dst_mask  = pol_dst_mask;
        rule.sport_lo  = cmd_q[ravelin_regs_pkg::CMD_POLICY_SPORT_LO_LSB +: 16];
        rule.sport_hi  = cmd_q[ravelin_regs_pkg::CMD_POLICY_SPORT_HI_LSB +: 16];
        rule.dport_lo  = cmd_q[ravelin_regs_pkg::CMD_POLICY_DPORT_LO_LSB +: 16];
        rule.dport_hi  = cmd_q[ravelin_regs_pkg::CMD_POLICY_DPORT_HI_LSB +: 16];
        rule.any_port  = cmd_q[ravelin_regs_pkg::CMD_POLICY_SPORT_LO_LSB +: 64] ==
                         64'hffff_0000_ffff_0000;
      end else if (is_add && inbound) begin
        in_cfg.spi     = cmd_q[ravelin_regs_pkg::CMD_SPI_LSB +: 32];
        in_cfg.limits  = limits;
      end else if (is_add) begin
        out_cfg.udp        = flags[2];
        out_cfg.df_set     = flags[4];
        out_cfg.df_clear   = flags[5];
        out_cfg.dscp_fixed = flags[6];
        out_cfg.dscp       = flags[13:8];
        out_cfg.ttl        = flags[23:16];
        out_cfg.sport      = cmd_q[ravelin_regs_pkg::CMD_UDP_SPORT_LSB +: 16];
        out_cfg.dport      = cmd_q[ravelin_regs_pkg::CMD_UDP_DPORT_LSB +: 16];
        out_cfg.spi        = cmd_q[ravelin_regs_pkg::CMD_SPI_LSB +: 32];
        out_cfg.src        = swap32(cmd_q[ravelin_regs_pkg::CMD_SRC_LSB +: 32]);
        out_cfg.dst        = swap32(cmd_q[ravelin_regs_pkg::CMD_DST_LSB +: 32]);
        out_cfg.limits     = limits;
      end
    end
  end

  assign pol_idx_o      = index[PolW-1:0];
  assign pol_priority_o = cmd_q[ravelin_regs_pkg::CMD_POLICY_PRIORITY_LSB +: 32];
  assign pol_rule_o     = rule;
  assign out_idx_o      = index[OutW-1:0];
  assign out_cfg_o      = out_cfg;
  assign out_live_o     = is_add;
  assign out_seq_o      = cmd_q[ravelin_regs_pkg::CMD_SEQ_LSB +: 32] - 32'd1;
  assign in_idx_o       = index[InW-1:0];
  assign in_cfg_o       = in_cfg;
  assign in_seq_o       = cmd_q[ravelin_regs_pkg::CMD_SEQ_LSB +: 32];
  assign in_window_o    = cmd_q[ravelin_regs_pkg::CMD_WINDOW_LSB +: WinW];
  assign {find_dst_o, find_spi_o} = is_delete ? name :
                                    {swap32(cmd_q[ravelin_regs_pkg::CMD_DST_LSB +: 32]),
                                     cmd_q[ravelin_regs_pkg::CMD_SPI_LSB +: 32]};
  assign key_erase_o  = key_erase_q;
  assign key_aes256_o = flags[1];
  assign key_o        = cmd_q[ravelin_regs_pkg::CMD_KEY_LSB +: 256];
  assign key_salt_o   = cmd_q[ravelin_regs_pkg::CMD_SALT_LSB +: 32];

  ravelin_ipsec_pkg::damage_t damage;
  assign damage = damage_i;

  ravelin_ram #(.Width(64), .Depth(InSaCount), .ErrorInjection(ErrorInjection)) u_names (
    .clk_i, .rst_ni,
    .wr_i (insert_o), .wr_addr_i (index[InW-1:0]), .wr_data_i ({find_dst_o, find_spi_o}),
    .rd_i (state_q == StCheck && is_delete && inbound && status == '0),
    .rd_addr_i (index[InW-1:0]), .rd_data_o (name), .rd_bad_o (name_bad_o),
    .damage_i (damage.valid && damage.memory == ravelin_ipsec_pkg::DAMAGE_NAME),
    .damage_addr_i (damage.index[InW-1:0])
  );
endmodule
/* verilator lint_on UNUSEDSIGNAL */
