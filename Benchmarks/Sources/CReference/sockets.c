#define _GNU_SOURCE
#include "reference.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int reference_epoll_wait(int epoll, struct epoll_event *events, int count, int64_t nanoseconds) {
    if (nanoseconds < 0) return epoll_wait(epoll, events, count, -1);
    struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return epoll_pwait2(epoll, events, count, &timeout, NULL);
}

uint32_t reference_event_id(const struct epoll_event *event) { return event->data.u32; }

int reference_epoll_add(int epoll, int file, uint32_t id) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = id};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event);
}

int reference_connect(uint16_t port) {
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0) return -errno;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    if (connect(file, (struct sockaddr *)&address, sizeof address) != 0
        || setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 || fcntl(file, F_SETFL, O_NONBLOCK) != 0) {
        int code = errno;
        close(file);
        return -code;
    }
    return file;
}

long reference_find(const uint8_t *bytes, long count, const char *text) {
    const uint8_t *found = memmem(bytes, (size_t)count, text, strlen(text));
    return found ? found - bytes : -1;
}
