// SPDX-License-Identifier: BSD-2-Clause
//
// Arithmetic in GF(2^128) as GHASH uses it (NIST SP 800-38D, section 6.3).
//
// A field element is held with octet 0 of the block in the top octet, so that bit 127 is the
// coefficient of x^0. The product of two elements is split by Karatsuba into nine carry-less
// products of 32 bits ("leaves"). Everything after the leaves is linear: products of the same beat
// are summed as leaves and folded (recombined and reduced) once.
package ravelin_gf_pkg;

  localparam int unsigned LeafW = 9 * 64;  // nine leaves, 63 bits used of each 64

  // Octet order of the data path (octet 0 in [7:0]) to and from the order of elements.
  function automatic logic [127:0] swap(input logic [127:0] x);
    swap = {x[7:0], x[15:8], x[23:16], x[31:24], x[39:32], x[47:40], x[55:48], x[63:56],
            x[71:64], x[79:72], x[87:80], x[95:88], x[103:96], x[111:104], x[119:112],
            x[127:120]};
  endfunction

  // Carry-less product.
  function automatic logic [63:0] clmul32(input logic [31:0] a, input logic [31:0] b);
    logic [63:0] p;
    p = 64'd0;
    for (int unsigned i = 0; i < 32; i++) begin
      p = p ^ (({32'd0, a} << i) & {64{b[i]}});
    end
    clmul32 = p;
  endfunction

  // The nine leaves of a product: of the low halves (low, high, middle words), of the high halves,
  // and of the halves' sums.
  function automatic logic [LeafW-1:0] leaves(input logic [127:0] a, input logic [127:0] b);
    leaves = {
      clmul32(a[31:0] ^ a[63:32] ^ a[95:64] ^ a[127:96],
              b[31:0] ^ b[63:32] ^ b[95:64] ^ b[127:96]),
      clmul32(a[63:32] ^ a[127:96], b[63:32] ^ b[127:96]),
      clmul32(a[31:0] ^ a[95:64], b[31:0] ^ b[95:64]),
      clmul32(a[95:64] ^ a[127:96], b[95:64] ^ b[127:96]),
      clmul32(a[127:96], b[127:96]),
      clmul32(a[95:64], b[95:64]),
      clmul32(a[31:0] ^ a[63:32], b[31:0] ^ b[63:32]),
      clmul32(a[63:32], b[63:32]),
      clmul32(a[31:0], b[31:0])
    };
  endfunction

  // One level of Karatsuba, three leaves {middle, high, low} to a product.
  function automatic logic [127:0] join64(input logic [191:0] l);
    logic [63:0] m;
    m = l[63:0] ^ l[127:64] ^ l[191:128];
    join64 = {l[127:64] ^ (m >> 32), l[63:0] ^ (m << 32)};
  endfunction

  // Leaves to the product, reduced by x^128 + x^7 + x^2 + x + 1.
  function automatic logic [127:0] fold(input logic [LeafW-1:0] l);
    logic [127:0] z0, z2, m;
    logic [63:0] q0, q1, q2, h0, h1, d1;
    z0 = join64(l[191:0]);
    z2 = join64(l[383:192]);
    m  = join64(l[575:384]) ^ z0 ^ z2;
    q0 = z0[63:0];
    q1 = z0[127:64] ^ m[63:0];
    q2 = z2[63:0] ^ m[127:64];
    // {z2[127:64], q2, q1, q0} has the coefficient of x^k in bit 254 - k; h begins with x^128.
    h1 = {q1[62:0], q0[63]};
    h0 = {q0[62:0], 1'b0};
    d1 = h1 ^ (h0 << 63) ^ (h0 << 62) ^ (h0 << 57);
    fold = {
      {z2[126:64], q2[63]} ^ d1 ^ (d1 >> 1) ^ (d1 >> 2) ^ (d1 >> 7),
      {q2[62:0], q1[63]} ^ h0 ^ {d1[0], h0[63:1]} ^ {d1[1:0], h0[63:2]} ^ {d1[6:0], h0[63:7]}
    };
  endfunction

endpackage
