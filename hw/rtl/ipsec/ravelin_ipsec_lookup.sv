// SPDX-License-Identifier: BSD-2-Clause
//
// Inbound SA of (destination, SPI) (RFC 4301, section 4.1): exact match in two hashed tables, four
// ways each, four times as many places as SAs. A new entry goes to the emptier of its two rows. With
// the SA goes what has to be known of its packets at once.
//
// Latency 4 cycles, interval 1. The command executor works on the tables only while no packet is
// inside: op_find, and from 5 cycles later on op_hit_o, op_full_o and the rows that op_insert or
// op_remove then change. used_i says, a cycle after valid_i, that the answer counts; bad_o pulses
// when one that counts, or an operation, has read a line with a parity error.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_lookup #(
  parameter int unsigned SaCount = 1024,
  parameter bit          ErrorInjection = 1'b0,
  localparam int unsigned IdxW = $clog2(SaCount)
) (
  input  logic            clk_i,
  input  logic            rst_ni,
  output logic            ready_o,
  input  logic            damage_i,         // of each line that counts
  output logic            bad_o,
  input  logic            op_find_i,
  input  logic            op_insert_i,
  input  logic            op_remove_i,
  input  logic [ravelin_ipsec_pkg::IN_NAME_W-1:0] op_name_i,
  input  logic [IdxW-1:0] op_idx_i,
  input  logic [ravelin_ipsec_pkg::IN_FORM_W-1:0] op_form_i,
  output logic            op_full_o,
  input  logic            valid_i,
  input  logic [ravelin_ipsec_pkg::IN_NAME_W-1:0] name_i,
  input  logic            used_i,
  output logic            hit_o,
  output logic [IdxW-1:0] idx_o,
  output logic [ravelin_ipsec_pkg::IN_FORM_W-1:0] form_o
);
  localparam int unsigned Ways   = 4;
  localparam int unsigned Rows   = SaCount / 2;
  localparam int unsigned RowW   = $clog2(Rows);
  localparam int unsigned NameW  = ravelin_ipsec_pkg::IN_NAME_W;
  localparam int unsigned ValueW = ravelin_ipsec_pkg::IN_FORM_W + IdxW;   // {form, index}
  localparam int unsigned EntryW = 1 + NameW + ValueW;   // {valid, name, value}
  localparam int unsigned LineW  = Ways * EntryW;

  logic [LineW-1:0] line0, line1;
  logic             bad0, bad1, op1_q, op2_q, op3_q, used2_q;
  logic             ready_q, v1_q, v2_q, v3_q;
  logic [RowW-1:0]  sweep_q, row0_q, row1_q, rd_row0_q, rd_row1_q;
  logic [NameW-1:0] name, key1_q, key2_q;
  logic             write0, write1;
  logic [LineW-1:0] write_line;

  assign ready_o = ready_q;
  assign name    = op_find_i ? op_name_i : name_i;

  // A Toeplitz hash of the key: a row differs from another's by the parity of some 80 of its bits.
  localparam logic [RowW+NameW-2:0] Hash0 = (RowW+NameW-1)'(
      192'h03707344_a4093822_299f31d0_082efa98_85a308d3_13198a2e);
  localparam logic [RowW+NameW-2:0] Hash1 = (RowW+NameW-1)'(
      192'h452821e6_38d01377_be5466cf_34e90c6c_a4093822_299f31d0);

  function automatic logic [RowW-1:0] row_of(input logic [NameW-1:0] key,
                                             input logic [RowW+NameW-2:0] hash);
    for (int unsigned i = 0; i < RowW; i++) begin
      row_of[i] = ^(key & hash[i +: NameW]);
    end
  endfunction

  // The ways that hold a half of the key, and an entry.
  localparam int unsigned HalfW = NameW / 2;

  function automatic logic [Ways-1:0] find_low(input logic [LineW-1:0] line,
                                               input logic [NameW-1:0] key);
    for (int unsigned w = 0; w < Ways; w++) begin
      find_low[w] = line[w*EntryW + ValueW +: HalfW] == key[HalfW-1:0];
    end
  endfunction

  function automatic logic [Ways-1:0] find_high(input logic [LineW-1:0] line,
                                                input logic [NameW-1:0] key);
    for (int unsigned w = 0; w < Ways; w++) begin
      find_high[w] = line[w*EntryW + ValueW + HalfW +: NameW-HalfW+1] == {1'b1, key[NameW-1:HalfW]};
    end
  endfunction

  function automatic logic [Ways*ValueW-1:0] values_of(input logic [LineW-1:0] line);
    for (int unsigned w = 0; w < Ways; w++) begin
      values_of[w*ValueW +: ValueW] = line[w*EntryW +: ValueW];
    end
  endfunction

  function automatic logic [ValueW-1:0] value_at(input logic [Ways*ValueW-1:0] values,
                                                 input logic [Ways-1:0] ways);
    value_at = '0;
    for (int unsigned w = 0; w < Ways; w++) begin
      value_at = value_at | (values[w*ValueW +: ValueW] & {ValueW{ways[w]}});
    end
  endfunction

  function automatic logic [Ways-1:0] free_in(input logic [LineW-1:0] line);
    for (int unsigned w = 0; w < Ways; w++) begin
      free_in[w] = !line[w*EntryW + EntryW - 1];
    end
  endfunction

  // The line with an entry in the ways that are named.
  function automatic logic [LineW-1:0] with_entry(input logic [LineW-1:0] line,
                                                  input logic [Ways-1:0] ways,
                                                  input logic [EntryW-1:0] entry);
    for (int unsigned w = 0; w < Ways; w++) begin
      with_entry[w*EntryW +: EntryW] = ways[w] ? entry : line[w*EntryW +: EntryW];
    end
  endfunction

  // Where an operation may write, from the cycle after its read on.
  typedef struct packed {
    logic            second;     // in table 1
    logic [Ways-1:0] ways;
  } place_t;

  logic [Ways-1:0] low0_q, high0_q, low1_q, high1_q, found0, found1, free0, free1;
  logic [Ways*ValueW-1:0] values0_q, values1_q;
  place_t          free_place_q, found_place_q, place;

  assign found0    = low0_q & high0_q;
  assign found1    = low1_q & high1_q;
  assign free0     = free_in(line0);
  assign free1     = free_in(line1);
  assign op_full_o = free_place_q.ways == '0;
  assign place     = op_insert_i ? free_place_q : found_place_q;

  always_comb begin
    write0     = 1'b0;
    write1     = 1'b0;
    write_line = '0;
    if (op_insert_i || op_remove_i) begin
      write0     = !place.second;
      write1     = place.second;
      write_line = with_entry(place.second ? line1 : line0, place.ways,
                              op_insert_i ? {1'b1, key2_q, op_form_i, op_idx_i} : '0);
    end
  end

  always_ff @(posedge clk_i) begin
    if (op2_q) begin
      if ($countones(free1) > $countones(free0)) begin
        free_place_q <= {1'b1, free1 & (~free1 + 1'b1)};
      end else begin
        free_place_q <= {1'b0, free0 & (~free0 + 1'b1)};
      end
    end
    if (op3_q) begin
      found_place_q <= found0 != '0 ? {1'b0, found0} : {1'b1, found1};
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_q <= 1'b0;
      sweep_q <= '0;
      v1_q    <= 1'b0;
      v2_q    <= 1'b0;
      v3_q    <= 1'b0;
      op1_q   <= 1'b0;
      op2_q   <= 1'b0;
      op3_q   <= 1'b0;
      used2_q <= 1'b0;
    end else begin
      if (!ready_q) begin
        sweep_q <= sweep_q + 1'b1;
        ready_q <= sweep_q == RowW'(Rows - 1);
      end
      v1_q    <= valid_i || op_find_i;
      v2_q    <= v1_q;
      v3_q    <= v2_q;
      op1_q   <= op_find_i;
      op2_q   <= op1_q;
      op3_q   <= op2_q;
      used2_q <= v1_q && (used_i || op1_q);
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i || op_find_i) begin
      key1_q <= name;
      row0_q <= row_of(name, Hash0);
      row1_q <= row_of(name, Hash1);
    end
    if (v1_q) begin
      key2_q    <= key1_q;
      rd_row0_q <= row0_q;
      rd_row1_q <= row1_q;
    end
    if (v2_q) begin
      low0_q    <= find_low(line0, key2_q);
      high0_q   <= find_high(line0, key2_q);
      low1_q    <= find_low(line1, key2_q);
      high1_q   <= find_high(line1, key2_q);
      values0_q <= values_of(line0);
      values1_q <= values_of(line1);
    end
    if (v3_q) begin
      hit_o <= (found0 | found1) != '0;
      {form_o, idx_o} <= value_at(values0_q, found0) | value_at(values1_q, found1);
    end
  end

  assign bad_o = used2_q && (bad0 || bad1);

  ravelin_ram #(.Width(LineW), .Depth(Rows), .ErrorInjection(ErrorInjection)) u_table0 (
    .clk_i, .rst_ni,
    .wr_i (!ready_q || write0), .wr_addr_i (ready_q ? rd_row0_q : sweep_q),
    .wr_data_i (write_line),
    .rd_i (v1_q), .rd_addr_i (row0_q), .rd_data_o (line0), .rd_bad_o (bad0),
    .damage_i (1'b0), .damage_addr_i (row0_q)
  );

  ravelin_ram #(.Width(LineW), .Depth(Rows), .ErrorInjection(ErrorInjection)) u_table1 (
    .clk_i, .rst_ni,
    .wr_i (!ready_q || write1), .wr_addr_i (ready_q ? rd_row1_q : sweep_q),
    .wr_data_i (write_line),
    .rd_i (v1_q), .rd_addr_i (row1_q), .rd_data_o (line1), .rd_bad_o (bad1),
    .damage_i (damage_i && (used_i || op1_q)), .damage_addr_i (row1_q)
  );
endmodule
/* verilator lint_on UNUSEDSIGNAL */
