/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Generated from hw/regs/ravelin.toml by hw/regs/generate.py; `make regs` writes it anew. */
/* clang-format off */
#ifndef RVL_REGS_H
#define RVL_REGS_H

#include "rvl_os.h"

#define RVL_VENDOR_ID 0x1234U
#define RVL_DEVICE_ID 0x4303U
#define RVL_SUBSYSTEM_VENDOR_ID 0x1234U
#define RVL_SUBSYSTEM_ID 0x1U
#define RVL_CLASS_CODE 0x20000U
#define RVL_REVISION 0x1U
#define RVL_ABI_MAJOR 0x2U
#define RVL_ABI_MINOR 0x0U
#define RVL_MAGIC 0x4e4c5652U
#define RVL_BAR0_SIZE 0x10000U
#define RVL_BAR2_SIZE 0x2000U
#define RVL_MSIX_TABLE_OFFSET 0x0U
#define RVL_MSIX_PBA_OFFSET 0x1000U
#define RVL_RING_ALIGN 0x40U

/* Registers in BAR0, 32 bits each; with (q): one per queue pair. */
#define RVL_QP_STRIDE 0x100U
#define RVL_QP_MAX 64U
#define RVL_REG_ID 0x0000U
#define RVL_REG_ABI 0x0004U
#define RVL_ABI_MINOR_SHIFT 0
#define RVL_ABI_MINOR_MASK 0xffffU
#define RVL_ABI_MAJOR_SHIFT 16
#define RVL_ABI_MAJOR_MASK 0xffff0000U
#define RVL_REG_FEATURES 0x0008U
#define RVL_FEATURES_ESP_SHIFT 0
#define RVL_FEATURES_ESP_MASK 0x1U
#define RVL_FEATURES_TUNNEL_V4_SHIFT 1
#define RVL_FEATURES_TUNNEL_V4_MASK 0x2U
#define RVL_FEATURES_UDP_ENCAP_SHIFT 2
#define RVL_FEATURES_UDP_ENCAP_MASK 0x4U
#define RVL_FEATURES_AES_GCM_128_SHIFT 3
#define RVL_FEATURES_AES_GCM_128_MASK 0x8U
#define RVL_FEATURES_AES_GCM_256_SHIFT 4
#define RVL_FEATURES_AES_GCM_256_MASK 0x10U
#define RVL_FEATURES_VLAN_SHIFT 5
#define RVL_FEATURES_VLAN_MASK 0x20U
#define RVL_FEATURES_IPV6_SHIFT 6
#define RVL_FEATURES_IPV6_MASK 0x40U
#define RVL_FEATURES_TRANSPORT_SHIFT 7
#define RVL_FEATURES_TRANSPORT_MASK 0x80U
#define RVL_FEATURES_AH_SHIFT 8
#define RVL_FEATURES_AH_MASK 0x100U
#define RVL_FEATURES_ESN_SHIFT 9
#define RVL_FEATURES_ESN_MASK 0x200U
#define RVL_FEATURES_SELECTORS_SHIFT 10
#define RVL_FEATURES_SELECTORS_MASK 0x400U
#define RVL_FEATURES_PATH_MTU_SHIFT 11
#define RVL_FEATURES_PATH_MTU_MASK 0x800U
#define RVL_FEATURES_MSS_SHIFT 12
#define RVL_FEATURES_MSS_MASK 0x1000U
#define RVL_FEATURES_SEGMENTATION_SHIFT 13
#define RVL_FEATURES_SEGMENTATION_MASK 0x2000U
#define RVL_FEATURES_CHECKSUM_SHIFT 14
#define RVL_FEATURES_CHECKSUM_MASK 0x4000U
#define RVL_FEATURES_LOOK_ASIDE_SHIFT 15
#define RVL_FEATURES_LOOK_ASIDE_MASK 0x8000U
#define RVL_FEATURES_FUNCTIONS_SHIFT 16
#define RVL_FEATURES_FUNCTIONS_MASK 0x10000U
#define RVL_FEATURES_UDP_ENCAP_V6_SHIFT 17
#define RVL_FEATURES_UDP_ENCAP_V6_MASK 0x20000U
#define RVL_FEATURES_UDP_PORTS_SHIFT 18
#define RVL_FEATURES_UDP_PORTS_MASK 0x40000U
#define RVL_FEATURES_ICV_SHORT_SHIFT 19
#define RVL_FEATURES_ICV_SHORT_MASK 0x80000U
#define RVL_FEATURES_AES_GCM_192_SHIFT 20
#define RVL_FEATURES_AES_GCM_192_MASK 0x100000U
#define RVL_FEATURES_IMPLICIT_IV_SHIFT 21
#define RVL_FEATURES_IMPLICIT_IV_MASK 0x200000U
#define RVL_FEATURES_GMAC_SHIFT 22
#define RVL_FEATURES_GMAC_MASK 0x400000U
#define RVL_FEATURES_MOVES_SHIFT 23
#define RVL_FEATURES_MOVES_MASK 0x800000U
#define RVL_REG_QUEUES 0x000cU
#define RVL_QUEUES_PAIRS_SHIFT 0
#define RVL_QUEUES_PAIRS_MASK 0xffffU
#define RVL_QUEUES_VECTORS_SHIFT 16
#define RVL_QUEUES_VECTORS_MASK 0xffff0000U
#define RVL_REG_OUTBOUND_SAS 0x0010U
#define RVL_REG_POLICY_COUNT 0x0014U
#define RVL_REG_REPLAY_WINDOW 0x0018U
#define RVL_REG_DATAPATH 0x001cU
#define RVL_DATAPATH_BEAT_SHIFT 0
#define RVL_DATAPATH_BEAT_MASK 0xffffU
#define RVL_DATAPATH_MAX_FRAME_SHIFT 16
#define RVL_DATAPATH_MAX_FRAME_MASK 0xffff0000U
#define RVL_REG_STATUS 0x0020U
#define RVL_STATUS_READY_SHIFT 0
#define RVL_STATUS_READY_MASK 0x1U
#define RVL_STATUS_FATAL_SHIFT 1
#define RVL_STATUS_FATAL_MASK 0x2U
#define RVL_STATUS_RESETTING_SHIFT 2
#define RVL_STATUS_RESETTING_MASK 0x4U
#define RVL_STATUS_FATAL_CAUSE_SHIFT 8
#define RVL_STATUS_FATAL_CAUSE_MASK 0xff00U
#define RVL_REG_CONTROL 0x0024U
#define RVL_CONTROL_ENABLE_SHIFT 0
#define RVL_CONTROL_ENABLE_MASK 0x1U
#define RVL_CONTROL_RESET_SHIFT 1
#define RVL_CONTROL_RESET_MASK 0x2U
#define RVL_REG_RX_QUEUES 0x0028U
#define RVL_REG_PORT_MAX_FRAME 0x002cU
#define RVL_REG_MAC_LO 0x0030U
#define RVL_REG_MAC_HI 0x0034U
#define RVL_REG_CYCLES_LO 0x0038U
#define RVL_REG_CYCLES_HI 0x003cU
#define RVL_REG_CMD_BASE_LO 0x0040U
#define RVL_REG_CMD_BASE_HI 0x0044U
#define RVL_REG_CMD_CPL_BASE_LO 0x0048U
#define RVL_REG_CMD_CPL_BASE_HI 0x004cU
#define RVL_REG_CMD_SIZE 0x0050U
#define RVL_REG_CMD_CONTROL 0x0054U
#define RVL_CMD_CONTROL_ENABLE_SHIFT 0
#define RVL_CMD_CONTROL_ENABLE_MASK 0x1U
#define RVL_CMD_CONTROL_VECTOR_SHIFT 8
#define RVL_CMD_CONTROL_VECTOR_MASK 0xff00U
#define RVL_REG_CMD_TAIL 0x0058U
#define RVL_REG_CMD_HEAD 0x005cU
#define RVL_CMD_HEAD_POINTER_SHIFT 0
#define RVL_CMD_HEAD_POINTER_MASK 0xffffU
#define RVL_CMD_HEAD_ERROR_SHIFT 31
#define RVL_CMD_HEAD_ERROR_MASK 0x80000000U
#define RVL_REG_INBOUND_SAS 0x0060U
#define RVL_REG_RINGS 0x0064U
#define RVL_RINGS_TX_LOG2_MAX_SHIFT 0
#define RVL_RINGS_TX_LOG2_MAX_MASK 0xffU
#define RVL_RINGS_RX_LOG2_MAX_SHIFT 8
#define RVL_RINGS_RX_LOG2_MAX_MASK 0xff00U
#define RVL_RINGS_CQ_LOG2_MAX_SHIFT 16
#define RVL_RINGS_CQ_LOG2_MAX_MASK 0xff0000U
#define RVL_REG_CONTROL_RINGS 0x0068U
#define RVL_CONTROL_RINGS_CMD_LOG2_MAX_SHIFT 0
#define RVL_CONTROL_RINGS_CMD_LOG2_MAX_MASK 0xffU
#define RVL_CONTROL_RINGS_EVT_LOG2_MAX_SHIFT 8
#define RVL_CONTROL_RINGS_EVT_LOG2_MAX_MASK 0xff00U
#define RVL_REG_LINK 0x006cU
#define RVL_LINK_UP_SHIFT 0
#define RVL_LINK_UP_MASK 0x1U
#define RVL_REG_STALL_CYCLES 0x0070U
#define RVL_REG_EVT_BASE_LO 0x0080U
#define RVL_REG_EVT_BASE_HI 0x0084U
#define RVL_REG_EVT_SIZE 0x0088U
#define RVL_REG_EVT_CONTROL 0x008cU
#define RVL_EVT_CONTROL_ENABLE_SHIFT 0
#define RVL_EVT_CONTROL_ENABLE_MASK 0x1U
#define RVL_EVT_CONTROL_VECTOR_SHIFT 8
#define RVL_EVT_CONTROL_VECTOR_MASK 0xff00U
#define RVL_REG_EVT_HEAD 0x0090U
#define RVL_REG_EVT_TAIL 0x0094U
#define RVL_REG_TX_BASE_LO(q) (0x1000U + (q) * RVL_QP_STRIDE)
#define RVL_REG_TX_BASE_HI(q) (0x1004U + (q) * RVL_QP_STRIDE)
#define RVL_REG_TX_SIZE(q) (0x1008U + (q) * RVL_QP_STRIDE)
#define RVL_REG_TX_TAIL(q) (0x100cU + (q) * RVL_QP_STRIDE)
#define RVL_REG_TX_HEAD(q) (0x1010U + (q) * RVL_QP_STRIDE)
#define RVL_REG_RX_BASE_LO(q) (0x1020U + (q) * RVL_QP_STRIDE)
#define RVL_REG_RX_BASE_HI(q) (0x1024U + (q) * RVL_QP_STRIDE)
#define RVL_REG_RX_SIZE(q) (0x1028U + (q) * RVL_QP_STRIDE)
#define RVL_REG_RX_TAIL(q) (0x102cU + (q) * RVL_QP_STRIDE)
#define RVL_REG_RX_HEAD(q) (0x1030U + (q) * RVL_QP_STRIDE)
#define RVL_REG_CQ_BASE_LO(q) (0x1040U + (q) * RVL_QP_STRIDE)
#define RVL_REG_CQ_BASE_HI(q) (0x1044U + (q) * RVL_QP_STRIDE)
#define RVL_REG_CQ_SIZE(q) (0x1048U + (q) * RVL_QP_STRIDE)
#define RVL_REG_CQ_HEAD(q) (0x104cU + (q) * RVL_QP_STRIDE)
#define RVL_CQ_HEAD_POINTER_SHIFT 0
#define RVL_CQ_HEAD_POINTER_MASK 0xffffU
#define RVL_CQ_HEAD_ARM_SHIFT 31
#define RVL_CQ_HEAD_ARM_MASK 0x80000000U
#define RVL_REG_CQ_TAIL(q) (0x1050U + (q) * RVL_QP_STRIDE)
#define RVL_REG_Q_CONTROL(q) (0x1060U + (q) * RVL_QP_STRIDE)
#define RVL_Q_CONTROL_ENABLE_SHIFT 0
#define RVL_Q_CONTROL_ENABLE_MASK 0x1U
#define RVL_Q_CONTROL_VECTOR_SHIFT 8
#define RVL_Q_CONTROL_VECTOR_MASK 0xff00U
#define RVL_REG_Q_STATUS(q) (0x1064U + (q) * RVL_QP_STRIDE)
#define RVL_Q_STATUS_IDLE_SHIFT 0
#define RVL_Q_STATUS_IDLE_MASK 0x1U
#define RVL_Q_STATUS_TX_ERROR_SHIFT 1
#define RVL_Q_STATUS_TX_ERROR_MASK 0x2U
#define RVL_Q_STATUS_RX_ERROR_SHIFT 2
#define RVL_Q_STATUS_RX_ERROR_MASK 0x4U

