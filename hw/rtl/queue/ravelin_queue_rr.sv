// SPDX-License-Identifier: BSD-2-Clause
//
// Round-robin choice: the lowest request above last_i, or else the lowest. Combinational.
module ravelin_queue_rr #(
  parameter  int unsigned Num  = 4,
  localparam int unsigned NumW = Num > 1 ? $clog2(Num) : 1
) (
  input  logic [Num-1:0]  req_i,
  input  logic [NumW-1:0] last_i,
  output logic            valid_o,
  output logic [NumW-1:0] index_o
);
  assign valid_o = |req_i;

  always_comb begin
    index_o = '0;
    for (int k = 0; k < Num; k++) begin
      if (req_i[Num-1-k]) begin
        index_o = NumW'(Num-1-k);
      end
    end
    for (int k = 0; k < Num; k++) begin
      if (req_i[Num-1-k] && NumW'(Num-1-k) > last_i) begin
        index_o = NumW'(Num-1-k);
      end
    end
  end
endmodule
