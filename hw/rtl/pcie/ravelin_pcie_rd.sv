// SPDX-License-Identifier: BSD-2-Clause
//
// DMA read: cuts operations into memory read TLPs (MRRS, 4 KiB), takes their completions in any
// order and split, and gives the data back in the order of the operations. An operation is answered
// when all of its data is there (so `err` is known with its first beat); a failed one with a single
// beat.
//
// One TLP, one operation and one beat of data a cycle. From the last completion beat of the oldest
// operation to rd_rsp_valid_o: 5 cycles. With bus master off, operations fail without a TLP; one
// that is partly issued fails when the rest has come. While clear_i is 1 everything is forgotten;
// that is for when quiet_o is 1.
//
// What is read may be a key. A row of the buffer is erased as it is given back, so rows not in use
// are zero; those of a failed operation that had sent a TLP take a cycle each for that. After rst_ni,
// and when stop_i has brought all to rest, the whole buffer is erased (Octets/DataW*4 cycles; before
// the first TLP, and before quiet_o) and what it held is forgotten.
module ravelin_pcie_rd #(
  parameter int unsigned DataW       = 512,
  parameter int unsigned ReadTags    = 64,
  parameter int unsigned ReadTimeout = 250000,
  parameter int unsigned Octets      = 32768,   // buffer; a power of two, 32 KiB or more
  parameter int unsigned Ops         = 64,      // operations under way; a power of two
  localparam int unsigned BytesW     = $clog2(DataW/8+1)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              stop_i,             // begin no TLP
  input  logic              clear_i,
  output logic              quiet_o,            // stopped: no TLP on its way out, no read in flight,
                                                // nothing left in the buffer
  output logic              idle_o,
  input  logic [15:0]       cfg_requester_id_i,
  input  logic              cfg_bus_master_i,
  input  logic [2:0]        cfg_max_read_i,
  input  logic              cfg_ext_tag_i,
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
  output logic              tx_rd_valid_o,
  input  logic              tx_rd_ready_i,
  output logic [127:0]      tx_rd_hdr_o,
  input  logic              rx_cpl_valid_i,
  output logic              rx_cpl_ready_o,
  input  logic              rx_cpl_sop_i,
  input  logic              rx_cpl_eop_i,
  input  logic [127:0]      rx_cpl_hdr_i,
  /* verilator tracing_off */
  input  logic [DataW-1:0]  rx_cpl_data_i,
  /* verilator tracing_on */
  input  logic [BytesW-1:0] rx_cpl_bytes_i,
  output logic              cnt_ur_o,
  output logic              cnt_ca_o,
  output logic              cnt_poisoned_o,
  output logic              cnt_timeout_o,
  output logic              cnt_unexpected_o
);
  localparam int unsigned W    = DataW / 8;
  localparam int unsigned OffW = $clog2(W);
  localparam int unsigned PosW = $clog2(Octets);
  localparam int unsigned RowW = PosW - OffW;
  localparam int unsigned OpW  = $clog2(Ops);
  localparam int unsigned ReqW = 64 + 16 + 8;
  localparam int unsigned OutW = 3 + 8 + BytesW;

  if (OpW >= RowW) begin : gen_check_ops
    $error("Ops must be half the rows of the buffer at most");
  end
  if (Octets < 32768 || (1 << PosW) != Octets) begin : gen_check_octets
    $error("Octets must be a power of two, 32768 or more");
  end

  // ----------------------------------------------------------------------------------- requests
  logic            req_valid, req_pop;
  logic [ReqW-1:0] req;
  logic [63:0]     req_addr;
  logic [15:0]     req_len;
  logic [7:0]      req_tag;
  logic [2:0]      req_count;

  assign rd_req_ready_o = !req_count[2];

  ravelin_pcie_fifo #(.Width(ReqW), .Depth(4)) u_req (
    .clk_i, .rst_ni, .clear_i, .push_i(rd_req_valid_i && rd_req_ready_o),
    .data_i({rd_req_addr_i, rd_req_len_i, rd_req_tag_i}),
    .pop_i(req_pop), .valid_o(req_valid), .data_o(req), .count_o(req_count)
  );

  assign {req_addr, req_len, req_tag} = req;

  // ------------------------------------------------------------------------- operations, in order
  // head <= issued <= alloc: given back, issued whole, begun. An operation is complete when as many
  // of its reads have retired as were issued; both counts run on from one use of its entry to the
  // next.
  logic [OpW:0]   alloc_q, issued_q, head_q;
  logic [OpW-1:0] alloc, head;
  logic [7:0]     goal_mem    [Ops];
  logic [7:0]     retired_mem [Ops];
  logic [23:0]    info_mem    [Ops];      // length, tag
  logic [Ops-1:0] err_q, issued_some_q;
  logic [RowW-1:0] sweep_q;               // the counts and the buffer are being cleared
  logic           swept, stopped_q, at_rest, forget, ops_full;

  assign alloc    = alloc_q[OpW-1:0];
  assign head     = head_q[OpW-1:0];
  assign swept    = sweep_q[RowW-1];
  assign forget   = clear_i || !swept;
  assign ops_full = (alloc_q - head_q) == (OpW+1)'(Ops);

  // Room in the buffer, in rows of a beat
  logic [RowW:0]   used_q, req_rows, freed;
  logic [RowW-1:0] row_alloc_q, row_head_q;
  logic            room;

  assign req_rows = (RowW+1)'(({1'b0, req_len[13:0]} + 15'(W - 1)) >> OffW);
  assign room     = ({1'b0, used_q} + {1'b0, req_rows}) <= (RowW+2)'(Octets / W);

  // ---------------------------------------------------------------------- issue of one operation
  logic            cur_valid_q, cur_fail, cur_fire, cur_done, begin_op, slot;
  logic [63:0]     cur_addr_q;
  logic [15:0]     cur_left_q;
  logic [PosW-1:0] cur_pos_q;
  logic [OpW-1:0]  cur_op_q;
  logic [7:0]      cur_goal_q, goal;
  logic            tag_valid, cut_last;
  logic [7:0]      tag;
  logic [12:0]     cut_octets;
  logic [127:0]    cut_hdr;
  logic [63:0]     cut_end;

  ravelin_pcie_split #(.Write(1'b0)) u_split (
    .addr_i(cur_addr_q), .left_i(cur_left_q), .max_i(cfg_max_read_i),
    .requester_id_i(cfg_requester_id_i), .tag_i(tag),
    .octets_o(cut_octets), .last_o(cut_last), .hdr_o(cut_hdr)
  );

  assign cut_end  = cur_addr_q + {51'd0, cut_octets};
  assign slot     = !tx_rd_valid_o || tx_rd_ready_i;
  assign cur_fail = cur_valid_q && (!cfg_bus_master_i || stop_i || cur_left_q == 16'd0 ||
                                    cur_left_q[15:14] != 2'd0);
  assign cur_fire = cur_valid_q && !cur_fail && tag_valid && slot;
  assign cur_done = cur_fail || (cur_fire && cut_last);
  assign goal     = cur_goal_q + {7'd0, cur_fire};
  assign begin_op = req_valid && swept && !stop_i && !ops_full && room &&
                    (!cur_valid_q || cur_done);
  assign req_pop  = begin_op;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || forget) begin
      cur_valid_q   <= 1'b0;
      tx_rd_valid_o <= 1'b0;
      alloc_q       <= '0;
      issued_q      <= '0;
      row_alloc_q   <= '0;
      used_q        <= '0;
    end else begin
      if (begin_op) begin
        cur_valid_q <= 1'b1;
        alloc_q     <= alloc_q + 1'b1;
        row_alloc_q <= row_alloc_q + req_rows[RowW-1:0];
      end else if (cur_done) begin
        cur_valid_q <= 1'b0;
      end
      if (cur_done) begin
        issued_q <= issued_q + 1'b1;
      end
      if (slot) begin
        tx_rd_valid_o <= cur_fire;
      end
      used_q <= used_q + (begin_op ? req_rows : '0) - freed;
    end
    if (!rst_ni) begin
      sweep_q   <= '0;
      stopped_q <= 1'b0;
    end else begin
      stopped_q <= stop_i && (stopped_q || (at_rest && swept));
      if (!swept) begin
        sweep_q <= sweep_q + 1'b1;
      end else if (stop_i && !stopped_q && at_rest) begin
        sweep_q <= '0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (begin_op) begin
      cur_addr_q      <= req_addr;
      cur_left_q      <= req_len;
      cur_pos_q       <= {row_alloc_q, {OffW{1'b0}}};
      cur_op_q        <= alloc;
      cur_goal_q      <= goal_mem[alloc];
      info_mem[alloc] <= {req_len, req_tag};
    end else if (cur_fire) begin
      cur_addr_q <= cut_end;
      cur_left_q <= cur_left_q - {3'd0, cut_octets};
      cur_pos_q  <= cur_pos_q + PosW'(cut_octets);
      cur_goal_q <= goal;
    end
    if (cur_fire) begin
      tx_rd_hdr_o <= cut_hdr;
    end
    if (!swept || cur_done) begin
      goal_mem[swept ? cur_op_q : sweep_q[OpW-1:0]] <= swept ? goal : 8'd0;
    end
  end

  // -------------------------------------------------------------------------- completions, buffer
  logic             buf_valid, tags_quiet, event_retire, event_err, rd_valid;
  logic [PosW-1:0]  buf_pos;
  /* verilator tracing_off */
  logic [DataW-1:0] buf_data, rd_data;
  /* verilator tracing_on */
  logic [1:0]       buf_skip;
  logic [OffW:0]    buf_end;
  logic [OpW-1:0]   event_op;

  ravelin_pcie_rd_tags #(
    .DataW(DataW), .Tags(ReadTags), .ReadTimeout(ReadTimeout), .OpW(OpW), .PosW(PosW)
  ) u_tags (
    .clk_i, .rst_ni, .quiet_o(tags_quiet), .cfg_requester_id_i, .cfg_ext_tag_i,
    .tag_valid_o(tag_valid), .tag_o(tag), .issue_i(cur_fire), .issue_op_i(cur_op_q),
    .issue_end_i(cur_pos_q + PosW'(cut_octets)), .issue_host_end_i(cut_end[1:0]),
    .issue_octets_i(cut_octets), .unsent_i(tx_rd_valid_o), .unsent_tag_i(tx_rd_hdr_o[79:72]),
    .rx_cpl_valid_i, .rx_cpl_ready_o, .rx_cpl_sop_i, .rx_cpl_eop_i, .rx_cpl_hdr_i, .rx_cpl_data_i,
    .rx_cpl_bytes_i,
    .buf_valid_o(buf_valid), .buf_pos_o(buf_pos), .buf_data_o(buf_data), .buf_skip_o(buf_skip),
    .buf_end_o(buf_end),
    .event_retire_o(event_retire), .event_err_o(event_err), .event_op_o(event_op),
    .cnt_ur_o, .cnt_ca_o, .cnt_poisoned_o, .cnt_timeout_o, .cnt_unexpected_o
  );

  ravelin_pcie_rd_buffer #(.DataW(DataW), .Octets(Octets)) u_buffer (
    .clk_i,
    .wr_valid_i(buf_valid), .wr_pos_i(buf_pos), .wr_data_i(buf_data), .wr_skip_i(buf_skip),
    .wr_end_i(buf_end), .rd_valid_i(rd_valid), .rd_erase_i(erase || !swept), .rd_both_i(!swept),
    .rd_row_i(swept ? row_head_q : {sweep_q[RowW-2:0], 1'b0}), .rd_data_o(rd_data)
  );

  always_ff @(posedge clk_i) begin
    if (begin_op) begin
      err_q[alloc]         <= 1'b0;
      issued_some_q[alloc] <= 1'b0;
    end
    if (cur_fire) begin
      issued_some_q[cur_op_q] <= 1'b1;
    end
    if (cur_fail) begin
      err_q[cur_op_q] <= 1'b1;
    end
    if (event_err) begin
      err_q[event_op] <= 1'b1;
    end
    if (!swept || event_retire) begin
      retired_mem[swept ? event_op : sweep_q[OpW-1:0]] <= swept ? retired_mem[event_op] + 8'd1 : 8'd0;
    end
  end

  // ------------------------------------------------------------------------------------- giving back
  logic              ready_op, under_way_q, give, give_err, give_last, untouched, erase;
  logic [RowW:0]     head_rows, rows, rows_q;
  logic [15:0]       give_left_q, give_left, head_len;
  logic [7:0]        head_tag;
  logic              push_q, out_valid;
  logic [OutW-1:0]   meta, meta_q;
  logic [3:0]        out_count;

  always_comb begin
    {head_len, head_tag} = info_mem[head];
    ready_op  = (head_q != issued_q) && (goal_mem[head] == retired_mem[head]);
    head_rows = (RowW+1)'(({1'b0, head_len[13:0]} + 15'(W - 1)) >> OffW);
    give      = (under_way_q || ready_op) && (out_count < 4'd6) && swept;
    give_left = under_way_q ? give_left_q : head_len;
    give_err  = err_q[head];
    untouched = give_err && !issued_some_q[head];
    rows      = under_way_q ? rows_q : head_rows;
    give_last = untouched || (rows == (RowW+1)'(1));
    erase     = give && !untouched;
    rd_valid  = give && !give_err;
    meta      = {!under_way_q || give_err, give_last, give_err, head_tag,
                 give_err ? {BytesW{1'b0}} : give_last ? give_left[BytesW-1:0] : BytesW'(W)};
    freed     = !give ? '0 : untouched ? head_rows : (RowW+1)'(1);
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || forget) begin
      head_q      <= '0;
      row_head_q  <= '0;
      under_way_q <= 1'b0;
      push_q      <= 1'b0;
    end else begin
      push_q <= give && (!give_err || give_last);
      if (give) begin
        under_way_q <= !give_last;
        row_head_q  <= row_head_q + freed[RowW-1:0];
        if (give_last) begin
          head_q <= head_q + 1'b1;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (give) begin
      give_left_q <= give_left - 16'(W);
      rows_q      <= rows - 1'b1;
      meta_q      <= meta;
    end
  end

  ravelin_pcie_fifo #(.Width(OutW + DataW), .Depth(8), .Erase(1'b1)) u_out (
    .clk_i, .rst_ni, .clear_i(forget), .push_i(push_q), .data_i({meta_q, rd_data}),
    .pop_i(rd_rsp_valid_o && rd_rsp_ready_i), .valid_o(out_valid),
    .data_o({rd_rsp_sop_o, rd_rsp_eop_o, rd_rsp_err_o, rd_rsp_tag_o, rd_rsp_bytes_o, rd_rsp_data_o}),
    .count_o(out_count)
  );

  assign rd_rsp_valid_o = out_valid;
  assign at_rest        = tags_quiet && !tx_rd_valid_o && !cur_valid_q;
  assign quiet_o        = at_rest && stopped_q && swept;
  assign idle_o         = !req_valid && !cur_valid_q && (alloc_q == head_q) && !push_q &&
                          !out_valid && swept && !rx_cpl_valid_i && !rd_req_valid_i && at_rest &&
                          (stop_i == stopped_q);

  logic unused;
  assign unused = &{1'b0, req_count[1:0]};
endmodule
