// SPDX-License-Identifier: BSD-2-Clause
//
// The key slots of a GCM engine: cipher key, salt and the powers of H that ravelin_ghash needs.
//
// There is no way to read a slot but the engine's own two lookups below, and none of their results
// leaves the engine.
//
// An install writes the key, has the engine encrypt the zero block under it (inject_o), and fills
// the powers with a multiplier of its own: H^1 .. H^32, and from there to H^1024 in steps of 32;
// about 340 cycles. An erase overwrites all of the slot with zeros, then sends a beat of the erased
// slot through the engine, so that no pipeline register keeps the key or a power; about 50 cycles.
// After reset every slot is erased so, in 4 * SaCount + 50 cycles, before ready_o rises.
//
// Lookups have a latency of one cycle, interval one; *_bad_o say in that cycle that what was looked
// up has a parity error.
//
// dead_i: from its rising edge on nothing is installed or erased any more. Every slot is overwritten
// as after a reset, whatever was under way, with the engine at work meanwhile on what it then finds.
module ravelin_gcm_keys #(
  parameter int unsigned Lanes = 4,
  parameter int unsigned SaCount = 1024,  // a power of two, 16 at least
  parameter bit TestMutations = 1'b0,
  parameter bit ErrorInjection = 1'b0,
  localparam int unsigned SlotW = $clog2(SaCount)
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic [3:0] mutation_i,
  input  logic dead_i,
  // the slot whose key, or H^1, or H^32, is read wrong
  input  logic             damage_key_i,
  input  logic             damage_beat_i,
  input  logic             damage_low_i,
  input  logic             damage_high_i,
  input  logic [SlotW-1:0] damage_slot_i,
  // requests
  input  logic             req_valid_i,
  output logic             req_ready_o,
  input  logic             req_erase_i,
  input  logic [SlotW-1:0] req_slot_i,
  input  logic [1:0]       req_size_i,      // of the key: 0, 1, 2 for 128, 192, 256 bits
  input  logic [255:0]     req_key_i,
  input  logic [31:0]      req_salt_i,
  output logic             done_o,
  output logic             ready_o,
  output logic             idle_o,
  // a beat into the engine: one that encrypts the zero block, or one that scrubs
  output logic             inject_o,
  output logic             inject_zero_o,
  output logic [SlotW-1:0] inject_slot_o,
  input  logic             h_valid_i,
  input  logic [127:0]     h_i,             // octet 0 in [7:0]
  // the sweep after reset, for the engine's own buffers
  output logic             sweep_o,
  output logic [5:0]       sweep_addr_o,
  // lookups
  input  logic             key_read_i,
  input  logic [SlotW-1:0] key_slot_i,
  output logic [1:0]       size_o,
  output logic [255:0]     key_o,
  output logic [31:0]      salt_o,
  output logic             key_bad_o,
  input  logic             power_read_i,
  input  logic             power_all_i,     // overwrite the output registers of all banks
  input  logic [SlotW-1:0] power_slot_i,
  input  logic [10:0]      power_left_i,    // blocks of the message after the beat, below 1056
  output logic [128*(Lanes+1)-1:0] power_o,
  output logic [127:0]     power_lo_o,
  output logic [127:0]     power_hi_o,
  output logic             power_bad_o
);

  typedef enum logic [3:0] {
    StSweep, StIdle, StHash, StHashWait, StPower, StMultiply, StMultiplyWait, StClean, StErase,
    StScrub, StScrubWait
  } state_e;

  // Longer than a beat stays in the engine.
  localparam logic [5:0] ScrubCycles = 6'd40;

  localparam logic [127:0] One = {1'b1, 127'd0};  // x^0

  state_e state_q;
  logic [SlotW-1:0] slot_q;
  logic [SlotW+1:0] row_q;     // sweep and erase: the row of all banks that is overwritten
  logic [5:0] wait_q;
  logic [4:0] index_q;         // the power at hand is base^(index_q + 1)
  logic high_q;                // its base is H^32, not H
  logic [127:0] base_q, power_q;
  logic ready_q, done_q, dead_q;
  logic wipe, accept, product_valid;
  logic [127:0] product;

  assign accept = req_valid_i && req_ready_o;

  // Mutation 4: an erase that leaves everything in place.
  assign wipe = state_q == StSweep ||
      (state_q == StErase && !(TestMutations && mutation_i == 4'd4));

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StSweep;
      row_q   <= '0;
      ready_q <= 1'b0;
      done_q  <= 1'b0;
      slot_q  <= '0;
      high_q  <= 1'b0;
      index_q <= '0;
      wait_q  <= '0;
      dead_q  <= 1'b0;
    end else begin
      done_q <= 1'b0;
      dead_q <= dead_i;
      unique case (state_q)
        StSweep: begin
          row_q <= row_q + 1'b1;
          if (row_q == '1) state_q <= StClean;
        end
        StIdle: begin
          index_q <= '0;
          high_q  <= 1'b0;
          wait_q  <= '0;
          if (accept) begin
            slot_q  <= req_slot_i;
            row_q   <= {req_slot_i, 2'd0};
            state_q <= req_erase_i ? StErase : StHash;
          end
        end
        StHash: state_q <= StHashWait;
        StHashWait: if (h_valid_i) state_q <= StPower;
        StPower: begin
          index_q <= index_q + 1'b1;
          if (index_q != '1) begin
            state_q <= StMultiply;
          end else if (!high_q) begin
            high_q <= 1'b1;  // H^32 is the last power of H and the first of H^32
          end else begin
            state_q <= StClean;
          end
        end
        StMultiply: state_q <= StMultiplyWait;
        StMultiplyWait: if (product_valid) state_q <= StPower;
        StClean: begin
          // Zeros go through the multiplier, as power_q and base_q were cleared.
          wait_q <= wait_q + 1'b1;
          if (wait_q == 6'd4) begin
            wait_q <= '0;
            state_q <= ready_q && !dead_q ? StIdle : StScrub;
            done_q <= ready_q && !dead_q;
          end
        end
        StErase: begin
          row_q <= row_q + 1'b1;
          if (row_q[1:0] == '1) state_q <= StScrub;
        end
        StScrub: state_q <= StScrubWait;
        StScrubWait: begin
          wait_q <= wait_q + 1'b1;
          if (wait_q == ScrubCycles) begin
            state_q <= StIdle;
            ready_q <= 1'b1;
            done_q  <= ready_q && !dead_q;
          end
        end
        default: state_q <= StSweep;
      endcase
      if (dead_i && !dead_q) begin
        state_q <= StSweep;
        row_q   <= '0;
        wait_q  <= '0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (h_valid_i && state_q == StHashWait) begin
      base_q  <= ravelin_gf_pkg::swap(h_i);
      power_q <= ravelin_gf_pkg::swap(h_i);
    end else if (state_q == StMultiplyWait && product_valid) begin
      power_q <= product;
    end else if (state_q == StPower && index_q == '1) begin
      base_q <= power_q;
      if (high_q) begin
        base_q  <= '0;
        power_q <= '0;
      end
    end else if (state_q == StSweep) begin
      base_q  <= '0;
      power_q <= '0;
    end
  end

  ravelin_gf128_mul u_mul (
    .clk_i    (clk_i),
    .rst_ni   (rst_ni),
    .valid_i  (state_q == StMultiply || (state_q == StClean && wait_q == '0)),
    .a_i      (power_q),
    .b_i      (base_q),
    .valid_o  (product_valid),
    .product_o(product)
  );

  assign req_ready_o   = state_q == StIdle && !dead_i;
  assign done_o        = done_q;
  assign ready_o       = ready_q;
  assign idle_o        = state_q == StIdle && !done_q;
  assign inject_o      = state_q == StHash || state_q == StScrub;
  assign inject_zero_o = state_q == StHash;
  assign inject_slot_o = slot_q;
  assign sweep_o       = state_q == StSweep && !ready_q;
  assign sweep_addr_o  = row_q[5:0];

  // Cipher keys: {AES-256, salt, key}.
  ravelin_ram #(.Width(290), .Depth(SaCount), .ErrorInjection(ErrorInjection)) u_keys (
    .clk_i, .rst_ni,
    .wr_i (wipe || (accept && !req_erase_i)),
    .wr_addr_i (wipe ? row_q[SlotW+1:2] : req_slot_i),
    .wr_data_i (wipe ? 290'd0 : {req_size_i, req_salt_i, req_key_i}),
    .rd_i (key_read_i), .rd_addr_i (key_slot_i), .rd_data_o ({size_o, salt_o, key_o}),
    .rd_bad_o (key_bad_o),
    .damage_i (damage_key_i), .damage_addr_i (damage_slot_i)
  );

  // Powers stand in memory with a parity bit for each half.
  logic [129:0] write_data;
  logic power_read_q;

  always_comb begin
    write_data = '0;
    if (state_q == StPower) write_data = {^power_q[127:64], ^power_q[63:0], power_q};
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) power_read_q <= 1'b0;
    else power_read_q <= power_read_i;
  end

  // H^1 .. H^(Lanes+1), all at once.
  logic [128*(Lanes+1)-1:0] beat_q;
  logic [2*(Lanes+1)-1:0] beat_parity_q;

  for (genvar p = 0; p <= Lanes; p++) begin : gen_beat
    logic [129:0] mem[SaCount];

    always_ff @(posedge clk_i) begin
      if (wipe || (state_q == StPower && !high_q && index_q == p)) begin
        mem[row_q[SlotW+1:2]] <= write_data;
      end
    end

    always_ff @(posedge clk_i) begin
      if (power_read_i) begin
        {beat_parity_q[2*p+:2], beat_q[128*p+:128]} <=
            mem[power_slot_i] ^ 130'(ErrorInjection && p == 0 && damage_beat_i &&
                                     damage_slot_i == power_slot_i);
      end
    end
  end

  assign power_o = beat_q;

  // H^1 .. H^32 and H^32 .. H^1024, one of each a beat, in eight banks of SaCount rows of four.
  logic [SlotW+1:0] write_row;
  logic [4:0] lo_index, hi_index;
  logic [2:0] lo_bank_q, hi_bank_q;
  logic hi_one_q;
  logic [8*128-1:0] lo_q, hi_q;
  logic [8*2-1:0] lo_parity_q, hi_parity_q;

  assign write_row = wipe ? row_q : {slot_q, index_q[4:3]};
  assign lo_index = power_left_i[4:0];
  assign hi_index = 5'(power_left_i[10:5] - 6'd1);

  always_ff @(posedge clk_i) begin
    if (power_read_i) begin
      lo_bank_q <= lo_index[2:0];
      hi_bank_q <= hi_index[2:0];
      hi_one_q  <= power_left_i[10:5] == '0;
    end
  end

  for (genvar k = 0; k < 8; k++) begin : gen_bank
    logic [129:0] lo_mem[4*SaCount];
    logic [129:0] hi_mem[4*SaCount];

    always_ff @(posedge clk_i) begin
      if (wipe || (state_q == StPower && !high_q && index_q[2:0] == k)) begin
        lo_mem[write_row] <= write_data;
      end
      if (wipe || (state_q == StPower && high_q && index_q[2:0] == k)) begin
        hi_mem[write_row] <= write_data;
      end
    end

    always_ff @(posedge clk_i) begin
      if (power_read_i && (power_all_i || lo_index[2:0] == k)) begin
        {lo_parity_q[2*k+:2], lo_q[128*k+:128]} <=
            lo_mem[{power_slot_i, lo_index[4:3]}] ^
            130'(ErrorInjection && k == 0 && damage_low_i && lo_index == '0 &&
                 damage_slot_i == power_slot_i);
      end
      if (power_read_i && (power_all_i || hi_index[2:0] == k)) begin
        {hi_parity_q[2*k+:2], hi_q[128*k+:128]} <=
            hi_mem[{power_slot_i, hi_index[4:3]}] ^
            130'(ErrorInjection && k == 0 && damage_high_i && hi_index == '0 &&
                 damage_slot_i == power_slot_i);
      end
    end
  end

  assign power_lo_o = lo_q[128*lo_bank_q+:128];
  assign power_hi_o = hi_one_q ? One : hi_q[128*hi_bank_q+:128];

  always_comb begin
    power_bad_o = 1'b0;
    if (power_read_q) begin
      power_bad_o =
          {^power_lo_o[127:64], ^power_lo_o[63:0]} != lo_parity_q[2*lo_bank_q+:2] ||
          (!hi_one_q &&
           {^power_hi_o[127:64], ^power_hi_o[63:0]} != hi_parity_q[2*hi_bank_q+:2]);
      for (int unsigned p = 0; p < 2 * (Lanes + 1); p++) begin
        if (^beat_q[64*p+:64] != beat_parity_q[p]) power_bad_o = 1'b1;
      end
    end
  end

`ifndef SYNTHESIS
  initial begin
    if (SaCount < 16 || (SaCount & (SaCount - 1)) != 0) begin
      $fatal(1, "SaCount must be a power of two, 16 or more");
    end
  end
`endif

endmodule
