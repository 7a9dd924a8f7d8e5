// SPDX-License-Identifier: BSD-2-Clause
//
// Records that the IPsec blocks hand to each other. Addresses, SPIs, ports and lengths are numbers;
// vectors of octets have octet 0 in [7:0].
/* verilator lint_off UNUSEDPARAM */
package ravelin_ipsec_pkg;
  // Bits of `fired`: EVENT type - 1; and of an event record's mask, which has one more.
  localparam int unsigned FIRED_SOFT_BYTES   = 0;
  localparam int unsigned FIRED_SOFT_PACKETS = 1;
  localparam int unsigned FIRED_HARD_BYTES   = 2;
  localparam int unsigned FIRED_HARD_PACKETS = 3;
  localparam int unsigned FIRED_SEQ_NEAR     = 4;
  localparam int unsigned FIRED_SEQ_END      = 5;
  localparam int unsigned EVENT_SA_ERROR_BIT = 6;

  localparam logic [31:0] SEQ_NEAR_END = 32'hfff00000;

  typedef struct packed {
    logic [63:0] hard_packets;
    logic [63:0] soft_packets;
    logic [63:0] hard_bytes;
    logic [63:0] soft_bytes;
  } limits_t;

  // Outbound SA: what never changes while it is installed.
  typedef struct packed {
    logic        udp;
    logic        df_set;
    logic        df_clear;
    logic        dscp_fixed;
    logic [5:0]  dscp;
    logic [7:0]  ttl;
    logic [15:0] sport;
    logic [15:0] dport;
    logic [31:0] spi;
    logic [31:0] src;
    logic [31:0] dst;
    limits_t     limits;
  } out_cfg_t;
  localparam int unsigned OUT_CFG_W = 402;

  // Outbound SA: what each packet changes.
  typedef struct packed {
    logic [5:0]  fired;
    logic [31:0] drop_limit;
    logic [31:0] seq;          // last one used
    logic [63:0] bytes;
    logic [63:0] packets;
  } out_dyn_t;
  localparam int unsigned OUT_DYN_W = 198;

  // Inbound SA: what never changes while it is installed.
  typedef struct packed {
    logic [31:0] spi;
    limits_t     limits;
  } in_cfg_t;
  localparam int unsigned IN_CFG_W = 288;

  // Inbound SA: counters.
  typedef struct packed {
    logic [3:0]  fired;
    logic [31:0] drop_icv;
    logic [31:0] drop_replay;
    logic [31:0] drop_format;
    logic [31:0] drop_limit;
    logic [63:0] bytes;
    logic [63:0] packets;
  } in_dyn_t;
  localparam int unsigned IN_DYN_W = 260;

  // Events of one packet; serialized later.
  typedef struct packed {
    logic        inbound;
    logic [15:0] index;
    logic [31:0] spi;
    logic [6:0]  mask;
    logic [63:0] packets;      // SA_ERROR: SA_ERROR_*
    logic [63:0] bytes;
    logic [31:0] seq;
  } event_t;
  localparam int unsigned EVENT_REC_W = 216;

  // Damage to a memory, for tests (ErrorInjection): a bit of it is read wrong.
  localparam logic [3:0] DAMAGE_CONFIG     = 4'd0;  // what is fixed of an SA
  localparam logic [3:0] DAMAGE_COUNTERS   = 4'd1;  // its counters, sequence number
  localparam logic [3:0] DAMAGE_WINDOW     = 4'd2;  // its replay window, as read after the ICV
  localparam logic [3:0] DAMAGE_PRE_WINDOW = 4'd3;  // ... as read on arrival
  localparam logic [3:0] DAMAGE_KEY        = 4'd4;  // its cipher key and salt
  localparam logic [3:0] DAMAGE_POWER      = 4'd5;  // its H^1, as multiplied with blocks
  localparam logic [3:0] DAMAGE_POWER_LOW  = 4'd6;  // its H^1, as multiplied with sums
  localparam logic [3:0] DAMAGE_POWER_HIGH = 4'd7;  // its H^32: for packets of 33 blocks and more
  localparam logic [3:0] DAMAGE_LOOKUP     = 4'd8;  // any line of the table
  localparam logic [3:0] DAMAGE_NAME       = 4'd9;  // an inbound SA's destination and SPI

  typedef struct packed {
    logic        valid;
    logic [3:0]  memory;       // DAMAGE_*
    logic        inbound;
    logic [15:0] index;        // of the SA
  } damage_t;
  localparam int unsigned DAMAGE_W = 22;

  // Transmit rule.
  typedef struct packed {
    logic        valid;
    logic [1:0]  action;
    logic        any_proto;
    logic [7:0]  proto;
    logic        any_port;
    logic [15:0] sa;
    logic [31:0] src;
    logic [31:0] src_mask;
    logic [31:0] dst;
    logic [31:0] dst_mask;
    logic [15:0] sport_lo;
    logic [15:0] sport_hi;
    logic [15:0] dport_lo;
    logic [15:0] dport_hi;
  } rule_t;
  localparam int unsigned RULE_W = 221;

  // What becomes of a frame from the host.
  localparam logic [1:0] TX_DROP    = 2'd0;
  localparam logic [1:0] TX_BYPASS  = 2'd1;
  localparam logic [1:0] TX_PROTECT = 2'd2;

  typedef struct packed {
    logic [1:0]   action;
    logic [4:0]   l3;          // octets of Ethernet header and tags (protect)
    logic [15:0]  frame_len;
    logic [15:0]  inner_len;   // octets of the inner packet
    logic [1:0]   pad;
    logic [15:0]  sa;
    logic [31:0]  spi;
    logic [31:0]  seq;
    logic [6:0]   prefix_len;  // octets to put in front of the ciphertext
    logic [527:0] prefix;      // Ethernet header, outer IPv4, UDP, SPI, sequence number, IV
  } tx_decision_t;
  localparam int unsigned TX_DECISION_W = 656;

  // What becomes of a frame from the wire, as far as can be told before it is authenticated.
  localparam logic [1:0] RX_DROP    = 2'd0;
  localparam logic [1:0] RX_PASS    = 2'd1;
  localparam logic [1:0] RX_DECRYPT = 2'd2;

  // Reasons, in the order of the checks.
  localparam logic [3:0] DROP_NONE      = 4'd0;
  localparam logic [3:0] DROP_DISABLED  = 4'd1;
  localparam logic [3:0] DROP_PORT      = 4'd2;
  localparam logic [3:0] DROP_CHECKSUM  = 4'd3;
  localparam logic [3:0] DROP_MALFORMED = 4'd4;
  localparam logic [3:0] DROP_LIFETIME  = 4'd5;
  localparam logic [3:0] DROP_WINDOW    = 4'd6;
  localparam logic [3:0] DROP_REPLAY    = 4'd7;
  localparam logic [3:0] DROP_ICV       = 4'd8;
  localparam logic [3:0] DROP_TRAILER   = 4'd9;
  localparam logic [3:0] DROP_DUMMY     = 4'd10;
  localparam logic [3:0] DROP_INNER     = 4'd11;
  localparam logic [3:0] DROP_ECN       = 4'd12;
  localparam logic [3:0] DROP_PARITY    = 4'd13;  // at any place

  typedef struct packed {
    logic [1:0]   action;
    logic [3:0]   reason;
    logic         known;       // an SA was found
    logic         udp;
    logic [1:0]   ecn;         // of the outer header
    logic [4:0]   l3;
    logic [6:0]   skip;        // octets before the ciphertext
    logic [15:0]  frame_len;   // octets of the frame as buffered
    logic [15:0]  text_len;    // octets of ciphertext
    logic [15:0]  sa;
    logic [31:0]  spi;
    logic [31:0]  seq;
    logic [63:0]  iv;
    logic [175:0] eth;
    logic [31:0]  hash;
  } rx_decision_t;
  localparam int unsigned RX_DECISION_W = 406;

  // What leaves the buffer of received frames for the host.
  typedef struct packed {
    logic         drop;
    logic [15:0]  buffered;    // octets in the buffer
    logic [15:0]  len;         // octets of them that go to the host
    logic         decrypted;
    logic         udp;
    logic [15:0]  sa;
    logic [31:0]  hash;
    logic [7:0]   tos;
    logic [15:0]  checksum;    // as octets 10 and 11 of the inner header
    logic [4:0]   l3;
    logic [175:0] eth;
  } rx_out_t;
  localparam int unsigned RX_OUT_W = 288;

  // What both directions see in a packet, and of an SA. Each takes more than it looks at.
  /* verilator lint_off UNUSEDSIGNAL */
  // Where the IPv4 header starts, past at most two VLAN tags; 0: nowhere.
  function automatic logic [4:0] find_l3(input logic [175:0] eth, input logic [15:0] len);
    logic [15:0] t0, t1, t2;
    logic        tag0, tag1;
    t0   = {eth[103:96], eth[111:104]};
    t1   = {eth[135:128], eth[143:136]};
    t2   = {eth[167:160], eth[175:168]};
    tag0 = t0 == 16'h8100 || t0 == 16'h88a8;
    tag1 = t1 == 16'h8100 || t1 == 16'h88a8;
    if (t0 == 16'h0800) begin
      find_l3 = 5'd14;
    end else if (tag0 && t1 == 16'h0800 && len >= 16'd18) begin
      find_l3 = 5'd18;
    end else if (tag0 && tag1 && t2 == 16'h0800 && len >= 16'd22) begin
      find_l3 = 5'd22;
    end else begin
      find_l3 = 5'd0;
    end
  endfunction

  // TCP, UDP, DCCP, SCTP, UDP-Lite
  function automatic logic has_ports(input logic [7:0] proto);
    has_ports = proto == 8'd6 || proto == 8'd17 || proto == 8'd33 || proto == 8'd132 ||
                proto == 8'd136;
  endfunction

  function automatic logic [31:0] ports_of(input logic [511:0] ip);
    case (ip[3:0])
      4'd6:    ports_of = ip[24*8 +: 32];
      4'd7:    ports_of = ip[28*8 +: 32];
      4'd8:    ports_of = ip[32*8 +: 32];
      4'd9:    ports_of = ip[36*8 +: 32];
      4'd10:   ports_of = ip[40*8 +: 32];
      4'd11:   ports_of = ip[44*8 +: 32];
      4'd12:   ports_of = ip[48*8 +: 32];
      4'd13:   ports_of = ip[52*8 +: 32];
      4'd14:   ports_of = ip[56*8 +: 32];
      4'd15:   ports_of = ip[60*8 +: 32];
      default: ports_of = ip[20*8 +: 32];
    endcase
  endfunction

  // Toeplitz hash of a flow, with the key that receive side scaling is known by. ports is {source,
  // destination}, zero if the packet shows none.
  localparam int unsigned FLOW_W = 96;
  localparam logic [FLOW_W+30:0] FLOW_KEY =
      127'(128'h6d5a56da_255b0ec2_4167253d_43a38fb0 >> 1);

  function automatic logic [31:0] flow_hash(input logic [31:0] src, input logic [31:0] dst,
                                            input logic [31:0] ports);
    for (int unsigned i = 0; i < 32; i++) begin
      flow_hash[31-i] = ^({src, dst, ports} & FLOW_KEY[31-i +: FLOW_W]);
    end
  endfunction
  /* verilator lint_on UNUSEDSIGNAL */
endpackage
/* verilator lint_on UNUSEDPARAM */
