/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AH (RFC 4302), the part of software ESP (esp.h) that is about it. The ICV is over the whole
 * packet: what may change on its way counts as zeros (appendix A), and so does AH's ICV field, of
 * which GMAC's IV is the beginning (RFC 4543, section 4).
 */
#ifndef RVL_ESP_AH_H
#define RVL_ESP_AH_H

#include "host/esp/mode.h"
#include "host/esp/sa.h"

/* As encapsulation is in esp.h, but for what is common: RVL_DROP_NONE, the reason, or
 * RVL_DROP_COUNT where there isn't enough room. */
enum rvl_drop rvl_ah_encap(struct rvl_esp_sa *sa, struct rvl_buf *pkt, const struct rvl_text *text,
			   size_t limit);

/* As rvl_esp_decap(), but for counting; *bytes: what the packet counts as. */
enum rvl_drop rvl_ah_decap(struct rvl_esp_sa *sa, const struct rvl_esp_place *place,
			   struct rvl_buf *pkt, size_t *bytes);

#endif
