#include "send.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "system.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

// Messages given to one system call.
#define MESSAGES 64
// Of one joined message: the kernel's own bounds (UDP_MAX_SEGMENTS, and the length of an IP packet).
#define MOST_SEGMENTS 64
#define MOST_JOINED 65000
// What fits one Ethernet frame over IPv6: a longer segment is refused on most paths.
#define LONGEST_SEGMENT 1452

typedef union {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(uint16_t))];
} control_buffer;

typedef struct {
  struct mmsghdr messages[MESSAGES];
  struct iovec vectors[MR_RING];
  control_buffer controls[MESSAGES];
  uint32_t first[MESSAGES + 1];  // the entry that a message begins with; one more: the end
  uint32_t count;
} batch;

static bool is_in_ring(const mr_ring *ring, const mr_outgoing *entry) {
  return (size_t)entry->offset + entry->length <= ring->bytes_length;
}

// How many entries from this one on can go as one message.
static uint32_t joined(const mr_ring *ring, uint32_t at, uint32_t end) {
  const mr_outgoing *one = &ring->entries[at];
  if (!ring->segmenting || one->peer == MR_BY_ADDRESS || one->length == 0 || one->length > LONGEST_SEGMENT) return 1;
  uint32_t total = one->length;
  uint32_t n = 1;
  for (; at + n < end && n < MOST_SEGMENTS; n++) {
    const mr_outgoing *next = &ring->entries[at + n];
    if (next->peer != one->peer || next->length > one->length || next->length == 0) break;
    if (total + next->length > MOST_JOINED || !is_in_ring(ring, next)) break;
    total += next->length;
    // A shorter one ends the message.
    if (next->length < one->length) return n + 1;
  }
  return n;
}

// Where the bytes of so many entries are, neighbours as one. Returns how many pieces.
static uint32_t pieces_of(const mr_ring *ring, uint32_t at, uint32_t entries, struct iovec *pieces) {
  uint32_t n = 0;
  uint32_t end = 0;
  for (uint32_t i = at; i < at + entries; i++) {
    const mr_outgoing *entry = &ring->entries[i];
    if (n > 0 && entry->offset == end) pieces[n - 1].iov_len += entry->length;
    else pieces[n++] = (struct iovec){.iov_base = (void *)(ring->bytes + entry->offset), .iov_len = entry->length};
    end = entry->offset + entry->length;
  }
  return n;
}

static void segment(struct msghdr *header, control_buffer *control, uint16_t size) {
  header->msg_control = control;
  header->msg_controllen = sizeof *control;
  struct cmsghdr *c = CMSG_FIRSTHDR(header);
  c->cmsg_level = SOL_UDP;
  c->cmsg_type = UDP_SEGMENT;
  c->cmsg_len = CMSG_LEN(sizeof size);
  memcpy(CMSG_DATA(c), &size, sizeof size);
}

static const mr_address *target_of(const mr_ring *ring, const mr_peers *peers, uint32_t at) {
  uint32_t peer = ring->entries[at].peer;
  return peer == MR_BY_ADDRESS ? &ring->targets[at] : mr_peers_address(peers, peer);
}

// Makes messages of the entries from `at` on. Stops before one that cannot be sent at all.
static void fill(batch *b, const mr_ring *ring, const mr_peers *peers, uint32_t at, uint32_t end) {
  struct iovec *pieces = b->vectors;
  b->count = 0;
  while (at < end && b->count < MESSAGES) {
    const mr_outgoing *one = &ring->entries[at];
    const mr_address *to = target_of(ring, peers, at);
    uint32_t n = joined(ring, at, end);
    if ((to == NULL && one->peer != 0) || !is_in_ring(ring, one)) break;
    uint32_t i = b->count++;
    b->first[i] = at;
    struct msghdr *header = &b->messages[i].msg_hdr;
    *header = (struct msghdr){.msg_iov = pieces, .msg_iovlen = pieces_of(ring, at, n, pieces)};
    pieces += header->msg_iovlen;
    if (to != NULL) {
      header->msg_name = (void *)to;
      header->msg_namelen = mr_address_size(to);
    }
    if (n > 1) segment(header, &b->controls[i], (uint16_t)one->length);
    at += n;
  }
  b->first[b->count] = at;
}

static void fail(mr_sent *sent, const mr_ring *ring, int error) {
  ring->failures[sent->failed++] = (mr_failure){.index = sent->done++, .error = (uint32_t)error};
}

mr_sent mr_send(mr_ring *ring, const mr_peers *peers, int fd, uint32_t count) {
  batch b;
  mr_sent sent = {0};
  if (count > MR_RING) count = MR_RING;
  while (sent.done < count) {
    fill(&b, ring, peers, sent.done, count);
    if (b.count == 0) {
      fail(&sent, ring, EINVAL);
      continue;
    }
    int n = mr_system.send(fd, b.messages, b.count, MSG_DONTWAIT);
    if (n > 0) {
      sent.done = b.first[n];
      continue;
    }
    int error = n == 0 ? EAGAIN : errno;
    if (error == EINTR) continue;
    if (error == EAGAIN || error == ENOBUFS) {
      sent.stopped = error;
      break;
    }
    // The first message it was. Refused where joined: the device or the path cannot, and each goes by itself from now on.
    if (b.first[1] - b.first[0] > 1 && error != ECONNREFUSED) ring->segmenting = false;
    else fail(&sent, ring, error);
  }
  return sent;
}
