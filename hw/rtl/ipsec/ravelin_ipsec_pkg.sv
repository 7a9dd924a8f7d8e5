// SPDX-License-Identifier: BSD-2-Clause
//
// Records that the IPsec blocks hand to each other. Addresses, SPIs, ports and lengths are numbers;
// vectors of octets have octet 0 in [7:0].
/* verilator lint_off UNUSEDPARAM */
package ravelin_ipsec_pkg;
  // Bits of `fired`: EVENT type - 1; and of an event record's mask, which has two more.
  localparam int unsigned FIRED_SOFT_BYTES   = 0;
  localparam int unsigned FIRED_SOFT_PACKETS = 1;
  localparam int unsigned FIRED_HARD_BYTES   = 2;
  localparam int unsigned FIRED_HARD_PACKETS = 3;
  localparam int unsigned FIRED_SEQ_NEAR     = 4;
  localparam int unsigned FIRED_SEQ_END      = 5;
  localparam int unsigned EVENT_SA_ERROR_BIT = 6;
  localparam int unsigned EVENT_MOVED_BIT    = 7;

  // Of the low half, when the high one is the last or there is none.
  localparam logic [31:0] SEQ_NEAR_END = 32'hfff00000;

  // Of a head at most so many octets stay before ESP: Ethernet with two tags; in transport mode the IP
  // header and what follows it (RFC 4303, section 3.1.1).
  localparam int unsigned L3_MAX    = 22;
  localparam int unsigned FRONT_MAX = 88;

  // SPI, sequence number and the IV of AES-GCM (RFC 4106)
  localparam int unsigned ESP_OCTETS = 16;

  // AH with AES-GMAC: next header, length, SPI and sequence number; its ICV field, which begins with
  // the IV; and over IPv6 4 octets of padding (RFC 4302, section 2.2; RFC 4543, section 4). It follows
  // the fixed IP header.
  localparam int unsigned AH_OCTETS4  = 36;
  localparam int unsigned AH_OCTETS6  = 40;
  localparam int unsigned AH_ICV_AT4  = 40;        // octets of the packet before the ICV
  localparam int unsigned AH_ICV_AT6  = 60;
  localparam int unsigned AH_HEAD_MAX = 80;

  // What counts as zero of such a head: DSCP, ECN, flags, TTL and checksum; version alone stays of
  // the octets before IPv6's length, and there is the hop limit (RFC 4302, section 3.3.3.1); the ICV
  // field.
  localparam logic [AH_HEAD_MAX*8-1:0] AH_MUTABLE4 =
      (640'hff << 8) | (640'hffffff << 48) | (640'hffff << 80) |
      (640'({192{1'b1}}) << (AH_ICV_AT4 - 8) * 8);
  localparam logic [AH_HEAD_MAX*8-1:0] AH_MUTABLE6 =
      640'hffffff0f | (640'hff << 56) | (640'({192{1'b1}}) << (AH_ICV_AT6 - 8) * 8);

  typedef struct packed {
    logic [63:0] hard_packets;
    logic [63:0] soft_packets;
    logic [63:0] hard_bytes;
    logic [63:0] soft_bytes;
  } limits_t;

  // Outbound SA: what never changes while it is installed. What it writes before ESP is a template in
  // which a packet patches length, checksum and so on: of an IP header, which in transport mode is the
  // packet's own, and the ports of UDP.
  typedef struct packed {
    logic        ah;
    logic        gmac;         // the text is only authenticated (RFC 4543); so it is with AH
    logic [1:0]  icv;
    logic        implicit;     // the IV is the number, and isn't sent (RFC 8750)
    logic        esn;          // its numbers have 64 bits, of which the low ones are sent
    logic        transport;    // the packet keeps its header; else it gets this one
    logic        ipv6;         // the outer packet
    logic        udp;
    logic        df_set;
    logic        df_clear;
    logic        dscp_fixed;
    logic [5:0]  dscp;
    logic [6:0]  around;       // octets that a packet becomes longer by, without ESP's padding
    logic [31:0] ports;        // octets of UDP
    logic [31:0] spi;
    logic [7:0]  ttl;
    logic [7:0]  proto;
    logic [255:0] addresses;   // octets
    limits_t     limits;
  } out_cfg_t;
  localparam int unsigned OUT_CFG_W = 617;

  // Outbound SA: what each packet changes.
  typedef struct packed {
    logic [5:0]  fired;
    logic [31:0] drop_limit;
    logic [63:0] seq;          // last one used
    logic [63:0] bytes;
    logic [63:0] packets;
  } out_dyn_t;
  localparam int unsigned OUT_DYN_W = 230;

  // How much of the tag an ICV is (RFC 4106, section 6): 16 octets, or 4 fewer, or 8 fewer.
  localparam logic [1:0] ICV_16 = 2'd0;
  localparam logic [1:0] ICV_12 = 2'd1;
  localparam logic [1:0] ICV_8  = 2'd2;

  function automatic logic [4:0] icv_octets(input logic [1:0] icv);
    icv_octets = 5'd16 - {1'b0, icv, 2'b00};
  endfunction

  // Packets that a rule, or an SA, is about (RFC 4301, section 4.4.1.1).
  typedef struct packed {
    logic         ipv6;
    logic         any_proto;
    logic [7:0]   proto;
    logic         any_port;
    logic [127:0] src;         // an IPv4 address is on top
    logic [127:0] src_mask;
    logic [127:0] dst;
    logic [127:0] dst_mask;
    logic [15:0]  sport_lo;
    logic [15:0]  sport_hi;
    logic [15:0]  dport_lo;
    logic [15:0]  dport_hi;
  } selector_t;
  localparam int unsigned SELECTOR_W = 587;

  // What a packet shows of that.
  typedef struct packed {
    logic         on_link;       // it is nobody's
    logic         ipv6;
    logic [127:0] src;
    logic [127:0] dst;
    logic [7:0]   proto;
    logic [15:0]  sport;
    logic [15:0]  dport;
    logic         ports;         // it shows its ports
    logic         ports_unseen;  // it has some, but elsewhere
    logic         proto_unseen;  // so is its protocol
  } flow_t;
  localparam int unsigned FLOW_REC_W = 301;

  // What is found.
  typedef struct packed {
    logic        gmac;
    logic        transport;
    logic        implicit;
    logic [1:0]  icv;
    logic [15:0] port;         // that its ESP in UDP comes to
  } in_form_t;
  localparam int unsigned IN_FORM_W = 21;

  // What an inbound SA is found by.
  typedef struct packed {
    logic         ah;
    logic         ipv6;
    logic [127:0] dst;         // an IPv4 address is on top
    logic [31:0]  spi;
  } in_name_t;
  localparam int unsigned IN_NAME_W = 162;

  // Inbound SA: what never changes while it is installed.
  typedef struct packed {
    logic        selects;      // what comes out of it has to fit the selector
    selector_t   selector;
    logic [31:0] spi;
    limits_t     limits;
  } in_cfg_t;
  localparam int unsigned IN_CFG_W = 876;

  // Inbound SA: counters.
  typedef struct packed {
    logic [31:0] drop_selectors;
    logic [3:0]  fired;
    logic [31:0] drop_icv;
    logic [31:0] drop_replay;
    logic [31:0] drop_format;
    logic [31:0] drop_limit;
    logic [63:0] bytes;
    logic [63:0] packets;
  } in_dyn_t;
  localparam int unsigned IN_DYN_W = 292;

  // Events of one packet; serialized later.
  typedef struct packed {
    logic        inbound;
    logic [15:0] index;
    logic [31:0] spi;
    logic [7:0]  mask;
    logic [63:0] packets;      // SA_ERROR: SA_ERROR_*
    logic [63:0] bytes;
    logic [63:0] seq;          // MOVED: source_t
  } event_t;
  localparam int unsigned EVENT_REC_W = 249;

  // Where a packet of ESP in UDP comes from.
  typedef struct packed {
    logic [15:0] port;
    logic [31:0] address;
  } source_t;
  localparam int unsigned SOURCE_W = 48;

  // Damage to a memory, for tests (ErrorInjection): a bit of it is read wrong.
  localparam logic [3:0] DAMAGE_CONFIG     = 4'd0;  // what is fixed of an SA
  localparam logic [3:0] DAMAGE_COUNTERS   = 4'd1;  // its counters, sequence number
  localparam logic [3:0] DAMAGE_WINDOW     = 4'd2;  // bounds of its replay window, as read after the ICV
  localparam logic [3:0] DAMAGE_PRE_WINDOW = 4'd3;  // ... as read on arrival
  localparam logic [3:0] DAMAGE_KEY        = 4'd4;  // its cipher key and salt
  localparam logic [3:0] DAMAGE_POWER      = 4'd5;  // its H^1, as multiplied with blocks
  localparam logic [3:0] DAMAGE_POWER_LOW  = 4'd6;  // its H^1, as multiplied with sums
  localparam logic [3:0] DAMAGE_POWER_HIGH = 4'd7;  // its H^32: for packets of 33 blocks and more
  localparam logic [3:0] DAMAGE_LOOKUP     = 4'd8;  // any line of the table
  localparam logic [3:0] DAMAGE_NAME       = 4'd9;  // an inbound SA's destination and SPI
  localparam logic [3:0] DAMAGE_RING       = 4'd10; // the numbers in its replay window, as read after the ICV
  localparam logic [3:0] DAMAGE_PRE_RING   = 4'd11; // ... as read on arrival

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
    logic [15:0] sa;
    selector_t   selector;
  } rule_t;
  localparam int unsigned RULE_W = 606;

  // Transport mode, outbound: why a packet can't go. Its family isn't the SA's; it is a fragment
  // (RFC 4303, section 3.3.4); its headers reach further than FRONT_MAX, or than is seen.
  localparam logic [1:0] UNFIT_NOT      = 2'd0;
  localparam logic [1:0] UNFIT_FAMILY   = 2'd1;
  localparam logic [1:0] UNFIT_FRAGMENT = 2'd2;
  localparam logic [1:0] UNFIT_HEADERS  = 2'd3;

  // What becomes of a frame from the host. One record serves ESP and AH in both modes, as an edit of
  // the frame: what is protected begins behind `skip` octets, and `prefix` comes before it; `front`
  // octets before the text, which a prefix has too, are authenticated with it. The ICV of AH stands
  // in the prefix, of ESP behind the text.
  localparam logic [1:0] TX_DROP    = 2'd0;
  localparam logic [1:0] TX_BYPASS  = 2'd1;
  localparam logic [1:0] TX_PROTECT = 2'd2;

  typedef struct packed {
    logic [1:0]   action;
    logic [6:0]   skip;        // octets before what is protected
    logic [15:0]  frame_len;
    logic [15:0]  text_len;    // octets that are protected, or of a frame that isn't
    logic [1:0]   pad;
    logic [7:0]   next;        // next header, in the trailer
    logic         ah;
    logic         gmac;        // or AH
    logic         ipv6;        // the outer header
    logic [4:0]   l3;
    logic [6:0]   front;
    logic [1:0]   icv;
    logic [15:0]  sa;
    logic [31:0]  spi;
    logic         esn;
    logic [63:0]  seq;
    logic [6:0]   prefix_len;  // octets to put in front of the text
    logic [1007:0] prefix;     // Ethernet and IP header; UDP, SPI, sequence number, IV; or AH
  } tx_decision_t;
  localparam int unsigned TX_PREFIX_MAX = L3_MAX + FRONT_MAX + ESP_OCTETS;
  localparam int unsigned TX_DECISION_W = 1196;

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
  localparam logic [3:0] DROP_SELECTORS = 4'd14;

  typedef struct packed {
    logic [1:0]   action;
    logic [3:0]   reason;
    logic         known;       // an SA was found
    logic         udp;
    logic [15:0]  sport;       // its source port
    logic         ah;
    logic         gmac;        // or AH: the text is only authenticated
    logic [7:0]   next;        // AH: what follows it
    logic [6:0]   ahead;       // octets that are authenticated before the text
    logic         transport;
    logic         ipv6;        // the outer header
    logic [127:0] src;         // its addresses: those of a packet in transport mode
    logic [127:0] dst;
    logic [6:0]   front;       // its octets, and those of the headers behind it
    logic [6:0]   names;       // its octet that names ESP or UDP
    logic [1:0]   ecn;         // of the outer header
    logic [4:0]   l3;
    logic [7:0]   skip;        // octets before those
    logic [15:0]  frame_len;   // octets of the frame as buffered
    logic [15:0]  text_len;    // octets of text
    logic [1:0]   icv;
    logic [15:0]  sa;
    logic [31:0]  spi;
    logic         esn;
    logic [63:0]  seq;         // with ESN as the window has it
    logic [63:0]  iv;
    logic [31:0]  hash;
  } rx_decision_t;
  localparam int unsigned RX_DECISION_W = 571;

  // The same with what the text has shown: its trailer is judged before the packet is read.
  typedef struct packed {
    rx_decision_t decision;
    logic         icv_ok;
    logic         bad;         // the key slot is damaged
    logic [7:0]   next;
    logic [3:0]   format;
  } rx_verdict_t;
  localparam int unsigned RX_VERDICT_W = RX_DECISION_W + 14;

  // What leaves the buffer of received frames for the host. The head that the frame came with, kept
  // aside, goes before it: its Ethernet header, and in transport mode what follows, patched.
  typedef struct packed {
    logic         drop;
    logic [15:0]  buffered;    // octets in the buffer
    logic [15:0]  len;         // octets of them that go to the host
    logic         decrypted;
    logic         udp;
    logic [15:0]  sa;
    logic [31:0]  hash;
    logic         ipv6;        // the packet that goes to the host
    logic [7:0]   tos;
    logic [15:0]  checksum;    // as octets 10 and 11 of an inner IPv4 header
    logic         transport;
    logic [7:0]   next;        // transport mode: what lies behind the headers
    logic [6:0]   front;
    logic [6:0]   names;
    logic [4:0]   l3;
  } rx_out_t;
  localparam int unsigned RX_OUT_W = 136;

  // What goes before it, then.
  localparam int unsigned RX_PREFIX_MAX = L3_MAX + FRONT_MAX;

  // Headers, octets as they follow each other: the first is the lowest, numbers are swapped.
  typedef struct packed {
    logic [31:0] dst;
    logic [31:0] src;
    logic [15:0] checksum;
    logic [7:0]  proto;
    logic [7:0]  ttl;
    logic [15:0] fragment;
    logic [15:0] id;
    logic [15:0] total;
    logic [7:0]  tos;
    logic [3:0]  version;
    logic [3:0]  words;
  } ipv4_t;
  localparam int unsigned IPV4_OCTETS = 20;

  typedef struct packed {
    logic [127:0] dst;
    logic [127:0] src;
    logic [7:0]   hops;
    logic [7:0]   proto;
    logic [15:0]  payload;
    logic [15:0]  label;
    logic [3:0]   class_low;
    logic [3:0]   label_high;
    logic [3:0]   version;
    logic [3:0]   class_high;
  } ipv6_t;
  localparam int unsigned IPV6_OCTETS = 40;

  typedef struct packed {
    logic [15:0] checksum;
    logic [15:0] len;
    logic [15:0] dport;
    logic [15:0] sport;
  } udp_t;
  localparam int unsigned UDP_OCTETS = 8;

  typedef struct packed {
    logic [63:0] iv;
    logic [31:0] seq;
    logic [31:0] spi;
  } esp_t;

  typedef struct packed {
    esp_t esp;
    udp_t udp;
  } esp_in_udp_t;

  typedef struct packed {
    esp_t        esp;          // SPI, sequence number and IV follow each other as they do in ESP
    logic [15:0] reserved;
    logic [7:0]  words;        // of all of it, less 2
    logic [7:0]  next;
  } ah_t;

  // What ravelin_ipsec_parse sees of the packet in a frame, as far as its first octets show it.
  localparam logic [2:0] PARSE_OTHER  = 3'd0;  // neither IPv4 nor IPv6, by the EtherType
  localparam logic [2:0] PARSE_TAGS   = 3'd1;  // a third VLAN tag: what lies behind it isn't seen
  localparam logic [2:0] PARSE_BAD    = 3'd2;  // no such packet, or its headers aren't all there
  localparam logic [2:0] PARSE_HIDDEN = 3'd3;  // an upper header behind more than is looked at
  localparam logic [2:0] PARSE_SEEN   = 3'd4;

  typedef struct packed {
    logic [2:0]   state;       // PARSE_*; what follows counts for HIDDEN and SEEN
    logic         whole;       // total length agrees with header and frame
    logic         bad_sum;     // of an IPv4 header
    logic         ipv6;
    logic         fragment;
    logic         later;       // not the first one
    logic         df;
    logic         onward;      // a routing header has segments left
    logic         on_link;     // IPv6 that is only for its link, so no selector's
    logic         ports;       // upper begins with two of them
    logic         unseen;      // it should, but doesn't show them
    logic [4:0]   l3;          // octets of Ethernet header and tags
    logic [15:0]  len;         // octets from the IP header to the end of the frame
    logic [15:0]  total;       // octets of the packet
    logic [12:0]  hlen;        // octets before the upper header
    logic [6:0]   names;       // the octet that names that
    logic         beyond;      // what follows isn't known, or reaches further than FRONT_MAX
    logic [6:0]   front;       // octets of headers that are for those on the way
    logic [6:0]   front_names; // the octet that names what lies behind them
    logic [7:0]   behind;      // which is that
    logic [7:0]   tos;         // or traffic class
    logic [15:0]  checksum;    // of an IPv4 header
    logic [7:0]   proto;       // of the upper header
    logic [127:0] src;         // an IPv4 address is on top
    logic [127:0] dst;
    logic [4:0]   shown;       // octets of upper that are in the frame
    logic [191:0] upper;
  } parsed_t;
  localparam int unsigned PARSED_W = 579;

  // On its way past one header after the other.
  typedef struct packed {
    logic         walks;       // it has extension headers: IPv6
    logic         bad;
    logic         fragment;
    logic         later;
    logic         onward;
    logic [7:0]   proto;       // of the header that the window begins with
    logic [12:0]  hlen;        // octets before it
    logic [6:0]   names;       // the octet that names it
    logic [12:0]  front;       // as parsed_t has them
    logic [6:0]   front_names;
    logic [7:0]   behind;
    logic [16:0]  rest;        // octets of the frame from it on; negative: it ends before
    logic [4:0]   room;        // words of the window from it on
    logic [511:0] window;
  } walk_t;
  localparam int unsigned WALK_W = 595;

  // What both directions see in a packet, and of an SA. Each takes more than it looks at.
  /* verilator lint_off UNUSEDSIGNAL */
  function automatic logic [15:0] swap16(input logic [15:0] v);
    swap16 = {v[7:0], v[15:8]};
  endfunction

  function automatic logic [31:0] swap32(input logic [31:0] v);
    swap32 = {v[7:0], v[15:8], v[23:16], v[31:24]};
  endfunction

  function automatic logic [127:0] swap128(input logic [127:0] v);
    swap128 = {swap32(v[31:0]), swap32(v[63:32]), swap32(v[95:64]), swap32(v[127:96])};
  endfunction

  // Extension headers of IPv6 that are looked past: hop-by-hop and destination options, routing,
  // fragment (RFC 8200, section 4).
  localparam logic [7:0] PROTO_HOP_BY_HOP  = 8'd0;
  localparam logic [7:0] PROTO_IPV4        = 8'd4;
  localparam logic [7:0] PROTO_UDP         = 8'd17;
  localparam logic [7:0] PROTO_IPV6        = 8'd41;
  localparam logic [7:0] PROTO_ROUTING     = 8'd43;
  localparam logic [7:0] PROTO_FRAGMENT    = 8'd44;
  localparam logic [7:0] PROTO_ESP         = 8'd50;
  localparam logic [7:0] PROTO_AH          = 8'd51;
  localparam logic [7:0] PROTO_ICMPV6      = 8'd58;
  localparam logic [7:0] PROTO_NONE        = 8'd59;
  localparam logic [7:0] PROTO_DESTINATION = 8'd60;

  // ESP in UDP, unless its SA names another (RFC 3948)
  localparam logic [15:0] ENCAP_PORT = 16'd4500;

  function automatic logic is_extension(input logic [7:0] proto);
    is_extension = proto == PROTO_HOP_BY_HOP || proto == PROTO_ROUTING ||
                   proto == PROTO_FRAGMENT || proto == PROTO_DESTINATION;
  endfunction

  // TCP, UDP, DCCP, SCTP, UDP-Lite
  function automatic logic has_ports(input logic [7:0] proto);
    has_ports = proto == 8'd6 || proto == 8'd17 || proto == 8'd33 || proto == 8'd132 ||
                proto == 8'd136;
  endfunction

  // Does the flow fit the selector? What isn't seen fits if unseen says so.
  function automatic logic selector_fits(input logic [SELECTOR_W-1:0] selector,
                                         input logic [FLOW_REC_W-1:0] flow, input logic unseen);
    logic         want_ipv6, any_proto, any_port, in_range;
    logic [7:0]   want_proto;
    logic [127:0] want_src, src_mask, want_dst, dst_mask;
    logic [15:0]  sport_lo, sport_hi, dport_lo, dport_hi;
    logic         on_link, ipv6, ports, ports_unseen, proto_unseen;
    logic [127:0] src, dst;
    logic [7:0]   proto;
    logic [15:0]  sport, dport;
    // the fields of selector_t and flow_t, in their order
    {want_ipv6, any_proto, want_proto, any_port, want_src, src_mask, want_dst, dst_mask,
     sport_lo, sport_hi, dport_lo, dport_hi} = selector;
    {on_link, ipv6, src, dst, proto, sport, dport, ports, ports_unseen, proto_unseen} = flow;
    in_range      = sport >= sport_lo && sport <= sport_hi && dport >= dport_lo &&
                    dport <= dport_hi;
    selector_fits = ipv6 == want_ipv6 && !on_link &&
                    (src & src_mask) == want_src && (dst & dst_mask) == want_dst &&
                    (any_proto || proto == want_proto || (proto_unseen && unseen)) &&
                    (any_port || (ports ? in_range : ports_unseen && unseen));
  endfunction

  // The Ethernet header with the EtherType of what follows it now: where that stands, its length
  // tells.
  function automatic logic [175:0] ethernet_of(input logic [175:0] eth, input logic [4:0] l3,
                                               input logic ipv6);
    logic [15:0] ethertype;
    ethertype = swap16(ipv6 ? 16'h86dd : 16'h0800);
    case (l3)
      5'd18:   ethernet_of = {32'b0, ethertype, eth[127:0]};
      5'd22:   ethernet_of = {ethertype, eth[159:0]};
      default: ethernet_of = {64'b0, ethertype, eth[95:0]};
    endcase
  endfunction

  // What follows the Ethernet header of a head.
  localparam int unsigned FRONT_W = FRONT_MAX * 8;
  localparam int unsigned HEAD_W  = (L3_MAX + FRONT_MAX) * 8;

  function automatic logic [FRONT_W-1:0] packet_of(input logic [HEAD_W-1:0] head,
                                                   input logic [4:0] l3);
    case (l3)
      5'd18:   packet_of = head[18*8 +: FRONT_W];
      5'd22:   packet_of = head[22*8 +: FRONT_W];
      default: packet_of = head[14*8 +: FRONT_W];
    endcase
  endfunction

  // The first octets of a packet, a multiple of 4, with another protocol behind them; others are zero.
  function automatic logic [FRONT_W-1:0] front_of(input logic [FRONT_W-1:0] packet,
                                                  input logic [6:0] octets, input logic [6:0] names,
                                                  input logic [7:0] proto);
    front_of = packet & ~({FRONT_W{1'b1}} << {octets[6:2], 5'b0});
    for (int unsigned i = 0; i < FRONT_MAX; i++) begin
      if (names == 7'(i)) begin
        front_of[i*8 +: 8] = proto;
      end
    end
  endfunction

  // What the checksum of an IPv4 header, to be folded, becomes with another total length and protocol
  // (RFC 1624, equation 3).
  function automatic logic [19:0] renewed_sum(input logic [95:0] header, input logic [15:0] total,
                                              input logic [7:0] proto);
    renewed_sum = {4'b0, ~swap16(header[95:80])} + {4'b0, ~swap16(header[31:16])} +
                  {12'h0ff, ~header[79:72]} + 20'(total) + 20'(proto);
  endfunction

  function automatic logic [15:0] folded(input logic [19:0] sum);
    logic [16:0] once;
    once   = {1'b0, sum[15:0]} + 17'(sum[19:16]);
    folded = ~(once[15:0] + 16'(once[16]));
  endfunction

  // What GCM authenticates before the text: SPI and sequence number, of which with ESN all 64 bits count
  // (RFC 4106, section 5); with GMAC the IV too (RFC 4543, section 3.3), whose end goes with the text
  // if there is no room. Of AH nothing.
  function automatic logic [127:0] aad_of(input logic [31:0] spi, input logic esn,
                                          input logic [63:0] seq, input logic [63:0] iv);
    aad_of = esn ? {iv[31:0], swap32(seq[31:0]), swap32(seq[63:32]), swap32(spi)} :
                   {iv, swap32(seq[31:0]), swap32(spi)};
  endfunction

  function automatic logic [4:0] aad_octets(input logic ah, input logic gmac, input logic esn);
    aad_octets = ah ? 5'd0 : gmac ? 5'd16 : esn ? 5'd12 : 5'd8;
  endfunction

  // Toeplitz hash of a flow, with the key that receive side scaling is known by. ports is {source,
  // destination}, zero if the packet shows none.
  localparam int unsigned FLOW_W = 288;
  localparam logic [FLOW_W+30:0] FLOW_KEY = 319'(
      320'h6d5a56da_255b0ec2_4167253d_43a38fb0_d0ca2bcb_ae7b30b4_77cb2da3_8030f20c_6a42b73b_beac01fa
      >> 1);

  function automatic logic [31:0] flow_hash(input logic ipv6, input logic [127:0] src,
                                            input logic [127:0] dst, input logic [31:0] ports);
    logic [FLOW_W-1:0] flow;
    flow = ipv6 ? {src, dst, ports} : {src[127:96], dst[127:96], ports, 192'b0};
    for (int unsigned i = 0; i < 32; i++) begin
      flow_hash[31-i] = ^(flow & FLOW_KEY[31-i +: FLOW_W]);
    end
  endfunction
  /* verilator lint_on UNUSEDSIGNAL */
endpackage
/* verilator lint_on UNUSEDPARAM */
