// SPDX-License-Identifier: BSD-2-Clause
//
// DMA write: cuts transfers into memory write TLPs (MPS, 4 KiB) and shifts their data so that each
// payload begins with its first DW. A TLP is handed on when it is complete, so that it can leave
// without a gap and nothing upstream can cut it.
//
// One beat a cycle, for any alignment; a transfer or TLP costs no cycle of its own. Latency from the
// last beat of a TLP to tlp_valid_o: 4 cycles. A transfer without data (length 0) takes one beat.
// While clear_i is 1, what arrives is dropped.
module ravelin_pcie_wr #(
  parameter int unsigned DataW  = 512,
  parameter int unsigned Octets = 8192   // buffered TLPs; at least twice the largest payload
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,
  output logic             idle_o,
  input  logic [15:0]      cfg_requester_id_i,
  input  logic [2:0]       cfg_max_payload_i,
  input  logic             wr_valid_i,
  output logic             wr_ready_o,
  input  logic             wr_sop_i,
  input  logic             wr_eop_i,
  input  logic [63:0]      wr_addr_i,
  input  logic [15:0]      wr_len_i,
  input  logic             wr_irq_i,
  input  logic [7:0]       wr_vector_i,
  input  logic [DataW-1:0] wr_data_i,
  output logic [15:0]      taken_o,      // transfers taken, a free-running count
  // Complete TLPs
  output logic             tlp_valid_o,
  input  logic             tlp_pop_i,
  output logic [127:0]     tlp_hdr_o,
  output logic             tlp_data_o,   // it is a TLP; else only the end of a transfer
  output logic             tlp_last_o,   // the transfer ends here
  output logic             tlp_irq_o,    // then raises this vector
  output logic [7:0]       tlp_vector_o,
  input  logic             beat_pop_i,
  output logic [DataW-1:0] beat_data_o
);
  localparam int unsigned W     = DataW / 8;
  localparam int unsigned OffW  = $clog2(W) + 1;
  localparam int unsigned Depth = Octets / W;
  localparam int unsigned HeadW = 64 + 16 + 1 + 8;
  localparam int unsigned TlpW  = 128 + 1 + 1 + 1 + 8;

  // -------------------------------------------------------------------------------------- input
  logic             in_valid, in_pop, head_valid, head_pop, take;
  logic [DataW-1:0] in_data;
  logic [2:0]       in_count, head_count;
  logic [HeadW-1:0] head;
  logic [15:0]      taken_q;

  assign wr_ready_o = clear_i || (!in_count[2] && !head_count[2]);
  assign take       = wr_valid_i && wr_ready_o && !clear_i;
  assign taken_o    = taken_q;

  ravelin_pcie_fifo #(.Width(DataW), .Depth(4)) u_in (
    .clk_i, .rst_ni, .clear_i, .push_i(take), .data_i(wr_data_i),
    .pop_i(in_pop), .valid_o(in_valid), .data_o(in_data), .count_o(in_count)
  );

  ravelin_pcie_fifo #(.Width(HeadW), .Depth(4)) u_head (
    .clk_i, .rst_ni, .clear_i, .push_i(take && wr_sop_i),
    .data_i({wr_addr_i, wr_len_i, wr_irq_i, wr_vector_i}),
    .pop_i(head_pop), .valid_o(head_valid), .data_o(head), .count_o(head_count)
  );

  // -------------------------------------------------------------------- transfer being split up
  logic         s_valid_q, s_first_q, s_irq_q, s_load, s_next, s_last, s_empty;
  logic [63:0]  s_addr_q;
  logic [15:0]  s_left_q;
  logic [7:0]   s_vector_q;
  logic [12:0]  s_octets;
  logic [127:0] s_hdr;

  ravelin_pcie_split #(.Write(1'b1)) u_split (
    .addr_i(s_addr_q), .left_i(s_left_q), .max_i(cfg_max_payload_i),
    .requester_id_i(cfg_requester_id_i), .tag_i(8'd0),
    .octets_o(s_octets), .last_o(s_last), .hdr_o(s_hdr)
  );

  assign s_empty  = (s_left_q == 16'd0);
  assign s_load   = !s_valid_q || (s_next && s_last);
  assign head_pop = head_valid && s_load;

  // ------------------------------------------------------------------------- TLP being shifted
  // offset_q: where the next octet stands in {beat at the input, prev_q}, 1 to W. A transfer begins
  // at W minus the octets by which its address is off a DW, so those come out as zeros.
  logic             t_valid_q, t_data_q, t_last_q, t_irq_q, t_final, t_fire, room;
  logic [127:0]     t_hdr_q;
  logic [7:0]       t_vector_q;
  logic [13:0]      t_left_q;
  logic [OffW-1:0]  offset_q, count;
  logic [OffW:0]    offset_sum;
  logic             need, wrap;
  logic [DataW-1:0] prev_q;
  logic             beat_push_q, tlp_push_q;
  logic [DataW-1:0] beat_q;
  logic [TlpW-1:0]  tlp_q, tlp;
  logic [$clog2(Depth):0] beat_count, tlp_count;
  logic             beat_valid;

  localparam logic [OffW-1:0] Full = OffW'(W);

  always_comb begin
    t_final    = !t_data_q || (t_left_q <= 14'(W));
    count      = (t_left_q <= 14'(W)) ? t_left_q[OffW-1:0] : Full;
    offset_sum = {1'b0, offset_q} + {1'b0, count};
    wrap       = offset_sum > {1'b0, Full};
    need       = wrap || !t_data_q;
    room       = (beat_count < ($clog2(Depth)+1)'(Depth - 1)) &&
                 (tlp_count < ($clog2(Depth)+1)'(Depth - 1));
    t_fire     = t_valid_q && room && (!need || in_valid);
    s_next     = s_valid_q && (!t_valid_q || (t_fire && t_final));
  end
  assign in_pop = t_fire && need;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      s_valid_q   <= 1'b0;
      t_valid_q   <= 1'b0;
      beat_push_q <= 1'b0;
      tlp_push_q  <= 1'b0;
    end else begin
      if (s_load) begin
        s_valid_q <= head_valid;
      end
      if (s_next) begin
        t_valid_q <= 1'b1;
      end else if (t_fire && t_final) begin
        t_valid_q <= 1'b0;
      end
      beat_push_q <= t_fire && t_data_q;
      tlp_push_q  <= t_fire && t_final;
    end
    if (!rst_ni) begin
      taken_q <= '0;
    end else if (take && wr_eop_i) begin
      taken_q <= taken_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (head_pop) begin
      {s_addr_q, s_left_q, s_irq_q, s_vector_q} <= head;
      s_first_q <= 1'b1;
    end else if (s_next) begin
      s_addr_q  <= s_addr_q + {51'd0, s_octets};
      s_left_q  <= s_left_q - {3'd0, s_octets};
      s_first_q <= 1'b0;
    end
    if (t_fire) begin
      t_left_q <= t_left_q - 14'(W);
      offset_q <= wrap ? offset_sum[OffW-1:0] - Full : offset_sum[OffW-1:0];
      if (wrap) begin
        prev_q <= in_data;
      end
      beat_q <= DataW'({in_data, prev_q} >> {offset_q, 3'd0});
      if (count != Full) begin
        beat_q <= DataW'({in_data, prev_q} >> {offset_q, 3'd0}) & ~({DataW{1'b1}} << {count, 3'd0});
      end
      tlp_q  <= {t_hdr_q, t_data_q, t_last_q, t_last_q && t_irq_q, t_vector_q};
    end
    if (s_next) begin
      t_hdr_q    <= s_hdr;
      t_data_q   <= !s_empty;
      t_last_q   <= s_last;
      t_irq_q    <= s_irq_q;
      t_vector_q <= s_vector_q;
      t_left_q   <= {1'b0, s_octets} + {12'd0, s_addr_q[1:0]};
      if (s_first_q) begin
        offset_q <= Full - OffW'(s_addr_q[1:0]);
        prev_q   <= '0;
      end
    end
  end

  ravelin_pcie_fifo #(.Width(DataW), .Depth(Depth)) u_beats (
    .clk_i, .rst_ni, .clear_i, .push_i(beat_push_q), .data_i(beat_q),
    .pop_i(beat_pop_i), .valid_o(beat_valid), .data_o(beat_data_o), .count_o(beat_count)
  );

  ravelin_pcie_fifo #(.Width(TlpW), .Depth(Depth)) u_tlps (
    .clk_i, .rst_ni, .clear_i, .push_i(tlp_push_q), .data_i(tlp_q),
    .pop_i(tlp_pop_i), .valid_o(tlp_valid_o), .data_o(tlp), .count_o(tlp_count)
  );

  assign {tlp_hdr_o, tlp_data_o, tlp_last_o, tlp_irq_o, tlp_vector_o} = tlp;
  assign idle_o = !in_valid && !head_valid && !s_valid_q && !t_valid_q && !beat_valid &&
                  !tlp_valid_o && !tlp_push_q && !wr_valid_i;

  logic unused;
  assign unused = &{1'b0, in_count[1:0], head_count[1:0]};
endmodule
