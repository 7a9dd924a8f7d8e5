// SPDX-License-Identifier: BSD-2-Clause
//
// Register access: decodes it, holds the registers of the device as a whole, and offers the others
// on a bus to the blocks that own them.
//
// An access takes 3 cycles. In the first its address is decoded; in the second the old value is
// read (bus_read_o, all owners' bus_rdata ORed); in the third it is acknowledged and, if it is a
// write, bus_write_o stands for one cycle with the new value; octets not enabled stay.
module ravelin_queue_regs #(
  parameter  int unsigned DataW        = 512,
  parameter  int unsigned QueuePairs   = 4,
  parameter  int unsigned OutSaCount   = 1024,
  parameter  int unsigned InSaCount    = 1024,
  parameter  int unsigned PolicyCount  = 64,
  parameter  int unsigned ReplayWindow = 4096,
  parameter  int unsigned StallCycles  = 250000,
  parameter  int unsigned MaxFrame     = 9234,
  parameter  int unsigned TxLog2Max    = 15,
  parameter  int unsigned RxLog2Max    = 15,
  parameter  int unsigned CqLog2Max    = 15,
  parameter  int unsigned CmdLog2Max   = 15,
  parameter  int unsigned EvtLog2Max   = 15,
  localparam int unsigned QW           = QueuePairs > 1 ? $clog2(QueuePairs) : 1
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          power_on_rst_ni,
  output logic          busy_o,
  input  logic [47:0]   cfg_mac_i,
  input  logic          ipsec_ready_i,
  input  logic          fatal_i,
  input  logic [7:0]    fatal_cause_i,
  input  logic          link_i,
  // Register access from the completer
  input  logic          reg_valid_i,
  input  logic          reg_write_i,
  input  logic [15:0]   reg_addr_i,
  input  logic [31:0]   reg_wdata_i,
  input  logic [3:0]    reg_be_i,
  output logic          reg_ack_o,
  output logic [31:0]   reg_rdata_o,
  // To the owners of other registers
  output logic          bus_read_o,
  output logic          bus_write_o,
  output logic [15:0]   bus_addr_o,
  output logic          bus_qp_o,         // the address is that of a queue pair's register:
  output logic [QW-1:0] bus_q_o,          // of this pair,
  output logic [31:0]   bus_qp_addr_o,    // at this address of pair 0
  output logic [31:0]   bus_wdata_o,
  output logic          bus_low_o,        // octet 0 is written
  output logic          bus_high_o,       // octet 3 is written
  input  logic [31:0]   bus_rdata_i,
  // Values
  output logic          soft_reset_o,     // from the write until the reset comes
  output logic          ctl_enable_o,
  output logic [15:0]   ctl_port_max_frame_o,
  output logic [6:0]    rx_queues_o,
  output logic [63:0]   cycles_o
);
  typedef enum logic [1:0] { StIdle, StRead, StAck } state_e;

  state_e        state_q;
  logic          write_q, qp_q;
  logic [15:0]   addr_q;
  logic [QW-1:0] q_q;
  logic [31:0]   rdata_q, own_rdata;
  logic [63:0]   cycles_q;
  logic [31:0]   cycles_high_q;
  logic          enable_q, soft_reset_q;
  logic [15:0]   port_max_frame_q;
  logic [6:0]    rx_queues_q;
  logic [31:0]   mask;
  logic [7:0]    qp;
  logic          resetting;

  // What the registers with fields read.
  ravelin_regs_pkg::reg_abi_t      abi;
  ravelin_regs_pkg::reg_features_t features;
  ravelin_regs_pkg::reg_queues_t   queues;
  ravelin_regs_pkg::reg_rings_t    rings;
  ravelin_regs_pkg::reg_control_rings_t control_rings;
  ravelin_regs_pkg::reg_link_t     link;
  ravelin_regs_pkg::reg_datapath_t datapath;
  ravelin_regs_pkg::reg_status_t   status;
  ravelin_regs_pkg::reg_control_t  control;
  /* verilator lint_off UNUSEDSIGNAL */  // what a write has in reserved bits is ignored
  ravelin_regs_pkg::reg_control_t  control_new;
  /* verilator lint_on UNUSEDSIGNAL */

  always_comb begin
    abi                   = '0;
    abi.major             = 16'(ravelin_regs_pkg::ABI_MAJOR);
    abi.minor             = 16'(ravelin_regs_pkg::ABI_MINOR);
    features              = '0;
    features.esp          = 1'b1;
    features.tunnel_v4    = 1'b1;
    features.udp_encap    = 1'b1;
    features.aes_gcm_128  = 1'b1;
    features.aes_gcm_192  = 1'b1;
    features.aes_gcm_256  = 1'b1;
    features.implicit_iv  = 1'b1;
    features.ah           = 1'b1;
    features.gmac         = 1'b1;
    features.vlan         = 1'b1;
    features.ipv6         = 1'b1;
    features.transport    = 1'b1;
    features.esn          = 1'b1;
    features.udp_ports    = 1'b1;
    features.selectors    = 1'b1;
    features.moves        = 1'b1;
    features.icv_short    = 1'b1;
    queues                = '0;
    queues.pairs          = 16'(QueuePairs);
    queues.vectors        = 16'(QueuePairs + 1);
    rings                 = '0;
    rings.tx_log2_max     = 8'(TxLog2Max);
    rings.rx_log2_max     = 8'(RxLog2Max);
    rings.cq_log2_max     = 8'(CqLog2Max);
    control_rings         = '0;
    control_rings.cmd_log2_max = 8'(CmdLog2Max);
    control_rings.evt_log2_max = 8'(EvtLog2Max);
    link                  = '0;
    link.up               = link_i;
    datapath              = '0;
    datapath.beat         = 16'(DataW/8);
    datapath.max_frame    = 16'(MaxFrame);
    status                = '0;
    status.ready          = ~resetting;
    status.fatal          = fatal_i;
    status.resetting      = resetting;
    status.fatal_cause    = fatal_cause_i;
    control               = '0;
    control.enable        = enable_q;
  end
  assign control_new = bus_wdata_o;

  assign qp        = reg_addr_i[15:8] - 8'(ravelin_regs_pkg::REG_TX_BASE_LO / ravelin_regs_pkg::QP_STRIDE);
  assign resetting = soft_reset_q | ~ipsec_ready_i;
  assign mask      = {{8{reg_be_i[3]}}, {8{reg_be_i[2]}}, {8{reg_be_i[1]}}, {8{reg_be_i[0]}}};

  assign busy_o        = reg_valid_i | (state_q != StIdle) | soft_reset_q;
  assign reg_ack_o     = state_q == StAck;
  assign reg_rdata_o   = rdata_q;
  assign bus_read_o    = (state_q == StRead) & ~write_q;
  assign bus_write_o   = (state_q == StAck) & write_q & (reg_be_i != 4'b0);
  assign bus_addr_o    = addr_q;
  assign bus_qp_o      = qp_q;
  assign bus_q_o       = q_q;
  assign bus_qp_addr_o = ravelin_regs_pkg::REG_TX_BASE_LO | {24'b0, addr_q[7:0]};
  assign bus_wdata_o   = (rdata_q & ~mask) | (reg_wdata_i & mask);
  assign bus_low_o     = reg_be_i[0];
  assign bus_high_o    = reg_be_i[3];
  assign soft_reset_o  = soft_reset_q;
  assign ctl_enable_o  = enable_q;
  assign ctl_port_max_frame_o = port_max_frame_q;
  assign rx_queues_o   = rx_queues_q;
  assign cycles_o      = cycles_q;

  always_comb begin
    case (32'(addr_q))
      ravelin_regs_pkg::REG_ID: own_rdata = ravelin_regs_pkg::MAGIC;
      ravelin_regs_pkg::REG_ABI: own_rdata = abi;
      ravelin_regs_pkg::REG_FEATURES: own_rdata = features;
      ravelin_regs_pkg::REG_QUEUES: own_rdata = queues;
      ravelin_regs_pkg::REG_OUTBOUND_SAS: own_rdata = OutSaCount;
      ravelin_regs_pkg::REG_INBOUND_SAS: own_rdata = InSaCount;
      ravelin_regs_pkg::REG_RINGS: own_rdata = rings;
      ravelin_regs_pkg::REG_CONTROL_RINGS: own_rdata = control_rings;
      ravelin_regs_pkg::REG_LINK: own_rdata = link;
      ravelin_regs_pkg::REG_POLICY_COUNT: own_rdata = PolicyCount;
      ravelin_regs_pkg::REG_REPLAY_WINDOW: own_rdata = ReplayWindow;
      ravelin_regs_pkg::REG_STALL_CYCLES: own_rdata = StallCycles;
      ravelin_regs_pkg::REG_DATAPATH: own_rdata = datapath;
      ravelin_regs_pkg::REG_STATUS: own_rdata = status;
      ravelin_regs_pkg::REG_CONTROL: own_rdata = control;
      ravelin_regs_pkg::REG_RX_QUEUES: own_rdata = 32'(rx_queues_q);
      ravelin_regs_pkg::REG_PORT_MAX_FRAME: own_rdata = 32'(port_max_frame_q);
      ravelin_regs_pkg::REG_MAC_LO: own_rdata = 32'(cfg_mac_i);
      ravelin_regs_pkg::REG_MAC_HI: own_rdata = 32'(cfg_mac_i >> 32);
      ravelin_regs_pkg::REG_CYCLES_LO: own_rdata = cycles_q[31:0];
      ravelin_regs_pkg::REG_CYCLES_HI: own_rdata = cycles_high_q;
      default: own_rdata = '0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!power_on_rst_ni) begin
      cycles_q <= '0;
    end else begin
      cycles_q <= cycles_q + 64'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q          <= StIdle;
      cycles_high_q    <= '0;
      enable_q         <= 1'b0;
      soft_reset_q     <= 1'b0;
      port_max_frame_q <= 16'(ravelin_regs_pkg::PORT_MAX_FRAME_RESET);
      rx_queues_q      <= 7'(ravelin_regs_pkg::RX_QUEUES_RESET);
    end else begin
      unique case (state_q)
        StIdle: begin
          if (reg_valid_i) begin
            state_q <= StRead;
          end
        end
        StRead: state_q <= StAck;
        default: state_q <= StIdle;
      endcase
      if (bus_read_o && 32'(addr_q) == ravelin_regs_pkg::REG_CYCLES_LO) begin
        cycles_high_q <= cycles_q[63:32];
      end
      if (bus_write_o) begin
        case (32'(addr_q))
          ravelin_regs_pkg::REG_CONTROL: begin
            enable_q     <= control_new.enable;
            soft_reset_q <= soft_reset_q | control_new.reset;
          end
          ravelin_regs_pkg::REG_RX_QUEUES: begin
            if (bus_wdata_o != 32'd0 && bus_wdata_o <= QueuePairs) begin
              rx_queues_q <= 7'(bus_wdata_o);
            end
          end
          ravelin_regs_pkg::REG_PORT_MAX_FRAME: port_max_frame_q <= 16'(bus_wdata_o);
          default: ;
        endcase
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StIdle && reg_valid_i) begin
      write_q <= reg_write_i;
      addr_q  <= {reg_addr_i[15:2], 2'b00};
      qp_q    <= (reg_addr_i >= 16'(ravelin_regs_pkg::REG_TX_BASE_LO)) &&
                 ({24'b0, qp} < QueuePairs);
      q_q     <= qp[QW-1:0];
    end
    if (state_q == StRead) begin
      rdata_q <= own_rdata | bus_rdata_i;
    end
  end
endmodule
