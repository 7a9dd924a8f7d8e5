/* SPDX-License-Identifier: BSD-2-Clause */
/* Software ESP without a wire: who has one hands it frames, one thread at a time. */
#ifndef RVL_SA_SOFT_H
#define RVL_SA_SOFT_H

#include "host/esp/engine.h"
#include "host/sa/backend.h"

/* A frame from the host for this outbound SA, as rvl_engine_tx(). */
struct rvl_engine_result rvl_soft_protect(struct rvl_backend *soft, struct rvl_buf *frame,
					  uint32_t sa);

/* A frame from the wire, as rvl_engine_rx(). */
struct rvl_engine_result rvl_soft_unprotect(struct rvl_backend *soft, struct rvl_buf *frame);

/* What rvl_soft_protect() has made for the connection of this SA, by the caller's frames. */
void rvl_soft_to_stream(struct rvl_backend *soft, const struct rvl_frames *frames,
			const struct rvl_buf *frame, uint32_t sa);

#endif
