#include <sqlite3.h>

/// `SQLITE_TRANSIENT` is a cast macro that Swift can't import: SQLite copies the bytes before the call returns.
static inline int coffer_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int count) {
    return sqlite3_bind_blob(statement, index, bytes, count, SQLITE_TRANSIENT);
}
static inline int coffer_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
    return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}

/// `sqlite3_config` has a variable number of arguments, which Swift doesn't call: no statistics about memory.
static inline int coffer_configure(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
