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

#include "descriptors.h"
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
  uv_poll_t *poll;  // NULL until it is started
  int epoll;  // -1 until it is started, and behind its end
  mr_ready *ready;  // room for MR_MOST_READY, JavaScript's
  napi_ref ready_ref;
  napi_ref on_ready;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  mr_descriptors owned;
  struct sockaddr_storage accepted;  // who was accepted last
} mr_poller;

// Begins to watch; `ready` and `on_ready` are in place. Returns 0, or a negated errno, and then it is not started.
int mr_poller_start(mr_poller *poller, uv_loop_t *loop);

// Closes all descriptors, and calls nobody any more; the event loop lets go of it later.
void mr_poller_stop(mr_poller *poller);

// Takes a descriptor in and watches it. Returns 0, or a negated errno, and then it is not taken in.
int mr_poller_adopt(mr_poller *poller, int fd, uint32_t events);

// What is told of it from now on; nothing at all with 0, where otherwise errors are told in any case. `watched` is whether it was anything
// before. Returns 0, or a negated errno.
int mr_poller_watch(mr_poller *poller, int fd, uint32_t events, bool watched);

// Neither watches nor closes it from now on.
void mr_poller_give_up(mr_poller *poller, int fd);

#endif
