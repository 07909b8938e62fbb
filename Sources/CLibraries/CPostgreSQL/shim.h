#include <libpq-fe.h>

/// Notices ("relation exists already, skipping") would go to standard error.
static inline void coffer_ignore_notice(void *argument, const PGresult *result) {
    (void)argument;
    (void)result;
}
static inline void coffer_ignore_notices(PGconn *connection) {
    PQsetNoticeReceiver(connection, coffer_ignore_notice, NULL);
}
