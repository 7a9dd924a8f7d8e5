// SPDX-License-Identifier: BSD-2-Clause
//
// The next memory request TLP of a transfer: as many octets as the maximum (MPS or MRRS, counted in
// whole DWs) and the 4 KiB rule allow, with its header. Combinational.
module ravelin_pcie_split #(
  parameter bit Write = 1'b0    // 1: memory write; 0: memory read
) (
  input  logic [63:0]  addr_i,
  input  logic [15:0]  left_i,           // octets left in the transfer, 1 or more
  input  logic [2:0]   max_i,            // 0: 128 octets ... 5: 4096
  input  logic [15:0]  requester_id_i,
  input  logic [7:0]   tag_i,
  output logic [12:0]  octets_o,         // octets in this TLP
  output logic         last_o,           // the transfer ends with it
  output logic [127:0] hdr_o
);
  logic [2:0]  max_code;
  logic [12:0] max_octets, to_page, limit, span;
  logic [1:0]  lead, tail;
  logic [10:0] dws;
  logic [3:0]  be_start, be_end, first_be, last_be;
  logic        long_addr;
  logic [31:0] dw0, dw1;

  always_comb begin
    max_code   = (max_i > 3'd5) ? 3'd5 : max_i;
    lead       = addr_i[1:0];
    max_octets = (13'd128 << max_code) - {11'd0, lead};
    to_page    = 13'd4096 - {1'b0, addr_i[11:0]};
    limit      = (max_octets < to_page) ? max_octets : to_page;
    last_o     = left_i <= {3'd0, limit};
    octets_o   = last_o ? left_i[12:0] : limit;

    span       = octets_o + {11'd0, lead} + 13'd3;
    dws        = span[12:2];
    tail       = addr_i[1:0] + octets_o[1:0];       // octets used of the last DW, 0: all
    be_start   = 4'hf << lead;
    be_end     = (tail == 2'd0) ? 4'hf : 4'hf >> (3'd4 - {1'b0, tail});
    first_be   = (dws == 11'd1) ? be_start & be_end : be_start;
    last_be    = (dws == 11'd1) ? 4'h0 : be_end;

    long_addr  = addr_i[63:32] != 32'd0;
    dw0        = {1'b0, Write, long_addr, 5'd0, 14'd0, dws[9:0]};
    dw1        = {requester_id_i, tag_i, last_be, first_be};
    hdr_o      = long_addr ? {dw0, dw1, addr_i[63:2], 2'b00}
                           : {dw0, dw1, addr_i[31:2], 2'b00, 32'd0};
  end

  logic unused;
  assign unused = &{1'b0, span[1:0]};
endmodule
