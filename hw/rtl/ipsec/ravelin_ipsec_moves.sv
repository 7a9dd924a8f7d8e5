// SPDX-License-Identifier: BSD-2-Clause
//
// Where the packets of inbound SAs come from: a NAT may give the peer another address or port (RFC
// 7296, section 2.23). SAs of ESP in UDP are watched whose source was given with a port.
//
//   read -> [memory] -> [hold] -> [judge]
//
// Beside ravelin_ipsec_in_sa: rd_* comes one cycle before chk_*, its verdict 2 cycles after, with
// moved_o. Interval 1. A packet whose number is not the highest so far tells nothing: it may have been
// under way since before the move. An authentic one from elsewhere becomes what is expected, so that
// each move is told once; what the packets before it have written is forwarded.
//
// A source that is read with an error counts as another one: it is told anew, and written.
module ravelin_ipsec_moves #(
  parameter int unsigned SaCount = 1024,
  localparam int unsigned IdxW = $clog2(SaCount)
) (
  input  logic            clk_i,
  input  logic            rst_ni,
  input  logic            op_write_i,        // while no packet is inside
  input  logic [IdxW-1:0] op_idx_i,
  input  logic [ravelin_ipsec_pkg::SOURCE_W-1:0] op_source_i,
  input  logic            rd_valid_i,
  input  logic [IdxW-1:0] rd_idx_i,
  input  logic            chk_valid_i,       // a packet of that SA
  input  logic            chk_udp_i,
  input  logic [ravelin_ipsec_pkg::SOURCE_W-1:0] chk_source_i,
  input  logic            newest_i,          // authentic, and of the highest number so far
  output logic            moved_o,
  output logic [ravelin_ipsec_pkg::SOURCE_W-1:0] source_o
);
  localparam int unsigned SourceW = ravelin_ipsec_pkg::SOURCE_W;

  logic [63:0]        read1;                 // of a whole group of ravelin_ram's
  logic [SourceW-1:0] expected1_q, expected2_q, expected3_q, source2_q, source3_q;
  logic [IdxW-1:0]    idx1_q, idx2_q, idx3_q;
  logic               bad1, bad2_q, bad3_q, written1_q, valid2_q, valid3_q, watched;
  ravelin_ipsec_pkg::source_t given;
  logic               unused;

  assign given    = op_source_i;
  assign unused   = (^given.address) ^ (^read1[63:SourceW]);
  assign moved_o  = valid3_q && watched && newest_i && (bad3_q || expected3_q != source3_q);
  assign source_o = source3_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid2_q <= 1'b0;
      valid3_q <= 1'b0;
    end else begin
      valid2_q <= chk_valid_i && chk_udp_i;
      valid3_q <= valid2_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rd_valid_i) begin
      idx1_q <= rd_idx_i;
    end
    written1_q  <= moved_o && idx3_q == rd_idx_i;
    expected1_q <= source3_q;
    if (chk_valid_i) begin
      idx2_q    <= idx1_q;
      source2_q <= chk_source_i;
      if (moved_o && idx3_q == idx1_q) begin
        expected2_q <= source3_q;
        bad2_q      <= 1'b0;
      end else begin
        expected2_q <= written1_q ? expected1_q : read1[SourceW-1:0];
        bad2_q      <= bad1 && !written1_q;
      end
    end
    if (valid2_q) begin
      idx3_q    <= idx2_q;
      source3_q <= source2_q;
      if (moved_o && idx3_q == idx2_q) begin
        expected3_q <= source3_q;
        bad3_q      <= 1'b0;
      end else begin
        expected3_q <= expected2_q;
        bad3_q      <= bad2_q;
      end
    end
  end

  ravelin_ipsec_flags #(.Count(SaCount)) u_watched (
    .clk_i, .rst_ni,
    .wr_i (op_write_i), .wr_idx_i (op_idx_i), .wr_flag_i (given.port != '0),
    .rd_i (chk_valid_i), .rd_idx_i (idx1_q), .flag_o (watched)
  );

  ravelin_ram #(.Width(64), .Depth(SaCount)) u_sources (
    .clk_i, .rst_ni,
    .wr_i (op_write_i || moved_o), .wr_addr_i (op_write_i ? op_idx_i : idx3_q),
    .wr_data_i ({16'b0, op_write_i ? op_source_i : source3_q}),
    .rd_i (rd_valid_i), .rd_addr_i (rd_idx_i), .rd_data_o (read1), .rd_bad_o (bad1),
    .damage_i (1'b0), .damage_addr_i ('0)
  );
endmodule
