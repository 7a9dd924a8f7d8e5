/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines on standard error, with syslog levels where that is the journal. Never a secret. */
#ifndef RVL_RAVELD_LOG_H
#define RVL_RAVELD_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Any thread may write. */
struct log {
	_Atomic enum log_level level; /* which may change meanwhile */
	bool journal; /* standard error is the journal: it adds the time, and wants "<N>" */
};

struct log log_open(enum log_level level);

/* One line without newline; control characters become "?". */
void log_write(const struct log *log, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(log, ...) log_write(log, LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(log, ...) log_write(log, LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(log, ...) log_write(log, LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_write(log, LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
