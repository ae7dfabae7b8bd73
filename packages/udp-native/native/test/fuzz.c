// A seeded stream of datagrams, failures, nonsense and closes through everything that needs no JavaScript: `fuzz SEED STEPS`. Made
// to run under AddressSanitizer and UBSan (npm run check:native). It also checks what comes out: every datagram that
// arrives has the bytes that were sent, in order, and the peers' numbers are those of a simple model.
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../group.h"
#include "../receive.h"
#include "../send.h"
#include "../socket.h"
#include "../system.h"

#undef NDEBUG
#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: not so at seed %" PRIu64 ": %s\n", __FILE__, __LINE__, seed, #condition); \
      abort(); \
    } \
  } while (0)

#define PEERS 64
// Of the endpoints, those from here on ask for nonsense; what they send is not looked at.
#define ENDPOINTS 4
#define FIRST_HOSTILE 2

static uint64_t seed, state;
static mr_system_calls real;
static unsigned faults;  // in a thousand calls

// xorshift64*
static uint32_t draw(uint32_t below) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 33) % below;
}

static int fail_with(int error) {
  errno = error;
  return -1;
}

static int faulty_receive(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
  if (draw(1000) < faults) return fail_with((int[]){EINTR, EAGAIN, ECONNREFUSED, ENOMEM}[draw(4)]);
  return real.receive(fd, messages, 1 + draw(count), flags, timeout);
}

typedef struct {
  int fd;
  int family;
  mr_address local;
  mr_area *area;
  size_t message_bytes;
  mr_peers peers;
  uint32_t kept[PEERS];  // the model: how often each of the addresses below is kept
  uint32_t numbers[PEERS];
  mr_ring ring;
  mr_outgoing entries[MR_RING];
  mr_failure failures[MR_RING];
  uint8_t bytes[MR_RING_BYTES];
} endpoint;

static const endpoint *sending;

static int faulty_send(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  for (unsigned i = 0; i < count; i++) {
    const struct msghdr *header = &messages[i].msg_hdr;
    for (size_t k = 0; k < header->msg_iovlen; k++) {
      const uint8_t *begin = header->msg_iov[k].iov_base;
      CHECK(begin >= sending->bytes && begin + header->msg_iov[k].iov_len <= sending->bytes + MR_RING_BYTES);
    }
  }
  if (draw(1000) < faults) return fail_with((int[]){EINTR, EAGAIN, ENOBUFS, EPERM, ECONNREFUSED, EIO}[draw(6)]);
  return real.send(fd, messages, draw(4) == 0 ? 1 + draw(count) : count, flags);
}

static endpoint ends[ENDPOINTS];

static bool is_hostile(const mr_address *from) {
  for (int i = FIRST_HOSTILE; i < ENDPOINTS; i++) {
    if (mr_address_equal(&ends[i].local, from)) return true;
  }
  return false;
}

static void open_endpoint(endpoint *e, int family) {
  memset(e, 0, sizeof *e);
  e->family = family;
  e->fd = mr_socket_open(family, draw(8));
  CHECK(e->fd >= 0);
  CHECK(mr_address_parse(&e->local, family, family == AF_INET6 ? "::1" : "127.0.0.1", 0) == 0);
  CHECK(mr_socket_bind(e->fd, &e->local) == 0);
  CHECK(mr_socket_local(e->fd, &e->local) == 0);
  CHECK(mr_socket_set(e->fd, family, MR_RECV_BUFFER, 1 << 20) == 0);
  if (draw(2)) mr_socket_join_received(e->fd);
  e->message_bytes = draw(3) == 0 ? 1 + draw(2000) : MR_MESSAGE_BYTES;
  e->area = mr_area_new(e->message_bytes);
  CHECK(e->area != NULL && mr_peers_init(&e->peers) == 0);
  e->ring.entries = e->entries;
  e->ring.bytes = e->bytes;
  e->ring.bytes_length = sizeof e->bytes;
  e->ring.failures = e->failures;
  e->ring.segmenting = mr_socket_cuts_sent(e->fd);
}

static void close_endpoint(endpoint *e) {
  close(e->fd);
  mr_area_free(e->area);
  mr_peers_free(&e->peers);
}

// The datagram's own bytes follow from its first four, so that whoever gets it can tell whether it is whole.
static void fill_pattern(uint8_t *bytes, uint32_t length, uint32_t key) {
  for (uint32_t i = 0; i < length; i++) bytes[i] = i < 4 ? (uint8_t)(key >> (8 * i)) : (uint8_t)(key * 31 + i * 7);
}

