// SPDX-License-Identifier: BSD-2-Clause
//
// One step past an extension header of IPv6 (RFC 8200, section 4), if one is next and the window
// shows it. Behind the first header of a later fragment nothing is a header.
//
// Latency 1 cycle, interval 1.
module ravelin_ipsec_walk (
  input  logic                                 clk_i,
  input  logic                                 valid_i,
  input  logic [ravelin_ipsec_pkg::WALK_W-1:0] walk_i,
  output logic [ravelin_ipsec_pkg::WALK_W-1:0] walk_o
);
  // The first octets of each of these headers; in those of options the last ones are no more than
  // that.
  typedef struct packed {
    logic [7:0] more;        // fragment: low octet of offset and flags
    logic [7:0] offset;      // ... high octet
    logic [7:0] len;         // in 8 octets, the first 8 not counted
    logic [7:0] next;
  } extension_t;

  ravelin_ipsec_pkg::walk_t walk, walk_d, walk_q;
  extension_t  header;
  logic        is_fragment, there, step;
  logic [9:0]  skip;         // words
  logic [12:0] behind;       // octets before what follows it

  assign walk        = walk_i;
  assign header      = walk.window[31:0];
  assign is_fragment = walk.proto == ravelin_ipsec_pkg::PROTO_FRAGMENT;
  assign there       = !walk.rest[16] && walk.rest[15:3] != '0;
  assign step        = walk.walks && !walk.later && ravelin_ipsec_pkg::is_extension(walk.proto);
  assign skip        = is_fragment ? 10'd2 : {{1'b0, header.len} + 9'd1, 1'b0};
  assign behind      = walk.hlen + 13'({skip, 2'b00});

  always_comb begin
    walk_d = walk;
    if (step && !there) begin
      walk_d.bad   = 1'b1;
      walk_d.walks = 1'b0;
    end else if (step && walk.room < 5'd2) begin
      walk_d.walks = 1'b0;
    end else if (step) begin
      walk_d.proto  = header.next;
      walk_d.hlen   = behind;
      walk_d.names  = walk.hlen[6:0];
      walk_d.rest   = walk.rest - 17'({skip, 2'b00});
      walk_d.room   = skip > 10'(walk.room) ? '0 : walk.room - skip[4:0];
      walk_d.window = walk.window >> {skip[3:0], 5'b0};
      if (is_fragment) begin
        walk_d.fragment = walk.fragment || header.offset != '0 || header.more[7:3] != '0 ||
                          header.more[0];
        walk_d.later    = header.offset != '0 || header.more[7:3] != '0;
      end
      if (walk.proto == ravelin_ipsec_pkg::PROTO_ROUTING && header.more != '0) begin
        walk_d.onward = 1'b1;
      end
      // Options for the destination alone are for nobody on the way, unless a header that is follows
      // (RFC 4303, section 3.1.1).
      if (walk.proto != ravelin_ipsec_pkg::PROTO_DESTINATION) begin
        walk_d.front       = behind;
        walk_d.front_names = walk.hlen[6:0];
        walk_d.behind      = header.next;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      walk_q <= walk_d;
    end
  end

  assign walk_o = walk_q;
endmodule
