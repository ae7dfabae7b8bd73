#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

// An exception that comes out of the callback is nobody's: as Node does, it is told to the process.
static void tell_exception(napi_env env) {
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  napi_value error;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

// Calls JavaScript, and runs what that has put off to the end of the turn (process.nextTick, promises).
static void tell_ready(mr_poller *poller, uint32_t count) {
  napi_env env = poller->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback, receiver, value;
  if (napi_get_reference_value(env, poller->on_ready, &callback) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok && napi_create_uint32(env, count, &value) == napi_ok) {
    napi_make_callback(env, poller->context, receiver, callback, 1, &value, NULL);
    tell_exception(env);
  }
  napi_close_handle_scope(env, scope);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  mr_poller *poller = uv_handle_get_data((uv_handle_t *)poll);
  struct epoll_event found[MR_MOST_READY];
  int count = epoll_wait(poller->epoll, found, MR_MOST_READY, 0);
  if (count <= 0) return;
  for (int i = 0; i < count; i++) poller->ready[i] = (mr_ready){.fd = found[i].data.fd, .events = found[i].events};
  tell_ready(poller, (uint32_t)count);
}

int mr_poller_start(mr_poller *poller, uv_loop_t *loop) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return -errno;
  uv_poll_t *poll = malloc(uv_handle_size(UV_POLL));
  int failed = poll == NULL ? -ENOMEM : uv_poll_init(loop, poll, epoll);
  if (failed) {
    free(poll);
    close(epoll);
    return failed;
  }
  poller->epoll = epoll;
  poller->poll = poll;
  uv_handle_set_data((uv_handle_t *)poll, poller);
  uv_unref((uv_handle_t *)poll);
  failed = uv_poll_start(poll, UV_READABLE, on_poll);
  if (failed) mr_poller_stop(poller);
  return failed;
}

static void on_closed(uv_handle_t *poll) {
  mr_poller *poller = uv_handle_get_data(poll);
  free(poll);
  // Last: it lets the environment finalize the poller, and free it.
  if (poller->cleanup != NULL) napi_remove_async_cleanup_hook(poller->cleanup);
}

void mr_poller_stop(mr_poller *poller) {
  mr_descriptors_close(&poller->owned);
  uv_close((uv_handle_t *)poller->poll, on_closed);
  close(poller->epoll);
  poller->poll = NULL;
  poller->epoll = -1;
}

// The event loop, and with it the process, goes on for as long as there are sockets.
static void keep_alive(mr_poller *poller) {
  if (poller->poll == NULL) return;
  if (poller->owned.count > 0) uv_ref((uv_handle_t *)poller->poll);
  else uv_unref((uv_handle_t *)poller->poll);
}

int mr_poller_adopt(mr_poller *poller, int fd, uint32_t events) {
  int failed = mr_poller_watch(poller, fd, events, false);
  if (failed) return failed;
  if (!mr_descriptors_add(&poller->owned, fd)) {
    mr_poller_watch(poller, fd, 0, true);
    return -ENOMEM;
  }
  keep_alive(poller);
  return 0;
}

int mr_poller_watch(mr_poller *poller, int fd, uint32_t events, bool watched) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  int operation = events == 0 ? EPOLL_CTL_DEL : watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  return epoll_ctl(poller->epoll, operation, fd, &event) == 0 ? 0 : -errno;
}

void mr_poller_give_up(mr_poller *poller, int fd) {
  // Closing it does not do that where the same socket is open under another descriptor (epoll(7), "Questions and answers", 6).
  // Where it is watched for nothing, this has no effect.
  mr_poller_watch(poller, fd, 0, true);
  mr_descriptors_remove(&poller->owned, fd);
  keep_alive(poller);
}
