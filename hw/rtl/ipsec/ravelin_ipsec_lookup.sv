// SPDX-License-Identifier: BSD-2-Clause
//
// Inbound SA of (destination, SPI) (RFC 4301, section 4.1): exact match in two hashed tables, four
// ways each, four times as many places as SAs. A new entry goes to the emptier of its two rows.
//
// Latency 3 cycles, interval 1. The command executor works on the tables only while no packet is
// inside: op_find, and from 4 cycles later on op_hit_o, op_full_o and the rows that op_insert or
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
  input  logic [31:0]     op_dst_i,
  input  logic [31:0]     op_spi_i,
  input  logic [IdxW-1:0] op_idx_i,
  output logic            op_full_o,
  input  logic            valid_i,
  input  logic [31:0]     dst_i,
  input  logic [31:0]     spi_i,
  input  logic            used_i,
  output logic            hit_o,
  output logic [IdxW-1:0] idx_o
);
  localparam int unsigned Ways   = 4;
  localparam int unsigned Rows   = SaCount / 2;
  localparam int unsigned RowW   = $clog2(Rows);
  localparam int unsigned EntryW = 1 + 64 + IdxW;   // {valid, destination, SPI, index}
  localparam int unsigned LineW  = Ways * EntryW;

  logic [LineW-1:0] line0, line1;
  logic             bad0, bad1, op1_q, used2_q;
  logic             ready_q, v1_q, v2_q;
  logic [RowW-1:0]  sweep_q, row0_q, row1_q, rd_row0_q, rd_row1_q;
  logic [63:0]      key1_q, key2_q;
  logic             write0, write1;
  logic [LineW-1:0] write_line;

  assign ready_o = ready_q;

  function automatic logic [RowW-1:0] row_of(input logic [31:0] v, input logic [31:0] odd);
    logic [31:0] product;
    product = v * odd;
    row_of  = product[31 -: RowW];
  endfunction

  // {hit, index} in a line
  function automatic logic [IdxW:0] find(input logic [LineW-1:0] line, input logic [63:0] key);
    find = '0;
    for (int unsigned w = 0; w < Ways; w++) begin
      if (line[w*EntryW + IdxW +: 65] == {1'b1, key}) begin
        find = find | {1'b1, line[w*EntryW +: IdxW]};
      end
    end
  endfunction

  function automatic logic [2:0] entries(input logic [LineW-1:0] line);
    entries = '0;
    for (int unsigned w = 0; w < Ways; w++) begin
      entries = entries + 3'(line[w*EntryW + EntryW - 1]);
    end
  endfunction

  function automatic logic [LineW-1:0] insert(input logic [LineW-1:0] line, input logic [63:0] key,
                                              input logic [IdxW-1:0] idx);
    logic done;
    done   = 1'b0;
    insert = line;
    for (int unsigned w = 0; w < Ways; w++) begin
      if (!done && !line[w*EntryW + EntryW - 1]) begin
        insert[w*EntryW +: EntryW] = {1'b1, key, idx};
        done = 1'b1;
      end
    end
  endfunction

  function automatic logic [LineW-1:0] without(input logic [LineW-1:0] line,
                                               input logic [63:0] key);
    without = line;
    for (int unsigned w = 0; w < Ways; w++) begin
      if (line[w*EntryW + IdxW +: 65] == {1'b1, key}) begin
        without[w*EntryW +: EntryW] = '0;
      end
    end
  endfunction

  logic second;               // an insertion goes to table 1
  assign second    = entries(line1) < entries(line0);
  assign op_full_o = entries(line0) == 3'(Ways) && entries(line1) == 3'(Ways);

  always_comb begin
    write0     = 1'b0;
    write1     = 1'b0;
    write_line = '0;
    if (op_insert_i) begin
      write0     = !second;
      write1     = second;
      write_line = insert(second ? line1 : line0, key2_q, op_idx_i);
    end else if (op_remove_i) begin
      write0     = find(line0, key2_q) >> IdxW != '0;
      write1     = !write0;
      write_line = without(write0 ? line0 : line1, key2_q);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ready_q <= 1'b0;
      sweep_q <= '0;
      v1_q    <= 1'b0;
      v2_q    <= 1'b0;
      op1_q   <= 1'b0;
      used2_q <= 1'b0;
    end else begin
      if (!ready_q) begin
        sweep_q <= sweep_q + 1'b1;
        ready_q <= sweep_q == RowW'(Rows - 1);
      end
      v1_q    <= valid_i || op_find_i;
      v2_q    <= v1_q;
      op1_q   <= op_find_i;
      used2_q <= v1_q && (used_i || op1_q);
    end
  end

  always_ff @(posedge clk_i) begin
    if (op_find_i) begin
      key1_q <= {op_dst_i, op_spi_i};
      row0_q <= row_of(op_spi_i ^ {op_dst_i[15:0], op_dst_i[31:16]}, 32'h9e3779b1);
      row1_q <= row_of(op_spi_i + op_dst_i, 32'h7feb352d);
    end else if (valid_i) begin
      key1_q <= {dst_i, spi_i};
      row0_q <= row_of(spi_i ^ {dst_i[15:0], dst_i[31:16]}, 32'h9e3779b1);
      row1_q <= row_of(spi_i + dst_i, 32'h7feb352d);
    end
    if (v1_q) begin
      key2_q    <= key1_q;
      rd_row0_q <= row0_q;
      rd_row1_q <= row1_q;
    end
    if (v2_q) begin
      {hit_o, idx_o} <= find(line0, key2_q) | find(line1, key2_q);
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
