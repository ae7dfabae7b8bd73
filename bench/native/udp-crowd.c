/* The generator's side of a UDP crowd: `udp-crowd PORT PEERS WINDOW SIZE`.
 *
 * One socket plays all peers: each datagram leaves from the peer's own address in 127/8, named in its ancillary data, and
 * each reply tells which address it was sent to. First every peer sends one datagram of its own, and each reply is
 * compared with what that peer sent. Then each line `run MS` on standard input keeps WINDOW datagrams in flight, going
 * from peer to peer in an order that jumps, and is answered with one line of JSON: `{"messages":N,"lost":N}`. */
#define _GNU_SOURCE
#include "load.h"

#include <poll.h>

enum { BATCH = 64, LONGEST = 2048, LOST_AFTER = 1000 };

struct batch {
  char bytes[BATCH][LONGEST];
  char control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
  struct iovec parts[BATCH];
  struct mmsghdr messages[BATCH];
};

static struct batch out, in;
static struct sockaddr_in server;
static int fd;
static uint32_t peers, window, size, next_peer;

/* What a peer sends: its number, then letters that depend on it. */
static void fill(char *bytes, uint32_t peer) {
  memcpy(bytes, &peer, sizeof peer);
  for (uint32_t i = sizeof peer; i < size; i++) bytes[i] = (char)('a' + (peer + i) % 26);
}

static void prepare(struct batch *batch) {
  memset(batch->messages, 0, sizeof batch->messages);
  for (int i = 0; i < BATCH; i++) {
    batch->parts[i] = (struct iovec){ .iov_base = batch->bytes[i], .iov_len = LONGEST };
    batch->messages[i].msg_hdr.msg_iov = &batch->parts[i];
    batch->messages[i].msg_hdr.msg_iovlen = 1;
    batch->messages[i].msg_hdr.msg_control = batch->control[i];
    batch->messages[i].msg_hdr.msg_controllen = sizeof batch->control[i];
  }
}

static void address(int i, uint32_t peer) {
  struct msghdr *header = &out.messages[i].msg_hdr;
  struct cmsghdr *control = CMSG_FIRSTHDR(header);
  control->cmsg_level = IPPROTO_IP;
  control->cmsg_type = IP_PKTINFO;
  control->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
  struct in_pktinfo from = { .ipi_spec_dst.s_addr = htonl(FIRST_ADDRESS + peer) };
  memcpy(CMSG_DATA(control), &from, sizeof from);
  header->msg_name = &server;
  header->msg_namelen = sizeof server;
  out.parts[i].iov_len = size;
  fill(out.bytes[i], peer);
}

static void send_batch(int count) {
  for (int sent = 0; sent < count;) {
    int n = sendmmsg(fd, out.messages + sent, (unsigned)(count - sent), 0);
    if (n >= 0) sent += n;
    else if (errno == EAGAIN || errno == ENOBUFS) poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
    else check(errno == EINTR || errno == ECONNREFUSED, "sendmmsg");
  }
}

/* So many datagrams, each from the next peer. The step is prime, so that all peers come by and neighbours do not. */
static void send_from_next(uint32_t count) {
  while (count > 0) {
    int batch = count < BATCH ? (int)count : BATCH;
    prepare(&out);
    for (int i = 0; i < batch; i++) {
      address(i, next_peer);
      next_peer = (uint32_t)(((uint64_t)next_peer + 15485863) % peers);
    }
    send_batch(batch);
    count -= (uint32_t)batch;
  }
}

static uint32_t peer_of(const struct msghdr *header) {
  const struct cmsghdr *control = CMSG_FIRSTHDR(header);
  check(control != NULL && control->cmsg_type == IP_PKTINFO, "no address with a reply");
  struct in_pktinfo info;
  memcpy(&info, CMSG_DATA(control), sizeof info);
  return ntohl(info.ipi_addr.s_addr) - FIRST_ADDRESS;
}

/* Replies there are; each is that of the peer it came to, byte for byte, or the program ends. */
static uint32_t receive(int timeout) {
  static char expected[LONGEST];
  uint32_t received = 0;
  for (;;) {
    prepare(&in);
    int count = recvmmsg(fd, in.messages, BATCH, 0, NULL);
    if (count < 0) check(errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED, "recvmmsg");
    if (count <= 0 && (received > 0 || timeout == 0)) return received;
    if (count <= 0) {
      if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, timeout) == 0) return 0;
      continue;
    }
    for (int i = 0; i < count; i++) {
      uint32_t peer = peer_of(&in.messages[i].msg_hdr);
      fill(expected, peer);
      if (peer >= peers || in.messages[i].msg_len != size || memcmp(in.bytes[i], expected, size) != 0) {
        fprintf(stderr, "peer %u got %u bytes that are not its own\n", peer, in.messages[i].msg_len);
        exit(1);
      }
    }
    received += (uint32_t)count;
  }
}

/* Every peer once, a window at a time. */
static void verify(void) {
  for (uint32_t sent = 0, back = 0; back < peers;) {
    uint32_t room = window - (sent - back), left = peers - sent, more = room < left ? room : left;
    send_from_next(more);
    sent += more;
    uint32_t received = receive(LOST_AFTER * 2);
    if (received == 0) {
      fprintf(stderr, "%u of %u datagrams did not come back\n", sent - back, sent);
      exit(1);
    }
    back += received;
  }
}

static void run(double duration) {
  uint32_t in_flight = 0, messages = 0, lost = 0;
  for (double end = now() + duration; now() < end;) {
    send_from_next(window - in_flight);
    in_flight = window;
    uint32_t received = receive(LOST_AFTER);
    messages += received;
    if (received == 0) lost += in_flight;
    in_flight = received == 0 || received > in_flight ? 0 : in_flight - received;
  }
  while (in_flight > 0) {
    uint32_t received = receive(LOST_AFTER);
    messages += received;
    if (received == 0) lost += in_flight;
    in_flight = received == 0 || received > in_flight ? 0 : in_flight - received;
  }
  report(messages, lost);
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  server = loopback(argv[1]);
  peers = (uint32_t)atoi(argv[2]);
  window = (uint32_t)atoi(argv[3]);
  size = (uint32_t)atoi(argv[4]);
  check(peers > 0 && window > 0 && size >= 4 && size <= LONGEST, "usage: udp-crowd PORT PEERS WINDOW SIZE");
  struct sockaddr_in any = { .sin_family = AF_INET };
  int on = 1, room = 4 * 1024 * 1024;
  fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  check(fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) == 0, "bind");
  check(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0, "IP_PKTINFO");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  verify();
  report(peers, 0);
  return answer_commands(run);
}
