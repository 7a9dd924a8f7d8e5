# SPDX-License-Identifier: BSD-2-Clause
# The IKEv2 core. Needs -lcrypto where it is linked.

IKE_SRCS := $(addprefix host/ike/, \
	ability.c action.c addr.c admission.c algorithm.c auth_responder.c buffer.c candidates.c child.c cipher.c config.c connection.c cookie.c dh.c dn.c eap.c engine.c exchange.c \
	exchange_auth.c exchange_create_child.c exchange_informational.c exchange_init.c exchange_rekey.c \
	fragment.c hint.c host.c id.c job.c keys.c lease.c list.c lookup.c message.c mobike.c offer.c operator.c pairs.c path.c \
	payload.c prf.c probe.c proof.c proposal.c proposal_text.c ppk.c psk.c puzzle.c qcd.c redirect.c registry.c renew.c resource.c sa.c settings.c source.c sync.c table.c \
	task.c timer.c transmit.c transport.c ts.c update.c user.c way.c wire.c x25519.c)

$(eval $(call c_library,ike,$(IKE_SRCS)))
