// One epoll instance for all sockets of one JavaScript environment (a thread), itself watched by the environment's event loop: however many
// sockets are ready, it is one call into JavaScript.
#ifndef MILLRACE_POLLER_H
#define MILLRACE_POLLER_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "uv_poll.h"

// Sockets of one call into JavaScript. The kernel goes round, so that those that are left have their turn in the next one.
#define MR_MOST_READY 256

// What JavaScript reads of each socket that is ready.
typedef struct {
  int32_t fd;
  uint32_t events;  // EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP
} mr_ready;

typedef struct {
  napi_env env;
  uv_poll_t *poll;
  int epoll;
  mr_ready *ready;  // room for MR_MOST_READY, JavaScript's
  napi_ref ready_ref;
  uint8_t *memory;  // what quiet sockets are read into, JavaScript's
  size_t memory_length;
  napi_ref memory_ref;
  napi_ref on_ready;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  uint8_t *owned;  // a bit for each descriptor: whether it is one of ours
  size_t owned_bytes;
  uint32_t count;  // of those
  struct sockaddr_storage accepted;  // who was accepted last
  bool exiting;  // the environment is being torn down: no more calls
} mr_poller;

// Begins to watch; the parts that are JavaScript's are in place. Returns 0, or a negated errno.
int mr_poller_start(mr_poller *poller, uv_loop_t *loop);

// Closes all descriptors, and frees the poller later.
void mr_poller_stop(mr_poller *poller);

// Takes a descriptor in and watches it. Returns 0, or a negated errno, and then it is not taken in.
int mr_poller_adopt(mr_poller *poller, int fd, uint32_t events);

// Whether a descriptor was taken in and not given up.
bool mr_poller_owns(const mr_poller *poller, int fd);

// What is told of it from now on; nothing at all with 0, where otherwise errors are told in any case. `watched` is whether it was anything
// before. Returns 0, or a negated errno.
int mr_poller_watch(mr_poller *poller, int fd, uint32_t events, bool watched);

// Neither watches nor closes it from now on.
void mr_poller_give_up(mr_poller *poller, int fd);

#endif