/* A field, of a register or of flags, taken out of a word or put into one. */
#define RVL_GET(field, word) (((word) & RVL_##field##_MASK) >> RVL_##field##_SHIFT)
#define RVL_PUT(field, value) (((uint32_t)(value) << RVL_##field##_SHIFT) & RVL_##field##_MASK)

/* Last octet of an entry that the device writes. */
#define RVL_PHASE_PASS 0x80U /* 1 in the first pass over the ring, 0 in the second, and so on */

/* Transmit descriptor flags. */
#define RVL_TX_FLAG_SA 0x1U /* protect with the SA named here; policies are not asked */
#define RVL_TX_FLAG_CHECKSUM 0x2U /* FEATURES.CHECKSUM: fill in a checksum */
#define RVL_TX_FLAG_SEGMENT 0x4U /* FEATURES.SEGMENTATION: cut the TCP packet into segments */
#define RVL_TX_FLAG_LOOK_ASIDE 0x8U /* FEATURES.LOOK_ASIDE: write the result to RESULT, not to the wire */
#define RVL_TX_FLAG_EXTENSION 0x10U /* this is a TX_EXT */

/* Receive completion flags. */
#define RVL_RX_FLAG_DECRYPTED 0x1U /* arrived as ESP or AH, verified; SA is valid */
#define RVL_RX_FLAG_UDP 0x2U /* arrived as ESP in UDP */