static void check_pattern(const uint8_t *bytes, uint32_t length) {
  uint32_t key = 0;
  if (length < 4) return;
  for (uint32_t i = 0; i < 4; i++) key |= (uint32_t)bytes[i] << (8 * i);
  for (uint32_t i = 4; i < length; i++) CHECK(bytes[i] == (uint8_t)(key * 31 + i * 7));
}

static void address_of(const endpoint *e, uint32_t i, mr_address *address) {
  char text[MR_ADDRESS_TEXT];
  // Half of them differ by their port alone; one is what this process really sends from.
  if (e->family == AF_INET6) snprintf(text, sizeof text, "fd00::%x", i % 2 ? i : 1);
  else snprintf(text, sizeof text, "127.0.%u.%u", i % 2 ? i : 1, 1 + i % 2);
  CHECK(mr_address_parse(address, e->family, text, (uint16_t)(1000 + i)) == 0);
}

static void step_peers(endpoint *e) {
  uint32_t i = draw(PEERS);
  mr_address address;
  address_of(e, i, &address);
  if (draw(2)) {
    uint32_t number = mr_peers_keep(&e->peers, &address);
    CHECK(number != 0 && (e->kept[i] == 0 || number == e->numbers[i]));
    e->numbers[i] = number;
    e->kept[i]++;
  } else if (e->kept[i] > 0) {
    mr_peers_forget(&e->peers, e->numbers[i]);
    e->kept[i]--;
  }
  CHECK(mr_peers_find(&e->peers, &address) == (e->kept[i] > 0 ? e->numbers[i] : 0));
  if (e->kept[i] > 0) CHECK(mr_address_equal(mr_peers_address(&e->peers, e->numbers[i]), &address));
  // Numbers that were never given out, or are free.
  if (draw(8) == 0) CHECK(mr_peers_address(&e->peers, 1 << 30) == NULL);
  if (draw(8) == 0) mr_peers_forget(&e->peers, UINT32_MAX - draw(3));
}

static uint32_t some_length(void) {
  switch (draw(6)) {
    case 0: return 0;
    case 1: return draw(8);
    case 2: return 1200;
    case 3: return draw(1500);
    case 4: return draw(9000);
    default: return draw(20) == 0 ? 65507 : 64;
  }
}

// Each peer's entries are together and in their order; nothing has moved where one goes by its address.
static void check_groups(const mr_outgoing *before, const mr_outgoing *after, uint32_t n) {
  bool by_address = false, used[MR_RING] = {0};
  for (uint32_t i = 0; i < n; i++) by_address |= before[i].peer >= MR_BY_ADDRESS - 1;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t from = 0;
    while (from < n && (used[from] || memcmp(&before[from], &after[i], sizeof *after) != 0)) from++;
    CHECK(from < n && (!by_address || from == i));
    used[from] = true;
    // None of those that stand before it there, and went to the same peer, is still to come; none to another stands between them.
    for (uint32_t k = 0; k < from; k++) CHECK(used[k] || before[k].peer != before[from].peer || by_address);
    if (by_address || i == 0 || after[i - 1].peer == after[i].peer) continue;
    for (uint32_t k = 0; k < i; k++) CHECK(after[k].peer != after[i].peer);
  }
}

static void step_group(endpoint *from, uint32_t n) {
  mr_outgoing before[MR_RING];
  memcpy(before, from->entries, sizeof before);
  mr_group(from->entries, n);
  check_groups(before, from->entries, n);
}

