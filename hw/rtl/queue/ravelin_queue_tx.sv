// SPDX-License-Identifier: BSD-2-Clause
//
// Transmit: takes descriptors, one a queue in turn, reads their frames and passes them on.
//
// A descriptor is taken when its completion entry, its place among the reads and the room for its
// frame are there; so the answer to a read is always accepted. Reads are answered in order: frames
// leave in the order in which their descriptors were taken, and so do completions. A bad descriptor
// holds a place among the reads (req_bad_o) to keep that order.
//
// Interval: 3 cycles a descriptor, or one a beat of frame data. A frame begins to leave when its
// first beat arrives.
module ravelin_queue_tx #(
  parameter  int unsigned DataW      = 512,
  parameter  int unsigned QueuePairs = 4,
  parameter  int unsigned OutSaCount = 1024,
  parameter  int unsigned MaxFrame   = 9234,
  parameter  int unsigned FifoBytes  = 32768,  // frames on their way; a power of two
  parameter  int unsigned Frames     = 64,     // frames on their way; a power of two
  localparam int unsigned QW         = QueuePairs > 1 ? $clog2(QueuePairs) : 1,
  localparam int unsigned BytesW     = $clog2(DataW/8+1)
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  output logic                  busy_o,
  input  logic                  ctl_enable_i,
  // Descriptors
  input  logic [QueuePairs-1:0] have_i,
  input  logic [QueuePairs-1:0] space_i,        // in the completion ring
  input  logic                  reserve_ok_i,
  output logic                  reserve_o,      // and pop
  output logic                  look_o,
  output logic [QW-1:0]         look_q_o,
  output logic [QW-1:0]         q_o,            // of the descriptor being taken
  input  ravelin_regs_pkg::tx_desc_t desc_i,
  input  logic [15:0]           index_i,
  // Reads
  output logic                  req_valid_o,
  input  logic                  req_ready_i,
  output logic                  req_bad_o,      // no read: a place in the order only
  output logic                  req_unsupported_o,  // with bad: not malformed
  output logic [63:0]           req_addr_o,
  output logic [15:0]           req_len_o,
  output logic [15:0]           req_index_o,
  output logic                  req_sa_valid_o,
  output logic [15:0]           req_sa_o,
  // Their answers, with what the request said
  input  logic                  rsp_valid_i,
  input  logic                  rsp_sop_i,
  input  logic                  rsp_eop_i,
  input  logic                  rsp_err_i,
  input  logic                  rsp_bad_i,      // a bad descriptor's turn
  input  logic                  rsp_unsupported_i,
  /* verilator tracing_off */
  input  logic [DataW-1:0]      rsp_data_i,
  /* verilator tracing_on */
  input  logic [QW-1:0]         rsp_q_i,
  input  logic [15:0]           rsp_len_i,
  input  logic [15:0]           rsp_index_i,
  input  logic                  rsp_sa_valid_i,
  input  logic [15:0]           rsp_sa_i,
  // Completions
  output logic                  cpl_valid_o,
  input  logic                  cpl_ready_i,
  output logic [QW-1:0]         cpl_q_o,
  output ravelin_regs_pkg::cq_entry_t cpl_o,
  // Frames
  output logic                  htx_valid_o,
  input  logic                  htx_ready_i,
  output logic                  htx_sop_o,
  output logic                  htx_eop_o,
  output logic [DataW-1:0]      htx_data_o,
  output logic [BytesW-1:0]     htx_bytes_o,
  output logic [15:0]           htx_len_o,
  output logic                  htx_sa_valid_o,
  output logic [15:0]           htx_sa_o,
  output logic [15:0]           htx_taken_o,    // frames of which completions tell, running
  // Counters
  output logic                  cnt_frames_o,
  output logic                  cnt_drop_desc_o,
  output logic                  cnt_drop_dma_o,
  output logic                  cnt_bytes_o,
  output logic [15:0]           cnt_bytes_add_o
);
  localparam int unsigned BeatLog2 = $clog2(DataW/8);
  localparam int unsigned Beats    = FifoBytes * 8 / DataW;
  localparam int unsigned RoomW    = $clog2(Beats) + 1;
  localparam int unsigned FramesW  = $clog2(Frames) + 1;

  if (FifoBytes < MaxFrame + DataW / 8) begin : gen_check_fifo
    $error("the frame FIFO must hold the largest frame");
  end

  typedef enum logic [1:0] { StPick, StCheck, StTake } state_e;

  state_e                state_q;
  logic [QueuePairs-1:0] ready;
  logic                  pick_valid;
  logic [QW-1:0]         pick, q_q;

  // ---------------------------------------------------------------------------- pick and check
  ravelin_regs_pkg::tx_desc_t spare;    // what has to be zero
  ravelin_regs_pkg::tx_ext_t  ext;      // the same octets
  ravelin_regs_pkg::tx_ext_t  spare_ext;
  logic                       d_bad, d_unsupported;

  assign ready      = have_i & space_i;
  assign look_o     = (state_q == StPick) & pick_valid & ctl_enable_i;
  assign look_q_o   = pick;
  assign ext        = desc_i;
  assign d_bad      = desc_i.flags.extension ? spare_ext != '0 :
                      (desc_i.len < 16'd14) | (desc_i.len > 16'(MaxFrame)) | (spare != '0) |
                      (desc_i.flags.sa & (32'(desc_i.sa) >= OutSaCount));
  assign d_unsupported = desc_i.flags.checksum | desc_i.flags.segment | desc_i.flags.look_aside |
                         desc_i.flags.extension;

  always_comb begin
    spare                  = desc_i;
    spare.addr             = '0;
    spare.len              = '0;
    spare.flags.sa         = 1'b0;
    spare.flags.checksum   = 1'b0;
    spare.flags.segment    = 1'b0;
    spare.flags.look_aside = 1'b0;
    if (desc_i.flags.sa) begin
      spare.sa = '0;
    end
    spare_ext                 = ext;
    spare_ext.result          = '0;
    spare_ext.mss             = '0;
    spare_ext.csum_start      = '0;
    spare_ext.csum_at         = '0;
    spare_ext.flags.extension = 1'b0;
  end

  ravelin_queue_rr #(.Num(QueuePairs)) u_rr (
    .req_i (ready), .last_i (q_q), .valid_o (pick_valid), .index_o (pick)
  );

  logic               bad_q, unsupported_q, sa_valid_q;
  logic [63:0]        addr_q;
  logic [15:0]        len_q, index_q, sa_q;
  logic [RoomW-1:0]   beats_q, room_q, room_back;
  logic [FramesW-1:0] cpl_left_q, out_left_q;
  logic               can_take, take;

  assign can_take = ready[q_q] & reserve_ok_i & (cpl_left_q != '0) &
                    (bad_q | ((room_q >= beats_q) & (out_left_q != '0)));
  assign req_valid_o = (state_q == StTake) & can_take;
  assign take        = req_valid_o & req_ready_i;
  assign reserve_o   = take;
  assign q_o         = q_q;
  assign req_bad_o   = bad_q;
  assign req_unsupported_o = unsupported_q;
  assign req_addr_o  = addr_q;
  assign req_len_o   = len_q;
  assign req_index_o = index_q;
  assign req_sa_valid_o = sa_valid_q;
  assign req_sa_o    = sa_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StPick;
      q_q     <= '0;
    end else begin
      unique case (state_q)
        StPick: begin
          if (look_o) begin
            q_q     <= pick;
            state_q <= StCheck;
          end
        end
        StCheck: state_q <= StTake;
        default: begin
          if (take || !ready[q_q] || !ctl_enable_i) begin
            state_q <= StPick;
          end
        end
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StCheck) begin
      bad_q      <= d_bad | d_unsupported;
      unsupported_q <= ~d_bad;
      addr_q     <= desc_i.addr;
      len_q      <= desc_i.len;
      index_q    <= index_i;
      sa_valid_q <= desc_i.flags.sa;
      sa_q       <= 16'(desc_i.sa);
      beats_q    <= RoomW'((desc_i.len + 16'(DataW/8 - 1)) >> BeatLog2);
    end
  end

  // ------------------------------------------------------------------------------- reservations
  // room_q: beats of the FIFO; out_left_q: frames in it; cpl_left_q: completions not yet written.
  logic        rsp_fail, rsp_done;
  logic        cpl_full, meta_full, data_full, data_empty, meta_empty, cpl_empty;
  logic        htx_fire, out_back, take_frame, cpl_back;

  logic [RoomW-1:0] rsp_beats;

  assign rsp_fail  = rsp_valid_i & rsp_err_i;
  assign rsp_done  = (rsp_valid_i & rsp_eop_i) | rsp_bad_i;
  assign rsp_beats = RoomW'((rsp_len_i + 16'(DataW/8 - 1)) >> BeatLog2);
  assign htx_fire  = htx_valid_o & htx_ready_i;
  assign room_back = (rsp_fail ? rsp_beats : '0) + RoomW'(htx_fire);
  assign out_back  = htx_fire & htx_eop_o;
  assign cpl_back  = cpl_valid_o & cpl_ready_i;
  assign take_frame = take & ~bad_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      room_q     <= RoomW'(Beats);
      out_left_q <= FramesW'(Frames);
      cpl_left_q <= FramesW'(Frames);
    end else begin
      room_q     <= room_q + room_back - (take_frame ? beats_q : '0);
      out_left_q <= out_left_q + FramesW'(out_back) + FramesW'(rsp_fail) - FramesW'(take_frame);
      cpl_left_q <= cpl_left_q + FramesW'(cpl_back) - FramesW'(take);
    end
  end

  // ---------------------------------------------------------------------------------- responses
  ravelin_regs_pkg::cq_entry_t rsp;

  always_comb begin
    rsp        = '0;
    rsp.type_  = ravelin_regs_pkg::CQ_TYPE_TX;
    rsp.index  = rsp_index_i;
    rsp.status = rsp_bad_i & rsp_unsupported_i ? ravelin_regs_pkg::CQ_STATUS_UNSUPPORTED
               : rsp_bad_i ? ravelin_regs_pkg::CQ_STATUS_BAD_DESC
               : rsp_err_i ? ravelin_regs_pkg::CQ_STATUS_DMA_ERROR
               : ravelin_regs_pkg::CQ_STATUS_OK;
  end

  ravelin_queue_fifo #(.Width(QW + ravelin_regs_pkg::CQ_ENTRY_W), .Depth(Frames)) u_cpl (
    .clk_i, .rst_ni,
    .wr_i (rsp_done), .wdata_i ({rsp_q_i, rsp}), .full_o (cpl_full),
    .valid_o (cpl_valid_o), .rdata_o ({cpl_q_o, cpl_o}), .rd_i (cpl_ready_i),
    .empty_o (cpl_empty)
  );

  logic data_valid, meta_valid;

  ravelin_queue_fifo #(.Width(DataW), .Depth(Beats)) u_data (
    .clk_i, .rst_ni,
    .wr_i (rsp_valid_i & ~rsp_err_i), .wdata_i (rsp_data_i), .full_o (data_full),
    .valid_o (data_valid), .rdata_o (htx_data_o), .rd_i (htx_fire), .empty_o (data_empty)
  );

  ravelin_queue_fifo #(.Width(33), .Depth(Frames)) u_meta (
    .clk_i, .rst_ni,
    .wr_i (rsp_valid_i & ~rsp_err_i & rsp_sop_i), .wdata_i ({rsp_sa_valid_i, rsp_sa_i, rsp_len_i}),
    .full_o (meta_full), .valid_o (meta_valid),
    .rdata_o ({htx_sa_valid_o, htx_sa_o, htx_len_o}), .rd_i (out_back), .empty_o (meta_empty)
  );

  // ------------------------------------------------------------------------------------ frames
  logic [15:0] sent_q, left;    // octets of this frame that have left

  assign left        = htx_len_o - sent_q;
  assign htx_valid_o = data_valid & meta_valid;
  assign htx_sop_o   = sent_q == 16'd0;
  assign htx_eop_o   = left <= 16'(DataW/8);
  assign htx_bytes_o = htx_eop_o ? BytesW'(left) : BytesW'(DataW/8);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      sent_q      <= '0;
      htx_taken_o <= '0;
    end else begin
      if (rsp_valid_i && rsp_eop_i && !rsp_err_i) begin
        htx_taken_o <= htx_taken_o + 16'd1;
      end
      if (htx_fire) begin
        sent_q <= htx_eop_o ? 16'd0 : sent_q + 16'(DataW/8);
      end
    end
  end

  assign cnt_frames_o    = take;
  assign cnt_drop_desc_o = take & bad_q;
  assign cnt_drop_dma_o  = rsp_fail;
  assign cnt_bytes_o     = rsp_valid_i & rsp_sop_i & ~rsp_err_i;
  assign cnt_bytes_add_o = rsp_len_i;

  assign busy_o = (ctl_enable_i & (|ready)) | (state_q != StPick) | ~data_empty | ~meta_empty |
                  ~cpl_empty;

  logic unused;
  assign unused = cpl_full ^ meta_full ^ data_full;   // room is reserved before a read is issued
endmodule
