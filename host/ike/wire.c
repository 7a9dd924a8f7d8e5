/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/ike/wire.h"

const char *ike_notify_name(unsigned type)
{
	switch (type) {
	case IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD:
		return "UNSUPPORTED_CRITICAL_PAYLOAD";
	case IKE_N_INVALID_IKE_SPI:
		return "INVALID_IKE_SPI";
	case IKE_N_INVALID_MAJOR_VERSION:
		return "INVALID_MAJOR_VERSION";
	case IKE_N_INVALID_SYNTAX:
		return "INVALID_SYNTAX";
	case IKE_N_INVALID_MESSAGE_ID:
		return "INVALID_MESSAGE_ID";
	case IKE_N_INVALID_SPI:
		return "INVALID_SPI";
	case IKE_N_NO_PROPOSAL_CHOSEN:
		return "NO_PROPOSAL_CHOSEN";
	case IKE_N_INVALID_KE_PAYLOAD:
		return "INVALID_KE_PAYLOAD";
	case IKE_N_AUTHENTICATION_FAILED:
		return "AUTHENTICATION_FAILED";
	case IKE_N_SINGLE_PAIR_REQUIRED:
		return "SINGLE_PAIR_REQUIRED";
	case IKE_N_NO_ADDITIONAL_SAS:
		return "NO_ADDITIONAL_SAS";
	case IKE_N_INTERNAL_ADDRESS_FAILURE:
		return "INTERNAL_ADDRESS_FAILURE";
	case IKE_N_FAILED_CP_REQUIRED:
		return "FAILED_CP_REQUIRED";
	case IKE_N_TS_UNACCEPTABLE:
		return "TS_UNACCEPTABLE";
	case IKE_N_INVALID_SELECTORS:
		return "INVALID_SELECTORS";
	case IKE_N_TEMPORARY_FAILURE:
		return "TEMPORARY_FAILURE";
	case IKE_N_CHILD_SA_NOT_FOUND:
		return "CHILD_SA_NOT_FOUND";
	case IKE_N_TS_MAX_QUEUE:
		return "TS_MAX_QUEUE";
	case IKE_N_INITIAL_CONTACT:
		return "INITIAL_CONTACT";
	case IKE_N_REDIRECT_SUPPORTED:
		return "REDIRECT_SUPPORTED";
	case IKE_N_REDIRECT:
		return "REDIRECT";
	case IKE_N_REDIRECTED_FROM:
		return "REDIRECTED_FROM";
	case IKE_N_MULTIPLE_AUTH_SUPPORTED:
		return "MULTIPLE_AUTH_SUPPORTED";
	case IKE_N_EAP_ONLY_AUTHENTICATION:
		return "EAP_ONLY_AUTHENTICATION";
	case IKE_N_ANOTHER_AUTH_FOLLOWS:
		return "ANOTHER_AUTH_FOLLOWS";
	case IKE_N_CHILDLESS_IKEV2_SUPPORTED:
		return "CHILDLESS_IKEV2_SUPPORTED";
	case IKE_N_SIGNATURE_HASH_ALGORITHMS:
		return "SIGNATURE_HASH_ALGORITHMS";
	case IKE_N_IKEV2_FRAGMENTATION_SUPPORTED:
		return "IKEV2_FRAGMENTATION_SUPPORTED";
	case IKE_N_QCD_TOKEN:
		return "QCD_TOKEN";
	case IKE_N_IKEV2_MESSAGE_ID_SYNC_SUPPORTED:
		return "IKEV2_MESSAGE_ID_SYNC_SUPPORTED";
	case IKE_N_IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED:
		return "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED";
	case IKE_N_IKEV2_MESSAGE_ID_SYNC:
		return "IKEV2_MESSAGE_ID_SYNC";
	case IKE_N_IPSEC_REPLAY_COUNTER_SYNC:
		return "IPSEC_REPLAY_COUNTER_SYNC";
	case IKE_N_PUZZLE:
		return "PUZZLE";
	case IKE_N_SA_RESOURCE_INFO:
		return "SA_RESOURCE_INFO";
	case IKE_N_SET_WINDOW_SIZE:
		return "SET_WINDOW_SIZE";
	case IKE_N_ADDITIONAL_TS_POSSIBLE:
		return "ADDITIONAL_TS_POSSIBLE";
	case IKE_N_NAT_DETECTION_SOURCE_IP:
		return "NAT_DETECTION_SOURCE_IP";
	case IKE_N_NAT_DETECTION_DESTINATION_IP:
		return "NAT_DETECTION_DESTINATION_IP";
	case IKE_N_COOKIE:
		return "COOKIE";
	case IKE_N_USE_TRANSPORT_MODE:
		return "USE_TRANSPORT_MODE";
	case IKE_N_REKEY_SA:
		return "REKEY_SA";
	case IKE_N_UNACCEPTABLE_ADDRESSES:
		return "UNACCEPTABLE_ADDRESSES";
	case IKE_N_UNEXPECTED_NAT_DETECTED:
		return "UNEXPECTED_NAT_DETECTED";
	case IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED:
		return "ESP_TFC_PADDING_NOT_SUPPORTED";
	default:
		return type < IKE_N_STATUS_FIRST ? "an unknown error" : "an unknown status";
	}
}

const char *ike_exchange_name(unsigned exchange)
{
	switch (exchange) {
	case IKE_SA_INIT:
		return "IKE_SA_INIT";
	case IKE_AUTH:
		return "IKE_AUTH";
	case IKE_CREATE_CHILD_SA:
		return "CREATE_CHILD_SA";
	case IKE_INFORMATIONAL:
		return "INFORMATIONAL";
	default:
		return "an unknown exchange";
	}
}

const char *ike_payload_name(unsigned type)
{
	switch (type) {
	case IKE_PAYLOAD_PS:
		return "PS";
	case IKE_PAYLOAD_SA:
		return "SA";
	case IKE_PAYLOAD_KE:
		return "KE";
	case IKE_PAYLOAD_IDI:
		return "IDi";
	case IKE_PAYLOAD_IDR:
		return "IDr";
	case IKE_PAYLOAD_CERT:
		return "CERT";
	case IKE_PAYLOAD_CERTREQ:
		return "CERTREQ";
	case IKE_PAYLOAD_AUTH:
		return "AUTH";
	case IKE_PAYLOAD_NONCE:
		return "Nonce";
	case IKE_PAYLOAD_NOTIFY:
		return "N";
	case IKE_PAYLOAD_DELETE:
		return "D";
	case IKE_PAYLOAD_VENDOR:
		return "V";
	case IKE_PAYLOAD_TSI:
		return "TSi";
	case IKE_PAYLOAD_TSR:
		return "TSr";
	case IKE_PAYLOAD_SK:
		return "SK";
	case IKE_PAYLOAD_CP:
		return "CP";
	case IKE_PAYLOAD_EAP:
		return "EAP";
	case IKE_PAYLOAD_SKF:
		return "SKF";
	default:
		return "unknown";
	}
}
