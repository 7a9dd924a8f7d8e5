// SPDX-License-Identifier: BSD-2-Clause
#include "host/sa/ingress.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <stdint.h>
#include <sys/socket.h>

#include "host/sa/rtnetlink.h"

#define HANDLE 0xffff0000u /* of the queueing discipline "ingress": there is but one */
#define PRIORITY 1u
#define ROOM 4096

struct request {
	struct nlmsghdr header;
	struct tcmsg tc;
	uint8_t attributes[256];
};

static struct request request_of(uint16_t type, uint16_t flags, unsigned int interface)
{
	return (struct request){
		.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)),
			   .nlmsg_type = type,
			   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)},
		.tc = {.tcm_ifindex = (int)interface},
	};
}

static struct request discipline(uint16_t type, uint16_t flags, unsigned int interface)
{
	struct request request = request_of(type, flags, interface);

	request.tc.tcm_parent = TC_H_INGRESS;
	request.tc.tcm_handle = HANDLE;
	return request;
}

static int ask(const struct request *request)
{
	_Alignas(struct nlmsghdr) char answer[ROOM];
	ssize_t n = rvl_rtnetlink_ask(&request->header, (struct nlmsghdr *)(void *)answer, ROOM);

	return n < 0 ? (int)n : 0;
}

bool rvl_ingress_is_used(unsigned int interface)
{
	const struct request request = discipline(RTM_GETQDISC, NLM_F_ACK, interface);

	return !ask(&request);
}

/* A program of one instruction, whose result is what becomes of a frame. Never in hardware: there
 * it would be before packet sockets. */
static int drop_ipv4(unsigned int interface)
{
	const struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, TC_ACT_SHOT);
	const uint16_t count = 1;
	const uint32_t flags = TCA_BPF_FLAG_ACT_DIRECT, software = TCA_CLS_FLAGS_SKIP_HW;
	struct request request =
		request_of(RTM_NEWTFILTER, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, interface);
	struct rtattr *options;

	request.tc.tcm_parent = TC_H_MAJ(HANDLE) | TC_H_MIN(TC_H_MIN_INGRESS);
	request.tc.tcm_info = TC_H_MAKE(PRIORITY << 16, htons(ETH_P_IP));
	rvl_rtnetlink_put(&request.header, TCA_KIND, "bpf", sizeof("bpf"));
	options = rvl_rtnetlink_put(&request.header, TCA_OPTIONS, NULL, 0);
	rvl_rtnetlink_put(&request.header, TCA_BPF_OPS_LEN, &count, sizeof(count));
	rvl_rtnetlink_put(&request.header, TCA_BPF_OPS, &drop, sizeof(drop));
	rvl_rtnetlink_put(&request.header, TCA_BPF_FLAGS, &flags, sizeof(flags));
	rvl_rtnetlink_put(&request.header, TCA_BPF_FLAGS_GEN, &software, sizeof(software));
	rvl_rtnetlink_end(&request.header, options);
	return ask(&request);
}

int rvl_ingress_shut(unsigned int interface)
{
	struct request request =
		discipline(RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, interface);
	int err;

	rvl_rtnetlink_put(&request.header, TCA_KIND, "ingress", sizeof("ingress"));
	err = ask(&request);
	if (err)
		return err;
	err = drop_ipv4(interface);
	if (err)
		rvl_ingress_open(interface);
	return err;
}

void rvl_ingress_open(unsigned int interface)
{
	const struct request request = discipline(RTM_DELQDISC, NLM_F_ACK, interface);

	ask(&request);
}
