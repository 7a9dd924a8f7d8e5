/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of IKEv2 on the wire (RFC 7296, section 3, and the IANA registry "Internet Key Exchange
 * Version 2 Parameters"), and the limits that this implementation sets itself.
 */
#ifndef RAVELIN_HOST_IKE_WIRE_H
#define RAVELIN_HOST_IKE_WIRE_H

enum {
	IKE_PORT = 500,
	IKE_PORT_NATT = 4500,
	IKE_HEADER_LEN = 28,
	IKE_PAYLOAD_HEADER_LEN = 4,

	/* The largest message that is read or written; larger ones are dropped unread. */
	IKE_MESSAGE_MAX = 16384,
	IKE_TS_MAX = 16, /* selectors of one side that a Child SA has; more may be received */
	IKE_ID_MAX = 256,
	IKE_NONCE_MIN = 16,
	IKE_NONCE_MAX = 256,
	IKE_NONCE_LEN = 32,
	IKE_COOKIE_MAX = 64,
	IKE_PUBLIC_MAX = 512,
	IKE_FRAGMENTS_MAX = 255, /* of one message */
};

enum ike_payload_type {
	IKE_PAYLOAD_NONE = 0,
	IKE_PAYLOAD_SA = 33,
	IKE_PAYLOAD_KE = 34,
	IKE_PAYLOAD_IDI = 35,
	IKE_PAYLOAD_IDR = 36,
	IKE_PAYLOAD_CERT = 37,
	IKE_PAYLOAD_CERTREQ = 38,
	IKE_PAYLOAD_AUTH = 39,
	IKE_PAYLOAD_NONCE = 40,
	IKE_PAYLOAD_NOTIFY = 41,
	IKE_PAYLOAD_DELETE = 42,
	IKE_PAYLOAD_VENDOR = 43,
	IKE_PAYLOAD_TSI = 44,
	IKE_PAYLOAD_TSR = 45,
	IKE_PAYLOAD_SK = 46,
	IKE_PAYLOAD_CP = 47,
	IKE_PAYLOAD_EAP = 48,
	IKE_PAYLOAD_SKF = 53,
};

enum ike_exchange_type {
	IKE_SA_INIT = 34,
	IKE_AUTH = 35,
	IKE_CREATE_CHILD_SA = 36,
	IKE_INFORMATIONAL = 37,
};

enum ike_flag {
	IKE_FLAG_INITIATOR = 0x08, /* sent by the one that started the IKE SA */
	IKE_FLAG_VERSION = 0x10,
	IKE_FLAG_RESPONSE = 0x20,
};

enum ike_protocol {
	IKE_PROTO_NONE = 0,
	IKE_PROTO_IKE = 1,
	IKE_PROTO_AH = 2,
	IKE_PROTO_ESP = 3,
};

enum ike_transform_type {
	IKE_TRANSFORM_ENCR = 1,
	IKE_TRANSFORM_PRF = 2,
	IKE_TRANSFORM_INTEG = 3,
	IKE_TRANSFORM_KE = 4,
	IKE_TRANSFORM_ESN = 5,
};

enum ike_encr {
	IKE_ENCR_AES_CBC = 12,
	IKE_ENCR_AES_GCM_16 = 20,
	IKE_ENCR_CHACHA20_POLY1305 = 28,
};

enum ike_prf_id {
	IKE_PRF_HMAC_SHA2_256 = 5,
	IKE_PRF_HMAC_SHA2_384 = 6,
	IKE_PRF_HMAC_SHA2_512 = 7,
};

enum ike_integ {
	IKE_INTEG_NONE = 0,
	IKE_INTEG_HMAC_SHA2_256_128 = 12,
	IKE_INTEG_HMAC_SHA2_384_192 = 13,
	IKE_INTEG_HMAC_SHA2_512_256 = 14,
};

enum ike_group {
	IKE_GROUP_NONE = 0,
	IKE_GROUP_MODP_2048 = 14,
	IKE_GROUP_MODP_3072 = 15,
	IKE_GROUP_MODP_4096 = 16,
	IKE_GROUP_ECP_256 = 19,
	IKE_GROUP_ECP_384 = 20,
	IKE_GROUP_ECP_521 = 21,
	IKE_GROUP_X25519 = 31,
	IKE_GROUP_X448 = 32,
};

enum ike_esn {
	IKE_ESN_NO = 0,
	IKE_ESN_YES = 1,
};

enum ike_attribute_type {
	IKE_ATTRIBUTE_KEY_LENGTH = 14,
};

enum ike_id_type {
	IKE_ID_ANY = 0, /* not on the wire: matches every identity */
	IKE_ID_IPV4_ADDR = 1,
	IKE_ID_FQDN = 2,
	IKE_ID_RFC822_ADDR = 3,
	IKE_ID_IPV6_ADDR = 5,
	IKE_ID_DER_ASN1_DN = 9,
	IKE_ID_DER_ASN1_GN = 10,
	IKE_ID_KEY_ID = 11,
};

enum ike_auth_method {
	IKE_AUTH_RSA = 1,
	IKE_AUTH_PSK = 2,
};

enum ike_cp_type {
	IKE_CP_REQUEST = 1,
	IKE_CP_REPLY = 2,
	IKE_CP_SET = 3,
	IKE_CP_ACK = 4,
};

enum ike_cp_attribute_type {
	IKE_CP_IP4_ADDRESS = 1,
	IKE_CP_IP4_NETMASK = 2,
	IKE_CP_IP4_DNS = 3,
	IKE_CP_IP4_NBNS = 4,
	IKE_CP_APPLICATION_VERSION = 7,
	IKE_CP_IP6_ADDRESS = 8,
	IKE_CP_IP6_DNS = 10,
	IKE_CP_IP4_SUBNET = 13,
	IKE_CP_SUPPORTED_ATTRIBUTES = 14,
	IKE_CP_IP6_SUBNET = 15,
	IKE_CP_DNS_DOMAIN = 25, /* RFC 8598 */
};

enum ike_ts_type {
	IKE_TS_IPV4_ADDR_RANGE = 7,
	IKE_TS_IPV6_ADDR_RANGE = 8,
};

enum ike_notify_type {
	IKE_N_OK = 0, /* not on the wire: what a parser returns when all is well */
	IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD = 1,
	IKE_N_INVALID_IKE_SPI = 4,
	IKE_N_INVALID_MAJOR_VERSION = 5,
	IKE_N_INVALID_SYNTAX = 7,
	IKE_N_INVALID_MESSAGE_ID = 9,
	IKE_N_INVALID_SPI = 11,
	IKE_N_NO_PROPOSAL_CHOSEN = 14,
	IKE_N_INVALID_KE_PAYLOAD = 17,
	IKE_N_AUTHENTICATION_FAILED = 24,
	IKE_N_SINGLE_PAIR_REQUIRED = 34,
	IKE_N_NO_ADDITIONAL_SAS = 35,
	IKE_N_INTERNAL_ADDRESS_FAILURE = 36,
	IKE_N_FAILED_CP_REQUIRED = 37,
	IKE_N_TS_UNACCEPTABLE = 38,
	IKE_N_INVALID_SELECTORS = 39,
	IKE_N_TEMPORARY_FAILURE = 43,
	IKE_N_CHILD_SA_NOT_FOUND = 44,
	IKE_N_STATUS_FIRST = 16384, /* below: errors; from here on: status */
	IKE_N_INITIAL_CONTACT = 16384,
	IKE_N_SET_WINDOW_SIZE = 16385,
	IKE_N_ADDITIONAL_TS_POSSIBLE = 16386,
	IKE_N_NAT_DETECTION_SOURCE_IP = 16388,
	IKE_N_NAT_DETECTION_DESTINATION_IP = 16389,
	IKE_N_COOKIE = 16390,
	IKE_N_USE_TRANSPORT_MODE = 16391,
	IKE_N_REKEY_SA = 16393,
	IKE_N_ESP_TFC_PADDING_NOT_SUPPORTED = 16394,
	IKE_N_CHILDLESS_IKEV2_SUPPORTED = 16418,     /* RFC 6023 */
	IKE_N_IKEV2_FRAGMENTATION_SUPPORTED = 16430, /* RFC 7383 */
};

/* Names as the RFC spells them, for logs and lists; never NULL. */
const char *ike_notify_name(unsigned type);
const char *ike_exchange_name(unsigned exchange);
const char *ike_payload_name(unsigned type);

#endif