/* Completion types. */
#define RVL_CQ_TYPE_TX 0x1U /* the frame was read; the buffer is the driver's again */
#define RVL_CQ_TYPE_RX 0x2U /* a frame is in the buffer */

/* Completion statuses. */
#define RVL_CQ_STATUS_OK 0x0U /* done */
#define RVL_CQ_STATUS_BAD_DESC 0x1U /* length, flags, SA index or reserved octets are wrong; transmit: the frame was dropped, receive: the frame takes the next descriptor */
#define RVL_CQ_STATUS_DMA_ERROR 0x2U /* the frame could not be read; it was dropped */
#define RVL_CQ_STATUS_UNSUPPORTED 0x3U /* a flag whose feature the device does not have; the frame was dropped */

/* Command opcodes. SA_DELETE and SA_ADD of outbound SAs, POLICY_SET and POLICY_CLEAR wait for frames on their way to the wire: when it has taken nothing for STALL_CYCLES meanwhile, these are dropped (tx_drop_stalled). */
#define RVL_CMD_OP_NOP 0x1U /* completes with OK */
#define RVL_CMD_OP_SA_ADD 0x10U /* install an SA; complete when the data path uses it. Outbound: frames completed to the host before the command came are not of this SA, whatever was at its index */
#define RVL_CMD_OP_SA_DELETE 0x11U /* remove an SA; complete when no packet of it is in flight and its key is erased. Outbound: frames that name it and are not decided yet are dropped (tx_drop_no_sa). Inbound: what it decrypted has been completed to the host, or dropped, before. */
#define RVL_CMD_OP_SA_QUERY 0x12U /* counters of an SA */
#define RVL_CMD_OP_POLICY_SET 0x20U /* write a transmit rule */
#define RVL_CMD_OP_POLICY_CLEAR 0x21U /* remove a transmit rule; NOT_FOUND if there is none */

/* Command statuses. */
#define RVL_CMD_STATUS_OK 0x0U /* done */
#define RVL_CMD_STATUS_BAD_OPCODE 0x1U /* unknown opcode */
#define RVL_CMD_STATUS_RESERVED 0x2U /* a reserved bit or octet is not zero */
#define RVL_CMD_STATUS_BAD_INDEX 0x3U /* index beyond the table */
#define RVL_CMD_STATUS_IN_USE 0x4U /* there is an SA at this index */
#define RVL_CMD_STATUS_NOT_FOUND 0x5U /* nothing at this index */
#define RVL_CMD_STATUS_BAD_FLAGS 0x6U /* a combination that the device does not have */
#define RVL_CMD_STATUS_BAD_SPI 0x7U /* SPI below 256 */
#define RVL_CMD_STATUS_DUPLICATE 0x8U /* an inbound SA with this destination and SPI exists */
#define RVL_CMD_STATUS_TABLE_FULL 0x9U /* no room in the lookup table for this destination and SPI */
#define RVL_CMD_STATUS_BAD_LIMITS 0xaU /* a soft lifetime beyond its hard one */
#define RVL_CMD_STATUS_BAD_SEQ 0xbU /* outbound: sequence number 0; or one of more than 32 bits without SA_FLAG_ESN */
#define RVL_CMD_STATUS_BAD_WINDOW 0xcU /* window not in 32 to REPLAY_WINDOW */
#define RVL_CMD_STATUS_BAD_ACTION 0xdU /* unknown policy action */
#define RVL_CMD_STATUS_BAD_PREFIX 0xeU /* prefix longer than the address, or address bits beyond it */
#define RVL_CMD_STATUS_BAD_RANGE 0xfU /* first port above the last */
#define RVL_CMD_STATUS_BAD_PORT 0x10U /* UDP port 0 with SA_FLAG_UDP, or a port without it */
#define RVL_CMD_STATUS_FATAL 0x11U /* the device is FATAL: nothing was done, or not all of it */
#define RVL_CMD_STATUS_UNSUPPORTED 0x12U /* something that the command has room for and FEATURES lacks */

