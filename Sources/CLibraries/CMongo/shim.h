#include <mongoc/mongoc.h>
#include <stdlib.h>

/* Room for a reply that libmongoc initialises: bson_t is aligned to 128 bytes, which Swift has no words for. */
static inline bson_t *coffer_bson_room(void)
{
    bson_t *room = (bson_t *) aligned_alloc(128, sizeof(bson_t));
    if (room) bson_init(room);
    return room;
}

static inline void coffer_bson_room_free(bson_t *room)
{
    bson_destroy(room);
    free(room);
}

static inline uint32_t coffer_bson_length(const bson_t *bson)
{
    return bson->len;
}

static inline const char *coffer_mongo_message(const bson_error_t *error)
{
    return error->message;
}
