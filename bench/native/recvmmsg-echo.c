/* A UDP echo as near to the kernel as it gets: batches of up to 64 datagrams in, the same batch out, in place. */
#define _GNU_SOURCE
#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum { BATCH = 64, DATAGRAM = 65536 };

static char bytes[BATCH][DATAGRAM];
static struct sockaddr_in peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static void prepare(void) {
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){ .iov_base = bytes[i], .iov_len = DATAGRAM };
    messages[i].msg_hdr = (struct msghdr){
      .msg_name = &peers[i], .msg_namelen = sizeof peers[i], .msg_iov = &parts[i], .msg_iovlen = 1,
    };
  }
}

/* Drops nothing: where the kernel has no room it waits. */
static void send_all(int fd, int count) {
  for (int sent = 0; sent < count;) {
    int n = sendmmsg(fd, messages + sent, (unsigned)(count - sent), 0);
    if (n >= 0) sent += n;
    else if (errno == EAGAIN || errno == ENOBUFS) poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
    else if (errno != EINTR) sent++;
  }
}

static void echo_all(int fd) {
  for (;;) {
    prepare();
    int count = recvmmsg(fd, messages, BATCH, 0, NULL);
    if (count <= 0) return;
    for (int i = 0; i < count; i++) parts[i].iov_len = messages[i].msg_len;
    send_all(fd, count);
    if (count < BATCH) return;
  }
}

int main(void) {
  int fd = bind_loopback(SOCK_DGRAM), room = 4 * 1024 * 1024;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  announce(fd);
  struct pollfd watched[] = { { .fd = fd, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };
  for (;;) {
    poll(watched, 2, -1);
    if (watched[1].revents != 0) return 0;
    echo_all(fd);
  }
}
