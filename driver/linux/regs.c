// SPDX-License-Identifier: GPL-2.0
/*
 * The registers that can be read at any time without changing anything: not CYCLES and the
 * counters, whose low half latches the high half for whoever reads both.
 */
#include "ravelin.h"

#define DEVICE(name)                                                                               \
	{                                                                                          \
#name, RVL_REG_##name                                                              \
	}
#define QUEUE(name)                                                                                \
	{                                                                                          \
#name, RVL_REG_##name(0)                                                           \
	}

static const struct rvl_register device_registers[] = {
	DEVICE(ID),
	DEVICE(ABI),
	DEVICE(FEATURES),
	DEVICE(QUEUES),
	DEVICE(OUTBOUND_SAS),
	DEVICE(INBOUND_SAS),
	DEVICE(POLICY_COUNT),
	DEVICE(REPLAY_WINDOW),
	DEVICE(DATAPATH),
	DEVICE(STATUS),
	DEVICE(CONTROL),
	DEVICE(RX_QUEUES),
	DEVICE(PORT_MAX_FRAME),
	DEVICE(MAC_LO),
	DEVICE(MAC_HI),
	DEVICE(CMD_BASE_LO),
	DEVICE(CMD_BASE_HI),
	DEVICE(CMD_CPL_BASE_LO),
	DEVICE(CMD_CPL_BASE_HI),
	DEVICE(CMD_SIZE),
	DEVICE(CMD_CONTROL),
	DEVICE(CMD_TAIL),
	DEVICE(CMD_HEAD),
	DEVICE(RINGS),
	DEVICE(CONTROL_RINGS),
	DEVICE(LINK),
	DEVICE(EVT_BASE_LO),
	DEVICE(EVT_BASE_HI),
	DEVICE(EVT_SIZE),
	DEVICE(EVT_CONTROL),
	DEVICE(EVT_HEAD),
	DEVICE(EVT_TAIL),
};

static const struct rvl_register queue_registers[] = {
	QUEUE(TX_BASE_LO), QUEUE(TX_BASE_HI), QUEUE(TX_SIZE), QUEUE(TX_TAIL), QUEUE(TX_HEAD),
	QUEUE(RX_BASE_LO), QUEUE(RX_BASE_HI), QUEUE(RX_SIZE), QUEUE(RX_TAIL), QUEUE(RX_HEAD),
	QUEUE(CQ_BASE_LO), QUEUE(CQ_BASE_HI), QUEUE(CQ_SIZE), QUEUE(CQ_HEAD), QUEUE(CQ_TAIL),
	QUEUE(Q_CONTROL),  QUEUE(Q_STATUS),
};

const struct rvl_register *rvl_device_register(unsigned int n)
{
	return n < ARRAY_SIZE(device_registers) ? &device_registers[n] : NULL;
}

const struct rvl_register *rvl_queue_register(unsigned int n)
{
	return n < ARRAY_SIZE(queue_registers) ? &queue_registers[n] : NULL;
}
