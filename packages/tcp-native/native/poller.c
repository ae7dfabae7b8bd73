#include "poller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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
  if (count <= 0 || poller->exiting) return;
  for (int i = 0; i < count; i++) poller->ready[i] = (mr_ready){.fd = found[i].data.fd, .events = found[i].events};
  tell_ready(poller, (uint32_t)count);
}

int mr_poller_start(mr_poller *poller, uv_loop_t *loop) {
  poller->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (poller->epoll < 0) return -errno;
  poller->poll = malloc(uv_handle_size(UV_POLL));
  int failed = poller->poll == NULL ? -ENOMEM : uv_poll_init(loop, poller->poll, poller->epoll);
  if (failed) {
    free(poller->poll);
    close(poller->epoll);
    return failed;
  }
  uv_handle_set_data((uv_handle_t *)poller->poll, poller);
  uv_unref((uv_handle_t *)poller->poll);
  return uv_poll_start(poller->poll, UV_READABLE, on_poll);
}

static void on_closed(uv_handle_t *poll) {
  mr_poller *poller = uv_handle_get_data(poll);
  napi_async_cleanup_hook_handle cleanup = poller->cleanup;
  free(poll);
  free(poller->owned);
  free(poller);
  napi_remove_async_cleanup_hook(cleanup);
}

void mr_poller_stop(mr_poller *poller) {
  poller->exiting = true;
  for (int fd = 0; fd < (int)(poller->owned_bytes * 8); fd++) {
    if (mr_poller_owns(poller, fd)) close(fd);
  }
  uv_close((uv_handle_t *)poller->poll, on_closed);
  close(poller->epoll);
}

bool mr_poller_owns(const mr_poller *poller, int fd) {
  size_t byte = (size_t)fd / 8;
  return fd >= 0 && byte < poller->owned_bytes && (poller->owned[byte] & (1u << (fd % 8))) != 0;
}

// Room for the bit of a descriptor.
static bool make_room(mr_poller *poller, int fd) {
  size_t wanted = (size_t)fd / 8 + 1;
  if (wanted <= poller->owned_bytes) return true;
  size_t bytes = poller->owned_bytes == 0 ? 128 : poller->owned_bytes;
  while (bytes < wanted) bytes *= 2;
  uint8_t *owned = realloc(poller->owned, bytes);
  if (owned == NULL) return false;
  memset(owned + poller->owned_bytes, 0, bytes - poller->owned_bytes);
  poller->owned = owned;
  poller->owned_bytes = bytes;
  return true;
}

int mr_poller_adopt(mr_poller *poller, int fd, uint32_t events) {
  if (!make_room(poller, fd)) return -ENOMEM;
  int failed = mr_poller_watch(poller, fd, events, false);
  if (failed) return failed;
  poller->owned[fd / 8] |= (uint8_t)(1u << (fd % 8));
  if (poller->count++ == 0) uv_ref((uv_handle_t *)poller->poll);
  return 0;
}

int mr_poller_watch(mr_poller *poller, int fd, uint32_t events, bool watched) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  int operation = events == 0 ? EPOLL_CTL_DEL : watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  return epoll_ctl(poller->epoll, operation, fd, &event) == 0 ? 0 : -errno;
}

void mr_poller_give_up(mr_poller *poller, int fd) {
  if (!mr_poller_owns(poller, fd)) return;
  poller->owned[fd / 8] &= (uint8_t)~(1u << (fd % 8));
  if (--poller->count == 0) uv_unref((uv_handle_t *)poller->poll);
}