/* Flags of an SA. DF, DSCP and TTL apply to outbound SAs of tunnel mode, and are zero otherwise; ECN follows RFC 6040 there always. */
#define RVL_SA_FLAG_INBOUND 0x1U /* inbound; else outbound */
#define RVL_SA_FLAG_AES256 0x2U /* AES-GCM-256; else AES-GCM-128, or AES192 */
#define RVL_SA_FLAG_UDP 0x4U /* ESP in UDP; an inbound SA accepts both forms, over IPv6 only with FEATURES.UDP_ENCAP_V6 */
#define RVL_SA_FLAG_ESN 0x8U /* FEATURES.ESN: 64-bit sequence numbers */
#define RVL_SA_FLAG_DF_SET 0x10U /* outer DF set; else as inner, of IPv6 set. Over IPv6 neither counts */
#define RVL_SA_FLAG_DF_CLEAR 0x20U /* outer DF clear; else as inner */
#define RVL_SA_FLAG_DSCP_FIXED 0x40U /* outer DSCP from bits 13:8; else as inner */
#define RVL_SA_FLAG_IPV6 0x80U /* FEATURES.IPV6: the outer addresses are IPv6; with UDP FEATURES.UDP_ENCAP_V6 */
#define RVL_SA_FLAG_DSCP_SHIFT 8
#define RVL_SA_FLAG_DSCP_MASK 0x3f00U /* outer DSCP */
#define RVL_SA_FLAG_AES192 0x4000U /* FEATURES.AES_GCM_192: AES-GCM-192 */
#define RVL_SA_FLAG_IMPLICIT_IV 0x8000U /* FEATURES.IMPLICIT_IV: the sequence number is the IV, and isn't sent */
#define RVL_SA_FLAG_TTL_SHIFT 16
#define RVL_SA_FLAG_TTL_MASK 0xff0000U /* outer TTL or hop limit, 1 to 255 (outbound, tunnel mode) */
#define RVL_SA_FLAG_TRANSPORT 0x1000000U /* FEATURES.TRANSPORT: transport mode, its packets of the family that IPV6 says; else tunnel mode */
#define RVL_SA_FLAG_AH 0x2000000U /* FEATURES.AH, with GMAC and without UDP: AH; else ESP */
#define RVL_SA_FLAG_SELECTORS 0x4000000U /* FEATURES.SELECTORS, inbound: check inner packets against SEL */
#define RVL_SA_FLAG_SEL_IPV6 0x8000000U /* with SELECTORS: they are of IPv6 */
#define RVL_SA_FLAG_SEL_ANY_PROTO 0x10000000U /* with SELECTORS: any IP protocol */
#define RVL_SA_FLAG_ICV_8 0x20000000U /* FEATURES.ICV_SHORT: ICV of 8 octets; else of 16 */
#define RVL_SA_FLAG_ICV_12 0x40000000U /* FEATURES.ICV_SHORT: ICV of 12 octets; else of 16 */
#define RVL_SA_FLAG_GMAC 0x80000000U /* FEATURES.GMAC: AES-GMAC by KEY and SALT, its ICV of 16 octets, its IV sent; else AES-GCM */

/* State bits of an SA. */
#define RVL_SA_STATE_SOFT_BYTES 0x1U /* soft octet lifetime passed */
#define RVL_SA_STATE_SOFT_PACKETS 0x2U /* soft packet lifetime passed */
#define RVL_SA_STATE_HARD 0x4U /* a hard lifetime passed */
#define RVL_SA_STATE_SEQ_END 0x8U /* sequence numbers used up */
#define RVL_SA_STATE_ERROR 0x10U /* its memory is damaged: it passes nothing until it is deleted. If counters or window are what is damaged, they read 0 and SEQ 2^64 - 1 */

/* Policy actions. */
#define RVL_POLICY_ACTION_BYPASS 0x1U /* send unchanged */
#define RVL_POLICY_ACTION_DISCARD 0x2U /* drop, count */
#define RVL_POLICY_ACTION_PROTECT 0x3U /* encapsulate with the SA */

/* Policy flags. */
#define RVL_POLICY_FLAG_ANY_PROTO 0x1U /* any IP protocol */
#define RVL_POLICY_FLAG_IPV6 0x2U /* FEATURES.IPV6: a rule for IPv6 */

/* Event types. */
#define RVL_EVENT_SOFT_BYTES 0x1U /* soft octet lifetime reached; once per SA */
#define RVL_EVENT_SOFT_PACKETS 0x2U /* soft packet lifetime reached; once per SA */
#define RVL_EVENT_HARD_BYTES 0x3U /* hard octet lifetime reached; the SA passes no more packets; once per SA */
#define RVL_EVENT_HARD_PACKETS 0x4U /* hard packet lifetime reached; once per SA */
#define RVL_EVENT_SEQ_NEAR_END 0x5U /* outbound sequence number reached 2^32 - 2^20, with ESN 2^64 - 2^20; once per SA */
#define RVL_EVENT_SEQ_END 0x6U /* the last outbound sequence number, 2^32 - 1 or with ESN 2^64 - 1, was used; the SA passes no more packets; once per SA */
#define RVL_EVENT_QUEUE_ERROR 0x7U /* a queue stopped: a descriptor could not be read */
#define RVL_EVENT_SA_ERROR 0x8U /* a parity error in the memory of an SA; it passes no more packets until it is deleted; once per SA. VALUE: SA_ERROR_*; SPI 0 if the SA's can't be trusted */
#define RVL_EVENT_FATAL 0x9U /* STATUS.FATAL has risen. VALUE: FATAL_CAUSE_*; SOURCE, INDEX and SPI 0 */
#define RVL_EVENT_LINK 0xaU /* LINK.UP has changed. VALUE: 1 up, 0 down; SOURCE, INDEX and SPI 0 */
#define RVL_EVENT_MOVED 0xbU /* inbound: an authentic packet of ESP in UDP, with the highest sequence number so far, came from elsewhere than the one before it that told, or than SRC and UDP_SPORT of the SA (RFC 7296, section 2.23). VALUE: IPv4 address in bits 31:0, UDP port in bits 47:32 */

/* Which memory of an SA is damaged. */
#define RVL_SA_ERROR_CONFIG 0x1U /* addresses, options, lifetimes */
#define RVL_SA_ERROR_COUNTERS 0x2U /* counters, sequence number */
#define RVL_SA_ERROR_WINDOW 0x3U /* anti-replay window */
#define RVL_SA_ERROR_KEY 0x4U /* key, salt, powers of H */

/* Causes of FATAL. */
#define RVL_FATAL_CAUSE_LOOKUP 0x1U /* parity error in the table by which inbound SAs are found */
#define RVL_FATAL_CAUSE_NAMES 0x2U /* parity error in an inbound SA's destination and SPI, when it was to be deleted */

