/* `tcp-steady PORT CONNECTIONS WINDOW SENT REPLY CROWD`: a closed loop over TCP, counted in bytes.
 *
 * WINDOW messages of SENT bytes come on standard input first; each is answered with REPLY bytes. Every connection keeps
 * WINDOW messages in flight. With CROWD above 0 that many are in flight over all connections together, one on each, and a
 * reply lets the connection that has waited longest send. */
#define _GNU_SOURCE
#include "load.h"

enum { BUFFER = 256 * 1024, EVENTS = 512, BURST = 100, MOST_FROM_ONE_ADDRESS = 200 };

struct connection {
  int fd;
  /* Bytes to be sent still, and where in the messages they begin. */
  size_t unsent, position;
  /* Of a reply that is not whole yet. */
  size_t partial;
  /* While the kernel has no room. */
  int watched;
};

static struct connection *connections;
static uint32_t count, window, crowd;
static size_t sent_size, reply_size, length;
static char *messages, buffer[BUFFER];
static int epoll, running;
static uint64_t in_flight, received;

/* A crowd's order: those that wait, the longest first. */
static struct connection **waiting;
static uint32_t head, tail;

static void watch(struct connection *connection, int how, unsigned events) {
  struct epoll_event event = { .events = events, .data.ptr = connection };
  check(epoll_ctl(epoll, how, connection->fd, &event) == 0, "epoll_ctl");
}

static void flush(struct connection *connection) {
  while (connection->unsent > 0) {
    size_t room = length - connection->position, part = connection->unsent < room ? connection->unsent : room;
    ssize_t sent = send(connection->fd, messages + connection->position, part, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) break;
    check(sent > 0, "send");
    connection->unsent -= (size_t)sent;
    connection->position = (connection->position + (size_t)sent) % length;
  }
  if (connection->watched == (connection->unsent > 0)) return;
  connection->watched = connection->unsent > 0;
  watch(connection, EPOLL_CTL_MOD, connection->watched ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void send_messages(struct connection *connection, size_t number) {
  in_flight += number;
  connection->unsent += number * sent_size;
  flush(connection);
}

static void send_next(void) {
  send_messages(waiting[head], 1);
  head = (head + 1) % count;
}

static void on_readable(struct connection *connection) {
  ssize_t bytes = recv(connection->fd, buffer, BUFFER, MSG_DONTWAIT);
  if (bytes < 0 && errno == EAGAIN) return;
  if (bytes <= 0) fail("the server ended a connection");
  connection->partial += (size_t)bytes;
  size_t whole = connection->partial / reply_size;
  connection->partial %= reply_size;
  received += whole;
  in_flight -= whole;
  if (whole == 0) return;
  if (crowd > 0) {
    waiting[tail] = connection;
    tail = (tail + 1) % count;
  }
  if (!running) return;
  if (crowd > 0) send_next();
  else send_messages(connection, whole);
}

/* Handles what comes for so many milliseconds at most. */
static void turn(double most) {
  struct epoll_event events[EVENTS];
  int ready = epoll_wait(epoll, events, EVENTS, most < 1 ? 1 : (int)most);
  for (int i = 0; i < ready; i++) {
    if (events[i].events & EPOLLOUT) flush(events[i].data.ptr);
    if (events[i].events & ~(unsigned)EPOLLOUT) on_readable(events[i].data.ptr);
  }
}

static void finish(void) {
  running = 0;
  for (double end = now() + STALL; in_flight > 0;) {
    if (now() > end) fail("nothing came back");
    turn(100);
  }
}

static void run(double duration) {
  received = 0;
  running = duration > 0;
  for (uint32_t i = 0; crowd == 0 && i < count; i++) send_messages(&connections[i], window);
  for (uint32_t i = 0; i < crowd; i++) send_next();
  for (double end = now() + duration; now() < end;) turn(end - now());
  finish();
  report(received, 0);
}

/* In bursts that fit any server's backlog: a reply on the last one says that all have been accepted. */
static void open_all(const char *port) {
  struct sockaddr_in server = loopback(port);
  for (uint32_t i = 0; i < count; i++) {
    struct connection *connection = &connections[i];
    connection->fd = socket_from(count > MOST_FROM_ONE_ADDRESS ? i : 0);
    check(connect(connection->fd, (struct sockaddr *)&server, sizeof server) == 0, "connect");
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
    if (crowd > 0) waiting[i] = connection;
    if (count <= BURST || (i + 1) % BURST != 0) continue;
    uint32_t own_crowd = crowd;
    crowd = 0;
    send_messages(connection, 1);
    finish();
    crowd = own_crowd;
  }
}

/* The same order at every run. */
static void shuffle(void) {
  srandom(1);
  for (uint32_t i = count - 1; i > 0; i--) {
    uint32_t j = (uint32_t)random() % (i + 1);
    struct connection *other = waiting[i];
    waiting[i] = waiting[j];
    waiting[j] = other;
  }
}

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  count = (uint32_t)atoi(argv[2]);
  window = (uint32_t)atoi(argv[3]);
  sent_size = (size_t)atoi(argv[4]);
  reply_size = (size_t)atoi(argv[5]);
  crowd = (uint32_t)atoi(argv[6]);
  if (count == 0 || window == 0 || sent_size == 0 || reply_size == 0 || crowd > count) return 2;
  length = window * sent_size;
  messages = read_messages(length);
  connections = calloc(count, sizeof *connections);
  waiting = calloc(count, sizeof *waiting);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  check(connections != NULL && waiting != NULL && epoll >= 0, "epoll_create1");
  raise_descriptors();
  open_all(argv[1]);
  if (crowd > 0) shuffle();
  report(0, 0);
  return answer_commands(run);
}
