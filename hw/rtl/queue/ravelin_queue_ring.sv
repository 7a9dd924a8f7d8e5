// SPDX-License-Identifier: BSD-2-Clause
//
// The descriptor rings of one direction, one a queue pair: their registers, and a cache of
// descriptors read ahead.
//
// Up to 16 descriptors are read at once, as far as the doorbell, the end of the ring and the room
// in the cache allow. Pointers run freely: use <= fill <= fetch <= tail. A read that fails stops
// the ring until the queue pair is disabled and enabled; what it had read ahead is not used.
//
// Looking at a queue's first descriptor takes one cycle: look_i with look_q_i while have_o of it is
// set, then desc_o and index_o. pop_i goes to the next.
module ravelin_queue_ring #(
  parameter  int unsigned DataW      = 512,
  parameter  int unsigned QueuePairs = 4,
  parameter  logic [31:0] RegBase    = ravelin_regs_pkg::REG_TX_BASE_LO,  // of pair 0
  parameter  int unsigned Log2Max    = 15,
  parameter  int unsigned DescW      = ravelin_regs_pkg::TX_DESC_W,
  parameter  int unsigned CacheDepth = 64,     // descriptors a queue; a power of two, 32 or more
  localparam int unsigned QW         = QueuePairs > 1 ? $clog2(QueuePairs) : 1
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  output logic                  busy_o,
  // Registers
  input  logic                  bus_write_i,
  input  logic                  bus_qp_i,
  input  logic [QW-1:0]         bus_q_i,
  input  logic [31:0]           bus_qp_addr_i,
  input  logic [31:0]           bus_wdata_i,
  output logic [31:0]           bus_rdata_o,
  output logic                  size_ok_o,       // ring size of pair bus_q_i is valid
  input  logic                  settable_i,      // pair bus_q_i is at rest: base and size may change
  input  logic                  start_i,         // pair bus_q_i is being enabled
  input  logic [QueuePairs-1:0] en_i,
  // Reads: req_n_o descriptors for pair req_q_o
  output logic                  req_valid_o,
  input  logic                  req_ready_i,
  output logic [63:0]           req_addr_o,
  output logic [4:0]            req_n_o,
  output logic [QW-1:0]         req_q_o,
  input  logic                  rsp_valid_i,
  input  logic                  rsp_eop_i,
  input  logic                  rsp_err_i,
  input  logic [QW-1:0]         rsp_q_i,
  input  logic [4:0]            rsp_n_i,
  /* verilator tracing_off */
  input  logic [DataW-1:0]      rsp_data_i,
  /* verilator tracing_on */
  // Descriptors
  output logic [QueuePairs-1:0] have_o,          // one is in the cache
  output logic [QueuePairs-1:0] coming_o,        // one is in the ring or on its way
  input  logic                  look_i,
  input  logic [QW-1:0]         look_q_i,
  output logic [DescW-1:0]      desc_o,
  output logic [15:0]           index_o,
  input  logic                  pop_i,
  input  logic [QW-1:0]         pop_q_i,
  input  logic                  done_i,          // done_n_i descriptors are complete
  input  logic [QW-1:0]         done_q_i,
  input  logic [2:0]            done_n_i,
  // State
  output logic [QueuePairs-1:0] idle_o,          // no read in flight
  output logic [QueuePairs-1:0] err_o,
  output logic                  err_pulse_o      // pair rsp_q_i has just stopped
);
  localparam int unsigned Batch = 16;
  localparam int unsigned Align = $clog2(DescW / 8);
  localparam int unsigned Lanes = DataW / DescW;
  localparam int unsigned SlotW = $clog2(CacheDepth);
  localparam int unsigned LaneW = Lanes > 1 ? $clog2(Lanes) : 1;
  localparam int unsigned RowW  = SlotW - $clog2(Lanes);

  if (DescW > DataW) begin : gen_check_desc
    $error("a beat must hold a descriptor");
  end

  typedef enum logic [1:0] { StPick, StSize, StRequest } state_e;

  state_e                state_q;
  logic [31:0]           base_lo_q [QueuePairs];
  logic [31:0]           base_hi_q [QueuePairs];
  logic [4:0]            size_q [QueuePairs];
  logic [15:0]           tail_q [QueuePairs];
  logic [15:0]           fetch_q [QueuePairs];
  logic [15:0]           fill_q [QueuePairs];
  logic [15:0]           use_q [QueuePairs];
  logic [15:0]           head_q [QueuePairs];
  logic [QueuePairs-1:0] err_q;
  logic [QueuePairs-1:0] want;
  logic                  pick_valid;
  logic [QW-1:0]         pick_q, q_q;
  logic [63:0]           addr_q;
  logic [4:0]            n_q, size;

  // ---------------------------------------------------------------------------------- registers
  always_comb begin
    bus_rdata_o = '0;
    if (bus_qp_i) begin
      case (bus_qp_addr_i)
        RegBase:          bus_rdata_o = base_lo_q[bus_q_i];
        RegBase + 32'h4:  bus_rdata_o = base_hi_q[bus_q_i];
        RegBase + 32'h8:  bus_rdata_o = 32'(size_q[bus_q_i]);
        RegBase + 32'hc:  bus_rdata_o = 32'(tail_q[bus_q_i]);
        RegBase + 32'h10: bus_rdata_o = 32'(head_q[bus_q_i]);
        default: ;
      endcase
    end
  end

  assign size      = size_q[bus_q_i];
  assign size_ok_o = (size >= 5'd3) & (size <= 5'(Log2Max));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      for (int q = 0; q < QueuePairs; q++) begin
        base_lo_q[q] <= '0;
        base_hi_q[q] <= '0;
        size_q[q]    <= '0;
        tail_q[q]    <= '0;
      end
    end else begin
      if (start_i) begin
        tail_q[bus_q_i] <= '0;
      end
      if (bus_write_i && bus_qp_i && settable_i) begin
        case (bus_qp_addr_i)
          RegBase:         base_lo_q[bus_q_i] <= bus_wdata_i & -32'(ravelin_regs_pkg::RING_ALIGN);
          RegBase + 32'h4: base_hi_q[bus_q_i] <= bus_wdata_i;
          RegBase + 32'h8: size_q[bus_q_i]    <= bus_wdata_i > 32'd31 ? 5'd31 : 5'(bus_wdata_i);
          default: ;
        endcase
      end
      if (bus_write_i && bus_qp_i && bus_qp_addr_i == RegBase + 32'hc) begin
        tail_q[bus_q_i] <= 16'(bus_wdata_i);
      end
    end
  end

  // ------------------------------------------------------------------------------------- state
  always_comb begin
    for (int q = 0; q < QueuePairs; q++) begin
      have_o[q]   = en_i[q] & ~err_q[q] & (fill_q[q] != use_q[q]);
      coming_o[q] = en_i[q] & ~err_q[q] & (tail_q[q] != fill_q[q]);
      want[q]     = en_i[q] & ~err_q[q] & (tail_q[q] != fetch_q[q]) &
                    (16'(fetch_q[q] - use_q[q]) <= 16'(CacheDepth - Batch));
      idle_o[q]   = fetch_q[q] == fill_q[q];
    end
  end

  assign err_o       = err_q;
  assign err_pulse_o = rsp_valid_i & rsp_err_i & en_i[rsp_q_i] & ~err_q[rsp_q_i];
  assign busy_o      = (|want) | (state_q != StPick) | ~(&idle_o);

  // ------------------------------------------------------------------------------------- fetch
  logic [15:0] ring_size, ring_idx, avail, to_end, n_ring;
  logic [4:0]  n;

  assign ring_size = 16'd1 << size_q[q_q];
  assign ring_idx  = fetch_q[q_q] & (ring_size - 16'd1);
  assign avail     = tail_q[q_q] - fetch_q[q_q];
  assign to_end    = ring_size - ring_idx;
  assign n_ring    = avail < to_end ? avail : to_end;
  assign n         = n_ring > 16'(Batch) ? 5'(Batch) : n_ring[4:0];

  ravelin_queue_rr #(.Num(QueuePairs)) u_rr (
    .req_i (want), .last_i (q_q), .valid_o (pick_valid), .index_o (pick_q)
  );

  assign req_valid_o = (state_q == StRequest) & en_i[q_q] & ~err_q[q_q];
  assign req_addr_o  = addr_q;
  assign req_n_o     = n_q;
  assign req_q_o     = q_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StPick;
      q_q     <= '0;
    end else begin
      unique case (state_q)
        StPick: begin
          if (pick_valid) begin
            q_q     <= pick_q;
            state_q <= StSize;
          end
        end
        StSize: state_q <= (n == 5'd0) ? StPick : StRequest;
        default: begin
          if (req_ready_i || !req_valid_o) begin
            state_q <= StPick;
          end
        end
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StSize) begin
      n_q    <= n;
      addr_q <= {base_hi_q[q_q], base_lo_q[q_q]} + (64'(ring_idx) << Align);
    end
  end

  // ---------------------------------------------------------------------------------- pointers
  logic [4:0] off_q;       // descriptors of this response before this beat
  logic [4:0] left, beat_n;

  assign left   = rsp_n_i - off_q;
  assign beat_n = (rsp_eop_i || left < 5'(Lanes)) ? left : 5'(Lanes);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      err_q <= '0;
      off_q <= '0;
      for (int q = 0; q < QueuePairs; q++) begin
        fetch_q[q] <= '0;
        fill_q[q]  <= '0;
        use_q[q]   <= '0;
        head_q[q]  <= '0;
      end
    end else begin
      if (req_valid_o && req_ready_i) begin
        fetch_q[q_q] <= fetch_q[q_q] + {11'b0, n_q};
      end
      if (rsp_valid_i) begin
        fill_q[rsp_q_i] <= fill_q[rsp_q_i] + {11'b0, beat_n};
        off_q           <= rsp_eop_i ? 5'd0 : off_q + beat_n;
      end
      if (err_pulse_o) begin
        err_q[rsp_q_i] <= 1'b1;
      end
      if (pop_i) begin
        use_q[pop_q_i] <= use_q[pop_q_i] + 16'd1;
      end
      if (done_i) begin
        head_q[done_q_i] <= head_q[done_q_i] + {13'b0, done_n_i};
      end
      if (start_i) begin
        err_q[bus_q_i]   <= 1'b0;
        fetch_q[bus_q_i] <= '0;
        fill_q[bus_q_i]  <= '0;
        use_q[bus_q_i]   <= '0;
        head_q[bus_q_i]  <= '0;
      end
    end
  end

  // ------------------------------------------------------------------------------------- cache
  // As many banks as descriptors in a beat; a descriptor's bank is its pointer's low bits.
  logic [SlotW-1:0] fill_slot, use_slot;
  logic [DataW-1:0] bank_data;

  assign fill_slot = fill_q[rsp_q_i][SlotW-1:0];
  assign use_slot  = use_q[look_q_i][SlotW-1:0];

  for (genvar b = 0; b < Lanes; b++) begin : gen_bank
    logic [DescW-1:0] mem [1 << (QW + RowW)];
    logic [DescW-1:0] rdata_q;
    logic [LaneW-1:0] lane;     // of the beat, that goes to this bank
    logic [SlotW-1:0] slot;
    logic             unused;

    if (Lanes > 1) begin : gen_lane
      assign lane = LaneW'(b) - fill_slot[LaneW-1:0];
    end else begin : gen_lane
      assign lane = '0;
    end
    assign slot   = fill_slot + SlotW'(lane);
    assign unused = ^slot;      // its low bits are the bank

    always_ff @(posedge clk_i) begin
      if (rsp_valid_i && !rsp_err_i && 5'(lane) < beat_n) begin
        mem[{rsp_q_i, slot[SlotW-1 -: RowW]}] <= rsp_data_i[DescW*lane +: DescW];
      end
      if (look_i) begin
        rdata_q <= mem[{look_q_i, use_slot[SlotW-1 -: RowW]}];
      end
    end
    assign bank_data[DescW*b +: DescW] = rdata_q;
  end

  logic [LaneW-1:0] bank_q;
  always_ff @(posedge clk_i) begin
    if (look_i) begin
      index_o <= use_q[look_q_i];
      bank_q  <= use_slot[LaneW-1:0] & LaneW'(Lanes - 1);
    end
  end
  assign desc_o = bank_data[DescW*bank_q +: DescW];
endmodule
