#include <mysql.h>
#include <string.h>

/// One parameter or column; the pointers stay good until the call that uses them.
static inline void coffer_bind(
    MYSQL_BIND *bind, enum enum_field_types type, void *buffer, unsigned long size, unsigned long *length,
    my_bool *is_null) {
    memset(bind, 0, sizeof(*bind));
    bind->buffer_type = type;
    bind->buffer = buffer;
    bind->buffer_length = size;
    bind->length = length;
    bind->is_null = is_null;
}
