/* What every server here does beside its work: listens on 127.0.0.1 at a port of the system's choice, says so on
 * standard output, and ends when its standard input does. */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void check(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

/* A bound socket of the type, which does not block. */
static inline int bind_loopback(int type) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  check(fd >= 0, "socket");
  check(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  return fd;
}

static inline void announce(int fd) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  check(getsockname(fd, (struct sockaddr *)&address, &length) == 0, "getsockname");
  printf("{\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
}

#endif
