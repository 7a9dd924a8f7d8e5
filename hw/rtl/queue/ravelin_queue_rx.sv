// SPDX-License-Identifier: BSD-2-Clause
//
// Receive: buffers frames, finds each a descriptor, writes it to the host.
//
// hrx_ready_o is always 1: a frame for which the buffer has no room is dropped whole. The oldest
// frame waits for a descriptor that is being read, at most MaxWait cycles; that is the only wait.
//
// Interval: 4 cycles a frame, or one a beat. Latency: a frame begins to leave 6 cycles after its
// end arrived.
module ravelin_queue_rx #(
  parameter  int unsigned DataW      = 512,
  parameter  int unsigned QueuePairs = 4,
  parameter  int unsigned MaxFrame   = 9234,
  parameter  int unsigned FifoBytes  = 32768,  // frame buffer; a power of two
  parameter  int unsigned Frames     = 64,     // frames in it; a power of two
  parameter  int unsigned MaxWait    = 16384,
  localparam int unsigned QW         = QueuePairs > 1 ? $clog2(QueuePairs) : 1,
  localparam int unsigned BytesW     = $clog2(DataW/8+1)
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  output logic                  busy_o,
  input  logic [6:0]            rx_queues_i,
  // Frames
  input  logic                  hrx_valid_i,
  output logic                  hrx_ready_o,
  input  logic                  hrx_sop_i,
  input  logic                  hrx_eop_i,
  input  logic [DataW-1:0]      hrx_data_i,
  input  logic [BytesW-1:0]     hrx_bytes_i,
  input  logic [15:0]           hrx_len_i,
  input  logic                  hrx_decrypted_i,
  input  logic                  hrx_udp_i,
  input  logic [15:0]           hrx_sa_i,
  input  logic [31:0]           hrx_hash_i,
  // Descriptors
  input  logic [QueuePairs-1:0] have_i,
  input  logic [QueuePairs-1:0] coming_i,
  input  logic [QueuePairs-1:0] space_i,        // in the completion ring
  output logic                  reserve_o,      // and pop
  output logic                  look_o,
  output logic [QW-1:0]         q_o,
  input  ravelin_regs_pkg::rx_desc_t desc_i,
  input  logic [15:0]           index_i,
  // Writes
  output logic                  wr_valid_o,
  input  logic                  wr_ready_i,
  output logic                  wr_sop_o,
  output logic                  wr_eop_o,
  output logic [63:0]           wr_addr_o,
  output logic [15:0]           wr_len_o,
  output logic [DataW-1:0]      wr_data_o,
  // Completions
  output logic                  cpl_valid_o,
  input  logic                  cpl_ready_i,
  output logic [QW-1:0]         cpl_q_o,
  output ravelin_regs_pkg::cq_entry_t cpl_o,
  input  logic [2:0]            cpl_written_i,    // entries that are on their way to the host
  // Frames known at mark_i
  input  logic                  mark_i,
  output logic                  mark_done_o,      // they are dropped, or their entries written
  // Counters
  output logic                  cnt_pass_o,
  output logic                  cnt_decrypted_o,
  output logic                  cnt_too_big_o,
  output logic [1:0]            cnt_no_buffer_o
);
  localparam int unsigned BeatLog2 = $clog2(DataW/8);
  localparam int unsigned Beats    = FifoBytes * 8 / DataW;
  localparam int unsigned RoomW    = $clog2(Beats) + 1;
  localparam int unsigned FramesW  = $clog2(Frames) + 1;
  localparam int unsigned WaitW    = $clog2(MaxWait + 1);
  localparam int unsigned MetaW    = 16 + 1 + 1 + 16 + 32;

  if (FifoBytes < MaxFrame + DataW / 8) begin : gen_check_fifo
    $error("the frame buffer must hold the largest frame");
  end

  // ------------------------------------------------------------------------------------- buffer
  // A frame is admitted at its first beat, room for all of it reserved.
  logic               admit, first, keep, keep_q, drop_in;
  logic [16:0]        in_beats;
  logic [RoomW-1:0]   room_q;
  logic [FramesW-1:0] frames_left_q;
  logic               data_full, data_valid, data_rd, data_empty;
  logic [DataW-1:0]   data;
  logic               meta_full, meta_valid, meta_rd, meta_empty, frame_end;
  logic [MetaW-1:0]   meta, meta_in, meta_q;

  assign hrx_ready_o = 1'b1;
  assign in_beats = ({1'b0, hrx_len_i} + 17'(DataW/8 - 1)) >> BeatLog2;
  assign admit    = (in_beats <= 17'(room_q)) & (frames_left_q != '0);
  assign keep     = hrx_sop_i ? admit : keep_q;
  assign first    = hrx_valid_i & hrx_sop_i & admit;
  assign drop_in  = hrx_valid_i & hrx_sop_i & ~admit;
  assign meta_in  = ~hrx_sop_i ? meta_q
                  : {hrx_hash_i, hrx_sa_i, hrx_udp_i, hrx_decrypted_i, hrx_len_i};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      keep_q        <= 1'b0;
      room_q        <= RoomW'(Beats);
      frames_left_q <= FramesW'(Frames);
    end else begin
      if (hrx_valid_i && hrx_sop_i) begin
        keep_q <= admit;
      end
      room_q <= room_q + RoomW'(data_rd) -
                (first ? RoomW'(in_beats) : '0);
      frames_left_q <= frames_left_q + FramesW'(frame_end) - FramesW'(first);
    end
  end

  always_ff @(posedge clk_i) begin
    if (hrx_valid_i && hrx_sop_i) begin
      meta_q <= meta_in;
    end
  end

  ravelin_queue_fifo #(.Width(DataW), .Depth(Beats)) u_data (
    .clk_i, .rst_ni,
    .wr_i (hrx_valid_i & keep), .wdata_i (hrx_data_i), .full_o (data_full),
    .valid_o (data_valid), .rdata_o (data), .rd_i (data_rd), .empty_o (data_empty)
  );

  ravelin_queue_fifo #(.Width(MetaW), .Depth(Frames)) u_meta (
    .clk_i, .rst_ni,
    .wr_i (hrx_valid_i & keep & hrx_eop_i), .wdata_i (meta_in), .full_o (meta_full),
    .valid_o (meta_valid), .rdata_o (meta), .rd_i (meta_rd), .empty_o (meta_empty)
  );

  // ----------------------------------------------------------------------------------- decision
  typedef enum logic [1:0] { StIdle, StLook, StDecide } state_e;
  typedef enum logic [1:0] { JobDrop, JobFrame, JobBadDesc } job_e;

  state_e           state_q;
  logic [QW-1:0]    q_q;
  logic [WaitW-1:0] wait_q;
  logic [38:0]      spread;
  logic [15:0]      m_len, m_sa;
  logic             m_decrypted, m_udp;
  logic [31:0]      m_hash;
  logic             desc_bad, too_big, lost;
  logic             no_buffer, drop_big, take, refuse;
  logic             job_wr, job_full, job_valid, job_rd, job_empty;
  logic [1:0]       job_kind_in;

  assign {m_hash, m_sa, m_udp, m_decrypted, m_len} = meta;
  assign spread   = {7'b0, m_hash} * {32'b0, rx_queues_i};

  ravelin_regs_pkg::rx_desc_t spare;    // what has to be zero

  always_comb begin
    spare      = desc_i;
    spare.addr = '0;
    spare.len  = '0;
  end

  assign desc_bad = spare != '0;
  assign too_big  = 32'(m_len) > desc_i.len;
  assign lost     = ~have_i[q_q] | ~space_i[q_q];   // disabled, or its completions are unread

  assign look_o = (state_q == StLook) & have_i[q_q];
  assign q_o    = q_q;

  always_comb begin
    no_buffer = 1'b0;
    drop_big  = 1'b0;
    take      = 1'b0;
    refuse    = 1'b0;
    if (state_q == StLook && !job_full) begin
      no_buffer = ~have_i[q_q] & (~coming_i[q_q] | (wait_q == '0));
    end else if (state_q == StDecide) begin
      no_buffer = lost;
      refuse    = ~lost & desc_bad;
      drop_big  = ~lost & ~desc_bad & too_big;
      take      = ~lost & ~desc_bad & ~too_big;
    end
  end

  assign reserve_o   = take | refuse;
  assign meta_rd     = take | drop_big | no_buffer;
  assign job_wr      = meta_rd | refuse;
  assign job_kind_in = take ? JobFrame : refuse ? JobBadDesc : JobDrop;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      q_q     <= '0;
    end else begin
      unique case (state_q)
        StIdle: begin
          if (meta_valid) begin
            q_q     <= QW'(spread >> 32);
            state_q <= StLook;
          end
        end
        StLook: begin
          if (no_buffer) begin
            state_q <= StIdle;
          end else if (look_o && !job_full) begin
            state_q <= StDecide;
          end
        end
        default: state_q <= refuse ? StLook : StIdle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StIdle) begin
      wait_q <= WaitW'(MaxWait);
    end else if (state_q == StLook && wait_q != '0) begin
      wait_q <= wait_q - 1'b1;
    end
  end

  // --------------------------------------------------------------------------------------- jobs
  logic [1:0]    job_kind;
  logic [63:0]   job_addr;
  logic [15:0]   job_len, job_index, job_sa;
  logic          job_udp, job_decrypted;
  logic [QW-1:0] job_q;

  ravelin_queue_fifo #(.Width(2 + 64 + 16 + 16 + 16 + 2 + QW), .Depth(8)) u_job (
    .clk_i, .rst_ni,
    .wr_i (job_wr),
    .wdata_i ({job_kind_in, desc_i.addr, m_len, index_i, m_sa, m_udp, m_decrypted, q_q}),
    .full_o (job_full), .valid_o (job_valid),
    .rdata_o ({job_kind, job_addr, job_len, job_index, job_sa, job_udp, job_decrypted, job_q}),
    .rd_i (job_rd), .empty_o (job_empty)
  );

  // -------------------------------------------------------------------------------------- write
  logic        cpl_full, cpl_wr, cpl_empty;
  logic        is_frame, is_drop, beat, last;
  logic [15:0] done_q;                 // octets of this frame that have left

  assign is_frame   = job_valid & (job_kind == JobFrame);
  assign is_drop    = job_valid & (job_kind == JobDrop);
  assign last       = (job_len - done_q) <= 16'(DataW/8);
  assign wr_valid_o = is_frame & data_valid & ~cpl_full;
  assign wr_sop_o   = done_q == 16'd0;
  assign wr_eop_o   = last;
  assign wr_addr_o  = job_addr;
  assign wr_len_o   = job_len;
  assign wr_data_o  = data;
  assign beat       = (wr_valid_o & wr_ready_i) | (is_drop & data_valid);
  assign data_rd    = beat;
  assign frame_end  = beat & last;
  assign cpl_wr     = job_valid & (job_kind == JobBadDesc ? ~cpl_full : (is_frame & frame_end));
  assign job_rd     = frame_end | (cpl_wr & (job_kind == JobBadDesc));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      done_q <= '0;
    end else if (beat) begin
      done_q <= last ? 16'd0 : done_q + 16'(DataW/8);
    end
  end

  ravelin_regs_pkg::cq_entry_t cpl;

  always_comb begin
    cpl        = '0;
    cpl.type_  = ravelin_regs_pkg::CQ_TYPE_RX;
    cpl.index  = job_index;
    cpl.status = ravelin_regs_pkg::CQ_STATUS_BAD_DESC;
    if (is_frame) begin
      cpl.status          = ravelin_regs_pkg::CQ_STATUS_OK;
      cpl.len             = 32'(job_len);
      cpl.flags.decrypted = job_decrypted;
      cpl.flags.udp       = job_udp;
      cpl.sa              = job_decrypted ? ravelin_regs_pkg::INDEX_W'(job_sa) : '0;
    end
  end

  ravelin_queue_fifo #(.Width(QW + ravelin_regs_pkg::CQ_ENTRY_W), .Depth(16)) u_cpl (
    .clk_i, .rst_ni,
    .wr_i (cpl_wr), .wdata_i ({job_q, cpl}),
    .full_o (cpl_full), .valid_o (cpl_valid_o),
    .rdata_o ({cpl_q_o, cpl_o}), .rd_i (cpl_ready_i), .empty_o (cpl_empty)
  );

  // ----------------------------------------------------------------------------- frames at a mark
  // First the frames leave the buffer; the entries that exist then are written.
  logic [15:0] admitted_q, ended_q, mark_q, entries_q, written_q, mark_entries_q;
  logic        ended_all, written_all, mark_ended_q;

  assign ended_all   = 16'(ended_q - mark_q) < 16'h8000;
  assign written_all = 16'(written_q - mark_entries_q) < 16'h8000;
  assign mark_done_o = mark_ended_q & written_all;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      admitted_q     <= '0;
      ended_q        <= '0;
      entries_q      <= '0;
      written_q      <= '0;
      mark_q         <= '0;
      mark_entries_q <= '0;
      mark_ended_q   <= 1'b0;
    end else begin
      admitted_q <= admitted_q + 16'(first);
      ended_q    <= ended_q + 16'(frame_end);
      entries_q  <= entries_q + 16'(cpl_wr);
      written_q  <= written_q + 16'(cpl_written_i);
      if (mark_i) begin
        mark_q       <= admitted_q + 16'(first);
        mark_ended_q <= 1'b0;
      end else if (!mark_ended_q && ended_all) begin
        mark_ended_q   <= 1'b1;
        mark_entries_q <= entries_q;
      end
    end
  end

  assign cnt_pass_o      = cpl_wr & is_frame & ~job_decrypted;
  assign cnt_decrypted_o = cpl_wr & is_frame & job_decrypted;
  assign cnt_too_big_o   = drop_big;
  assign cnt_no_buffer_o = {1'b0, drop_in} + {1'b0, no_buffer};

  assign busy_o = hrx_valid_i | ~data_empty | ~meta_empty | (state_q != StIdle) | ~job_empty |
                  ~cpl_empty;

  logic unused;
  assign unused = data_full ^ meta_full ^ (|hrx_bytes_i);   // room is reserved; the length is known
endmodule