static void step_send(endpoint *from, endpoint *to) {
  uint32_t count = 1 + draw(40), used = 0, peer = 0;
  bool others = draw(3) == 0, aimed = draw(2) == 0;
  if (from->family == to->family) peer = mr_peers_keep(&from->peers, &to->local);
  uint32_t length = some_length();
  uint32_t n = 0;
  for (; n < count; n++) {
    if (draw(4) == 0) length = some_length();
    if (used + length > MR_RING_BYTES) break;
    fill_pattern(from->bytes + used, length, draw(UINT32_MAX));
    from->entries[n] = (mr_outgoing){.peer = peer, .offset = used, .length = length};
    // Peers that are known, or not, and where nobody listens.
    if (others && draw(2)) from->entries[n].peer = from->numbers[draw(PEERS)];
    if (from->family == to->family && aimed && draw(10) == 0) {
      from->entries[n].peer = MR_BY_ADDRESS;
      from->ring.targets[n] = to->local;
    }
    // What only a bug of the other side could ask for.
    bool hostile = from >= &ends[FIRST_HOSTILE];
    if (hostile && draw(20) == 0) from->entries[n].peer = draw(UINT32_MAX - 1);
    if (hostile && draw(20) == 0) from->entries[n].offset = draw(UINT32_MAX);
    if (hostile && draw(20) == 0) from->entries[n].length = draw(UINT32_MAX);
    used += length;
  }
  sending = from;
  if (draw(2)) step_group(from, n);
  mr_sent sent = mr_send(&from->ring, &from->peers, from->fd, from >= &ends[FIRST_HOSTILE] && draw(50) == 0 ? UINT32_MAX : n);
  CHECK(sent.done <= MR_RING && sent.failed <= sent.done);
  CHECK(sent.stopped == 0 || sent.stopped == EAGAIN || sent.stopped == ENOBUFS);
  for (uint32_t i = 0; i < sent.failed; i++) CHECK(from->failures[i].index < sent.done && from->failures[i].error != 0);
  if (peer != 0) mr_peers_forget(&from->peers, peer);
}

// Returns how many datagrams came.
static unsigned step_receive(endpoint *e) {
  int count = mr_receive(e->area, e->fd);
  CHECK(count <= MR_BATCH);
  mr_datagram datagram;
  unsigned got = 0;
  for (; mr_next(e->area, &datagram); got++) {
    CHECK(datagram.message < (uint32_t)count && mr_sender(e->area, datagram.message) == datagram.from);
    CHECK(datagram.truncated ? datagram.length > e->message_bytes : datagram.length <= e->message_bytes);
    if (!datagram.truncated && !is_hostile(datagram.from)) check_pattern(datagram.bytes, datagram.length);
    char text[MR_ADDRESS_TEXT];
    CHECK(mr_address_format(datagram.from, text) == 0 && mr_address_port(datagram.from) != 0);
    if (draw(4) == 0) break;
  }
  CHECK(mr_sender(e->area, MR_BATCH) == NULL);
  return got;
}

static void step_text(void) {
  char text[MR_ADDRESS_TEXT] = {0};
  mr_address address;
  uint32_t length = draw(MR_ADDRESS_TEXT - 1);
  for (uint32_t i = 0; i < length; i++) text[i] = "0123456789abcdef:.%lo\xff"[draw(22)];
  int family = draw(2) ? AF_INET : AF_INET6;
  if (mr_address_parse(&address, family, text, (uint16_t)draw(65536)) != 0) return;
  CHECK(mr_address_format(&address, text) == 0);
}

static void step_options(endpoint *e) {
  mr_socket_set(e->fd, e->family, (mr_option)draw(8), (int)draw(300));
  if (draw(4) == 0) mr_socket_multicast_interface(e->fd, e->family, draw(2) ? "127.0.0.1" : "::%lo");
  if (draw(4) == 0) mr_socket_join_group(e->fd, e->family, draw(2) ? "239.1.2.3" : "ff01::1", draw(2) ? "127.0.0.1" : NULL, NULL);
}

int main(int argc, char **argv) {
  seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  uint32_t steps = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 20000;
  state = seed * 0x9e3779b97f4a7c15u + 1;
  real = mr_system;
  mr_system = (mr_system_calls){.receive = faulty_receive, .send = faulty_send};
  for (int i = 0; i < ENDPOINTS; i++) open_endpoint(&ends[i], i % 2 ? AF_INET6 : AF_INET);
  uint64_t received = 0;
  for (uint32_t step = 0; step < steps; step++) {
    endpoint *e = &ends[draw(ENDPOINTS)];
    faults = draw(5) == 0 ? 300 : 0;
    switch (draw(12)) {
      case 0: step_text(); break;
      case 1: if (draw(20) == 0) step_options(e); break;
      case 2: case 3: step_peers(e); break;
      case 4: case 5: case 6: step_send(e, &ends[draw(ENDPOINTS)]); break;
      case 7:
        // Closed with whatever is still on its way, and often in the midst of a batch.
        if (e < &ends[FIRST_HOSTILE] && draw(20) == 0) {
          int family = e->family;
          close_endpoint(e);
          open_endpoint(e, family);
        }
        break;
      default: received += step_receive(e);
    }
  }
  for (int i = 0; i < ENDPOINTS; i++) close_endpoint(&ends[i]);
  printf("seed %" PRIu64 ": %" PRIu32 " steps, %" PRIu64 " datagrams received\n", seed, steps, received);
  return received > 0 ? 0 : 1;
}
