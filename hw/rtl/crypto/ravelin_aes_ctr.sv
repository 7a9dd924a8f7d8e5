// SPDX-License-Identifier: BSD-2-Clause
//
// AES-128, AES-192 and AES-256 in counter mode, several blocks a beat, a key for each beat.
//
//   salt, iv, counter --> [whiten] --> [round 1] --> ... --> [round 14] --> key stream
//   key --------------> [words 0-7] -> [words 8-11] -> ... ->
//
// All lanes of a beat share its key, and the key schedule travels beside the data: nothing but the
// cipher key is stored anywhere. AES-128 passes the first four rounds unchanged, AES-192 the first two,
// so all have the same latency and neighbouring beats may differ in key and key length. A round is three levels of
// six-input LUTs (S-box 2, MixColumns and AddRoundKey 1 to 2), hence one stage each.
//
// Lane l encrypts salt || iv || (counter + l), the last lane salt || iv || 1 (J0 of GCM), or zeros
// when zero_i, which makes H. Lanes whose en_i bit is off compute nothing and keep their old value.
//
// Latency 15 cycles, interval 1.
module ravelin_aes_ctr #(
  parameter int unsigned Lanes = 5
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 valid_i,
  input  logic [Lanes-1:0]     en_i,
  input  logic                 zero_i,
  input  logic [1:0]           size_i,       // of the key: 0, 1, 2 for 128, 192, 256 bits
  input  logic [255:0]         key_i,        // octet 0 in [7:0]
  input  logic [31:0]          salt_i,
  input  logic [63:0]          iv_i,
  input  logic [31:0]          counter_i,
  output logic                 pre_valid_o,  // valid_o of the next cycle
  output logic                 valid_o,
  output logic [128*Lanes-1:0] block_o
);

  // FIPS 197, figure 7; octet x at [8 * x +: 8].
  localparam logic [2047:0] SBox = {
    128'h16bb54b0_0f2d9941_6842e6bf_0d89a18c, 128'hdf2855ce_e9871e9b_948ed969_1198f8e1,
    128'h9e1dc186_b9573561_0ef60348_66b53e70, 128'h8a8bbd4b_1f74dde8_c6b4a61c_2e2578ba,
    128'h08ae7a65_eaf4566c_a94ed58d_6d37c8e7, 128'h79e49591_62acd3c2_5c240649_0a3a32e0,
    128'hdb0b5ede_14b8ee46_88902a22_dc4f8160, 128'h73195d64_3d7ea7c4_1744975f_ec130ccd,
    128'hd2f3ff10_21dab6bc_f5389d92_8f40a351, 128'ha89f3c50_7f02f945_85334d43_fbaaefd0,
    128'hcf584c4a_39becb6a_5bb1fc20_ed00d153, 128'h842fe329_b3d63b52_a05a6e1b_1a2c8309,
    128'h75b227eb_e2801207_9a059618_c323c704, 128'h1531d871_f1e5a534_ccf73f36_2693fdb7,
    128'hc072a49c_afa2d4ad_f04759fa_7dc982ca, 128'h76abd7fe_2b670130_c56f6bf2_7b777c63
  };

  function automatic logic [7:0] xtime(input logic [7:0] x);
    xtime = {x[6:0], 1'b0} ^ (x[7] ? 8'h1b : 8'h00);
  endfunction

  // The S-box, and the products of its octets that MixColumns adds to the column: {1, 1, 1, 2} * s,
  // where 3 * s = 2 * s + s.
  logic [7:0] sbox[256];
  logic [31:0] mixbox[256];

  initial begin
    for (int i = 0; i < 256; i++) begin
      sbox[i]   = SBox[8*i+:8];
      mixbox[i] = {{3{SBox[8*i+:8]}}, xtime(SBox[8*i+:8])};
    end
  end

  // A column after SubBytes and MixColumns (FIPS 197, section 5.1.3), from the mixbox of its rows;
  // row 0 in [7:0].
  function automatic logic [31:0] mix_column(input logic [31:0] m0, input logic [31:0] m1,
                                             input logic [31:0] m2, input logic [31:0] m3);
    mix_column = m0 ^ {m1[23:0], m1[31:24]} ^ {m2[15:0], m2[31:16]} ^ {m3[7:0], m3[31:8]} ^
        {m0[7:0], m3[7:0], m2[7:0], m1[7:0]};
  endfunction

  function automatic logic [31:0] swap32(input logic [31:0] x);
    swap32 = {x[7:0], x[15:8], x[23:16], x[31:24]};
  endfunction

  localparam logic [1:0] Key128 = 2'd0;
  localparam logic [1:0] Key192 = 2'd1;
  localparam logic [1:0] Key256 = 2'd2;

  // The key's words n-8 .. n-1 to n-4 .. n+3 (AES-256) or n-4 .. n-1 to n .. n+3 (AES-128), with
  // the substituted word already in hand (FIPS 197, section 5.2).
  function automatic logic [127:0] next_words(input logic [127:0] base, input logic [31:0] t);
    logic [31:0] w0, w1, w2;
    w0 = base[31:0] ^ t;
    w1 = base[63:32] ^ w0;
    w2 = base[95:64] ^ w1;
    next_words = {base[127:96] ^ w2, w2, w1, w0};
  endfunction

  // The same for AES-192, whose words come six at a time, where the third new one begins such a step:
  // from the words n-4 and n-3, the first two new ones, and what the second is substituted by.
  function automatic logic [127:0] next_words_in_two(input logic [63:0] base,
                                                     input logic [63:0] first,
                                                     input logic [31:0] t);
    logic [31:0] w2;
    w2 = base[31:0] ^ t;
    next_words_in_two = {base[63:32] ^ w2, w2, first};
  endfunction

  // Round constants, 1 to 10 (section 5.2).
  function automatic logic [7:0] rcon(input int unsigned i);
    rcon = (i == 9) ? 8'h1b : (i == 10) ? 8'h36 : (8'd1 << (i - 1));
  endfunction

  // Rounds 0 to 14: is there a beat, which of its lanes work, which key length.
  logic [14:0] valid_q;
  logic [13:0] active_q;
  logic [2*14-1:0] size_q;
  logic [15*Lanes-1:0] en_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q  <= '0;
      active_q <= '0;
      en_q     <= '0;
    end else begin
      valid_q  <= {valid_q[13:0], valid_i};
      active_q <= {active_q[12:0], valid_i && en_i != '0};
      en_q     <= {en_q[14*Lanes-1:0], valid_i ? en_i : {Lanes{1'b0}}};
    end
    size_q <= {size_q[2*13-1:0], size_i};
  end

  for (genvar r = 0; r <= 14; r++) begin : gen_round
    logic [128*Lanes-1:0] state_q;
    // The next round's key and the four words before it.
    /* verilator lint_off UNUSEDSIGNAL */
    /* verilator lint_off UNDRIVEN */
    logic [127:0] old_q, key_q;
    /* verilator lint_on UNDRIVEN */
    /* verilator lint_on UNUSEDSIGNAL */

    if (r == 0) begin : gen_whiten
      // AES-192: the words 6 and 7 are the first that the key doesn't have.
      logic [31:0] whiten_w6, whiten_w7;

      assign whiten_w6 = key_i[31:0] ^ {sbox[key_i[167:160]], sbox[key_i[191:184]], sbox[key_i[183:176]],
                                        sbox[key_i[175:168]] ^ rcon(1)};
      assign whiten_w7 = key_i[63:32] ^ whiten_w6;

      always_ff @(posedge clk_i) begin
        if (valid_i) begin
          for (int unsigned l = 0; l < Lanes - 1; l++) begin
            if (en_i[l]) begin
              state_q[128*l+:128] <= {swap32(counter_i + l), iv_i, salt_i} ^ key_i[127:0];
            end
          end
          if (en_i[Lanes-1]) begin
            state_q[128*(Lanes-1)+:128] <=
                (zero_i ? 128'd0 : {32'h0100_0000, iv_i, salt_i}) ^ key_i[127:0];
          end
          if (en_i != '0) begin
            old_q <= key_i[127:0];
            key_q <= size_i == Key256 ? key_i[255:128] :
                     size_i == Key192 ? {whiten_w7, whiten_w6, key_i[191:128]} : key_i[127:0];
          end
        end
      end
    end else begin : gen_step
      always_ff @(posedge clk_i) begin
        if (active_q[r-1]) begin
          for (int unsigned l = 0; l < Lanes; l++) begin
            if (en_q[Lanes*(r-1)+l]) begin
              if ((r <= 4 && size_q[2*(r-1)+:2] == Key128) ||
                  (r <= 2 && size_q[2*(r-1)+:2] == Key192)) begin
                state_q[128*l+:128] <= gen_round[r-1].state_q[128*l+:128];
              end else begin
                for (int unsigned c = 0; c < 4; c++) begin
                  if (r == 14) begin
                    state_q[128*l+32*c+:32] <= gen_round[r-1].key_q[32*c+:32] ^ {
                      sbox[gen_round[r-1].state_q[128*l+32*((c+3)%4)+24+:8]],
                      sbox[gen_round[r-1].state_q[128*l+32*((c+2)%4)+16+:8]],
                      sbox[gen_round[r-1].state_q[128*l+32*((c+1)%4)+8+:8]],
                      sbox[gen_round[r-1].state_q[128*l+32*c+:8]]
                    };
                  end else begin
                    state_q[128*l+32*c+:32] <= gen_round[r-1].key_q[32*c+:32] ^ mix_column(
                      mixbox[gen_round[r-1].state_q[128*l+32*c+:8]],
                      mixbox[gen_round[r-1].state_q[128*l+32*((c+1)%4)+8+:8]],
                      mixbox[gen_round[r-1].state_q[128*l+32*((c+2)%4)+16+:8]],
                      mixbox[gen_round[r-1].state_q[128*l+32*((c+3)%4)+24+:8]]
                    );
                  end
                end
              end
            end
          end
        end
      end
    end

    if (r > 0 && r < 14) begin : gen_key
      logic [127:0] base6;
      logic [31:0]  new0, new1;

      assign base6 = {gen_round[r-1].key_q[63:0], gen_round[r-1].old_q[127:64]};
      assign new0  = base6[31:0] ^ gen_round[r-1].key_q[127:96];
      assign new1  = base6[63:32] ^ new0;

      always_ff @(posedge clk_i) begin
        if (active_q[r-1]) begin
          old_q <= r <= 2 && size_q[2*(r-1)+:2] == Key192 ? gen_round[r-1].old_q :
                                                            gen_round[r-1].key_q;
          if (size_q[2*(r-1)+:2] == Key192) begin
            // The word that begins a step of six is n, n + 2, or none of these four, by turns.
            if (r <= 2) begin
              key_q <= gen_round[r-1].key_q;
            end else if (r % 3 == 1) begin
              key_q <= next_words(base6, {
                sbox[gen_round[r-1].key_q[103:96]],
                sbox[gen_round[r-1].key_q[127:120]],
                sbox[gen_round[r-1].key_q[119:112]],
                sbox[gen_round[r-1].key_q[111:104]] ^ rcon(4 * (r - 1) / 6)
              });
            end else if (r % 3 == 2) begin
              key_q <= next_words_in_two(base6[127:64], {base6[63:32] ^ new0, new0}, {
                sbox[new1[7:0]], sbox[new1[31:24]], sbox[new1[23:16]],
                sbox[new1[15:8]] ^ rcon((4 * (r - 1) + 2) / 6)
              });
            end else begin
              key_q <= next_words(base6, gen_round[r-1].key_q[127:96]);
            end
          end else if (size_q[2*(r-1)+:2] == Key256) begin
            if (r % 2 == 1) begin
              key_q <= next_words(gen_round[r-1].old_q, {
                sbox[gen_round[r-1].key_q[103:96]],
                sbox[gen_round[r-1].key_q[127:120]],
                sbox[gen_round[r-1].key_q[119:112]],
                sbox[gen_round[r-1].key_q[111:104]] ^ rcon((r + 1) / 2)
              });
            end else begin
              key_q <= next_words(gen_round[r-1].old_q, {
                sbox[gen_round[r-1].key_q[127:120]],
                sbox[gen_round[r-1].key_q[119:112]],
                sbox[gen_round[r-1].key_q[111:104]],
                sbox[gen_round[r-1].key_q[103:96]]
              });
            end
          end else if (r < 4) begin
            key_q <= gen_round[r-1].key_q;
          end else begin
            key_q <= next_words(gen_round[r-1].key_q, {
              sbox[gen_round[r-1].key_q[103:96]],
              sbox[gen_round[r-1].key_q[127:120]],
              sbox[gen_round[r-1].key_q[119:112]],
              sbox[gen_round[r-1].key_q[111:104]] ^ rcon(r - 3)
            });
          end
        end
      end
    end
  end

  assign pre_valid_o = valid_q[13];
  assign valid_o     = valid_q[14];
  assign block_o     = gen_round[14].state_q;

endmodule
