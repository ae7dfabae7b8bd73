/* What every generator here does beside its work: takes `run MS` from standard input, a line each, and answers each with
 * a line of JSON, `{"messages":N,"lost":N}`. The first such line says that all is open. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* How long a turn waits for the last replies, in milliseconds. */
enum { STALL = 10000 };

/* The first of the addresses in 127/8 that connections and peers leave from: 127.1.0.1. */
static const uint32_t FIRST_ADDRESS = 0x7f010001;

static inline void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static inline void check(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

/* In milliseconds. */
static inline double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static inline void report(uint64_t messages, uint64_t lost) {
  printf("{\"messages\":%llu,\"lost\":%llu}\n", (unsigned long long)messages, (unsigned long long)lost);
  fflush(stdout);
}

static inline struct sockaddr_in loopback(const char *port) {
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static inline void raise_descriptors(void) {
  struct rlimit files;
  check(getrlimit(RLIMIT_NOFILE, &files) == 0, "getrlimit");
  files.rlim_cur = files.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &files) == 0, "setrlimit");
}

/* A TCP socket that leaves from the n-th address. It does not wait for ports to be free but picks one when it connects. */
static inline int socket_from(uint32_t n) {
  struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(FIRST_ADDRESS + n) };
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  check(fd >= 0, "socket");
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  check(bind(fd, (struct sockaddr *)&from, sizeof from) == 0, "bind");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/* The bytes of the messages, from standard input before the first command. */
static inline char *read_messages(size_t length) {
  char *bytes = malloc(length);
  check(bytes != NULL, "malloc");
  if (fread(bytes, 1, length, stdin) != length) fail("the messages are not all there");
  return bytes;
}

/* Answers commands until standard input ends. */
static inline int answer_commands(void (*run)(double duration)) {
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    double duration;
    if (sscanf(line, "run %lf", &duration) == 1) run(duration);
  }
  return 0;
}

#endif
