// What Coffer's numbers stand beside: the C libraries called directly, as fast as they go.
#ifndef COFFER_REFERENCE_H
#define COFFER_REFERENCE_H

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

// epoll_wait with a timeout in nanoseconds; -1 waits for ever.
int reference_epoll_wait(int epoll, struct epoll_event *events, int count, int64_t nanoseconds);

// The event's own number, behind a union that Swift reads less well.
uint32_t reference_event_id(const struct epoll_event *event);
int reference_epoll_add(int epoll, int file, uint32_t id);
// A non-blocking connection to 127.0.0.1 without delays; negative: errno.
int reference_connect(uint16_t port);

// Where a text begins in some bytes; -1 when it is not there.
long reference_find(const uint8_t *bytes, long count, const char *text);

// Signs `count` digests, each made from the number before; returns nanoseconds of this thread's CPU, -1 on failure.
int64_t reference_sign(int count, int recoverable);
// Signs one and recovers or verifies it, the same way.
int64_t reference_verify(int count);

// The rows of `accepts` accepts in commits of `batch`, synchronous=FULL, through prepared statements; the schema is
// given as SQL. Writes the wall time of each commit in nanoseconds to `commits` (accepts/batch of them, at least) and
// returns the whole wall time in nanoseconds, or -1 with a message in `message`.
int64_t reference_insert(
    const char *path, const char *schema, int accepts, int batch, int64_t *commits, char *message, int message_size);

// CPU time of the calling thread in nanoseconds.
int64_t reference_thread_time(void);
int64_t reference_wall_time(void);

#endif
