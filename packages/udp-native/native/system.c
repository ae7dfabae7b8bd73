#include "system.h"

// In wrappers, as glibc declares them otherwise than musl does.
static int receive(int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout) {
  return recvmmsg(fd, messages, count, flags, timeout);
}

static int send_all(int fd, struct mmsghdr *messages, unsigned int count, int flags) {
  return sendmmsg(fd, messages, count, flags);
}

mr_system_calls mr_system = {.receive = receive, .send = send_all};
