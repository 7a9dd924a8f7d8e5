// SPDX-License-Identifier: BSD-2-Clause
//
// Reorder buffer of the DMA read: a ring of octets, written at any octet, read by rows of a beat.
// Two banks of alternating rows take a beat that straddles two rows in one cycle. Read data stands
// in the one cycle after rd_valid_i; at other times it is zero.
//
// What is read may be a key. So a row is erased by the port that reads it, in the same cycle if both
// are asked for (the memory gives the old contents), and no register keeps it longer than a cycle.
module ravelin_pcie_rd_buffer #(
  parameter int unsigned DataW  = 512,
  parameter int unsigned Octets = 32768,   // a power of two
  localparam int unsigned W     = DataW / 8,
  localparam int unsigned OffW  = $clog2(W),
  localparam int unsigned PosW  = $clog2(Octets),
  localparam int unsigned RowW  = PosW - OffW
) (
  input  logic             clk_i,
  input  logic             wr_valid_i,
  input  logic [PosW-1:0]  wr_pos_i,       // where octet 0 of the beat goes
  /* verilator tracing_off */
  input  logic [DataW-1:0] wr_data_i,
  /* verilator tracing_on */
  input  logic [1:0]       wr_skip_i,      // octets at the front that are not written
  input  logic [OffW:0]    wr_end_i,       // octets of the beat up to the last one written
  input  logic             rd_valid_i,
  input  logic             rd_erase_i,
  input  logic             rd_both_i,      // erase the row of the other bank too, at the same index
  input  logic [RowW-1:0]  rd_row_i,
  /* verilator tracing_off */
  output logic [DataW-1:0] rd_data_o
  /* verilator tracing_on */
);
  localparam int unsigned Rows = Octets / W / 2;

  /* verilator tracing_off */
  logic [DataW-1:0] turned;
  /* verilator tracing_on */
  logic [W-1:0]     be, be_turned, lanes_next, be_even, be_odd;
  logic [RowW-1:0]  row, row_next;
  logic [RowW-2:0]  row_even, row_odd;
  logic [OffW-1:0]  turn;

  always_comb begin
    turn     = wr_pos_i[OffW-1:0];
    row      = wr_pos_i[PosW-1:OffW];
    row_next = row + 1'b1;
    row_even = row[0] ? row_next[RowW-1:1] : row[RowW-1:1];
    row_odd  = row[0] ? row[RowW-1:1] : row_next[RowW-1:1];
    turned     = '0;
    be         = '0;
    be_turned  = '0;
    lanes_next = '0;
    if (wr_valid_i) begin
      turned     = DataW'({wr_data_i, wr_data_i} >> {(OffW+1)'(W) - {1'b0, turn}, 3'd0});
      be         = ({W{1'b1}} << wr_skip_i) & ~({W{1'b1}} << wr_end_i);
      be_turned  = W'({be, be} >> ((OffW+1)'(W) - {1'b0, turn}));
      lanes_next = ~({W{1'b1}} << turn);       // these lanes belong to the next row
    end
    be_even = be_turned & (row[0] ? lanes_next : ~lanes_next);
    be_odd  = be_turned & (row[0] ? ~lanes_next : lanes_next);
  end

  logic            read_even, read_odd, erase_even, erase_odd;
  logic [RowW-2:0] rd_index;

  assign read_even  = rd_valid_i && !rd_row_i[0];
  assign read_odd   = rd_valid_i && rd_row_i[0];
  assign erase_even = rd_erase_i && (!rd_row_i[0] || rd_both_i);
  assign erase_odd  = rd_erase_i && (rd_row_i[0] || rd_both_i);
  assign rd_index   = rd_row_i[RowW-1:1];

  // A memory for each DW of a row: tools take long over one with an enable for each of 64 octets.
  // A process for each port, as tools know a memory with two ports; never for the same row at once.
  // Read data is cleared in each cycle that reads none: block RAM has that, and not one with a
  // condition of its own.
  for (genvar g = 0; g < W / 4; g++) begin : gen_dw
    /* verilator tracing_off */
    logic [31:0] even [Rows];
    logic [31:0] odd  [Rows];
    logic [31:0] even_q, odd_q;
    /* verilator tracing_on */

    always @(posedge clk_i) begin
      if (wr_valid_i) begin
        for (int i = 0; i < 4; i++) begin
          if (be_even[4*g + i]) begin
            even[row_even][8*i +: 8] <= turned[32*g + 8*i +: 8];
          end
          if (be_odd[4*g + i]) begin
            odd[row_odd][8*i +: 8] <= turned[32*g + 8*i +: 8];
          end
        end
      end
    end

    always @(posedge clk_i) begin
      if (read_even) begin
        even_q <= even[rd_index];
      end else begin
        even_q <= '0;
      end
      if (read_odd) begin
        odd_q <= odd[rd_index];
      end else begin
        odd_q <= '0;
      end
      if (erase_even) begin
        even[rd_index] <= '0;
      end
      if (erase_odd) begin
        odd[rd_index] <= '0;
      end
    end

    assign rd_data_o[32*g +: 32] = even_q | odd_q;
  end

  logic unused;
  assign unused = row_next[0];
endmodule
