# SPDX-License-Identifier: BSD-2-Clause
include host/ike/ike.mk

RVL_ESP_SRCS := \
	host/esp/prefix.c \
	host/esp/ip.c \
	host/esp/replay.c \
	host/esp/suite.c \
	host/esp/abilities.c \
	host/esp/abilities_policy.c \
	host/esp/label.c \
	host/esp/fetch.c \
	host/esp/mac.c \
	host/esp/cipher.c \
	host/esp/sa.c \
	host/esp/mode.c \
	host/esp/checksum.c \
	host/esp/find.c \
	host/esp/ah.c \
	host/esp/esp.c \
	host/esp/spd.c \
	host/esp/fragment.c \
	host/esp/icmp.c \
	host/esp/mss.c \
	host/esp/reassembly.c \
	host/esp/kept.c \
	host/esp/keyed.c \
	host/esp/size.c \
	host/esp/stream.c \
	host/esp/engine.c
$(eval $(call c_library,rvl_esp,$(RVL_ESP_SRCS)))
$(eval $(call c_library,rvl_conf, \
	host/conf/tree.c \
	host/conf/resolve.c \
	host/conf/reader.c \
	host/conf/value.c \
	host/conf/absent.c \
	host/conf/able.c \
	host/conf/bind.c \
	host/conf/daemon.c \
	host/conf/connection.c \
	host/conf/child.c \
	host/conf/label.c \
	host/conf/pool.c \
	host/conf/secret.c \
	host/conf/auth.c \
	host/conf/radius.c \
	host/conf/conf.c \
	host/conf/compare.c))
$(eval $(call c_library,rvl_trust, \
	host/trust/signature.c \
	host/trust/token.c \
	host/trust/file.c \
	host/trust/errand.c \
	host/trust/known.c \
	host/trust/ocsp.c \
	host/trust/list.c \
	host/trust/revocation.c \
	host/trust/certificate.c \
	host/trust/store.c \
	host/trust/own.c \
	host/trust/trust.c \
	host/trust/tls.c))
$(eval $(call c_library,rvl_eap, \
	host/eap/mschap.c \
	host/eap/mschapv2.c \
	host/eap/gtc.c \
	host/eap/channel.c \
	host/eap/tls.c \
	host/eap/totp.c \
	host/eap/account.c \
	host/eap/session.c \
	host/eap/eap.c))
$(eval $(call c_library,rvl_fetch,host/fetch/frame.c))
$(eval $(call c_library,rvl_radius, \
	host/radius/packet.c \
	host/radius/relay.c))
$(eval $(call c_library,rvl_sa, \
	host/sa/selector.c \
	host/sa/inbound.c \
	host/sa/indices.c \
	host/sa/spis.c \
	host/sa/selector_map.c \
	host/sa/policies.c \
	host/sa/fit.c \
	host/sa/pieces.c \
	host/sa/own_ike.c \
	host/sa/trap.c \
	host/sa/fixed.c \
	host/sa/flow.c \
	host/sa/scope.c \
	host/sa/unique.c \
	host/sa/sad.c \
	host/sa/sad_group.c \
	host/sa/sad_policies.c \
	host/sa/xfrm_netlink.c \
	host/sa/xfrm_state.c \
	host/sa/xfrm_rule.c \
	host/sa/netlink_socket.c \
	host/sa/xfrm_notice.c \
	host/sa/xfrm_abilities.c \
	host/sa/xfrm_leftovers.c \
	host/sa/xfrm_policies.c \
	host/sa/xfrm_arrivals.c \
	host/sa/xfrm.c \
	host/sa/brlock.c \
	host/sa/fanout.c \
	host/sa/lane.c \
	host/sa/backlog.c \
	host/sa/segments.c \
	host/sa/coalesce.c \
	host/sa/train.c \
	host/sa/ring.c \
	host/sa/wire.c \
	host/sa/wire_was.c \
	host/sa/rtnetlink.c \
	host/sa/ingress.c \
	host/sa/soft.c \
	host/sa/joint.c \
	host/sa/user.c))

RAVELD_SRCS := \
	host/raveld/main.c \
	host/raveld/devices.c \
	host/raveld/log.c \
	host/raveld/tap.c \
	host/raveld/netlink.c \
	host/raveld/redirect.c \
	host/raveld/remains.c \
	host/raveld/prefix_map.c \
	host/raveld/released.c \
	host/raveld/closing.c \
	host/raveld/local.c \
	host/raveld/steering.c \
	host/raveld/shunts.c \
	host/raveld/peers.c \
	host/raveld/needless.c \
	host/raveld/room.c \
	host/raveld/check.c \
	host/raveld/neighbour.c \
	host/raveld/routes.c \
	host/raveld/follow.c \
	host/raveld/datapath.c \
	host/raveld/data_thread.c \
	host/raveld/handover.c \
	host/raveld/endpoint.c \
	host/raveld/inbox.c \
	host/raveld/streams.c \
	host/raveld/tcp.c \
	host/raveld/sockets.c \
	host/raveld/negotiation.c \
	host/raveld/wishes.c \
	host/raveld/agenda.c \
	host/raveld/acquires.c \
	host/raveld/rekeying.c \
	host/raveld/reload.c \
	host/raveld/jobs.c \
	host/raveld/radius.c \
	host/raveld/fetch.c \
	host/raveld/accounting.c \
	host/raveld/expiry.c \
	host/raveld/lasting.c \
	host/raveld/children.c \
	host/raveld/protect.c \
	host/raveld/traps.c \
	host/raveld/paths.c \
	host/raveld/leases.c \
	host/raveld/pools.c \
	host/raveld/resolver.c \
	host/raveld/vips.c \
	host/raveld/control.c \
	host/raveld/report.c \
	host/raveld/listing.c
RAVELD_LIBS := rvl_fetch rvl_radius rvl_eap rvl_trust rvl_conf rvl_sa rvl_esp ike rvl_driver
$(eval $(call c_program,raveld,$(RAVELD_SRCS),$(RAVELD_LIBS),\
	-luv -ljansson -lmnl -lp11 -lssl -lcrypto $(DRIVER_LIBS)))
$(eval $(call c_program,ravelctl,host/ctl/main.c host/ctl/list.c host/ctl/pools.c host/ctl/release.c host/raveld/released.c \
	host/raveld/remains.c host/raveld/prefix_map.c host/raveld/netlink.c,rvl_sa rvl_esp ike,-ljansson -lmnl -lcrypto))
$(eval $(call c_program,raveld-fetch,host/fetch/main.c host/fetch/transfer.c host/fetch/address.c host/fetch/confine.c,\
	rvl_fetch ike,-lcurl -lseccomp -lcrypto))