/* Transmit descriptor: one frame, from its Ethernet header, without FCS. What else a flag of it needs stands in a TX_EXT, the ring's entry before it. */
struct rvl_tx_desc {
	rvl_le64 addr; /* bus address of the frame, any alignment */
	rvl_le16 len; /* octets: 14 to DATAPATH.MAX_FRAME; with TX_FLAG_SEGMENT more */
	rvl_le16 flags; /* TX_FLAG_*, not EXTENSION */
	rvl_le24 sa; /* outbound SA, with TX_FLAG_SA */
	uint8_t function; /* zero: reserved for the number of a function */
};
_Static_assert(sizeof(struct rvl_tx_desc) == 16, "ABI");
_Static_assert(offsetof(struct rvl_tx_desc, addr) == 0, "ABI");
_Static_assert(offsetof(struct rvl_tx_desc, len) == 8, "ABI");
_Static_assert(offsetof(struct rvl_tx_desc, flags) == 10, "ABI");
_Static_assert(offsetof(struct rvl_tx_desc, sa) == 12, "ABI");
_Static_assert(offsetof(struct rvl_tx_desc, function) == 15, "ABI");

/* Extension of the transmit descriptor that follows it; completed like one. What the flags there have no use for is zero. */
struct rvl_tx_ext {
	rvl_le64 result; /* TX_FLAG_LOOK_ASIDE: bus address of the result */
	rvl_le16 mss; /* TX_FLAG_SEGMENT: octets of TCP payload in a segment */
	rvl_le16 flags; /* TX_FLAG_EXTENSION alone */
	uint8_t csum_start; /* TX_FLAG_CHECKSUM: where the octets begin that it covers */
	uint8_t csum_at; /* TX_FLAG_CHECKSUM: where it goes, from CSUM_START on */
	uint8_t rsvd; /* zero */
	uint8_t function; /* zero: reserved for the number of a function */
};
_Static_assert(sizeof(struct rvl_tx_ext) == 16, "ABI");
_Static_assert(offsetof(struct rvl_tx_ext, result) == 0, "ABI");
_Static_assert(offsetof(struct rvl_tx_ext, mss) == 8, "ABI");
_Static_assert(offsetof(struct rvl_tx_ext, flags) == 10, "ABI");
_Static_assert(offsetof(struct rvl_tx_ext, csum_start) == 12, "ABI");
_Static_assert(offsetof(struct rvl_tx_ext, csum_at) == 13, "ABI");
_Static_assert(offsetof(struct rvl_tx_ext, rsvd) == 14, "ABI");
_Static_assert(offsetof(struct rvl_tx_ext, function) == 15, "ABI");

/* Receive descriptor: one buffer. A frame that does not fit is dropped and counted (rx_drop_too_big); the buffer stays. */
struct rvl_rx_desc {
	rvl_le64 addr; /* bus address of the buffer, any alignment */
	rvl_le32 len; /* octets in the buffer */
	rvl_le24 rsvd; /* zero */
	uint8_t function; /* zero: reserved for the number of a function */
};
_Static_assert(sizeof(struct rvl_rx_desc) == 16, "ABI");
_Static_assert(offsetof(struct rvl_rx_desc, addr) == 0, "ABI");
_Static_assert(offsetof(struct rvl_rx_desc, len) == 8, "ABI");
_Static_assert(offsetof(struct rvl_rx_desc, rsvd) == 12, "ABI");
_Static_assert(offsetof(struct rvl_rx_desc, function) == 15, "ABI");

/* Completion of a transmit or receive descriptor. */
struct rvl_cq_entry {
	uint8_t type; /* CQ_TYPE_* */
	uint8_t status; /* CQ_STATUS_* */
	rvl_le16 index; /* pointer (free-running) of the descriptor */
	rvl_le32 len; /* received: octets in the buffer */
	rvl_le32 flags; /* received: RX_FLAG_* */
	rvl_le24 sa; /* received with RX_FLAG_DECRYPTED: the inbound SA */
	uint8_t function; /* zero: reserved for the number of a function */
	rvl_le16 csum; /* received, with FEATURES.CHECKSUM: sum of the octets behind the Ethernet header; zero otherwise */
	rvl_le16 segments; /* sent with TX_FLAG_SEGMENT: how many; zero otherwise */
	uint8_t rsvd[11]; /* zero */
	uint8_t phase; /* PHASE_PASS; the rest zero */
};
_Static_assert(sizeof(struct rvl_cq_entry) == 32, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, type) == 0, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, status) == 1, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, index) == 2, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, len) == 4, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, flags) == 8, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, sa) == 12, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, function) == 15, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, csum) == 16, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, segments) == 18, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, rsvd) == 20, "ABI");
_Static_assert(offsetof(struct rvl_cq_entry, phase) == 31, "ABI");

