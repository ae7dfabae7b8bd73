/* `tcp-reconnect PORT CONNECTIONS WINDOW SENT REPLY 0`: a closed loop whose message is a whole connection.
 *
 * CONNECTIONS of them at a time: connect, send the SENT bytes that came on standard input, read REPLY bytes, end, and once
 * the server has ended too the next. Each leaves from the next address: who ends first keeps its port for a minute. */
#define _GNU_SOURCE
#include "load.h"

enum { EVENTS = 64, ADDRESSES = 60000 };

struct slot {
  int fd;
  size_t received;
};

static struct sockaddr_in server;
static size_t sent_size, reply_size;
static char *message;
static struct slot *slots;
static uint32_t count, opened;
static uint64_t done;
static int epoll, open_slots;

static void begin(struct slot *slot) {
  slot->fd = socket_from(opened++ % ADDRESSES);
  slot->received = 0;
  check(connect(slot->fd, (struct sockaddr *)&server, sizeof server) == 0, "connect");
  check(send(slot->fd, message, sent_size, MSG_NOSIGNAL) == (ssize_t)sent_size, "send");
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = slot };
  check(epoll_ctl(epoll, EPOLL_CTL_ADD, slot->fd, &event) == 0, "epoll_ctl");
  open_slots++;
}

/* Whether the slot is free again. */
static int on_readable(struct slot *slot) {
  char buffer[4096];
  ssize_t bytes = recv(slot->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (bytes < 0 && errno == EAGAIN) return 0;
  check(bytes >= 0, "recv");
  slot->received += (size_t)bytes;
  if (bytes > 0 && slot->received == reply_size) check(shutdown(slot->fd, SHUT_WR) == 0, "shutdown");
  if (bytes > 0) return 0;
  if (slot->received != reply_size) fail("a connection ended before its reply was there");
  close(slot->fd);
  open_slots--;
  done++;
  return 1;
}

static void run(double duration) {
  double end = now() + duration;
  done = 0;
  for (uint32_t i = 0; i < count; i++) begin(&slots[i]);
  while (open_slots > 0) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll, events, EVENTS, STALL);
    if (ready == 0) fail("nothing came back");
    for (int i = 0; i < ready; i++) {
      if (on_readable(events[i].data.ptr) && now() < end) begin(events[i].data.ptr);
    }
  }
  report(done, 0);
}

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  server = loopback(argv[1]);
  count = (uint32_t)atoi(argv[2]);
  sent_size = (size_t)atoi(argv[4]);
  reply_size = (size_t)atoi(argv[5]);
  message = read_messages(sent_size * (size_t)atoi(argv[3]));
  slots = calloc(count, sizeof *slots);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  check(slots != NULL && epoll >= 0, "epoll_create1");
  report(0, 0);
  return answer_commands(run);
}
