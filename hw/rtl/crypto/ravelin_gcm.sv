// SPDX-License-Identifier: BSD-2-Clause
//
// AES-GCM (NIST SP 800-38D; in ESP: RFC 4106, without text: RFC 4543) over a stream of packets, one
// beat of DataW bits a cycle, the key of each packet named by its slot. AES-128, AES-192 and AES-256.
//
//            +--> [key] --> [AES-CTR, 15 stages] --+-----------> E(K, J0) --> [FIFO] --+
//   in ---> -+                                     v                                   +--> out
//            +--> [ring: data, what to do] -----> [xor] --+--------------> [FIFO] -----+
//                   |                                     v                            |
//                   +--- (Decrypt) -------------> [powers] -> [GHASH] --> [FIFO] ------+
//
// Nothing stalls inside: a beat is taken only when the output FIFO has room for it.
//
// Interval: one beat a cycle, whatever the packets' lengths, slots and key lengths; a packet of no
// octets takes a beat. Latency from the beat taken to the beat offered, the output not stalled: 20
// cycles for a beat that does not end a packet, 25 for the last one, with the tag (Decrypt: 20).
// Once a packet has waited for its tag, what follows back to back leaves 25 cycles after it came.
// An install or erase takes one beat's place in the input.
//
// The tag is only computed here: whoever decrypts must hold the text back until it has compared.
//
// A parity error in what a beat finds in its key slot spoils the packet: out_bad_o with its last
// beat, its tag 0, and from the beat on whose key stream is not to be trusted its text 0. With dead_i
// every beat of a packet that is not bypassed is treated so, and the key slots are overwritten.
//
// A packet: in_slot_i, in_iv_i, in_aad_i, in_aad_len_i, in_auth_len_i, in_len_i and in_bypass_i are
// taken with the first beat. Beats of additional data (in_auth_only_i, beyond in_aad_i, which then
// has 0 or 16 octets) come before those of text; the last of either kind may be partial.
// ceil(in_auth_len_i / 16) + ceil(in_len_i / 16) must not exceed 1056.
module ravelin_gcm #(
  parameter int unsigned DataW = 512,          // a multiple of 128
  parameter int unsigned SaCount = 1024,       // a power of two, 16 at least
  parameter bit Decrypt = 1'b0,                // GHASH takes the input, not the output
  parameter bit TestMutations = 1'b0,
  parameter bit ErrorInjection = 1'b0,
  localparam int unsigned SlotW = $clog2(SaCount),
  localparam int unsigned BytesW = $clog2(DataW / 8 + 1)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic [3:0]        mutation_i,        // 4: erase leaves the key in place; 5
  input  logic              dead_i,
  // damage to a slot, for ErrorInjection: its key, a power of H in each of the kinds of memory
  input  logic              damage_key_i,
  input  logic              damage_beat_i,
  input  logic              damage_low_i,
  input  logic              damage_high_i,     // used by packets of 33 blocks and more
  input  logic [SlotW-1:0]  damage_slot_i,
  // key slots, write only
  input  logic              key_req_valid_i,
  output logic              key_req_ready_o,
  input  logic              key_req_erase_i,   // 1: zeroize the slot, 0: install
  input  logic [SlotW-1:0]  key_req_slot_i,
  input  logic [1:0]        key_req_size_i,    // 0, 1, 2 for AES-128, AES-192, AES-256
  /* verilator tracing_off */
  input  logic [255:0]      key_req_key_i,     // octet 0 in [7:0]; the others don't count
  input  logic [31:0]       key_req_salt_i,    // octet 0 in [7:0]
  /* verilator tracing_on */
  output logic              key_done_o,        // one cycle: the request is complete
  output logic              ready_o,           // the sweep after reset is complete
  output logic              idle_o,            // nothing inside
  // packets in
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic              in_sop_i,
  input  logic              in_eop_i,
  input  logic [DataW-1:0]  in_data_i,         // octet 0 in [7:0]
  input  logic [BytesW-1:0] in_bytes_i,        // in last beats: valid octets
  input  logic              in_auth_only_i,    // additional data: hashed, passed unchanged
  input  logic              in_bypass_i,       // with sop: pass unchanged, tag 0
  input  logic [SlotW-1:0]  in_slot_i,
  input  logic [63:0]       in_iv_i,           // nonce = salt || iv; octet 0 in [7:0]
  input  logic [127:0]      in_aad_i,
  input  logic [4:0]        in_aad_len_i,      // octets of in_aad_i, 0 to 16
  input  logic [15:0]       in_auth_len_i,     // octets of the auth-only beats
  input  logic [15:0]       in_len_i,          // octets of text
  // packets out
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic              out_sop_o,
  output logic              out_eop_o,
  output logic [DataW-1:0]  out_data_o,        // zero beyond the valid octets, unless bypassed
  output logic [BytesW-1:0] out_bytes_o,
  /* verilator tracing_off */
  output logic [127:0]      out_tag_o,         // with eop; octet 0 in [7:0]
  /* verilator tracing_on */
  output logic              out_bypass_o,
  output logic              out_bad_o,         // with eop
  output logic              bad_o,             // pulse: an error was found
  output logic [SlotW-1:0]  bad_slot_o
);

  localparam int unsigned Lanes = DataW / 128;
  localparam int unsigned Octets = DataW / 8;
  localparam int unsigned CountW = $clog2(Lanes + 1);
  localparam int unsigned FifoDepth = 64;  // more than the beats on their way through the engine
  localparam int unsigned RingDepth = 32;  // more than the stages of AES-CTR

  // What is done with a beat, beside its data. It travels whole, though no stage needs all of it.
  /* verilator lint_off UNUSEDSIGNAL */
  typedef struct packed {
    logic              scrub;      // not a packet's: overwrite every register on the way
    logic              zero;       // not a packet's: encrypt the zero block
    logic              sop;
    logic              eop;
    logic              bypass;
    logic              auth;
    logic              aad_valid;
    logic [BytesW-1:0] bytes;
    logic [CountW-1:0] blocks;
    logic [10:0]       left;       // blocks of the packet after this beat
    logic [SlotW-1:0]  slot;
    logic [16:0]       aad_len;
    logic [15:0]       len;
  } beat_t;

  localparam int unsigned BeatW = 7 + BytesW + CountW + 11 + SlotW + 17 + 16;

  function automatic logic [DataW-1:0] keep_octets(input logic [DataW-1:0] data,
                                                   input logic [BytesW-1:0] bytes);
    keep_octets = data & ~({DataW{1'b1}} << {bytes, 3'd0});
  endfunction

  function automatic logic [127:0] keep_aad(input logic [127:0] aad, input logic [4:0] bytes);
    keep_aad = aad & ~({128{1'b1}} << {bytes, 3'd0});
  endfunction

  function automatic logic [11:0] block_count(input logic [15:0] octets);
    block_count = 12'((17'(octets) + 17'd15) >> 4);
  endfunction

  // The beat at the input.

  logic accept, inject, inject_zero, sweep, swept, keys_idle;
  logic [SlotW-1:0] inject_slot;
  logic [5:0] sweep_addr;
  logic [6:0] credit_q;       // beats inside that the output FIFO must have room for
  logic last_auth;
  logic [15:0] auth_left;
  logic [11:0] total;
  beat_t in_beat;

  // The packet that the last beat belonged to.
  logic bypass_q;
  logic [SlotW-1:0] slot_q;
  logic [63:0] iv_q;
  logic [31:0] counter_q;     // of the next block of text
  logic [15:0] auth_left_q;
  logic [11:0] left_q;
  logic [16:0] aad_len_q;
  logic [15:0] len_q;

  assign in_ready_o = swept && !inject && credit_q != 7'(FifoDepth);
  assign accept     = in_valid_i && in_ready_o;

  assign auth_left = in_sop_i ? in_auth_len_i : auth_left_q;
  assign last_auth = in_auth_only_i && auth_left <= 16'(Octets);
  assign total     = in_sop_i ? block_count(in_auth_len_i) + block_count(in_len_i) : left_q;

  always_comb begin
    in_beat.scrub     = 1'b0;
    in_beat.zero      = 1'b0;
    in_beat.sop       = in_sop_i;
    in_beat.eop       = in_eop_i;
    in_beat.bypass    = in_sop_i ? in_bypass_i : bypass_q;
    in_beat.auth      = in_auth_only_i;
    in_beat.aad_valid = in_sop_i && in_aad_len_i != '0;
    in_beat.bytes     = (in_eop_i || last_auth) ? in_bytes_i : BytesW'(Octets);
    in_beat.blocks    = CountW'((32'(in_beat.bytes) + 32'd15) >> 4);
    in_beat.left      = 11'(total - 12'(in_beat.blocks));
    in_beat.slot      = in_sop_i ? in_slot_i : slot_q;
    in_beat.aad_len   = in_sop_i ? 17'(in_auth_len_i) + 17'(in_aad_len_i) : aad_len_q;
    in_beat.len       = in_sop_i ? in_len_i : len_q;
    if (inject) begin
      // A scrub beat has work for every lane, multiplier and bank.
      in_beat.scrub     = !inject_zero;
      in_beat.zero      = inject_zero;
      in_beat.sop       = 1'b1;
      in_beat.eop       = 1'b1;
      in_beat.bypass    = 1'b0;
      in_beat.auth      = 1'b0;
      in_beat.aad_valid = 1'b1;
      in_beat.bytes     = BytesW'(Octets);
      in_beat.blocks    = CountW'(Lanes);
      in_beat.left      = 11'd32;
      in_beat.slot      = inject_slot;
      in_beat.aad_len   = '0;
      in_beat.len       = '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      if (in_sop_i) begin
        bypass_q  <= in_bypass_i;
        slot_q    <= in_slot_i;
        iv_q      <= in_iv_i;
        aad_len_q <= in_beat.aad_len;
        len_q     <= in_len_i;
      end
      counter_q   <= (in_sop_i ? 32'd2 : counter_q) + (in_auth_only_i ? 32'd0 : 32'(Lanes));
      auth_left_q <= !in_auth_only_i ? auth_left : last_auth ? 16'd0 : auth_left - 16'(Octets);
      left_q      <= {1'b0, in_beat.left};
    end
  end

  // Stage 0: the key is looked up. Stage 1: the key is there.

  logic s0_valid_q, s1_valid_q;
  logic s1_zero_q;
  beat_t s0_beat_q;
  logic [63:0] s0_iv_q, s1_iv_q;
  logic [31:0] s0_counter_q, s1_counter_q;
  logic [Lanes:0] s0_en, s1_en_q;
  logic [1:0] key_size;
  /* verilator tracing_off */
  logic [255:0] key;
  logic [31:0] salt;
  /* verilator tracing_on */
  logic key_bad, power_bad, slot_key_bad, slot_power_bad;

  // Mutation 5: errors pass unnoticed.
  assign key_bad   = slot_key_bad && !(TestMutations && mutation_i == 4'd5);
  assign power_bad = slot_power_bad && !(TestMutations && mutation_i == 4'd5);

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      s0_valid_q <= 1'b0;
      s1_valid_q <= 1'b0;
    end else begin
      s0_valid_q <= accept || inject;
      s1_valid_q <= s0_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept || inject) begin
      s0_beat_q    <= in_beat;
      s0_iv_q      <= inject ? 64'd0 : in_sop_i ? in_iv_i : iv_q;
      s0_counter_q <= in_sop_i ? 32'd2 : counter_q;
    end
    if (s0_valid_q) begin
      s1_iv_q      <= s0_iv_q;
      s1_counter_q <= s0_counter_q;
      s1_zero_q    <= s0_beat_q.zero;
      s1_en_q      <= s0_en;
    end
  end

  // The lanes with text, and the one for E(K, J0) in the last beat.
  always_comb begin
    for (int unsigned l = 0; l < Lanes; l++) begin
      s0_en[l] = !s0_beat_q.bypass && !s0_beat_q.auth && !s0_beat_q.zero &&
          32'(s0_beat_q.blocks) > l;
    end
    s0_en[Lanes] = s0_beat_q.eop && !s0_beat_q.bypass;
  end

  logic pre_valid, x_valid;
  /* verilator tracing_off */
  logic [128*(Lanes+1)-1:0] stream;
  /* verilator tracing_on */

  ravelin_aes_ctr #(
    .Lanes(Lanes + 1)
  ) u_aes (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .valid_i    (s1_valid_q),
    .en_i       (s1_en_q),
    .zero_i     (s1_zero_q),
    .size_i     (key_size),
    .key_i      (key),
    .salt_i     (salt),
    .iv_i       (s1_iv_q),
    .counter_i  (s1_counter_q),
    .pre_valid_o(pre_valid),
    .valid_o    (x_valid),
    .block_o    (stream)
  );

  // Beside each beat in the cipher: what it was given is wrong.
  logic [14:0] bad_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) bad_q <= '0;
    else bad_q <= {bad_q[13:0], key_bad || (Decrypt && power_bad)};
  end

  // The ring: what waits for the key stream.

  logic [DataW-1:0] ring_data[RingDepth];
  logic [BeatW-1:0] ring_beat[RingDepth];
  logic [4:0] ring_in_q, ring_out_q;
  logic [DataW-1:0] x_data_q;
  beat_t x_beat_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      ring_in_q  <= '0;
      ring_out_q <= '0;
    end else begin
      if (accept || inject) ring_in_q <= ring_in_q + 1'b1;
      if (pre_valid) ring_out_q <= ring_out_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (sweep) begin
      ring_data[sweep_addr[4:0]] <= '0;
      ring_beat[sweep_addr[4:0]] <= '0;
    end else if (accept || inject) begin
      ring_data[ring_in_q] <= inject ? {DataW{1'b0}} : in_data_i;
      ring_beat[ring_in_q] <= in_beat;
    end
  end

  always_ff @(posedge clk_i) begin
    if (pre_valid) begin
      x_data_q <= ring_data[ring_out_q];
      x_beat_q <= ring_beat[ring_out_q];
    end
  end

  // Key stream and text meet.

  logic x_packet, x_bad, y_valid_q, y_bad_q;
  logic [DataW-1:0] y_data_q;
  beat_t y_beat_q;

  assign x_packet = x_valid && !x_beat_q.zero;
  assign x_bad    = (bad_q[14] || dead_i) && !x_beat_q.bypass;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) y_valid_q <= 1'b0;
    else y_valid_q <= x_packet;
  end

  always_ff @(posedge clk_i) begin
    if (x_packet) begin
      y_beat_q <= x_beat_q;
      y_bad_q  <= x_bad;
      if (x_beat_q.bypass) y_data_q <= x_data_q;
      else if (x_bad) y_data_q <= {DataW{1'b0}};
      else if (x_beat_q.auth) y_data_q <= keep_octets(x_data_q, x_beat_q.bytes);
      else y_data_q <= keep_octets(x_data_q ^ stream[DataW-1:0], x_beat_q.bytes);
    end
  end

  // GHASH: of the output, or of the input a stage after it was taken.

  logic power_read, hash_valid_q, hash_valid;
  beat_t power_beat, hash_beat;
  logic [DataW-1:0] hash_data;
  logic [127:0] hash_aad_q;
  /* verilator tracing_off */
  logic [127:0] hash;
  logic [128*(Lanes+1)-1:0] power;
  logic [127:0] power_lo, power_hi;
  /* verilator tracing_on */

  always_ff @(posedge clk_i) begin
    if (!rst_ni) hash_valid_q <= 1'b0;
    else hash_valid_q <= power_read;
  end

  if (Decrypt) begin : gen_hash_input
    logic [DataW-1:0] s0_data_q, hash_data_q;
    logic [127:0] s0_aad_q;
    beat_t hash_beat_q;

    always_ff @(posedge clk_i) begin
      if (accept || inject) begin
        s0_data_q <= inject ? {DataW{1'b0}} : keep_octets(in_data_i, in_beat.bytes);
        if (in_beat.aad_valid) s0_aad_q <= inject ? 128'd0 : keep_aad(in_aad_i, in_aad_len_i);
      end
      if (power_read) begin
        hash_data_q <= s0_data_q;
        hash_beat_q <= s0_beat_q;
        hash_aad_q  <= s0_aad_q;
      end
    end

    assign power_read = s0_valid_q && !s0_beat_q.zero && !s0_beat_q.bypass;
    assign power_beat = s0_beat_q;
    assign hash_data  = hash_data_q;
    assign hash_beat  = hash_beat_q;
  end else begin : gen_hash_output
    logic [127:0] ring_aad[RingDepth];
    logic [127:0] x_aad_q;

    always_ff @(posedge clk_i) begin
      if (sweep) ring_aad[sweep_addr[4:0]] <= '0;
      else if ((accept || inject) && in_beat.aad_valid) begin
        ring_aad[ring_in_q] <= inject ? 128'd0 : keep_aad(in_aad_i, in_aad_len_i);
      end
    end

    always_ff @(posedge clk_i) begin
      if (pre_valid) x_aad_q <= ring_aad[ring_out_q];
      if (power_read) hash_aad_q <= x_aad_q;
    end

    assign power_read = x_packet && !x_beat_q.bypass;
    assign power_beat = x_beat_q;
    assign hash_data  = y_data_q;
    assign hash_beat  = y_beat_q;
  end

  ravelin_ghash #(
    .Lanes(Lanes)
  ) u_ghash (
    .clk_i      (clk_i),
    .rst_ni     (rst_ni),
    .valid_i    (hash_valid_q),
    .last_i     (hash_beat.eop),
    .scrub_i    (hash_beat.scrub),
    .blocks_i   (hash_beat.blocks),
    .data_i     (hash_data),
    .aad_valid_i(hash_beat.aad_valid),
    .aad_i      (hash_aad_q),
    .aad_len_i  (hash_beat.aad_len),
    .len_i      (hash_beat.len),
    .power_i    (power),
    .power_lo_i (power_lo),
    .power_hi_i (power_hi),
    .valid_o    (hash_valid),
    .hash_o     (hash)
  );

  ravelin_gcm_keys #(
    .Lanes        (Lanes),
    .SaCount      (SaCount),
    .TestMutations(TestMutations),
    .ErrorInjection(ErrorInjection)
  ) u_keys (
    .clk_i        (clk_i),
    .rst_ni       (rst_ni),
    .mutation_i   (mutation_i),
    .dead_i       (dead_i),
    .damage_key_i (damage_key_i),
    .damage_beat_i(damage_beat_i),
    .damage_low_i (damage_low_i),
    .damage_high_i(damage_high_i),
    .damage_slot_i(damage_slot_i),
    .req_valid_i  (key_req_valid_i),
    .req_ready_o  (key_req_ready_o),
    .req_erase_i  (key_req_erase_i),
    .req_slot_i   (key_req_slot_i),
    .req_size_i   (key_req_size_i),
    .req_key_i    (key_req_key_i),
    .req_salt_i   (key_req_salt_i),
    .done_o       (key_done_o),
    .ready_o      (swept),
    .idle_o       (keys_idle),
    .inject_o     (inject),
    .inject_zero_o(inject_zero),
    .inject_slot_o(inject_slot),
    .h_valid_i    (x_valid && x_beat_q.zero),
    .h_i          (stream[128*Lanes+:128]),
    .sweep_o      (sweep),
    .sweep_addr_o (sweep_addr),
    .key_read_i   (s0_valid_q && !s0_beat_q.bypass),
    .key_slot_i   (s0_beat_q.slot),
    .size_o       (key_size),
    .key_o        (key),
    .salt_o       (salt),
    .key_bad_o    (slot_key_bad),
    .power_read_i (power_read),
    .power_all_i  (power_beat.scrub),
    .power_slot_i (power_beat.slot),
    .power_left_i (power_beat.left),
    .power_o      (power),
    .power_lo_o   (power_lo),
    .power_hi_o   (power_hi),
    .power_bad_o  (slot_power_bad)
  );

  // Output: beats, E(K, J0) and hashes come each in order, the last two for last beats.

  localparam int unsigned OutW = 4 + BytesW;

  logic [DataW-1:0] fifo_data[FifoDepth];
  logic [OutW-1:0] fifo_beat[FifoDepth];
  /* verilator tracing_off */
  logic [127:0] fifo_mask[FifoDepth];
  logic [127:0] fifo_hash[FifoDepth];
  /* verilator tracing_on */
  logic [6:0] fifo_in_q, fifo_out_q, mask_in_q, hash_in_q, tag_out_q;
  logic push, push_mask, pop, head_sop, head_eop, head_bypass, head_bad;
  logic spoilt_q, spoilt;     // the packet that beats are pushed of, up to this one
  logic [BytesW-1:0] head_bytes;
  logic out_valid_q;
  logic [OutW-1:0] out_beat_q;
  logic [DataW-1:0] out_data_q;
  /* verilator tracing_off */
  logic [127:0] out_tag_q;
  /* verilator tracing_on */

  assign push      = y_valid_q && !y_beat_q.scrub;
  assign push_mask = x_packet && !x_beat_q.scrub && x_beat_q.eop && !x_beat_q.bypass;

  // The powers of the beat at hand are there now, or, for Decrypt, were a while ago.
  assign spoilt     = (spoilt_q && !y_beat_q.sop) || y_bad_q || (!Decrypt && power_bad);
  assign bad_o      = push && spoilt && !dead_i;
  assign bad_slot_o = y_beat_q.slot;

  always_ff @(posedge clk_i) begin
    if (push) spoilt_q <= spoilt;
  end

  assign {head_bad, head_sop, head_eop, head_bypass, head_bytes} = fifo_beat[fifo_out_q[5:0]];

  assign pop = (!out_valid_q || out_ready_i) && fifo_in_q != fifo_out_q &&
      (!head_eop || head_bypass || (mask_in_q != tag_out_q && hash_in_q != tag_out_q));

  always_ff @(posedge clk_i) begin
    if (sweep) begin
      fifo_data[sweep_addr] <= '0;
      fifo_beat[sweep_addr] <= '0;
    end else if (push) begin
      fifo_data[fifo_in_q[5:0]] <= y_data_q;
      fifo_beat[fifo_in_q[5:0]] <= {spoilt, y_beat_q.sop, y_beat_q.eop, y_beat_q.bypass,
                                    y_beat_q.bytes};
    end
  end

  always_ff @(posedge clk_i) begin
    if (sweep) fifo_mask[sweep_addr] <= '0;
    else if (push_mask) fifo_mask[mask_in_q[5:0]] <= stream[128*Lanes+:128];
  end

  always_ff @(posedge clk_i) begin
    if (sweep) fifo_hash[sweep_addr] <= '0;
    else if (hash_valid) fifo_hash[hash_in_q[5:0]] <= hash;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      fifo_in_q   <= '0;
      fifo_out_q  <= '0;
      mask_in_q   <= '0;
      hash_in_q   <= '0;
      tag_out_q   <= '0;
      out_valid_q <= 1'b0;
      credit_q    <= '0;
    end else begin
      if (push) fifo_in_q <= fifo_in_q + 1'b1;
      if (push_mask) mask_in_q <= mask_in_q + 1'b1;
      if (hash_valid) hash_in_q <= hash_in_q + 1'b1;
      if (pop) fifo_out_q <= fifo_out_q + 1'b1;
      if (pop && head_eop && !head_bypass) tag_out_q <= tag_out_q + 1'b1;
      if (!out_valid_q || out_ready_i) out_valid_q <= pop;
      credit_q <= credit_q + 7'(accept) - 7'(pop);
    end
  end

  always_ff @(posedge clk_i) begin
    if (pop) begin
      out_beat_q <= {head_bad, head_sop, head_eop, head_bypass, head_bytes};
      out_data_q <= fifo_data[fifo_out_q[5:0]];
      if (head_eop) begin
        out_tag_q <= head_bypass || head_bad ? 128'd0 :
            fifo_mask[tag_out_q[5:0]] ^ ravelin_gf_pkg::swap(fifo_hash[tag_out_q[5:0]]);
      end
    end
  end

  assign out_valid_o = out_valid_q;
  assign {out_bad_o, out_sop_o, out_eop_o, out_bypass_o, out_bytes_o} = out_beat_q;
  assign out_data_o  = out_data_q;
  assign out_tag_o   = out_tag_q;
  assign ready_o     = swept;
  assign idle_o      = keys_idle && credit_q == '0 && !out_valid_q;

`ifdef RAVELIN_ASSERT
  // The packet must be what its first beat said, or its powers of H are wrong.
  logic inside_q;
  logic [15:0] text_left_q, text_left;

  assign text_left = in_sop_i ? in_len_i : text_left_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      inside_q <= 1'b0;
    end else if (accept) begin
      inside_q    <= !in_eop_i;
      text_left_q <= in_auth_only_i ? text_left : text_left - 16'(Octets);
      assert (in_sop_i == !inside_q) else $error("a packet inside a packet, or none");
      if (in_sop_i && !in_bypass_i) begin
        assert (in_aad_len_i <= 5'd16) else $error("in_aad_len_i above 16");
        assert (in_auth_len_i == '0 || in_aad_len_i == '0 || in_aad_len_i == 5'd16)
        else $error("auth-only beats after a partial block");
        assert (total <= 12'd1056) else $error("a packet of more than 1056 blocks");
      end
      if (!in_beat.bypass) begin
        if (in_auth_only_i) begin
          assert (auth_left != '0) else $error("more additional data than in_auth_len_i");
          assert (!last_auth || 16'(in_bytes_i) == auth_left)
          else $error("in_bytes_i is not what remains of in_auth_len_i");
        end else begin
          assert (in_eop_i == (text_left <= 16'(Octets)))
          else $error("the end is not where in_len_i says");
          assert (!in_eop_i || 16'(in_bytes_i) == text_left)
          else $error("in_bytes_i is not what remains of in_len_i");
        end
        assert (!in_eop_i || in_beat.left == '0) else $error("blocks missing at the end");
      end
    end
  end
`endif

`ifndef SYNTHESIS
  initial begin
    if (DataW < 128 || DataW % 128 != 0) $fatal(1, "DataW must be a multiple of 128");
  end
`endif

endmodule
