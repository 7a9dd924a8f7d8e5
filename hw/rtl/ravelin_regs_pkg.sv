// SPDX-License-Identifier: BSD-2-Clause
// Generated from hw/regs/ravelin.toml by hw/regs/generate.py; `make regs` writes it anew.
/* verilator lint_off UNUSEDPARAM */
package ravelin_regs_pkg;
  localparam logic [31:0] VENDOR_ID = 32'h1234;
  localparam logic [31:0] DEVICE_ID = 32'h4303;
  localparam logic [31:0] SUBSYSTEM_VENDOR_ID = 32'h1234;
  localparam logic [31:0] SUBSYSTEM_ID = 32'h1;
  localparam logic [31:0] CLASS_CODE = 32'h20000;
  localparam logic [31:0] REVISION = 32'h1;
  localparam logic [31:0] ABI_MAJOR = 32'h2;
  localparam logic [31:0] ABI_MINOR = 32'h0;
  localparam logic [31:0] MAGIC = 32'h4e4c5652;
  localparam logic [31:0] BAR0_SIZE = 32'h10000;
  localparam logic [31:0] BAR2_SIZE = 32'h2000;
  localparam logic [31:0] MSIX_TABLE_OFFSET = 32'h0;
  localparam logic [31:0] MSIX_PBA_OFFSET = 32'h1000;
  localparam logic [31:0] RING_ALIGN = 32'h40;

  // Register offsets in BAR0, and the bits of their fields
  localparam logic [31:0] QP_STRIDE = 32'h100;
  localparam int unsigned QP_MAX = 64;
  localparam logic [31:0] REG_ID = 32'h0;
  localparam logic [31:0] REG_ABI = 32'h4;
  typedef struct packed {
    logic [15:0] major;
    logic [15:0] minor;
  } reg_abi_t;
  localparam logic [31:0] REG_FEATURES = 32'h8;
  typedef struct packed {
    logic [7:0] gap0;
    logic moves;
    logic gmac;
    logic implicit_iv;
    logic aes_gcm_192;
    logic icv_short;
    logic udp_ports;
    logic udp_encap_v6;
    logic functions;
    logic look_aside;
    logic checksum;
    logic segmentation;
    logic mss;
    logic path_mtu;
    logic selectors;
    logic esn;
    logic ah;
    logic transport;
    logic ipv6;
    logic vlan;
    logic aes_gcm_256;
    logic aes_gcm_128;
    logic udp_encap;
    logic tunnel_v4;
    logic esp;
  } reg_features_t;
  localparam logic [31:0] REG_QUEUES = 32'hc;
  typedef struct packed {
    logic [15:0] vectors;
    logic [15:0] pairs;
  } reg_queues_t;
  localparam logic [31:0] REG_OUTBOUND_SAS = 32'h10;
  localparam logic [31:0] REG_POLICY_COUNT = 32'h14;
  localparam logic [31:0] REG_REPLAY_WINDOW = 32'h18;
  localparam logic [31:0] REG_DATAPATH = 32'h1c;
  typedef struct packed {
    logic [15:0] max_frame;
    logic [15:0] beat;
  } reg_datapath_t;
  localparam logic [31:0] REG_STATUS = 32'h20;
  typedef struct packed {
    logic [15:0] gap1;
    logic [7:0] fatal_cause;
    logic [4:0] gap0;
    logic resetting;
    logic fatal;
    logic ready;
  } reg_status_t;
  localparam logic [31:0] REG_CONTROL = 32'h24;
  typedef struct packed {
    logic [29:0] gap0;
    logic reset;
    logic enable;
  } reg_control_t;
  localparam logic [31:0] REG_RX_QUEUES = 32'h28;
  localparam logic [31:0] RX_QUEUES_RESET = 32'h1;
  localparam logic [31:0] REG_PORT_MAX_FRAME = 32'h2c;
  localparam logic [31:0] PORT_MAX_FRAME_RESET = 32'h2412;
  localparam logic [31:0] REG_MAC_LO = 32'h30;
  localparam logic [31:0] REG_MAC_HI = 32'h34;
  localparam logic [31:0] REG_CYCLES_LO = 32'h38;
  localparam logic [31:0] REG_CYCLES_HI = 32'h3c;
  localparam logic [31:0] REG_CMD_BASE_LO = 32'h40;
  localparam logic [31:0] REG_CMD_BASE_HI = 32'h44;
  localparam logic [31:0] REG_CMD_CPL_BASE_LO = 32'h48;
  localparam logic [31:0] REG_CMD_CPL_BASE_HI = 32'h4c;
  localparam logic [31:0] REG_CMD_SIZE = 32'h50;
  localparam logic [31:0] REG_CMD_CONTROL = 32'h54;
  typedef struct packed {
    logic [15:0] gap1;
    logic [7:0] vector_;
    logic [6:0] gap0;
    logic enable;
  } reg_cmd_control_t;
  localparam logic [31:0] REG_CMD_TAIL = 32'h58;
  localparam logic [31:0] REG_CMD_HEAD = 32'h5c;
  typedef struct packed {
    logic error;
    logic [14:0] gap0;
    logic [15:0] pointer;
  } reg_cmd_head_t;
  localparam logic [31:0] REG_INBOUND_SAS = 32'h60;
  localparam logic [31:0] REG_RINGS = 32'h64;
  typedef struct packed {
    logic [7:0] gap0;
    logic [7:0] cq_log2_max;
    logic [7:0] rx_log2_max;
    logic [7:0] tx_log2_max;
  } reg_rings_t;
  localparam logic [31:0] REG_CONTROL_RINGS = 32'h68;
  typedef struct packed {
    logic [15:0] gap0;
    logic [7:0] evt_log2_max;
    logic [7:0] cmd_log2_max;
  } reg_control_rings_t;
  localparam logic [31:0] REG_LINK = 32'h6c;
  typedef struct packed {
    logic [30:0] gap0;
    logic up;
  } reg_link_t;
  localparam logic [31:0] REG_STALL_CYCLES = 32'h70;
  localparam logic [31:0] REG_EVT_BASE_LO = 32'h80;
  localparam logic [31:0] REG_EVT_BASE_HI = 32'h84;
  localparam logic [31:0] REG_EVT_SIZE = 32'h88;
  localparam logic [31:0] REG_EVT_CONTROL = 32'h8c;
  typedef struct packed {
    logic [15:0] gap1;
    logic [7:0] vector_;
    logic [6:0] gap0;
    logic enable;
  } reg_evt_control_t;
  localparam logic [31:0] REG_EVT_HEAD = 32'h90;
  localparam logic [31:0] REG_EVT_TAIL = 32'h94;
  localparam logic [31:0] REG_TX_BASE_LO = 32'h1000;
  localparam logic [31:0] REG_TX_BASE_HI = 32'h1004;
  localparam logic [31:0] REG_TX_SIZE = 32'h1008;
  localparam logic [31:0] REG_TX_TAIL = 32'h100c;
  localparam logic [31:0] REG_TX_HEAD = 32'h1010;
  localparam logic [31:0] REG_RX_BASE_LO = 32'h1020;
  localparam logic [31:0] REG_RX_BASE_HI = 32'h1024;
  localparam logic [31:0] REG_RX_SIZE = 32'h1028;
  localparam logic [31:0] REG_RX_TAIL = 32'h102c;
  localparam logic [31:0] REG_RX_HEAD = 32'h1030;
  localparam logic [31:0] REG_CQ_BASE_LO = 32'h1040;
  localparam logic [31:0] REG_CQ_BASE_HI = 32'h1044;
  localparam logic [31:0] REG_CQ_SIZE = 32'h1048;
  localparam logic [31:0] REG_CQ_HEAD = 32'h104c;
  typedef struct packed {
    logic arm;
    logic [14:0] gap0;
    logic [15:0] pointer;
  } reg_cq_head_t;
  localparam logic [31:0] REG_CQ_TAIL = 32'h1050;
  localparam logic [31:0] REG_Q_CONTROL = 32'h1060;
  typedef struct packed {
    logic [15:0] gap1;
    logic [7:0] vector_;
    logic [6:0] gap0;
    logic enable;
  } reg_q_control_t;
  localparam logic [31:0] REG_Q_STATUS = 32'h1064;
  typedef struct packed {
    logic [28:0] gap0;
    logic rx_error;
    logic tx_error;
    logic idle;
  } reg_q_status_t;

  // Last octet of an entry that the device writes.
  typedef struct packed {
    logic pass;
    logic [6:0] gap0;
  } phase_t;

  // Transmit descriptor flags.
  typedef struct packed {
    logic [10:0] gap0;
    logic extension;
    logic look_aside;
    logic segment;
    logic checksum;
    logic sa;
  } tx_flag_t;

  // Receive completion flags.
  typedef struct packed {
    logic [29:0] gap0;
    logic udp;
    logic decrypted;
  } rx_flag_t;

  // Completion types.
  localparam logic [7:0] CQ_TYPE_TX = 8'h1;
  localparam logic [7:0] CQ_TYPE_RX = 8'h2;

  // Completion statuses.
  localparam logic [7:0] CQ_STATUS_OK = 8'h0;
  localparam logic [7:0] CQ_STATUS_BAD_DESC = 8'h1;
  localparam logic [7:0] CQ_STATUS_DMA_ERROR = 8'h2;
  localparam logic [7:0] CQ_STATUS_UNSUPPORTED = 8'h3;

  // Command opcodes. SA_DELETE and SA_ADD of outbound SAs, POLICY_SET and POLICY_CLEAR wait for frames on their way to the wire: when it has taken nothing for STALL_CYCLES meanwhile, these are dropped (tx_drop_stalled).
  localparam logic [7:0] CMD_OP_NOP = 8'h1;
  localparam logic [7:0] CMD_OP_SA_ADD = 8'h10;
  localparam logic [7:0] CMD_OP_SA_DELETE = 8'h11;
  localparam logic [7:0] CMD_OP_SA_QUERY = 8'h12;
  localparam logic [7:0] CMD_OP_POLICY_SET = 8'h20;
  localparam logic [7:0] CMD_OP_POLICY_CLEAR = 8'h21;

  // Command statuses.
  localparam logic [7:0] CMD_STATUS_OK = 8'h0;
  localparam logic [7:0] CMD_STATUS_BAD_OPCODE = 8'h1;
  localparam logic [7:0] CMD_STATUS_RESERVED = 8'h2;
  localparam logic [7:0] CMD_STATUS_BAD_INDEX = 8'h3;
  localparam logic [7:0] CMD_STATUS_IN_USE = 8'h4;
  localparam logic [7:0] CMD_STATUS_NOT_FOUND = 8'h5;
  localparam logic [7:0] CMD_STATUS_BAD_FLAGS = 8'h6;
  localparam logic [7:0] CMD_STATUS_BAD_SPI = 8'h7;
  localparam logic [7:0] CMD_STATUS_DUPLICATE = 8'h8;
  localparam logic [7:0] CMD_STATUS_TABLE_FULL = 8'h9;
  localparam logic [7:0] CMD_STATUS_BAD_LIMITS = 8'ha;
  localparam logic [7:0] CMD_STATUS_BAD_SEQ = 8'hb;
  localparam logic [7:0] CMD_STATUS_BAD_WINDOW = 8'hc;
  localparam logic [7:0] CMD_STATUS_BAD_ACTION = 8'hd;
  localparam logic [7:0] CMD_STATUS_BAD_PREFIX = 8'he;
  localparam logic [7:0] CMD_STATUS_BAD_RANGE = 8'hf;
  localparam logic [7:0] CMD_STATUS_BAD_PORT = 8'h10;
  localparam logic [7:0] CMD_STATUS_FATAL = 8'h11;
  localparam logic [7:0] CMD_STATUS_UNSUPPORTED = 8'h12;

  // Flags of an SA. DF, DSCP and TTL apply to outbound SAs of tunnel mode, and are zero otherwise; ECN follows RFC 6040 there always.
  typedef struct packed {
    logic gmac;
    logic icv_12;
    logic icv_8;
    logic sel_any_proto;
    logic sel_ipv6;
    logic selectors;
    logic ah;
    logic transport;
    logic [7:0] ttl;
    logic implicit_iv;
    logic aes192;
    logic [5:0] dscp;
    logic ipv6;
    logic dscp_fixed;
    logic df_clear;
    logic df_set;
    logic esn;
    logic udp;
    logic aes256;
    logic inbound;
  } sa_flag_t;

  // State bits of an SA.
  typedef struct packed {
    logic [26:0] gap0;
    logic error;
    logic seq_end;
    logic hard;
    logic soft_packets;
    logic soft_bytes;
  } sa_state_t;

  // Policy actions.
  localparam logic [7:0] POLICY_ACTION_BYPASS = 8'h1;
  localparam logic [7:0] POLICY_ACTION_DISCARD = 8'h2;
  localparam logic [7:0] POLICY_ACTION_PROTECT = 8'h3;

  // Policy flags.
  typedef struct packed {
    logic [13:0] gap0;
    logic ipv6;
    logic any_proto;
  } policy_flag_t;

  // Event types.
  localparam logic [7:0] EVENT_SOFT_BYTES = 8'h1;
  localparam logic [7:0] EVENT_SOFT_PACKETS = 8'h2;
  localparam logic [7:0] EVENT_HARD_BYTES = 8'h3;
  localparam logic [7:0] EVENT_HARD_PACKETS = 8'h4;
  localparam logic [7:0] EVENT_SEQ_NEAR_END = 8'h5;
  localparam logic [7:0] EVENT_SEQ_END = 8'h6;
  localparam logic [7:0] EVENT_QUEUE_ERROR = 8'h7;
  localparam logic [7:0] EVENT_SA_ERROR = 8'h8;
  localparam logic [7:0] EVENT_FATAL = 8'h9;
  localparam logic [7:0] EVENT_LINK = 8'ha;
  localparam logic [7:0] EVENT_MOVED = 8'hb;

  // Which memory of an SA is damaged.
  localparam logic [7:0] SA_ERROR_CONFIG = 8'h1;
  localparam logic [7:0] SA_ERROR_COUNTERS = 8'h2;
  localparam logic [7:0] SA_ERROR_WINDOW = 8'h3;
  localparam logic [7:0] SA_ERROR_KEY = 8'h4;

  // Causes of FATAL.
  localparam logic [7:0] FATAL_CAUSE_LOOKUP = 8'h1;
  localparam logic [7:0] FATAL_CAUSE_NAMES = 8'h2;

  // SA and policy indices in every record
  localparam int unsigned INDEX_W = 24;

  // ADDRESS: octet 0 is bits 7:0
  localparam int unsigned ADDRESS_OCTETS = 16;
  localparam int unsigned ADDRESS_W = 128;
  typedef struct packed {
    logic [95:0] v6;
    logic [31:0] v4;
  } address_t;

  // KEY: octet 0 is bits 7:0
  localparam int unsigned KEY_OCTETS = 32;
  localparam int unsigned KEY_W = 256;
  typedef struct packed {
    logic [63:0] high;
    logic [63:0] middle;
    logic [127:0] low;
  } key_t;

  // TX_DESC: octet 0 is bits 7:0
  localparam int unsigned TX_DESC_OCTETS = 16;
  localparam int unsigned TX_DESC_W = 128;
  typedef struct packed {
    logic [7:0] function_;
    logic [23:0] sa;
    tx_flag_t flags;
    logic [15:0] len;
    logic [63:0] addr;
  } tx_desc_t;

  // TX_EXT: octet 0 is bits 7:0
  localparam int unsigned TX_EXT_OCTETS = 16;
  localparam int unsigned TX_EXT_W = 128;
  typedef struct packed {
    logic [7:0] function_;
    logic [7:0] rsvd;
    logic [7:0] csum_at;
    logic [7:0] csum_start;
    tx_flag_t flags;
    logic [15:0] mss;
    logic [63:0] result;
  } tx_ext_t;

  // RX_DESC: octet 0 is bits 7:0
  localparam int unsigned RX_DESC_OCTETS = 16;
  localparam int unsigned RX_DESC_W = 128;
  typedef struct packed {
    logic [7:0] function_;
    logic [23:0] rsvd;
    logic [31:0] len;
    logic [63:0] addr;
  } rx_desc_t;

  // CQ_ENTRY: octet 0 is bits 7:0
  localparam int unsigned CQ_ENTRY_OCTETS = 32;
  localparam int unsigned CQ_ENTRY_W = 256;
  typedef struct packed {
    phase_t phase;
    logic [87:0] rsvd;
    logic [15:0] segments;
    logic [15:0] csum;
    logic [7:0] function_;
    logic [23:0] sa;
    rx_flag_t flags;
    logic [31:0] len;
    logic [15:0] index;
    logic [7:0] status;
    logic [7:0] type_;
  } cq_entry_t;

  // CMD: octet 0 is bits 7:0
  localparam int unsigned CMD_OCTETS = 256;
  localparam int unsigned CMD_W = 2048;
  typedef struct packed {
    logic [511:0] auth_key;
    logic [95:0] rsvd1;
    logic [15:0] sel_dport_hi;
    logic [15:0] sel_dport_lo;
    logic [15:0] sel_sport_hi;
    logic [15:0] sel_sport_lo;
    logic [7:0] sel_rsvd;
    logic [7:0] sel_proto;
    logic [7:0] sel_dst_len;
    logic [7:0] sel_src_len;
    address_t sel_dst;
    address_t sel_src;
    logic [15:0] mss;
    logic [15:0] path_mtu;
    logic [31:0] window;
    logic [63:0] hard_packets;
    logic [63:0] soft_packets;
    logic [63:0] hard_bytes;
    logic [63:0] soft_bytes;
    logic [63:0] seq;
    key_t key;
    logic [31:0] salt;
    logic [15:0] udp_dport;
    logic [15:0] udp_sport;
    address_t dst;
    address_t src;
    logic [31:0] spi;
    sa_flag_t sa_flags;
    logic [7:0] rsvd0;
    logic [23:0] index;
    logic [15:0] tag;
    logic [7:0] function_;
    logic [7:0] opcode;
  } cmd_t;

  // CMD_POLICY: octet 0 is bits 7:0
  localparam int unsigned CMD_POLICY_OCTETS = 256;
  localparam int unsigned CMD_POLICY_W = 2048;
  typedef struct packed {
    logic [1535:0] rsvd3;
    logic [15:0] dport_hi;
    logic [15:0] dport_lo;
    logic [15:0] sport_hi;
    logic [15:0] sport_lo;
    logic [7:0] rsvd2;
    logic [23:0] sa;
    logic [15:0] rsvd1;
    logic [7:0] dst_len;
    logic [7:0] src_len;
    address_t dst;
    address_t src;
    logic [31:0] priority_;
    policy_flag_t flags;
    logic [7:0] proto;
    logic [7:0] action;
    logic [7:0] rsvd0;
    logic [23:0] index;
    logic [15:0] tag;
    logic [7:0] function_;
    logic [7:0] opcode;
  } cmd_policy_t;

  // CMD_CPL: octet 0 is bits 7:0
  localparam int unsigned CMD_CPL_OCTETS = 128;
  localparam int unsigned CMD_CPL_W = 1024;
  typedef struct packed {
    phase_t phase;
    logic [343:0] rsvd1;
    sa_state_t state;
    logic [63:0] drop_mtu;
    logic [63:0] drop_selectors;
    logic [63:0] drop_limit;
    logic [63:0] drop_format;
    logic [63:0] drop_replay;
    logic [63:0] drop_icv;
    logic [63:0] seq;
    logic [63:0] bytes;
    logic [63:0] packets;
    logic [7:0] function_;
    logic [23:0] rsvd0;
    logic [15:0] tag;
    logic [7:0] opcode;
    logic [7:0] status;
  } cmd_cpl_t;

  // EVENT: octet 0 is bits 7:0
  localparam int unsigned EVENT_OCTETS = 32;
  localparam int unsigned EVENT_W = 256;
  typedef struct packed {
    phase_t phase;
    logic [7:0] rsvd;
    logic [7:0] source;
    logic [7:0] type_;
    logic [31:0] number;
    logic [63:0] cycles;
    logic [63:0] value;
    logic [31:0] spi;
    logic [7:0] function_;
    logic [23:0] index;
  } event_t;

  // Counters: index of each
  localparam logic [31:0] COUNTER_OFFSET = 32'h8000;
  localparam int unsigned COUNTER_STRIDE = 8;
  localparam int unsigned CNT_TX_FRAMES = 0;
  localparam int unsigned CNT_TX_BYTES = 1;
  localparam int unsigned CNT_TX_BYPASS = 2;
  localparam int unsigned CNT_TX_PROTECTED = 3;
  localparam int unsigned CNT_TX_DROP_DESC = 4;
  localparam int unsigned CNT_TX_DROP_DMA = 5;
  localparam int unsigned CNT_TX_DROP_MALFORMED = 6;
  localparam int unsigned CNT_TX_DROP_POLICY = 7;
  localparam int unsigned CNT_TX_DROP_NO_SA = 8;
  localparam int unsigned CNT_TX_DROP_SEQ = 9;
  localparam int unsigned CNT_TX_DROP_LIFETIME = 10;
  localparam int unsigned CNT_TX_DROP_TOO_BIG = 11;
  localparam int unsigned CNT_RX_FRAMES = 12;
  localparam int unsigned CNT_RX_BYTES = 13;
  localparam int unsigned CNT_RX_PASS = 14;
  localparam int unsigned CNT_RX_DECRYPTED = 15;
  localparam int unsigned CNT_RX_SA_MISS = 16;
  localparam int unsigned CNT_RX_FRAGMENT = 17;
  localparam int unsigned CNT_RX_DROP_DISABLED = 18;
  localparam int unsigned CNT_RX_DROP_PORT = 19;
  localparam int unsigned CNT_RX_DROP_CHECKSUM = 20;
  localparam int unsigned CNT_RX_DROP_MALFORMED = 21;
  localparam int unsigned CNT_RX_DROP_REPLAY = 22;
  localparam int unsigned CNT_RX_DROP_WINDOW = 23;
  localparam int unsigned CNT_RX_DROP_ICV = 24;
  localparam int unsigned CNT_RX_DROP_TRAILER = 25;
  localparam int unsigned CNT_RX_DROP_DUMMY = 26;
  localparam int unsigned CNT_RX_DROP_INNER = 27;
  localparam int unsigned CNT_RX_DROP_ECN = 28;
  localparam int unsigned CNT_RX_DROP_LIFETIME = 29;
  localparam int unsigned CNT_RX_DROP_NO_BUFFER = 30;
  localparam int unsigned CNT_RX_DROP_TOO_BIG = 31;
  localparam int unsigned CNT_PCIE_READ_UR = 32;
  localparam int unsigned CNT_PCIE_READ_CA = 33;
  localparam int unsigned CNT_PCIE_READ_POISONED = 34;
  localparam int unsigned CNT_PCIE_READ_TIMEOUT = 35;
  localparam int unsigned CNT_PCIE_UNEXPECTED_COMPLETION = 36;
  localparam int unsigned CNT_PCIE_BAD_REQUEST = 37;
  localparam int unsigned CNT_EVENTS_LOST = 38;
  localparam int unsigned CNT_TX_DROP_PARITY = 39;
  localparam int unsigned CNT_RX_DROP_PARITY = 40;
  localparam int unsigned CNT_RX_DROP_SELECTORS = 41;
  localparam int unsigned CNT_TX_DROP_FRAGMENT = 42;
  localparam int unsigned CNT_TX_DROP_HEADERS = 43;
  localparam int unsigned CNT_RX_HIDDEN = 44;
  localparam int unsigned CNT_TX_DROP_STALLED = 45;
  localparam int unsigned CNT_NUM = 46;
endpackage
/* verilator lint_on UNUSEDPARAM */