/* Command. Fields not named for an opcode are zero. SA_ADD uses all of these. */
struct rvl_cmd {
	uint8_t opcode; /* CMD_OP_* */
	uint8_t function; /* zero: reserved for the number of a function */
	rvl_le16 tag; /* returned in the completion */
	rvl_le24 index; /* SA or policy index */
	uint8_t rsvd0; /* zero */
	rvl_le32 sa_flags; /* SA_FLAG_*; SA_DELETE and SA_QUERY use SA_FLAG_INBOUND alone */
	rvl_le32 spi; /* SPI, 256 or more */
	uint8_t src[16]; /* outer source address; IPv4 in the first 4 octets, the others zero */
	uint8_t dst[16]; /* outer destination address */
	rvl_le16 udp_sport; /* UDP source port, with SA_FLAG_UDP; inbound (FEATURES.MOVES) where ESP in UDP is expected from, with SRC; 0: that isn't watched */
	rvl_le16 udp_dport; /* UDP destination port; inbound (FEATURES.UDP_PORTS) ours, 0: 4500 */
	rvl_le32 salt; /* salt (RFC 4106, section 4; RFC 4543, section 3.2) */
	uint8_t key[32]; /* AES key; AES-128 in the first 16 octets, AES-192 in 24 */
	rvl_le64 seq; /* outbound: first sequence number to use, 1 or more; inbound: highest one seen, 0 for a new SA; below 2^32 unless SA_FLAG_ESN */
	rvl_le64 soft_bytes; /* event after so many octets (of ESP payload data: the inner packet); 0: never */
	rvl_le64 hard_bytes; /* no packet passes that starts at or after so many octets; 0: never */
	rvl_le64 soft_packets; /* event after so many packets; 0: never */
	rvl_le64 hard_packets; /* no packet passes after so many; 0: never */
	rvl_le32 window; /* inbound: anti-replay window, 32 to REPLAY_WINDOW packets; outbound: zero */
	rvl_le16 path_mtu; /* outbound, FEATURES.PATH_MTU: octets of the largest outer packet; 0: PORT_MAX_FRAME alone counts */
	rvl_le16 mss; /* outbound, FEATURES.MSS: largest MSS that a TCP connection may agree on; 0: as it is */
	uint8_t sel_src[16]; /* SA_FLAG_SELECTORS: source prefix of inner packets; zero otherwise, as the others of SEL */
	uint8_t sel_dst[16]; /* destination prefix */
	uint8_t sel_src_len; /* source prefix length */
	uint8_t sel_dst_len; /* destination prefix length */
	uint8_t sel_proto; /* IP protocol, unless SA_FLAG_SEL_ANY_PROTO. Where a packet doesn't show protocol or ports (see CMD_POLICY), any will do */
	uint8_t sel_rsvd; /* zero */
	rvl_le16 sel_sport_lo; /* first source port */
	rvl_le16 sel_sport_hi; /* last source port; 0 and 65535: any, and protocols without ports */
	rvl_le16 sel_dport_lo; /* first destination port */
	rvl_le16 sel_dport_hi; /* last destination port */
	uint8_t rsvd1[12]; /* zero */
	uint8_t auth_key[64]; /* zero: reserved for keys of HMAC */
};
_Static_assert(sizeof(struct rvl_cmd) == 256, "ABI");
_Static_assert(offsetof(struct rvl_cmd, opcode) == 0, "ABI");
_Static_assert(offsetof(struct rvl_cmd, function) == 1, "ABI");
_Static_assert(offsetof(struct rvl_cmd, tag) == 2, "ABI");
_Static_assert(offsetof(struct rvl_cmd, index) == 4, "ABI");
_Static_assert(offsetof(struct rvl_cmd, rsvd0) == 7, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sa_flags) == 8, "ABI");
_Static_assert(offsetof(struct rvl_cmd, spi) == 12, "ABI");
_Static_assert(offsetof(struct rvl_cmd, src) == 16, "ABI");
_Static_assert(offsetof(struct rvl_cmd, dst) == 32, "ABI");
_Static_assert(offsetof(struct rvl_cmd, udp_sport) == 48, "ABI");
_Static_assert(offsetof(struct rvl_cmd, udp_dport) == 50, "ABI");
_Static_assert(offsetof(struct rvl_cmd, salt) == 52, "ABI");
_Static_assert(offsetof(struct rvl_cmd, key) == 56, "ABI");
_Static_assert(offsetof(struct rvl_cmd, seq) == 88, "ABI");
_Static_assert(offsetof(struct rvl_cmd, soft_bytes) == 96, "ABI");
_Static_assert(offsetof(struct rvl_cmd, hard_bytes) == 104, "ABI");
_Static_assert(offsetof(struct rvl_cmd, soft_packets) == 112, "ABI");
_Static_assert(offsetof(struct rvl_cmd, hard_packets) == 120, "ABI");
_Static_assert(offsetof(struct rvl_cmd, window) == 128, "ABI");
_Static_assert(offsetof(struct rvl_cmd, path_mtu) == 132, "ABI");
_Static_assert(offsetof(struct rvl_cmd, mss) == 134, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sel_src) == 136, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sel_dst) == 152, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sel_src_len) == 168, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sel_dst_len) == 169, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sel_proto) == 170, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sel_rsvd) == 171, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sel_sport_lo) == 172, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sel_sport_hi) == 174, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sel_dport_lo) == 176, "ABI");
_Static_assert(offsetof(struct rvl_cmd, sel_dport_hi) == 178, "ABI");
_Static_assert(offsetof(struct rvl_cmd, rsvd1) == 180, "ABI");
_Static_assert(offsetof(struct rvl_cmd, auth_key) == 192, "ABI");

/* Command POLICY_SET: one transmit rule; replaces the one at INDEX in one step. POLICY_CLEAR uses INDEX alone. Of the rules that match, the lowest PRIORITY wins, then the lowest INDEX. A frame that no rule matches passes unchanged; so does one that shows neither IPv4 nor IPv6 behind at most two VLAN tags (LLC/SNAP, PPPoE and other encapsulations are not looked into; a third VLAN tag is tx_drop_malformed), and IPv6 that is only for its link: link-local addresses, multicast of that scope, neighbour discovery. Frames completed to the host before the command came are judged by the rules as they were. In a fragment other than the first, ports are not seen: a rule with a port range then matches only if it protects or discards. So it is with protocol and ports behind more extension headers of IPv6 than the device looks past (5, within 64 octets). */
struct rvl_cmd_policy {
	uint8_t opcode; /* CMD_OP_POLICY_SET */
	uint8_t function; /* zero: reserved for the number of a function */
	rvl_le16 tag; /* returned in the completion */
	rvl_le24 index; /* policy index */
	uint8_t rsvd0; /* zero */
	uint8_t action; /* POLICY_ACTION_* */
	uint8_t proto; /* IP protocol, unless POLICY_FLAG_ANY_PROTO */
	rvl_le16 flags; /* POLICY_FLAG_* */
	rvl_le32 priority; /* lower wins */
	uint8_t src[16]; /* source prefix; IPv4 in the first 4 octets, the others zero */
	uint8_t dst[16]; /* destination prefix */
	uint8_t src_len; /* source prefix length, 0 to 32, or to 128 with POLICY_FLAG_IPV6 */
	uint8_t dst_len; /* destination prefix length */
	rvl_le16 rsvd1; /* zero */
	rvl_le24 sa; /* outbound SA (protect); a frame for an SA that is not there is dropped */
	uint8_t rsvd2; /* zero */
	rvl_le16 sport_lo; /* first source port */
	rvl_le16 sport_hi; /* last source port; 0 and 65535: any, and protocols without ports */
	rvl_le16 dport_lo; /* first destination port */
	rvl_le16 dport_hi; /* last destination port */
	uint8_t rsvd3[192]; /* zero */
};
_Static_assert(sizeof(struct rvl_cmd_policy) == 256, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, opcode) == 0, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, function) == 1, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, tag) == 2, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, index) == 4, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, rsvd0) == 7, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, action) == 8, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, proto) == 9, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, flags) == 10, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, priority) == 12, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, src) == 16, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, dst) == 32, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, src_len) == 48, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, dst_len) == 49, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, rsvd1) == 50, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, sa) == 52, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, rsvd2) == 55, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, sport_lo) == 56, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, sport_hi) == 58, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, dport_lo) == 60, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, dport_hi) == 62, "ABI");
_Static_assert(offsetof(struct rvl_cmd_policy, rsvd3) == 64, "ABI");

