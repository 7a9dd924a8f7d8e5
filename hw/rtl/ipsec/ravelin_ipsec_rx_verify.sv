// SPDX-License-Identifier: BSD-2-Clause
//
// Decides whether a frame that has come out of the GCM engine may go to the host: ICV, replay
// window, trailer (RFC 4303, section 2.4), inner header, ECN (RFC 6040, section 4.2). The text goes
// on into a buffer meanwhile; the record made here says what becomes of it there.
//
//   text -> [collect] -> [parse, 9] -> [format] -> [in_sa, 2] -> [verdict] -> FIFO
//
// Latency 14 cycles from the last beat, interval 1 frame. Frames that were dropped before take part
// without text. Nothing stalls inside but at the entry. With dead_i all that were not are dropped.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_rx_verify #(
  parameter int unsigned DataW         = 512,
  parameter int unsigned InSaCount     = 1024,
  parameter bit          TestMutations = 1'b0,
  localparam int unsigned BytesW = $clog2(DataW/8+1),
  localparam int unsigned CntNum = ravelin_regs_pkg::CNT_NUM,
  localparam int unsigned SaW    = $clog2(InSaCount)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  output logic              idle_o,
  input  logic              icv_stuck_i,     // mutation
  input  logic              dead_i,
  input  logic              pause_i,
  output logic              paused_o,
  // what was decided on arrival, and the ICV that came with the packet
  input  logic              meta_valid_i,
  output logic              meta_ready_o,
  input  logic [ravelin_ipsec_pkg::RX_DECISION_W-1:0] meta_i,
  input  logic [127:0]      icv_i,
  output logic              icv_ready_o,
  // text from the GCM engine, and on to the buffer
  input  logic              text_valid_i,
  output logic              text_ready_o,
  input  logic              text_sop_i,
  input  logic              text_eop_i,
  input  logic [DataW-1:0]  text_data_i,
  input  logic [BytesW-1:0] text_bytes_i,
  input  logic              text_bad_i,      // with eop: the key slot is damaged
  /* verilator tracing_off */
  input  logic [127:0]      text_tag_i,
  /* verilator tracing_on */
  output logic              buf_valid_o,
  input  logic              buf_ready_i,
  // inbound SA
  output logic              rd_valid_o,
  output logic [SaW-1:0]    rd_idx_o,
  output logic [63:0]       rd_seq_o,
  output logic              chk_valid_o,
  output logic              chk_known_o,
  output logic [3:0]        chk_reason_o,
  output logic              chk_icv_ok_o,
  output logic              chk_bad_o,
  output logic [3:0]        chk_format_o,
  output logic [63:0]       chk_seq_o,
  output logic [15:0]       chk_bytes_o,
  output logic [ravelin_ipsec_pkg::FLOW_REC_W-1:0] chk_flow_o,
  output logic              chk_udp_o,
  output logic [ravelin_ipsec_pkg::SOURCE_W-1:0] chk_source_o,
  input  logic [3:0]        sa_reason_i,     // 2 cycles after chk
  input  logic              ev_room_i,       // for the events of all frames inside
  // what becomes of the frame
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic [ravelin_ipsec_pkg::RX_OUT_W-1:0] out_o,
  output logic [CntNum-1:0] cnt_o
);
  localparam int unsigned Octets    = DataW / 8;
  localparam int unsigned HeadBeats = 1024 / DataW;
  localparam int unsigned FifoDepth = 64;

  // Bit i: octet i is octet i-1 plus 1.
  function automatic logic [Octets-1:0] steps(input logic [DataW-1:0] data,
                                              input logic [7:0] previous);
    steps[0] = data[7:0] == previous + 8'd1;
    for (int unsigned i = 1; i < Octets; i++) begin
      steps[i] = data[i*8 +: 8] == data[(i-1)*8 +: 8] + 8'd1;
    end
  endfunction

  // Ones in a row from the top down: those of the groups of eight that have nothing else, and of the first
  // other one.
  function automatic logic [BytesW-1:0] run_of(input logic [Octets-1:0] bits);
    logic       whole;       // so are all groups above
    logic [7:0] group;
    logic [3:0] ones;
    whole  = 1'b1;
    run_of = '0;
    for (int unsigned g = 0; g < Octets / 8; g++) begin
      group = bits[Octets-8-8*g +: 8];
      casez (group)
        8'b0???????: ones = 4'd0;
        8'b10??????: ones = 4'd1;
        8'b110?????: ones = 4'd2;
        8'b1110????: ones = 4'd3;
        8'b11110???: ones = 4'd4;
        8'b111110??: ones = 4'd5;
        8'b1111110?: ones = 4'd6;
        8'b11111110: ones = 4'd7;
        default:     ones = 4'd8;
      endcase
      if (whole && (group != '1 || g == Octets / 8 - 1)) begin
        run_of = run_of | (BytesW'(8 * g) + BytesW'(ones));
      end
      whole = whole && group == '1;
    end
  endfunction

  function automatic logic [7:0] octet_at(input logic [DataW-1:0] data,
                                          input logic [BytesW-1:0] at);
    logic [DataW-1:0] moved;
    moved    = data >> {at, 3'b000};
    octet_at = moved[7:0];
  endfunction

  // ------------------------------------------------------------------------ collect
  ravelin_ipsec_pkg::rx_decision_t meta;
  logic [6:0]        credit_q;
  logic              room, no_text, decrypt, take, done;
  logic [1023:0]     head_q;        // first 128 octets of the text
  logic [3:0]        beat_q, beat;
  logic [15:0]       left_q, left;  // octets of the text from this beat on
  logic [7:0]        last_octet_q;
  logic [8:0]        run_q, run;    // steps in a row up to the end of the beat before f0_steps_q's
  logic              stepped_q, first_q, watch_q;   // f0_steps_q is of the last cycle's beat
  logic              watch;         // padding may begin in this beat
  logic [127:0]      icv_mask;

  assign meta         = meta_i;
  assign icv_mask     = ~({128{1'b1}} << {ravelin_ipsec_pkg::icv_octets(meta.icv), 3'b000});
  assign room         = !pause_i && credit_q < 7'(FifoDepth) && ev_room_i;
  assign no_text      = meta.action == ravelin_ipsec_pkg::RX_DROP;
  assign decrypt      = meta.action == ravelin_ipsec_pkg::RX_DECRYPT;
  assign buf_valid_o  = text_valid_i && meta_valid_i && !no_text && (!text_eop_i || room);
  assign take         = buf_valid_o && buf_ready_i;
  assign text_ready_o = meta_valid_i && !no_text && (!text_eop_i || room) && buf_ready_i;
  assign done         = no_text ? meta_valid_i && room : take && text_eop_i;
  assign meta_ready_o = done;
  assign icv_ready_o  = done && decrypt;
  assign beat         = text_sop_i ? 4'd0 : beat_q;
  assign left         = text_sop_i ? meta.text_len : left_q;
  assign run          = first_q ? 9'd0 : run_q;
  assign watch        = decrypt && left <= 16'(Octets + 320);

  logic              f0_valid_q, f0_icv_ok_q, f0_bad_q;
  logic [Octets-1:0] f0_steps_q;
  logic [BytesW-1:0] f0_bytes_q;
  logic [7:0]        f0_next_q, f0_pad_q, f0_pad_end_q;
  ravelin_ipsec_pkg::rx_decision_t f0_q;

  always_ff @(posedge clk_i) begin
    if (take) begin
      if (beat != 4'(HeadBeats)) begin
        head_q[32'(beat)*DataW +: DataW] <= text_data_i;
        beat_q <= beat + 1'b1;
      end
      left_q       <= left - 16'(Octets);
      last_octet_q <= text_data_i[DataW-1 -: 8];
      first_q      <= text_sop_i;
      watch_q      <= watch;
      if (watch) begin
        f0_steps_q <= steps(text_data_i, last_octet_q);
      end
    end
    if (stepped_q) begin
      run_q <= !watch_q     ? '0 :
               !(&f0_steps_q) ? 9'(run_of(f0_steps_q)) :
               run > 9'd256 ? run : run + 9'(Octets);
    end
    if (done) begin
      f0_q     <= meta_i;
      f0_bad_q <= decrypt && text_bad_i;
      if (decrypt) begin
        f0_icv_ok_q  <= ((text_tag_i ^ icv_i) & icv_mask) == '0 || (TestMutations && icv_stuck_i);
        f0_bytes_q   <= text_bytes_i;
        f0_next_q    <= meta.ah ? meta.next : octet_at(text_data_i, text_bytes_i - BytesW'(1));
        f0_pad_q     <= octet_at(text_data_i, text_bytes_i - BytesW'(2));
        f0_pad_end_q <= octet_at(text_data_i, text_bytes_i - BytesW'(3));
      end
    end
  end

  // ------------------------------------------------------------------------ format
  // Of ESP the text ends with octets 1, 2, ... pad, then pad, then the next header. That is: the octet
  // before `pad` equals it, and pad - 1 steps lead to it. This is found beside the parsing.
  //
  //   f0 -> [where they begin and end] -> [steps between] -> [verdict] -> ... -> p
  localparam int unsigned ParseLatency = 9;

  logic              g1_valid_q, g1_none_q, g1_wrong_q, g2_none_q, g2_wrong_q, g2_early_q;
  logic [Octets-1:0] g1_steps_q;
  logic [8:0]        g1_run_q, g1_from_q, g1_lack_q;
  logic [BytesW-1:0] g1_to_q;
  logic [8:0]        f0_need, f0_here;
  logic [Octets/8-1:0]       g2_missing_q;
  logic [ParseLatency-3:0]   bad_pad_q;

  assign f0_need = 9'(f0_pad_q) - 9'd1;
  assign f0_here = 9'(f0_bytes_q) - 9'd2;         // octets of this beat up to the last of padding

  // The octets from `from` to `to` that are no step, some at a time.
  function automatic logic [Octets/8-1:0] missing(input logic [Octets-1:0] bits, input logic [8:0] from,
                                                  input logic [BytesW-1:0] to);
    missing = '0;
    for (int unsigned i = 0; i < Octets; i++) begin
      if (!bits[i] && from <= 9'(i) && BytesW'(i) < to) begin
        missing[i/8] = 1'b1;
      end
    end
  endfunction

  always_ff @(posedge clk_i) begin
    if (f0_valid_q) begin
      g1_none_q  <= f0_q.ah || f0_q.action != ravelin_ipsec_pkg::RX_DECRYPT;
      g1_wrong_q <= 16'(f0_pad_q) + 16'd2 > f0_q.text_len || (f0_pad_q != '0 && f0_pad_end_q != f0_pad_q);
      g1_steps_q <= f0_pad_q == '0 ? '1 : f0_steps_q;
      g1_run_q   <= run;
      // the first step that counts, and those that have to be in the beats before
      g1_from_q  <= f0_need > f0_here ? '0 : f0_here - f0_need;
      g1_to_q    <= f0_bytes_q < BytesW'(2) ? '0 : f0_bytes_q - BytesW'(2);
      g1_lack_q  <= f0_pad_q == '0 || f0_need <= f0_here ? '0 : f0_need - f0_here;
    end
    g1_valid_q <= f0_valid_q;
    if (g1_valid_q) begin
      g2_none_q    <= g1_none_q;
      g2_wrong_q   <= g1_wrong_q;
      g2_missing_q <= missing(g1_steps_q, g1_from_q, g1_to_q);
      g2_early_q   <= g1_run_q < g1_lack_q;
    end
    bad_pad_q    <= {bad_pad_q[ParseLatency-4:0], !g2_none_q && (g2_wrong_q || g2_early_q || g2_missing_q != '0)};
  end

  function automatic logic [1:0] ecn_of(input logic [1:0] inner, input logic [1:0] outer);
    if (inner == 2'd0) begin
      ecn_of = 2'd0;
    end else if (outer == 2'd3) begin
      ecn_of = 2'd3;
    end else if (inner == 2'd2 && outer == 2'd1) begin
      ecn_of = 2'd1;
    end else begin
      ecn_of = inner;
    end
  endfunction

  // RFC 1624, equation 3
  function automatic logic [15:0] update(input logic [15:0] checksum,
                                         input logic [15:0] was, input logic [15:0] is);
    logic [17:0] sum;
    logic [16:0] once;
    sum    = {2'b00, ~checksum} + {2'b00, ~was} + 18'(is);
    once   = {1'b0, sum[15:0]} + 17'(sum[17:16]);
    update = was == is ? checksum : ~(once[15:0] + 16'(once[16]));
  endfunction

  logic        parsing, p_valid, f0_ipv6;
  logic [15:0] f0_text;      // octets before the padding
  ravelin_ipsec_pkg::rx_verdict_t f0, p;
  ravelin_ipsec_pkg::parsed_t packet;
  ravelin_ipsec_pkg::flow_t   flow;

  assign f0_ipv6 = f0_q.transport ? f0_q.ipv6 : f0_next_q == ravelin_ipsec_pkg::PROTO_IPV6;
  assign f0_text = f0_q.ah ? f0_q.text_len : f0_q.text_len - 16'd2 - 16'(f0_pad_q);

  always_comb begin
    f0.decision = f0_q;
    f0.icv_ok   = f0_icv_ok_q;
    f0.bad      = f0_bad_q;
    f0.next     = f0_next_q;
    f0.format   = ravelin_ipsec_pkg::DROP_NONE;
    if (f0_valid_q) begin
      if (!f0_q.ah && f0_next_q == ravelin_ipsec_pkg::PROTO_NONE) begin
        f0.format = ravelin_ipsec_pkg::DROP_DUMMY;
      end else if (!f0_q.transport && f0_next_q != ravelin_ipsec_pkg::PROTO_IPV4 &&
                   f0_next_q != ravelin_ipsec_pkg::PROTO_IPV6) begin
        f0.format = ravelin_ipsec_pkg::DROP_TRAILER;
      end
    end
  end

  ravelin_ipsec_parse #(
    .Ethernet(1'b0), .Checksum(1'b0), .SideW(ravelin_ipsec_pkg::RX_VERDICT_W)
  ) u_parse (
    .clk_i, .rst_ni, .busy_o (parsing),
    .valid_i (f0_valid_q), .head_i (head_q), .len_i (f0_text), .head_ipv6_i (f0_ipv6),
    .head_bare_i (f0_q.transport), .head_proto_i (f0_next_q), .head_src_i (f0_q.src),
    .head_dst_i (f0_q.dst), .side_i (f0),
    .valid_o (p_valid), .parsed_o (packet), .flow_o (flow), .side_o (p)
  );

  logic [1:0]  p_ecn;
  logic        p_seen;         // whether or not to its upper header

  assign p_ecn  = ecn_of(packet.tos[1:0], p.decision.ecn);
  assign p_seen = packet.state == ravelin_ipsec_pkg::PARSE_SEEN ||
                  packet.state == ravelin_ipsec_pkg::PARSE_HIDDEN;

  logic        f1_valid_q, f2_valid_q, f3_valid_q, f4_valid_q;
  logic        f1_icv_ok_q, f1_bad_q;
  logic [3:0]  f1_format_q, f4_reason_q;
  ravelin_ipsec_pkg::rx_decision_t f1_q;
  ravelin_ipsec_pkg::flow_t f1_flow_q;
  logic [31:0] f1_ports_q;
  logic [7:0]  f1_tos_q;
  logic [7:0]  f1_next_q;
  logic [15:0] f1_total_q, f1_bytes_q, f1_checksum_q;
  ravelin_ipsec_pkg::rx_out_t f2_q, f3_q, f4_q;

  always_ff @(posedge clk_i) begin
    if (p_valid) begin
      f1_q     <= p.decision;
      f1_bad_q <= p.bad;
      if (p.decision.action == ravelin_ipsec_pkg::RX_DECRYPT) begin
        f1_icv_ok_q <= p.icv_ok;
        if (bad_pad_q[ParseLatency-3]) begin
          f1_format_q <= ravelin_ipsec_pkg::DROP_TRAILER;
        end else if (p.format != ravelin_ipsec_pkg::DROP_NONE) begin
          f1_format_q <= p.format;
        end else if (p.decision.transport) begin
          f1_format_q <= ravelin_ipsec_pkg::DROP_NONE;
        end else if (!p_seen || !packet.whole) begin
          f1_format_q <= ravelin_ipsec_pkg::DROP_INNER;
        end else if (packet.tos[1:0] == 2'd0 && p.decision.ecn == 2'd3) begin
          f1_format_q <= ravelin_ipsec_pkg::DROP_ECN;
        end else begin
          f1_format_q <= ravelin_ipsec_pkg::DROP_NONE;
        end
        f1_next_q     <= p.next;
        f1_total_q    <= packet.total;
        f1_bytes_q    <= packet.total + (p.decision.transport ? 16'(p.decision.front) : '0);
        f1_tos_q      <= {packet.tos[7:2], p_ecn};
        f1_checksum_q <= ravelin_ipsec_pkg::swap16(
            update(packet.checksum, 16'(packet.tos), 16'({packet.tos[7:2], p_ecn})));
        f1_flow_q     <= flow;
        f1_ports_q    <= packet.ports && !packet.fragment ?
                         ravelin_ipsec_pkg::swap32(packet.upper[31:0]) : '0;
      end
    end
  end

  // ------------------------------------------------------------------------ inbound SA, flow hash
  assign rd_valid_o   = p_valid && p.decision.known;
  assign rd_idx_o     = p.decision.sa[SaW-1:0];
  assign rd_seq_o     = p.decision.seq;
  assign chk_valid_o  = f1_valid_q;
  assign chk_known_o  = f1_q.known;
  assign chk_reason_o = f1_q.reason;
  assign chk_icv_ok_o = f1_icv_ok_q;
  assign chk_bad_o    = f1_bad_q;
  assign chk_format_o = f1_format_q;
  assign chk_seq_o    = f1_q.seq;
  assign chk_bytes_o  = f1_bytes_q;
  assign chk_flow_o   = f1_flow_q;
  assign chk_udp_o    = f1_q.udp;
  assign chk_source_o = {f1_q.sport, f1_q.src[127:96]};

  always_ff @(posedge clk_i) begin
    if (f1_valid_q) begin
      f2_q.drop      <= 1'b0;                // decided below
      f2_q.decrypted <= f1_q.action == ravelin_ipsec_pkg::RX_DECRYPT;
      f2_q.udp       <= f1_q.udp && f1_q.action == ravelin_ipsec_pkg::RX_DECRYPT;
      f2_q.sa        <= f1_q.action == ravelin_ipsec_pkg::RX_DECRYPT ? f1_q.sa : '0;
      f2_q.hash      <= f1_q.action == ravelin_ipsec_pkg::RX_DECRYPT ?
                        ravelin_ipsec_pkg::flow_hash(f1_flow_q.ipv6, f1_flow_q.src, f1_flow_q.dst,
                                                     f1_ports_q) : f1_q.hash;
      f2_q.ipv6      <= f1_flow_q.ipv6;
      f2_q.tos       <= f1_tos_q;
      f2_q.checksum  <= f1_checksum_q;
      f2_q.transport <= f1_q.transport;
      f2_q.next      <= f1_next_q;
      f2_q.front     <= f1_q.front;
      f2_q.names     <= f1_q.names;
      f2_q.l3        <= f1_q.l3;
      case (f1_q.action)
        ravelin_ipsec_pkg::RX_DECRYPT: begin
          // Of no octets a beat is there all the same.
          f2_q.buffered <= f1_q.text_len == '0 ? 16'd1 : f1_q.text_len;
          f2_q.len      <= f1_total_q;
        end
        ravelin_ipsec_pkg::RX_PASS: begin
          f2_q.buffered <= f1_q.frame_len;
          f2_q.len      <= f1_q.frame_len;
        end
        default: begin
          f2_q.buffered <= '0;
          f2_q.len      <= '0;
        end
      endcase
    end
    if (f2_valid_q) begin
      f3_q <= f2_q;
    end
    if (f3_valid_q) begin
      f4_q        <= f3_q;
      f4_q.drop   <= dead_i || sa_reason_i != ravelin_ipsec_pkg::DROP_NONE;
      f4_reason_q <= dead_i && sa_reason_i == ravelin_ipsec_pkg::DROP_NONE ?
                     ravelin_ipsec_pkg::DROP_PARITY : sa_reason_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      credit_q  <= '0;
      stepped_q <= 1'b0;
      {f0_valid_q, f1_valid_q, f2_valid_q, f3_valid_q, f4_valid_q} <= '0;
    end else begin
      stepped_q <= take;
      credit_q  <= credit_q + 7'(done) - 7'(out_valid_o && out_ready_i);
      {f0_valid_q, f1_valid_q, f2_valid_q, f3_valid_q, f4_valid_q} <=
          {done, p_valid, f1_valid_q, f2_valid_q, f3_valid_q};
    end
  end

  assign paused_o = pause_i && !(f0_valid_q || parsing || f1_valid_q || f2_valid_q ||
                                 f3_valid_q || f4_valid_q);
  assign idle_o   = credit_q == '0;

  // ------------------------------------------------------------------------ result
  always_ff @(posedge clk_i) begin
    cnt_o <= '0;
    if (rst_ni && f4_valid_q) begin
      case (f4_reason_q)
        ravelin_ipsec_pkg::DROP_DISABLED:  cnt_o[ravelin_regs_pkg::CNT_RX_DROP_DISABLED]  <= 1'b1;
        ravelin_ipsec_pkg::DROP_PORT:      cnt_o[ravelin_regs_pkg::CNT_RX_DROP_PORT]      <= 1'b1;
        ravelin_ipsec_pkg::DROP_CHECKSUM:  cnt_o[ravelin_regs_pkg::CNT_RX_DROP_CHECKSUM]  <= 1'b1;
        ravelin_ipsec_pkg::DROP_MALFORMED: cnt_o[ravelin_regs_pkg::CNT_RX_DROP_MALFORMED] <= 1'b1;
        ravelin_ipsec_pkg::DROP_LIFETIME:  cnt_o[ravelin_regs_pkg::CNT_RX_DROP_LIFETIME]  <= 1'b1;
        ravelin_ipsec_pkg::DROP_WINDOW:    cnt_o[ravelin_regs_pkg::CNT_RX_DROP_WINDOW]    <= 1'b1;
        ravelin_ipsec_pkg::DROP_REPLAY:    cnt_o[ravelin_regs_pkg::CNT_RX_DROP_REPLAY]    <= 1'b1;
        ravelin_ipsec_pkg::DROP_ICV:       cnt_o[ravelin_regs_pkg::CNT_RX_DROP_ICV]       <= 1'b1;
        ravelin_ipsec_pkg::DROP_TRAILER:   cnt_o[ravelin_regs_pkg::CNT_RX_DROP_TRAILER]   <= 1'b1;
        ravelin_ipsec_pkg::DROP_DUMMY:     cnt_o[ravelin_regs_pkg::CNT_RX_DROP_DUMMY]     <= 1'b1;
        ravelin_ipsec_pkg::DROP_INNER:     cnt_o[ravelin_regs_pkg::CNT_RX_DROP_INNER]     <= 1'b1;
        ravelin_ipsec_pkg::DROP_ECN:       cnt_o[ravelin_regs_pkg::CNT_RX_DROP_ECN]       <= 1'b1;
        ravelin_ipsec_pkg::DROP_SELECTORS: cnt_o[ravelin_regs_pkg::CNT_RX_DROP_SELECTORS] <= 1'b1;
        ravelin_ipsec_pkg::DROP_PARITY:    cnt_o[ravelin_regs_pkg::CNT_RX_DROP_PARITY]    <= 1'b1;
        default: ;                         // the queues count what the host gets
      endcase
    end
  end

  logic       out_room, unused;
  logic [6:0] out_count;
  ravelin_ipsec_fifo #(.Width(ravelin_ipsec_pkg::RX_OUT_W), .Depth(FifoDepth)) u_out (
    .clk_i, .rst_ni,
    .in_valid_i (f4_valid_q), .in_ready_o (out_room), .in_data_i (f4_q),
    .out_valid_o, .out_ready_i, .out_data_o (out_o), .count_o (out_count)
  );
  assign unused = out_room & (^out_count);
endmodule
/* verilator lint_on UNUSEDSIGNAL */
