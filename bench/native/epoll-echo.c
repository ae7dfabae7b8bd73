/* A TCP echo as near to the kernel as it gets: one thread, level-triggered epoll, one buffer for all connections.
 *
 * What the kernel does not take at once is kept, and the connection is not read until that is out; so it holds back its
 * peer, and half-closes after the last byte. */
#define _GNU_SOURCE
#include "serve.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

enum { BUFFER = 256 * 1024, EVENTS = 512 };

struct connection {
  int fd;
  char *unsent;
  size_t length;
};

static char buffer[BUFFER];

static void watch(int epoll, int how, struct connection *connection, unsigned events) {
  struct epoll_event event = { .events = events, .data.ptr = connection };
  check(epoll_ctl(epoll, how, connection->fd, &event) == 0, "epoll_ctl");
}

static void drop(struct connection *connection) {
  close(connection->fd);
  free(connection->unsent);
  free(connection);
}

/* Bytes taken, at least 0; -1 where the connection is gone. */
static ssize_t write_some(int fd, const char *bytes, size_t length) {
  size_t sent = 0;
  while (sent < length) {
    ssize_t n = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
    if (n >= 0) sent += (size_t)n;
    else if (errno == EAGAIN) break;
    else if (errno != EINTR) return -1;
  }
  return (ssize_t)sent;
}

static void on_readable(int epoll, struct connection *connection) {
  ssize_t length = recv(connection->fd, buffer, BUFFER, 0);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) return drop(connection);
  ssize_t sent = write_some(connection->fd, buffer, (size_t)length);
  if (sent < 0) return drop(connection);
  if (sent == length) return;
  connection->length = (size_t)(length - sent);
  connection->unsent = malloc(connection->length);
  check(connection->unsent != NULL, "malloc");
  memcpy(connection->unsent, buffer + sent, connection->length);
  watch(epoll, EPOLL_CTL_MOD, connection, EPOLLOUT);
}

static void on_writable(int epoll, struct connection *connection) {
  ssize_t sent = write_some(connection->fd, connection->unsent, connection->length);
  if (sent < 0) return drop(connection);
  connection->length -= (size_t)sent;
  if (connection->length > 0) {
    memmove(connection->unsent, connection->unsent + sent, connection->length);
    return;
  }
  free(connection->unsent);
  connection->unsent = NULL;
  watch(epoll, EPOLL_CTL_MOD, connection, EPOLLIN);
}

static void accept_all(int epoll, int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = calloc(1, sizeof *connection);
    check(connection != NULL, "calloc");
    connection->fd = fd;
    watch(epoll, EPOLL_CTL_ADD, connection, EPOLLIN);
  }
}

int main(void) {
  struct rlimit files;
  check(getrlimit(RLIMIT_NOFILE, &files) == 0, "getrlimit");
  files.rlim_cur = files.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &files) == 0, "setrlimit");
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  check(epoll >= 0, "epoll_create1");
  struct connection listener = { .fd = bind_loopback(SOCK_STREAM) }, input = { .fd = STDIN_FILENO };
  check(listen(listener.fd, 4096) == 0, "listen");
  watch(epoll, EPOLL_CTL_ADD, &listener, EPOLLIN);
  watch(epoll, EPOLL_CTL_ADD, &input, EPOLLIN);
  announce(listener.fd);
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      struct connection *connection = events[i].data.ptr;
      if (connection == &input) return 0;
      if (connection == &listener) accept_all(epoll, listener.fd);
      else if (connection->unsent != NULL) on_writable(epoll, connection);
      else on_readable(epoll, connection);
    }
  }
}