/* Completion of a command. From PACKETS to STATE: SA_QUERY only, zero otherwise. */
struct rvl_cmd_cpl {
	uint8_t status; /* CMD_STATUS_* */
	uint8_t opcode; /* as in the command */
	rvl_le16 tag; /* as in the command */
	rvl_le24 rsvd0; /* zero */
	uint8_t function; /* zero: reserved for the number of a function */
	rvl_le64 packets; /* packets that passed */
	rvl_le64 bytes; /* octets of inner packets that passed */
	rvl_le64 seq; /* outbound: last sequence number used; inbound: highest authenticated */
	rvl_le64 drop_icv; /* ICV did not verify */
	rvl_le64 drop_replay; /* sequence number seen before or left of the window */
	rvl_le64 drop_format; /* authenticated, but padding or inner packet malformed, or ECN forbidden; not dummy packets */
	rvl_le64 drop_limit; /* hard lifetime or sequence number space used up */
	rvl_le64 drop_selectors; /* FEATURES.SELECTORS: inner packet outside of the SA's selectors */
	rvl_le64 drop_mtu; /* FEATURES.PATH_MTU: longer than the path takes */
	rvl_le32 state; /* SA_STATE_* bits */
	uint8_t rsvd1[43]; /* zero */
	uint8_t phase; /* PHASE_PASS; the rest zero */
};
_Static_assert(sizeof(struct rvl_cmd_cpl) == 128, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, status) == 0, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, opcode) == 1, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, tag) == 2, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, rsvd0) == 4, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, function) == 7, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, packets) == 8, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, bytes) == 16, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, seq) == 24, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, drop_icv) == 32, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, drop_replay) == 40, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, drop_format) == 48, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, drop_limit) == 56, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, drop_selectors) == 64, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, drop_mtu) == 72, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, state) == 80, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, rsvd1) == 84, "ABI");
_Static_assert(offsetof(struct rvl_cmd_cpl, phase) == 127, "ABI");

/* Event. */
struct rvl_event {
	rvl_le24 index; /* SA or queue index */
	uint8_t function; /* zero: reserved for the number of a function */
	rvl_le32 spi; /* SA events: its SPI */
	rvl_le64 value; /* packets, octets or sequence number at that moment; SA_ERROR, FATAL, LINK and MOVED: see there */
	rvl_le64 cycles; /* CYCLES at that moment */
	rvl_le32 number; /* events written before this one */
	uint8_t type; /* EVENT_* */
	uint8_t source; /* SA events: 1 inbound, 0 outbound; queue events: 0 transmit, 1 receive */
	uint8_t rsvd; /* zero */
	uint8_t phase; /* PHASE_PASS; the rest zero */
};
_Static_assert(sizeof(struct rvl_event) == 32, "ABI");
_Static_assert(offsetof(struct rvl_event, index) == 0, "ABI");
_Static_assert(offsetof(struct rvl_event, function) == 3, "ABI");
_Static_assert(offsetof(struct rvl_event, spi) == 4, "ABI");
_Static_assert(offsetof(struct rvl_event, value) == 8, "ABI");
_Static_assert(offsetof(struct rvl_event, cycles) == 16, "ABI");
_Static_assert(offsetof(struct rvl_event, number) == 24, "ABI");
_Static_assert(offsetof(struct rvl_event, type) == 28, "ABI");
_Static_assert(offsetof(struct rvl_event, source) == 29, "ABI");
_Static_assert(offsetof(struct rvl_event, rsvd) == 30, "ABI");
_Static_assert(offsetof(struct rvl_event, phase) == 31, "ABI");

/* Counters, 64 bits each, at RVL_COUNTER_OFFSET + index * RVL_COUNTER_STRIDE. */
#define RVL_COUNTER_OFFSET 0x8000U
#define RVL_COUNTER_STRIDE 8U
enum rvl_counter {
	RVL_CNT_TX_FRAMES, /* transmit descriptors taken */
	RVL_CNT_TX_BYTES, /* octets of the frames read from the host */
	RVL_CNT_TX_BYPASS, /* frames sent unchanged */
	RVL_CNT_TX_PROTECTED, /* frames sent as ESP or AH */
	RVL_CNT_TX_DROP_DESC, /* descriptor malformed, or of a feature that the device lacks */
	RVL_CNT_TX_DROP_DMA, /* frame could not be read from the host */
	RVL_CNT_TX_DROP_MALFORMED, /* EtherType IPv4 or IPv6, but no valid header or less than its total length; or a third VLAN tag; or an SA named for something that is neither; or in transport mode a packet of the other family */
	RVL_CNT_TX_DROP_POLICY, /* a discard rule */
	RVL_CNT_TX_DROP_NO_SA, /* no such SA */
	RVL_CNT_TX_DROP_SEQ, /* sequence numbers used up */
	RVL_CNT_TX_DROP_LIFETIME, /* hard lifetime passed */
	RVL_CNT_TX_DROP_TOO_BIG, /* the result is longer than PORT_MAX_FRAME */
	RVL_CNT_RX_FRAMES, /* frames from the wire */
	RVL_CNT_RX_BYTES, /* octets of frames from the wire */
	RVL_CNT_RX_PASS, /* frames given to the host unchanged */
	RVL_CNT_RX_DECRYPTED, /* frames given to the host decrypted */
	RVL_CNT_RX_SA_MISS, /* ESP and AH frames with an unknown SPI, ESP in UDP on port 4500; they are passed unchanged (not a drop) */
	RVL_CNT_RX_FRAGMENT, /* fragments that hold ESP or AH; they are passed unchanged (not a drop) */
	RVL_CNT_RX_DROP_DISABLED, /* CONTROL.ENABLE is off */
	RVL_CNT_RX_DROP_PORT, /* the port flagged the frame as damaged, or it is shorter than 14 octets or longer than MAX_FRAME */
	RVL_CNT_RX_DROP_CHECKSUM, /* ESP or AH for a known SA under a wrong outer IPv4 header checksum */
	RVL_CNT_RX_DROP_MALFORMED, /* ESP or AH for a known SA, but lengths are impossible */
	RVL_CNT_RX_DROP_REPLAY, /* sequence number seen before */
	RVL_CNT_RX_DROP_WINDOW, /* sequence number left of the window, or 0 */
	RVL_CNT_RX_DROP_ICV, /* ICV did not verify */
	RVL_CNT_RX_DROP_TRAILER, /* padding wrong, or in tunnel mode next header neither IPv4 nor IPv6 (RFC 4303, section 2.4) */
	RVL_CNT_RX_DROP_DUMMY, /* dummy packet, next header 59 (RFC 4303, section 2.6) */
	RVL_CNT_RX_DROP_INNER, /* inner packet is not a whole packet of the family that the next header says */
	RVL_CNT_RX_DROP_ECN, /* outer CE over an inner packet without ECN (RFC 6040, section 4.2) */
	RVL_CNT_RX_DROP_LIFETIME, /* hard lifetime passed */
	RVL_CNT_RX_DROP_NO_BUFFER, /* no receive descriptor, or the queue is off or stopped; or the NIC's own receive buffer (32 KiB, 64 frames) is full */
	RVL_CNT_RX_DROP_TOO_BIG, /* longer than the receive buffer */
	RVL_CNT_PCIE_READ_UR, /* own reads that completed with Unsupported Request */
	RVL_CNT_PCIE_READ_CA, /* own reads that completed with Completer Abort */
	RVL_CNT_PCIE_READ_POISONED, /* own reads that completed with poisoned data */
	RVL_CNT_PCIE_READ_TIMEOUT, /* own reads that did not complete in time */
	RVL_CNT_PCIE_UNEXPECTED_COMPLETION, /* completions that answer no read of ours, or more than was asked */
	RVL_CNT_PCIE_BAD_REQUEST, /* requests refused: unsupported type, size or address */
	RVL_CNT_EVENTS_LOST, /* events that found the ring full or off */
	RVL_CNT_TX_DROP_PARITY, /* the SA's memory is damaged, or the device FATAL */
	RVL_CNT_RX_DROP_PARITY, /* the SA's memory is damaged, or the device FATAL */
	RVL_CNT_RX_DROP_SELECTORS, /* inner packet outside of the SA's selectors */
	RVL_CNT_TX_DROP_FRAGMENT, /* a fragment in transport mode (RFC 4303, section 3.3.4) */
	RVL_CNT_TX_DROP_HEADERS, /* transport mode, and the headers that stay before ESP reach further than the device looks; or, of AH, there are others than the IP header */
	RVL_CNT_RX_HIDDEN, /* IPv6 that may hold ESP behind more headers than the device looks past, or AH behind others than the IP header; passed unchanged (not a drop) */
	RVL_CNT_TX_DROP_STALLED, /* the wire took nothing for STALL_CYCLES while a command waited for frames to leave */
	RVL_CNT_NUM,
};

