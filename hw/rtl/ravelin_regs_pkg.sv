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
  localparam logic [31:0] ABI_MAJOR = 32'h1;
  localparam logic [31:0] ABI_MINOR = 32'h1;
  localparam logic [31:0] MAGIC = 32'h4e4c5652;
  localparam logic [31:0] BAR0_SIZE = 32'h10000;
  localparam logic [31:0] BAR2_SIZE = 32'h2000;
  localparam logic [31:0] MSIX_TABLE_OFFSET = 32'h0;
  localparam logic [31:0] MSIX_PBA_OFFSET = 32'h1000;

  // Register offsets in BAR0, and the bits of their fields
  localparam logic [31:0] QP_STRIDE = 32'h100;
  localparam int unsigned QP_MAX = 64;
  localparam logic [31:0] REG_ID = 32'h0;
  localparam logic [31:0] REG_ABI = 32'h4;
  localparam int unsigned ABI_MINOR_LSB = 0;
  localparam int unsigned ABI_MINOR_W = 16;
  localparam int unsigned ABI_MAJOR_LSB = 16;
  localparam int unsigned ABI_MAJOR_W = 16;
  localparam logic [31:0] REG_FEATURES = 32'h8;
  localparam int unsigned FEATURES_ESP_LSB = 0;
  localparam int unsigned FEATURES_ESP_W = 1;
  localparam int unsigned FEATURES_TUNNEL_V4_LSB = 1;
  localparam int unsigned FEATURES_TUNNEL_V4_W = 1;
  localparam int unsigned FEATURES_UDP_ENCAP_LSB = 2;
  localparam int unsigned FEATURES_UDP_ENCAP_W = 1;
  localparam int unsigned FEATURES_AES_GCM_128_LSB = 3;
  localparam int unsigned FEATURES_AES_GCM_128_W = 1;
  localparam int unsigned FEATURES_AES_GCM_256_LSB = 4;
  localparam int unsigned FEATURES_AES_GCM_256_W = 1;
  localparam int unsigned FEATURES_VLAN_LSB = 5;
  localparam int unsigned FEATURES_VLAN_W = 1;
  localparam logic [31:0] REG_QUEUES = 32'hc;
  localparam int unsigned QUEUES_PAIRS_LSB = 0;
  localparam int unsigned QUEUES_PAIRS_W = 8;
  localparam int unsigned QUEUES_VECTORS_LSB = 8;
  localparam int unsigned QUEUES_VECTORS_W = 8;
  localparam int unsigned QUEUES_RING_LOG2_MAX_LSB = 16;
  localparam int unsigned QUEUES_RING_LOG2_MAX_W = 8;
  localparam logic [31:0] REG_SA_COUNT = 32'h10;
  localparam int unsigned SA_COUNT_OUTBOUND_LSB = 0;
  localparam int unsigned SA_COUNT_OUTBOUND_W = 16;
  localparam int unsigned SA_COUNT_INBOUND_LSB = 16;
  localparam int unsigned SA_COUNT_INBOUND_W = 16;
  localparam logic [31:0] REG_POLICY_COUNT = 32'h14;
  localparam logic [31:0] REG_REPLAY_WINDOW = 32'h18;
  localparam logic [31:0] REG_DATAPATH = 32'h1c;
  localparam int unsigned DATAPATH_BEAT_LSB = 0;
  localparam int unsigned DATAPATH_BEAT_W = 16;
  localparam int unsigned DATAPATH_MAX_FRAME_LSB = 16;
  localparam int unsigned DATAPATH_MAX_FRAME_W = 16;
  localparam logic [31:0] REG_STATUS = 32'h20;
  localparam int unsigned STATUS_READY_LSB = 0;
  localparam int unsigned STATUS_READY_W = 1;
  localparam int unsigned STATUS_FATAL_LSB = 1;
  localparam int unsigned STATUS_FATAL_W = 1;
  localparam int unsigned STATUS_RESETTING_LSB = 2;
  localparam int unsigned STATUS_RESETTING_W = 1;
  localparam int unsigned STATUS_FATAL_CAUSE_LSB = 8;
  localparam int unsigned STATUS_FATAL_CAUSE_W = 8;
  localparam logic [31:0] REG_CONTROL = 32'h24;
  localparam int unsigned CONTROL_ENABLE_LSB = 0;
  localparam int unsigned CONTROL_ENABLE_W = 1;
  localparam int unsigned CONTROL_RESET_LSB = 1;
  localparam int unsigned CONTROL_RESET_W = 1;
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
  localparam int unsigned CMD_CONTROL_ENABLE_LSB = 0;
  localparam int unsigned CMD_CONTROL_ENABLE_W = 1;
  localparam int unsigned CMD_CONTROL_VECTOR_LSB = 8;
  localparam int unsigned CMD_CONTROL_VECTOR_W = 8;
  localparam logic [31:0] REG_CMD_TAIL = 32'h58;
  localparam logic [31:0] REG_CMD_HEAD = 32'h5c;
  localparam int unsigned CMD_HEAD_POINTER_LSB = 0;
  localparam int unsigned CMD_HEAD_POINTER_W = 16;
  localparam int unsigned CMD_HEAD_ERROR_LSB = 31;
  localparam int unsigned CMD_HEAD_ERROR_W = 1;
  localparam logic [31:0] REG_EVT_BASE_LO = 32'h80;
  localparam logic [31:0] REG_EVT_BASE_HI = 32'h84;
  localparam logic [31:0] REG_EVT_SIZE = 32'h88;
  localparam logic [31:0] REG_EVT_CONTROL = 32'h8c;
  localparam int unsigned EVT_CONTROL_ENABLE_LSB = 0;
  localparam int unsigned EVT_CONTROL_ENABLE_W = 1;
  localparam int unsigned EVT_CONTROL_VECTOR_LSB = 8;
  localparam int unsigned EVT_CONTROL_VECTOR_W = 8;
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
  localparam int unsigned CQ_HEAD_POINTER_LSB = 0;
  localparam int unsigned CQ_HEAD_POINTER_W = 16;
  localparam int unsigned CQ_HEAD_ARM_LSB = 31;
  localparam int unsigned CQ_HEAD_ARM_W = 1;
  localparam logic [31:0] REG_CQ_TAIL = 32'h1050;
  localparam logic [31:0] REG_Q_CONTROL = 32'h1060;
  localparam int unsigned Q_CONTROL_ENABLE_LSB = 0;
  localparam int unsigned Q_CONTROL_ENABLE_W = 1;
  localparam int unsigned Q_CONTROL_VECTOR_LSB = 8;
  localparam int unsigned Q_CONTROL_VECTOR_W = 8;
  localparam logic [31:0] REG_Q_STATUS = 32'h1064;
  localparam int unsigned Q_STATUS_IDLE_LSB = 0;
  localparam int unsigned Q_STATUS_IDLE_W = 1;
  localparam int unsigned Q_STATUS_TX_ERROR_LSB = 1;
  localparam int unsigned Q_STATUS_TX_ERROR_W = 1;
  localparam int unsigned Q_STATUS_RX_ERROR_LSB = 2;
  localparam int unsigned Q_STATUS_RX_ERROR_W = 1;

  // Transmit descriptor flags.
  localparam logic [31:0] TX_FLAG_SA = 32'h1;

  // Receive completion flags.
  localparam logic [31:0] RX_FLAG_DECRYPTED = 32'h1;
  localparam logic [31:0] RX_FLAG_UDP = 32'h2;

  // Completion types.
  localparam logic [31:0] CQ_TYPE_TX = 32'h1;
  localparam logic [31:0] CQ_TYPE_RX = 32'h2;

  // Completion statuses.
  localparam logic [31:0] CQ_STATUS_OK = 32'h0;
  localparam logic [31:0] CQ_STATUS_BAD_DESC = 32'h1;
  localparam logic [31:0] CQ_STATUS_DMA_ERROR = 32'h2;

  // Command opcodes. SA_DELETE and SA_ADD of outbound SAs, POLICY_SET and POLICY_CLEAR wait for frames on their way to the wire: while the wire takes none they do not complete. CONTROL.RESET and FLR erase the keys even then.
  localparam logic [31:0] CMD_OP_NOP = 32'h1;
  localparam logic [31:0] CMD_OP_SA_ADD = 32'h10;
  localparam logic [31:0] CMD_OP_SA_DELETE = 32'h11;
  localparam logic [31:0] CMD_OP_SA_QUERY = 32'h12;
  localparam logic [31:0] CMD_OP_POLICY_SET = 32'h20;
  localparam logic [31:0] CMD_OP_POLICY_CLEAR = 32'h21;

  // Command statuses.
  localparam logic [31:0] CMD_STATUS_OK = 32'h0;
  localparam logic [31:0] CMD_STATUS_BAD_OPCODE = 32'h1;
  localparam logic [31:0] CMD_STATUS_RESERVED = 32'h2;
  localparam logic [31:0] CMD_STATUS_BAD_INDEX = 32'h3;
  localparam logic [31:0] CMD_STATUS_IN_USE = 32'h4;
  localparam logic [31:0] CMD_STATUS_NOT_FOUND = 32'h5;
  localparam logic [31:0] CMD_STATUS_BAD_FLAGS = 32'h6;
  localparam logic [31:0] CMD_STATUS_BAD_SPI = 32'h7;
  localparam logic [31:0] CMD_STATUS_DUPLICATE = 32'h8;
  localparam logic [31:0] CMD_STATUS_TABLE_FULL = 32'h9;
  localparam logic [31:0] CMD_STATUS_BAD_LIMITS = 32'ha;
  localparam logic [31:0] CMD_STATUS_BAD_SEQ = 32'hb;
  localparam logic [31:0] CMD_STATUS_BAD_WINDOW = 32'hc;
  localparam logic [31:0] CMD_STATUS_BAD_ACTION = 32'hd;
  localparam logic [31:0] CMD_STATUS_BAD_PREFIX = 32'he;
  localparam logic [31:0] CMD_STATUS_BAD_RANGE = 32'hf;
  localparam logic [31:0] CMD_STATUS_BAD_PORT = 32'h10;
  localparam logic [31:0] CMD_STATUS_FATAL = 32'h11;

  // Flags of an SA. DF, DSCP and TTL apply to outbound SAs; ECN follows RFC 6040 always.
  localparam logic [31:0] SA_FLAG_INBOUND = 32'h1;
  localparam logic [31:0] SA_FLAG_AES256 = 32'h2;
  localparam logic [31:0] SA_FLAG_UDP = 32'h4;
  localparam logic [31:0] SA_FLAG_DF_SET = 32'h10;
  localparam logic [31:0] SA_FLAG_DF_CLEAR = 32'h20;
  localparam logic [31:0] SA_FLAG_DSCP_FIXED = 32'h40;
  localparam logic [31:0] SA_FLAG_DSCP_MASK = 32'h3f00;
  localparam logic [31:0] SA_FLAG_TTL_MASK = 32'hff0000;

  // State bits of an SA.
  localparam logic [31:0] SA_STATE_SOFT_BYTES = 32'h1;
  localparam logic [31:0] SA_STATE_SOFT_PACKETS = 32'h2;
  localparam logic [31:0] SA_STATE_HARD = 32'h4;
  localparam logic [31:0] SA_STATE_SEQ_END = 32'h8;
  localparam logic [31:0] SA_STATE_ERROR = 32'h10;

  // Policy actions.
  localparam logic [31:0] POLICY_ACTION_BYPASS = 32'h1;
  localparam logic [31:0] POLICY_ACTION_DISCARD = 32'h2;
  localparam logic [31:0] POLICY_ACTION_PROTECT = 32'h3;

  // Policy flags.
  localparam logic [31:0] POLICY_FLAG_ANY_PROTO = 32'h1;

  // Event types.
  localparam logic [31:0] EVENT_SOFT_BYTES = 32'h1;
  localparam logic [31:0] EVENT_SOFT_PACKETS = 32'h2;
  localparam logic [31:0] EVENT_HARD_BYTES = 32'h3;
  localparam logic [31:0] EVENT_HARD_PACKETS = 32'h4;
  localparam logic [31:0] EVENT_SEQ_NEAR_END = 32'h5;
  localparam logic [31:0] EVENT_SEQ_END = 32'h6;
  localparam logic [31:0] EVENT_QUEUE_ERROR = 32'h7;
  localparam logic [31:0] EVENT_SA_ERROR = 32'h8;
  localparam logic [31:0] EVENT_FATAL = 32'h9;

  // Which memory of an SA is damaged.
  localparam logic [31:0] SA_ERROR_CONFIG = 32'h1;
  localparam logic [31:0] SA_ERROR_COUNTERS = 32'h2;
  localparam logic [31:0] SA_ERROR_WINDOW = 32'h3;
  localparam logic [31:0] SA_ERROR_KEY = 32'h4;

  // Causes of FATAL.
  localparam logic [31:0] FATAL_CAUSE_LOOKUP = 32'h1;
  localparam logic [31:0] FATAL_CAUSE_NAMES = 32'h2;

  // TX_DESC: bit positions; octet 0 is bits 7:0
  localparam int unsigned TX_DESC_W = 128;
  localparam int unsigned TX_DESC_ADDR_LSB = 0;
  localparam int unsigned TX_DESC_ADDR_W = 64;
  localparam int unsigned TX_DESC_LEN_LSB = 64;
  localparam int unsigned TX_DESC_LEN_W = 16;
  localparam int unsigned TX_DESC_FLAGS_LSB = 80;
  localparam int unsigned TX_DESC_FLAGS_W = 16;
  localparam int unsigned TX_DESC_SA_LSB = 96;
  localparam int unsigned TX_DESC_SA_W = 16;
  localparam int unsigned TX_DESC_RSVD_LSB = 112;
  localparam int unsigned TX_DESC_RSVD_W = 16;

  // RX_DESC: bit positions; octet 0 is bits 7:0
  localparam int unsigned RX_DESC_W = 128;
  localparam int unsigned RX_DESC_ADDR_LSB = 0;
  localparam int unsigned RX_DESC_ADDR_W = 64;
  localparam int unsigned RX_DESC_LEN_LSB = 64;
  localparam int unsigned RX_DESC_LEN_W = 16;
  localparam int unsigned RX_DESC_RSVD0_LSB = 80;
  localparam int unsigned RX_DESC_RSVD0_W = 16;
  localparam int unsigned RX_DESC_RSVD1_LSB = 96;
  localparam int unsigned RX_DESC_RSVD1_W = 32;

  // CQ_ENTRY: bit positions; octet 0 is bits 7:0
  localparam int unsigned CQ_ENTRY_W = 128;
  localparam int unsigned CQ_ENTRY_TYPE_LSB = 0;
  localparam int unsigned CQ_ENTRY_TYPE_W = 8;
  localparam int unsigned CQ_ENTRY_STATUS_LSB = 8;
  localparam int unsigned CQ_ENTRY_STATUS_W = 8;
  localparam int unsigned CQ_ENTRY_INDEX_LSB = 16;
  localparam int unsigned CQ_ENTRY_INDEX_W = 16;
  localparam int unsigned CQ_ENTRY_LEN_LSB = 32;
  localparam int unsigned CQ_ENTRY_LEN_W = 16;
  localparam int unsigned CQ_ENTRY_FLAGS_LSB = 48;
  localparam int unsigned CQ_ENTRY_FLAGS_W = 16;
  localparam int unsigned CQ_ENTRY_SA_LSB = 64;
  localparam int unsigned CQ_ENTRY_SA_W = 16;
  localparam int unsigned CQ_ENTRY_RSVD_LSB = 80;
  localparam int unsigned CQ_ENTRY_RSVD_W = 16;
  localparam int unsigned CQ_ENTRY_PHASE_LSB = 96;
  localparam int unsigned CQ_ENTRY_PHASE_W = 32;

  // CMD: bit positions; octet 0 is bits 7:0
  localparam int unsigned CMD_W = 1024;
  localparam int unsigned CMD_OPCODE_LSB = 0;
  localparam int unsigned CMD_OPCODE_W = 8;
  localparam int unsigned CMD_RSVD0_LSB = 8;
  localparam int unsigned CMD_RSVD0_W = 8;
  localparam int unsigned CMD_TAG_LSB = 16;
  localparam int unsigned CMD_TAG_W = 16;
  localparam int unsigned CMD_INDEX_LSB = 32;
  localparam int unsigned CMD_INDEX_W = 16;
  localparam int unsigned CMD_RSVD1_LSB = 48;
  localparam int unsigned CMD_RSVD1_W = 16;
  localparam int unsigned CMD_SA_FLAGS_LSB = 64;
  localparam int unsigned CMD_SA_FLAGS_W = 32;
  localparam int unsigned CMD_SPI_LSB = 96;
  localparam int unsigned CMD_SPI_W = 32;
  localparam int unsigned CMD_SRC_LSB = 128;
  localparam int unsigned CMD_SRC_W = 128;
  localparam int unsigned CMD_DST_LSB = 256;
  localparam int unsigned CMD_DST_W = 128;
  localparam int unsigned CMD_UDP_SPORT_LSB = 384;
  localparam int unsigned CMD_UDP_SPORT_W = 16;
  localparam int unsigned CMD_UDP_DPORT_LSB = 400;
  localparam int unsigned CMD_UDP_DPORT_W = 16;
  localparam int unsigned CMD_SALT_LSB = 416;
  localparam int unsigned CMD_SALT_W = 32;
  localparam int unsigned CMD_KEY_LSB = 448;
  localparam int unsigned CMD_KEY_W = 256;
  localparam int unsigned CMD_SEQ_LSB = 704;
  localparam int unsigned CMD_SEQ_W = 32;
  localparam int unsigned CMD_WINDOW_LSB = 736;
  localparam int unsigned CMD_WINDOW_W = 32;
  localparam int unsigned CMD_SOFT_BYTES_LSB = 768;
  localparam int unsigned CMD_SOFT_BYTES_W = 64;
  localparam int unsigned CMD_HARD_BYTES_LSB = 832;
  localparam int unsigned CMD_HARD_BYTES_W = 64;
  localparam int unsigned CMD_SOFT_PACKETS_LSB = 896;
  localparam int unsigned CMD_SOFT_PACKETS_W = 64;
  localparam int unsigned CMD_HARD_PACKETS_LSB = 960;
  localparam int unsigned CMD_HARD_PACKETS_W = 64;

  // CMD_POLICY: bit positions; octet 0 is bits 7:0
  localparam int unsigned CMD_POLICY_W = 1024;
  localparam int unsigned CMD_POLICY_OPCODE_LSB = 0;
  localparam int unsigned CMD_POLICY_OPCODE_W = 8;
  localparam int unsigned CMD_POLICY_RSVD0_LSB = 8;
  localparam int unsigned CMD_POLICY_RSVD0_W = 8;
  localparam int unsigned CMD_POLICY_TAG_LSB = 16;
  localparam int unsigned CMD_POLICY_TAG_W = 16;
  localparam int unsigned CMD_POLICY_INDEX_LSB = 32;
  localparam int unsigned CMD_POLICY_INDEX_W = 16;
  localparam int unsigned CMD_POLICY_RSVD1_LSB = 48;
  localparam int unsigned CMD_POLICY_RSVD1_W = 16;
  localparam int unsigned CMD_POLICY_ACTION_LSB = 64;
  localparam int unsigned CMD_POLICY_ACTION_W = 8;
  localparam int unsigned CMD_POLICY_PROTO_LSB = 72;
  localparam int unsigned CMD_POLICY_PROTO_W = 8;
  localparam int unsigned CMD_POLICY_FLAGS_LSB = 80;
  localparam int unsigned CMD_POLICY_FLAGS_W = 16;
  localparam int unsigned CMD_POLICY_PRIORITY_LSB = 96;
  localparam int unsigned CMD_POLICY_PRIORITY_W = 32;
  localparam int unsigned CMD_POLICY_SRC_LSB = 128;
  localparam int unsigned CMD_POLICY_SRC_W = 128;
  localparam int unsigned CMD_POLICY_DST_LSB = 256;
  localparam int unsigned CMD_POLICY_DST_W = 128;
  localparam int unsigned CMD_POLICY_SRC_LEN_LSB = 384;
  localparam int unsigned CMD_POLICY_SRC_LEN_W = 8;
  localparam int unsigned CMD_POLICY_DST_LEN_LSB = 392;
  localparam int unsigned CMD_POLICY_DST_LEN_W = 8;
  localparam int unsigned CMD_POLICY_SA_LSB = 400;
  localparam int unsigned CMD_POLICY_SA_W = 16;
  localparam int unsigned CMD_POLICY_SPORT_LO_LSB = 416;
  localparam int unsigned CMD_POLICY_SPORT_LO_W = 16;
  localparam int unsigned CMD_POLICY_SPORT_HI_LSB = 432;
  localparam int unsigned CMD_POLICY_SPORT_HI_W = 16;
  localparam int unsigned CMD_POLICY_DPORT_LO_LSB = 448;
  localparam int unsigned CMD_POLICY_DPORT_LO_W = 16;
  localparam int unsigned CMD_POLICY_DPORT_HI_LSB = 464;
  localparam int unsigned CMD_POLICY_DPORT_HI_W = 16;
  localparam int unsigned CMD_POLICY_RSVD2_LSB = 480;
  localparam int unsigned CMD_POLICY_RSVD2_W = 544;

  // CMD_CPL: bit positions; octet 0 is bits 7:0
  localparam int unsigned CMD_CPL_W = 512;
  localparam int unsigned CMD_CPL_STATUS_LSB = 0;
  localparam int unsigned CMD_CPL_STATUS_W = 8;
  localparam int unsigned CMD_CPL_OPCODE_LSB = 8;
  localparam int unsigned CMD_CPL_OPCODE_W = 8;
  localparam int unsigned CMD_CPL_TAG_LSB = 16;
  localparam int unsigned CMD_CPL_TAG_W = 16;
  localparam int unsigned CMD_CPL_PHASE_LSB = 32;
  localparam int unsigned CMD_CPL_PHASE_W = 32;
  localparam int unsigned CMD_CPL_PACKETS_LSB = 64;
  localparam int unsigned CMD_CPL_PACKETS_W = 64;
  localparam int unsigned CMD_CPL_BYTES_LSB = 128;
  localparam int unsigned CMD_CPL_BYTES_W = 64;
  localparam int unsigned CMD_CPL_SEQ_LSB = 192;
  localparam int unsigned CMD_CPL_SEQ_W = 64;
  localparam int unsigned CMD_CPL_DROP_ICV_LSB = 256;
  localparam int unsigned CMD_CPL_DROP_ICV_W = 32;
  localparam int unsigned CMD_CPL_DROP_REPLAY_LSB = 288;
  localparam int unsigned CMD_CPL_DROP_REPLAY_W = 32;
  localparam int unsigned CMD_CPL_DROP_FORMAT_LSB = 320;
  localparam int unsigned CMD_CPL_DROP_FORMAT_W = 32;
  localparam int unsigned CMD_CPL_DROP_LIMIT_LSB = 352;
  localparam int unsigned CMD_CPL_DROP_LIMIT_W = 32;
  localparam int unsigned CMD_CPL_STATE_LSB = 384;
  localparam int unsigned CMD_CPL_STATE_W = 32;
  localparam int unsigned CMD_CPL_RSVD_LSB = 416;
  localparam int unsigned CMD_CPL_RSVD_W = 96;

  // EVENT: bit positions; octet 0 is bits 7:0
  localparam int unsigned EVENT_W = 256;
  localparam int unsigned EVENT_TYPE_LSB = 0;
  localparam int unsigned EVENT_TYPE_W = 8;
  localparam int unsigned EVENT_SOURCE_LSB = 8;
  localparam int unsigned EVENT_SOURCE_W = 8;
  localparam int unsigned EVENT_INDEX_LSB = 16;
  localparam int unsigned EVENT_INDEX_W = 16;
  localparam int unsigned EVENT_SPI_LSB = 32;
  localparam int unsigned EVENT_SPI_W = 32;
  localparam int unsigned EVENT_VALUE_LSB = 64;
  localparam int unsigned EVENT_VALUE_W = 64;
  localparam int unsigned EVENT_CYCLES_LSB = 128;
  localparam int unsigned EVENT_CYCLES_W = 64;
  localparam int unsigned EVENT_NUMBER_LSB = 192;
  localparam int unsigned EVENT_NUMBER_W = 32;
  localparam int unsigned EVENT_PHASE_LSB = 224;
  localparam int unsigned EVENT_PHASE_W = 32;

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
  localparam int unsigned CNT_NUM = 41;
endpackage
/* verilator lint_on UNUSEDPARAM */
