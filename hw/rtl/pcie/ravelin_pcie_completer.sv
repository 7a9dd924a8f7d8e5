// SPDX-License-Identifier: BSD-2-Clause
//
// Completer: memory reads and writes of 1 or 2 DWs to BAR0 (register bus) and BAR2 (MSI-X), in the
// order of their arrival. Everything else is refused and counted: posted requests are dropped,
// non-posted ones answered with Unsupported Request, or with Completer Abort when only size or byte
// enables of a read are wrong.
//
// A completion does not pass the memory writes that were complete when the register was read: it
// waits for fence_out_i to reach what fence_in_i was then. Meanwhile requests are taken on, up to
// CplDepth answers: a shim that advertises at most CplDepth non-posted header credits never sees
// posted requests wait for a completion to leave.
//
// A register access that is not acknowledged within RegTimeout cycles (its block is in reset) is
// given up: reads give all ones. A request takes about 3 cycles plus its register accesses.
module ravelin_pcie_completer #(
  parameter int unsigned DataW      = 512,
  parameter int unsigned RegTimeout = 256,
  parameter int unsigned CplDepth   = 32,
  localparam int unsigned BytesW    = $clog2(DataW/8+1)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  output logic              idle_o,
  input  logic [15:0]       cfg_requester_id_i,
  input  logic              rx_req_valid_i,
  output logic              rx_req_ready_o,
  input  logic              rx_req_sop_i,
  input  logic              rx_req_eop_i,
  input  logic [127:0]      rx_req_hdr_i,
  input  logic [2:0]        rx_req_bar_i,
  input  logic [63:0]       rx_req_data_i,
  output logic              tx_cpl_valid_o,
  input  logic              tx_cpl_ready_i,
  output logic              tx_cpl_sop_o,
  output logic              tx_cpl_eop_o,
  output logic [127:0]      tx_cpl_hdr_o,
  output logic [DataW-1:0]  tx_cpl_data_o,
  output logic [BytesW-1:0] tx_cpl_bytes_o,
  output logic              reg_valid_o,
  output logic              reg_write_o,
  output logic [15:0]       reg_addr_o,
  output logic [31:0]       reg_wdata_o,
  output logic [3:0]        reg_be_o,
  input  logic              reg_ack_i,
  input  logic [31:0]       reg_rdata_i,
  // MSI-X table and PBA: written at the edge, read at once
  output logic              msix_write_o,
  output logic [12:0]       msix_addr_o,
  output logic [31:0]       msix_wdata_o,
  output logic [3:0]        msix_be_o,
  input  logic [31:0]       msix_rdata_i,
  input  logic [15:0]       fence_in_i,
  input  logic [15:0]       fence_out_i,
  output logic              bad_request_o
);
  typedef enum logic [2:0] { StIdle, StDrain, StDecode, StNext, StReg, StMsix, StAnswer } state_e;

  localparam logic [2:0] StatusSc = 3'b000;
  localparam logic [2:0] StatusUr = 3'b001;
  localparam logic [2:0] StatusCa = 3'b100;
  localparam int unsigned WaitW   = $clog2(RegTimeout+1);
  localparam int unsigned CplW    = 96 + 64 + 16;

  state_e           state_q;
  logic [127:0]     hdr_q;
  logic [2:0]       bar_q;
  logic [63:0]      data_q, rdata_q;
  logic             second_q;           // the DW at hand is the second one
  logic             done_q;             // all DWs are done
  logic [2:0]       status_q;
  logic [WaitW-1:0] wait_q;

  // ------------------------------------------------------------------------------ request fields
  logic [2:0]  fmt;
  logic [4:0]  typ;
  logic [9:0]  len;
  logic [3:0]  first_be, last_be;
  logic [15:0] addr;
  logic        is_read, is_write, is_locked, non_posted, bar_ok, shape_ok, poisoned;

  always_comb begin
    fmt        = hdr_q[127:125];
    typ        = hdr_q[124:120];
    poisoned   = hdr_q[110];
    len        = hdr_q[105:96];
    last_be    = hdr_q[71:68];
    first_be   = hdr_q[67:64];
    addr       = fmt[0] ? {hdr_q[15:2], 2'b00} : {hdr_q[47:34], 2'b00};
    is_read    = (typ == 5'b00000) && (fmt[2:1] == 2'b00);
    is_write   = (typ == 5'b00000) && (fmt[2:1] == 2'b01);
    is_locked  = (typ == 5'b00001) && (fmt[2:1] == 2'b00);
    bar_ok     = (bar_q == 3'd0) || (bar_q == 3'd2);
    shape_ok   = ((len == 10'd1) && (last_be == 4'h0)) ||
                 ((len == 10'd2) && (first_be != 4'h0) && (last_be != 4'h0) &&
                  (addr[11:2] != 10'h3ff));
    unique case (typ)
      5'b00000: non_posted = is_read;
      5'b00001, 5'b00010, 5'b00100, 5'b00101,               // locked read, I/O, configuration
      5'b01100, 5'b01101, 5'b01110,                         // FetchAdd, Swap, CAS
      5'b11011: non_posted = !fmt[2];                       // deferrable write, trusted configuration
      default:  non_posted = 1'b0;
    endcase
  end

  // -------------------------------------------------------------------------------------- access
  logic [3:0]  be;
  logic [31:0] wdata, got;
  logic        step, give_up;
  logic [15:0] dw_addr;

  assign be      = second_q ? last_be : first_be;
  assign wdata   = second_q ? data_q[63:32] : data_q[31:0];
  assign dw_addr = second_q ? addr + 16'd4 : addr;
  assign give_up = (wait_q == WaitW'(RegTimeout));

  assign rx_req_ready_o = (state_q == StIdle) || (state_q == StDrain);
  assign reg_valid_o    = (state_q == StReg);
  assign reg_write_o    = is_write;
  assign reg_addr_o     = dw_addr;
  assign reg_wdata_o    = wdata;
  assign reg_be_o       = be;
  assign msix_write_o   = (state_q == StMsix) && is_write;
  assign msix_addr_o    = dw_addr[12:0];
  assign msix_wdata_o   = wdata;
  assign msix_be_o      = be;

  always_comb begin
    unique case (state_q)
      StReg: begin
        step = reg_ack_i || give_up;
        got  = reg_ack_i ? reg_rdata_i : 32'hffff_ffff;
      end
      StMsix: begin
        step = 1'b1;
        got  = msix_rdata_i;
      end
      default: begin
        step = (state_q == StNext) && !done_q && (be == 4'h0);
        got  = 32'd0;
      end
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q       <= StIdle;
      bad_request_o <= 1'b0;
    end else begin
      bad_request_o <= 1'b0;
      unique case (state_q)
        StIdle: begin
          if (rx_req_valid_i && rx_req_sop_i) begin
            state_q <= rx_req_eop_i ? StDecode : StDrain;
          end
        end
        StDrain: begin
          if (rx_req_valid_i && rx_req_eop_i) begin
            state_q <= StDecode;
          end
        end
        StDecode: begin
          if ((is_read || (is_write && !poisoned)) && bar_ok && shape_ok) begin
            state_q <= StNext;
          end else begin
            state_q       <= non_posted ? StAnswer : StIdle;
            bad_request_o <= 1'b1;
          end
        end
        StNext: begin
          if (done_q) begin
            state_q <= is_read ? StAnswer : StIdle;
          end else if (be != 4'h0) begin
            state_q <= (bar_q == 3'd0) ? StReg : StMsix;
          end
        end
        StReg, StMsix: begin
          if (step) begin
            state_q <= StNext;
          end
        end
        StAnswer: begin
          if (cpl_room) begin
            state_q <= StIdle;
          end
        end
        default: state_q <= StIdle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    wait_q <= (state_q == StReg) ? wait_q + 1'b1 : '0;
    if (state_q == StIdle && rx_req_valid_i) begin
      hdr_q  <= rx_req_hdr_i;
      bar_q  <= rx_req_bar_i;
      data_q <= rx_req_data_i;
    end
    if (state_q == StDecode) begin
      second_q <= 1'b0;
      done_q   <= 1'b0;
      rdata_q  <= '0;
      status_q <= !(is_read && bar_ok) ? StatusUr : !shape_ok ? StatusCa : StatusSc;
    end
    if (step) begin
      second_q <= 1'b1;
      done_q   <= second_q || (len == 10'd1);
      if (second_q) begin
        rdata_q[63:32] <= got;
      end else begin
        rdata_q[31:0] <= got;
      end
    end
  end

  // ---------------------------------------------------------------------------------- completion
  logic        cpl_room, cpl_push, cpl_valid, cpl_pop, success;
  logic [95:0] cpl_hdr;
  logic [11:0] byte_count;
  logic [2:0]  lead, trail;
  logic [1:0]  lead_addr;
  logic [$clog2(CplDepth):0] cpl_count;
  logic [CplW-1:0]           cpl_in, cpl_out;
  logic [15:0] fence, passed;

  // PCIe, table of byte count and lower address from length and byte enables; 1 for a zero-length
  // read. Refused requests other than memory reads: 4 and 0.
  always_comb begin
    success = (status_q == StatusSc);
    lead    = first_be[0] ? 3'd0 : first_be[1] ? 3'd1 : first_be[2] ? 3'd2 : 3'd3;
    if (len == 10'd1) begin
      trail = first_be[3] ? 3'd0 : first_be[2] ? 3'd1 : first_be[1] ? 3'd2 : 3'd3;
    end else begin
      trail = last_be[3] ? 3'd0 : last_be[2] ? 3'd1 : last_be[1] ? 3'd2 : last_be[0] ? 3'd3 : 3'd0;
    end
    lead_addr  = (first_be == 4'h0) ? 2'd0 : lead[1:0];
    byte_count = (len == 10'd1 && first_be == 4'h0) ? 12'd1 :
                 {len, 2'b00} - {9'd0, lead} - {9'd0, trail};
    cpl_hdr = {1'b0, success, 1'b0, 4'b0101, is_locked, hdr_q[119:114], 4'b0000, hdr_q[109:108],
               2'b00, success ? len : 10'd0,
               cfg_requester_id_i, status_q, 1'b0, is_read ? byte_count : 12'd4,
               hdr_q[95:80], hdr_q[79:72], 1'b0, is_read ? {addr[6:2], lead_addr} : 7'd0};
  end

  assign cpl_room = (cpl_count != CplDepth[$clog2(CplDepth):0]);
  assign cpl_push = (state_q == StAnswer) && cpl_room;
  assign cpl_in   = {fence_in_i, rdata_q, cpl_hdr};

  ravelin_pcie_fifo #(.Width(CplW), .Depth(CplDepth)) u_cpl (
    .clk_i, .rst_ni, .clear_i(1'b0),
    .push_i(cpl_push), .data_i(cpl_in),
    .pop_i(cpl_pop), .valid_o(cpl_valid), .data_o(cpl_out), .count_o(cpl_count)
  );

  assign fence          = cpl_out[CplW-1 -: 16];
  assign passed         = fence_out_i - fence;
  assign tx_cpl_valid_o = cpl_valid && !passed[15];
  assign cpl_pop        = tx_cpl_valid_o && tx_cpl_ready_i;
  assign tx_cpl_sop_o   = 1'b1;
  assign tx_cpl_eop_o   = 1'b1;
  assign tx_cpl_hdr_o   = {cpl_out[95:0], 32'd0};
  assign tx_cpl_data_o  = DataW'(cpl_out[159:96]);
  assign tx_cpl_bytes_o = cpl_out[94] ? {{(BytesW-4){1'b0}}, cpl_out[65:64], 2'b00} : '0;
  assign idle_o         = (state_q == StIdle) && !cpl_valid && !rx_req_valid_i;

  logic unused;
  assign unused = &{1'b0, hdr_q[113:110], hdr_q[107:106], hdr_q[33:32], hdr_q[1:0], hdr_q[63:48],
                    hdr_q[31:16], lead[2], passed[14:0]};
endmodule