/* X(name, description) for each counter, in the order of enum rvl_counter. */
#define RVL_COUNTERS(X) \
	X(tx_frames, "transmit descriptors taken") \
	X(tx_bytes, "octets of the frames read from the host") \
	X(tx_bypass, "frames sent unchanged") \
	X(tx_protected, "frames sent as ESP or AH") \
	X(tx_drop_desc, "descriptor malformed, or of a feature that the device lacks") \
	X(tx_drop_dma, "frame could not be read from the host") \
	X(tx_drop_malformed, "EtherType IPv4 or IPv6, but no valid header or less than its total length; or a third VLAN tag; or an SA named for something that is neither; or in transport mode a packet of the other family") \
	X(tx_drop_policy, "a discard rule") \
	X(tx_drop_no_sa, "no such SA") \
	X(tx_drop_seq, "sequence numbers used up") \
	X(tx_drop_lifetime, "hard lifetime passed") \
	X(tx_drop_too_big, "the result is longer than PORT_MAX_FRAME") \
	X(rx_frames, "frames from the wire") \
	X(rx_bytes, "octets of frames from the wire") \
	X(rx_pass, "frames given to the host unchanged") \
	X(rx_decrypted, "frames given to the host decrypted") \
	X(rx_sa_miss, "ESP and AH frames with an unknown SPI, ESP in UDP on port 4500; they are passed unchanged (not a drop)") \
	X(rx_fragment, "fragments that hold ESP or AH; they are passed unchanged (not a drop)") \
	X(rx_drop_disabled, "CONTROL.ENABLE is off") \
	X(rx_drop_port, "the port flagged the frame as damaged, or it is shorter than 14 octets or longer than MAX_FRAME") \
	X(rx_drop_checksum, "ESP or AH for a known SA under a wrong outer IPv4 header checksum") \
	X(rx_drop_malformed, "ESP or AH for a known SA, but lengths are impossible") \
	X(rx_drop_replay, "sequence number seen before") \
	X(rx_drop_window, "sequence number left of the window, or 0") \
	X(rx_drop_icv, "ICV did not verify") \
	X(rx_drop_trailer, "padding wrong, or in tunnel mode next header neither IPv4 nor IPv6 (RFC 4303, section 2.4)") \
	X(rx_drop_dummy, "dummy packet, next header 59 (RFC 4303, section 2.6)") \
	X(rx_drop_inner, "inner packet is not a whole packet of the family that the next header says") \
	X(rx_drop_ecn, "outer CE over an inner packet without ECN (RFC 6040, section 4.2)") \
	X(rx_drop_lifetime, "hard lifetime passed") \
	X(rx_drop_no_buffer, "no receive descriptor, or the queue is off or stopped; or the NIC's own receive buffer (32 KiB, 64 frames) is full") \
	X(rx_drop_too_big, "longer than the receive buffer") \
	X(pcie_read_ur, "own reads that completed with Unsupported Request") \
	X(pcie_read_ca, "own reads that completed with Completer Abort") \
	X(pcie_read_poisoned, "own reads that completed with poisoned data") \
	X(pcie_read_timeout, "own reads that did not complete in time") \
	X(pcie_unexpected_completion, "completions that answer no read of ours, or more than was asked") \
	X(pcie_bad_request, "requests refused: unsupported type, size or address") \
	X(events_lost, "events that found the ring full or off") \
	X(tx_drop_parity, "the SA's memory is damaged, or the device FATAL") \
	X(rx_drop_parity, "the SA's memory is damaged, or the device FATAL") \
	X(rx_drop_selectors, "inner packet outside of the SA's selectors") \
	X(tx_drop_fragment, "a fragment in transport mode (RFC 4303, section 3.3.4)") \
	X(tx_drop_headers, "transport mode, and the headers that stay before ESP reach further than the device looks; or, of AH, there are others than the IP header") \
	X(rx_hidden, "IPv6 that may hold ESP behind more headers than the device looks past, or AH behind others than the IP header; passed unchanged (not a drop)") \
	X(tx_drop_stalled, "the wire took nothing for STALL_CYCLES while a command waited for frames to leave")

#endif
