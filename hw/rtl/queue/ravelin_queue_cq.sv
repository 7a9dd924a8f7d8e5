// SPDX-License-Identifier: BSD-2-Clause
//
// Completion rings, one a queue pair; the pair's control and status; its interrupt.
//
// An entry is reserved (*_reserve_i, while space_o of the pair is set) before the work that it will
// complete begins, so a completion never waits for the driver. Completions that follow each other
// and belong to one pair leave in one write of up to a beat.
//
// A pair is idle when every reserved entry has been written and no descriptor read is in flight.
// It is enabled only when it is idle, its three ring sizes are valid and its vector exists; ENABLE
// reads 0 otherwise. Bases and sizes change only while it is disabled and idle; VECTOR does not
// change to one that does not exist while it is enabled.
//
// The interrupt is a write of its own, due whenever the pair is armed and entries beyond CQ_HEAD
// have been written: an arm that comes late fires at once.
module ravelin_queue_cq #(
  parameter  int unsigned DataW      = 512,
  parameter  int unsigned QueuePairs = 4,
  parameter  int unsigned Log2Max    = 15,
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
  input  logic                  bus_high_i,       // octet 3 is written
  output logic [31:0]           bus_rdata_o,
  // Control of the pairs
  output logic [QueuePairs-1:0] en_o,
  output logic                  settable_o,       // pair bus_q_i is disabled and idle
  output logic                  start_o,          // pair bus_q_i is being enabled
  input  logic                  size_ok_i,        // its other rings
  input  logic [QueuePairs-1:0] tx_idle_i,
  input  logic [QueuePairs-1:0] rx_idle_i,
  input  logic [QueuePairs-1:0] tx_err_i,
  input  logic [QueuePairs-1:0] rx_err_i,
  // Reservations
  output logic [QueuePairs-1:0] space_o,
  input  logic                  tx_reserve_i,     // not together with rx_reserve_i
  input  logic [QW-1:0]         tx_reserve_q_i,
  input  logic                  rx_reserve_i,
  input  logic [QW-1:0]         rx_reserve_q_i,
  // Completions
  input  logic                  tx_valid_i,
  output logic                  tx_ready_o,
  input  logic [QW-1:0]         tx_q_i,
  input  ravelin_regs_pkg::cq_entry_t tx_entry_i,  // their phase is filled in here
  input  logic                  rx_valid_i,
  output logic                  rx_ready_o,
  input  logic [QW-1:0]         rx_q_i,
  input  ravelin_regs_pkg::cq_entry_t rx_entry_i,
  // Writes of entries
  output logic                  wr_valid_o,
  input  logic                  wr_ready_i,
  output logic                  wr_sop_o,
  output logic                  wr_eop_o,
  output logic [63:0]           wr_addr_o,
  output logic [15:0]           wr_len_o,
  output logic [DataW-1:0]      wr_data_o,
  output logic [QW-1:0]         wr_q_o,
  output logic [2:0]            wr_tx_n_o,        // entries of each kind in it
  output logic [2:0]            wr_rx_n_o,
  input  logic                  written_i,        // such a write has left
  input  logic [QW-1:0]         written_q_i,
  input  logic [2:0]            written_tx_n_i,
  input  logic [2:0]            written_rx_n_i,
  // Interrupts
  output logic                  irq_valid_o,
  input  logic                  irq_ready_i,
  output logic [7:0]            irq_vector_o
);
  // A beat has several entries, or an entry several beats.
  localparam int unsigned EntryW     = ravelin_regs_pkg::CQ_ENTRY_W;
  localparam int unsigned EntryAlign = $clog2(ravelin_regs_pkg::CQ_ENTRY_OCTETS);
  localparam int unsigned Lanes      = DataW > EntryW ? DataW / EntryW : 1;
  localparam int unsigned Beats      = EntryW > DataW ? EntryW / DataW : 1;

  logic [31:0]           base_lo_q [QueuePairs];
  logic [31:0]           base_hi_q [QueuePairs];
  logic [4:0]            size_q [QueuePairs];
  logic [7:0]            vector_q [QueuePairs];
  logic [15:0]           head_q [QueuePairs];    // consumed by the driver
  logic [15:0]           tail_q [QueuePairs];    // written
  logic [15:0]           alloc_q [QueuePairs];   // given to the write port
  logic [15:0]           reserve_q [QueuePairs];
  logic [QueuePairs-1:0] en_q, armed_q, idle, fire;
  logic                  own_size_ok, vector_ok;

  // ---------------------------------------------------------------------------------- registers
  ravelin_regs_pkg::reg_cq_head_t   head;
  ravelin_regs_pkg::reg_q_control_t control;
  ravelin_regs_pkg::reg_q_status_t  status;
  /* verilator lint_off UNUSEDSIGNAL */  // what a write has in reserved bits is ignored
  ravelin_regs_pkg::reg_cq_head_t   head_new;
  ravelin_regs_pkg::reg_q_control_t control_new;
  /* verilator lint_on UNUSEDSIGNAL */

  assign head_new    = bus_wdata_i;
  assign control_new = bus_wdata_i;

  always_comb begin
    head            = '0;
    head.pointer    = head_q[bus_q_i];
    head.arm        = armed_q[bus_q_i];
    control         = '0;
    control.enable  = en_q[bus_q_i];
    control.vector_  = vector_q[bus_q_i];
    status          = '0;
    status.idle     = idle[bus_q_i];
    status.tx_error = tx_err_i[bus_q_i];
    status.rx_error = rx_err_i[bus_q_i];
    bus_rdata_o = '0;
    if (bus_qp_i) begin
      case (bus_qp_addr_i)
        ravelin_regs_pkg::REG_CQ_BASE_LO: bus_rdata_o = base_lo_q[bus_q_i];
        ravelin_regs_pkg::REG_CQ_BASE_HI: bus_rdata_o = base_hi_q[bus_q_i];
        ravelin_regs_pkg::REG_CQ_SIZE:    bus_rdata_o = 32'(size_q[bus_q_i]);
        ravelin_regs_pkg::REG_CQ_HEAD:    bus_rdata_o = head;
        ravelin_regs_pkg::REG_CQ_TAIL:    bus_rdata_o = 32'(tail_q[bus_q_i]);
        ravelin_regs_pkg::REG_Q_CONTROL:  bus_rdata_o = control;
        ravelin_regs_pkg::REG_Q_STATUS:   bus_rdata_o = status;
        default: ;
      endcase
    end
  end

  assign settable_o  = ~en_q[bus_q_i] & idle[bus_q_i];
  assign vector_ok   = control_new.vector_ <= 8'(QueuePairs);
  assign own_size_ok = (size_q[bus_q_i] >= 5'd3) & (size_q[bus_q_i] <= 5'(Log2Max));
  assign start_o = bus_write_i & bus_qp_i & (bus_qp_addr_i == ravelin_regs_pkg::REG_Q_CONTROL) &
                   control_new.enable & settable_o & own_size_ok & size_ok_i & vector_ok;
  assign en_o = en_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      en_q    <= '0;
      armed_q <= '0;
      for (int q = 0; q < QueuePairs; q++) begin
        base_lo_q[q] <= '0;
        base_hi_q[q] <= '0;
        size_q[q]    <= '0;
        vector_q[q]  <= '0;
        head_q[q]    <= '0;
      end
    end else begin
      if (irq_valid_o && irq_ready_i) begin
        armed_q[irq_q_q] <= 1'b0;
      end
      if (bus_write_i && bus_qp_i && settable_o) begin
        case (bus_qp_addr_i)
          ravelin_regs_pkg::REG_CQ_BASE_LO: base_lo_q[bus_q_i] <= bus_wdata_i & -32'(ravelin_regs_pkg::RING_ALIGN);
          ravelin_regs_pkg::REG_CQ_BASE_HI: base_hi_q[bus_q_i] <= bus_wdata_i;
          ravelin_regs_pkg::REG_CQ_SIZE:
            size_q[bus_q_i] <= bus_wdata_i > 32'd31 ? 5'd31 : 5'(bus_wdata_i);
          default: ;
        endcase
      end
      if (bus_write_i && bus_qp_i) begin
        case (bus_qp_addr_i)
          ravelin_regs_pkg::REG_CQ_HEAD: begin
            head_q[bus_q_i] <= head_new.pointer;
            if (bus_high_i) begin
              armed_q[bus_q_i] <= head_new.arm;
            end
          end
          ravelin_regs_pkg::REG_Q_CONTROL: begin
            if (vector_ok || !en_q[bus_q_i]) begin
              vector_q[bus_q_i] <= control_new.vector_;
            end
            if (!control_new.enable) begin
              en_q[bus_q_i] <= 1'b0;
            end
          end
          default: ;
        endcase
      end
      if (start_o) begin
        en_q[bus_q_i]    <= 1'b1;
        armed_q[bus_q_i] <= 1'b0;
        head_q[bus_q_i]  <= '0;
      end
    end
  end

  // ---------------------------------------------------------------------------------- pointers
  always_comb begin
    for (int q = 0; q < QueuePairs; q++) begin
      idle[q]    = (reserve_q[q] == tail_q[q]) & tx_idle_i[q] & rx_idle_i[q];
      space_o[q] = en_q[q] & (16'(reserve_q[q] - head_q[q]) < (16'd1 << size_q[q]));
      fire[q]    = en_q[q] & armed_q[q] & (tail_q[q] != head_q[q]);
    end
  end

  logic          reserve;
  logic [QW-1:0] reserve_q_sel;

  assign reserve       = tx_reserve_i | rx_reserve_i;
  assign reserve_q_sel = rx_reserve_i ? rx_reserve_q_i : tx_reserve_q_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      for (int q = 0; q < QueuePairs; q++) begin
        reserve_q[q] <= '0;
        alloc_q[q]   <= '0;
        tail_q[q]    <= '0;
      end
    end else begin
      if (reserve) begin
        reserve_q[reserve_q_sel] <= reserve_q[reserve_q_sel] + 16'd1;
      end
      if (wr_valid_o && wr_ready_i && wr_eop_o) begin
        alloc_q[col_q_q] <= alloc_q[col_q_q] + {13'b0, col_n_q};
      end
      if (written_i) begin
        tail_q[written_q_i] <= tail_q[written_q_i] + {13'b0, written_tx_n_i} +
                               {13'b0, written_rx_n_i};
      end
      if (start_o) begin
        reserve_q[bus_q_i] <= '0;
        alloc_q[bus_q_i]   <= '0;
        tail_q[bus_q_i]    <= '0;
      end
    end
  end

  // ----------------------------------------------------------------------------------- collect
  logic [Lanes*EntryW-1:0] col_data_q;
  logic [QW-1:0]    col_q_q;
  logic [2:0]       col_n_q, col_tx_n_q;
  logic             rx_turn_q;
  logic             in_valid, in_rx, take, fits;
  logic [QW-1:0]    in_q;
  logic [15:0]      in_ptr, in_mask, col_idx;
  logic [$clog2(Beats+1)-1:0] beat_q;
  ravelin_regs_pkg::cq_entry_t in_entry;

  assign in_rx    = rx_valid_i & (rx_turn_q | ~tx_valid_i);
  assign in_valid = rx_valid_i | tx_valid_i;
  assign in_q     = in_rx ? rx_q_i : tx_q_i;
  assign in_ptr   = alloc_q[in_q] + (col_n_q == 3'd0 ? 16'd0 : {13'b0, col_n_q});
  assign in_mask  = (16'd1 << size_q[in_q]) - 16'd1;

  // After the first: the same pair, room in the beat, and not past the end of the ring.
  assign fits = (col_n_q == 3'd0) |
                ((in_q == col_q_q) & (col_n_q != 3'(Lanes)) & ((in_ptr & in_mask) != 16'd0));
  assign take = in_valid & fits;
  assign tx_ready_o = take & ~in_rx;
  assign rx_ready_o = take & in_rx;

  always_comb begin
    in_entry            = in_rx ? rx_entry_i : tx_entry_i;
    in_entry.phase      = '0;
    in_entry.phase.pass = ~(|(in_ptr & (in_mask + 16'd1)));
  end

  assign col_idx    = alloc_q[col_q_q] & ((16'd1 << size_q[col_q_q]) - 16'd1);
  assign wr_valid_o = (col_n_q != 3'd0) & ~take;
  assign wr_sop_o   = beat_q == '0;
  assign wr_eop_o   = 32'(beat_q) == Beats - 1;
  assign wr_addr_o  = {base_hi_q[col_q_q], base_lo_q[col_q_q]} + (64'(col_idx) << EntryAlign);
  assign wr_len_o   = 16'(col_n_q) << EntryAlign;
  assign wr_data_o  = col_data_q[DataW-1:0];
  assign wr_q_o     = col_q_q;
  assign wr_tx_n_o  = col_tx_n_q;
  assign wr_rx_n_o  = col_n_q - col_tx_n_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      col_n_q   <= '0;
      beat_q    <= '0;
      rx_turn_q <= 1'b0;
    end else if (wr_valid_o && wr_ready_i) begin
      beat_q <= wr_eop_o ? '0 : beat_q + 1'b1;
      if (wr_eop_o) begin
        col_n_q <= '0;
      end
    end else if (take) begin
      col_n_q   <= col_n_q + 3'd1;
      rx_turn_q <= ~in_rx;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      col_q_q    <= in_q;
      col_tx_n_q <= (col_n_q == 3'd0 ? 3'd0 : col_tx_n_q) + {2'b0, ~in_rx};
      for (int k = 0; k < Lanes; k++) begin
        if (col_n_q == 3'(k)) begin
          col_data_q[EntryW*k +: EntryW] <= in_entry;
        end
      end
    end else if (wr_valid_o && wr_ready_i) begin
      col_data_q <= col_data_q >> DataW;
    end
  end

  // --------------------------------------------------------------------------------- interrupt
  logic          irq_q, pick_valid;
  logic [QW-1:0] irq_q_q, pick;

  ravelin_queue_rr #(.Num(QueuePairs)) u_rr (
    .req_i (fire), .last_i (irq_q_q), .valid_o (pick_valid), .index_o (pick)
  );

  assign irq_valid_o  = irq_q & fire[irq_q_q];
  assign irq_vector_o = vector_q[irq_q_q];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      irq_q   <= 1'b0;
      irq_q_q <= '0;
    end else if (irq_q) begin
      irq_q <= irq_valid_o & ~irq_ready_i;
    end else if (pick_valid) begin
      irq_q   <= 1'b1;
      irq_q_q <= pick;
    end
  end

  assign busy_o = (|fire) | irq_q | (col_n_q != 3'd0) | in_valid;
endmodule
