#include "handle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "group.h"

mr_area *mr_handle_area(mr_handle *handle) {
  return handle->own_area != NULL ? handle->own_area : handle->home->area;
}

// An exception that comes out of a callback is nobody's: as Node does, it is told to the process. Returns whether there was one.
static bool tell_exception(napi_env env) {
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return false;
  napi_value error;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  return true;
}

// Of one turn. Code that puts off to it, each time, what throws again would otherwise never let go of the loop.
#define MOST_EXCEPTIONS 64

static napi_value do_nothing(napi_env env, napi_callback_info info) {
  return NULL;
}

// Where a process survives an exception, Node puts off what the turn has still to do to another one. Some of it may read the batch, whose
// place another batch has by then: so it is done now.
static void finish_turn(mr_handle *handle, napi_value receiver) {
  napi_env env = handle->home->env;
  napi_value nothing;
  if (napi_create_function(env, NULL, 0, do_nothing, NULL, &nothing) != napi_ok) return;
  for (int i = 0; i < MOST_EXCEPTIONS; i++) {
    napi_make_callback(env, handle->context, receiver, nothing, 0, NULL, NULL);
    if (!tell_exception(env)) return;
  }
}

// Calls JavaScript, and runs what that has put off to the end of the turn (process.nextTick, promises).
static void call(mr_handle *handle, mr_callback which, uint32_t argument) {
  napi_env env = handle->home->env;
  napi_handle_scope scope;
  if (handle->exiting || napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value callback, receiver, value;
  if (napi_get_reference_value(env, handle->callbacks[which], &callback) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok && napi_create_uint32(env, argument, &value) == napi_ok) {
    napi_make_callback(env, handle->context, receiver, callback, 1, &value, NULL);
    if (tell_exception(env)) finish_turn(handle, receiver);
  }
  napi_close_handle_scope(env, scope);
}

// Asks JavaScript for a slab of at least so many bytes.
static bool renew_slab(mr_instance *home, size_t bytes) {
  napi_env env = home->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_value callback, receiver, size, slab;
  void *data = NULL;
  bool done = napi_get_reference_value(env, home->on_slab, &callback) == napi_ok &&
              napi_get_global(env, &receiver) == napi_ok &&
              napi_create_uint32(env, (uint32_t)bytes, &size) == napi_ok &&
              napi_call_function(env, receiver, callback, 1, &size, &slab) == napi_ok &&
              napi_get_arraybuffer_info(env, slab, &data, &home->slab_size) == napi_ok;
  if (done) {
    if (home->slab_ref != NULL) napi_delete_reference(env, home->slab_ref);
    home->slab_ref = NULL;
    done = napi_create_reference(env, slab, 1, &home->slab_ref) == napi_ok && home->slab_size >= bytes;
  }
  tell_exception(env);
  home->slab = done ? data : NULL;
  home->slab_used = 0;
  if (!done) home->slab_size = 0;
  napi_close_handle_scope(env, scope);
  return done;
}

// Whoever has a datagram can take the whole slab away (ArrayBuffer.prototype.transfer): what is written there then is written into memory
// of somebody else's, or of nobody's. Asked whenever other code may have run.
static void replace_lost_slab(mr_instance *home) {
  napi_env env = home->env;
  napi_handle_scope scope;
  napi_value slab;
  bool lost = false;
  if (home->slab_ref == NULL || napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, home->slab_ref, &slab) == napi_ok) napi_is_detached_arraybuffer(env, slab, &lost);
  napi_close_handle_scope(env, scope);
  if (lost) renew_slab(home, 0);
}

// Returns whether JavaScript has said that it keeps nothing of what it was given.
static bool deliver(mr_handle *handle, mr_callback which, uint32_t count) {
  mr_state *state = &handle->shared->state;
  state->delivering = MR_DELIVERING;
  call(handle, which, count);
  bool unkept = state->delivering == MR_UNKEPT;
  state->delivering = 0;
  if (handle->closing || state->collected == 0) return unkept;
  uint32_t done = mr_handle_flush(handle, true);
  if (state->failed != 0 || state->stopped != 0) call(handle, MR_ON_FLUSHED, done);
  return unkept;
}

// Gives a batch out. Its part of the slab is used again where nothing of it is kept: what is written to again and again stays in the
// processor's cache.
static void give_batch(mr_handle *handle, uint32_t count) {
  mr_instance *home = handle->home;
  size_t start = home->entries[0].offset;
  if (deliver(handle, MR_ON_BATCH, count)) home->slab_used = start;
  replace_lost_slab(home);
}

// Copies a datagram out of its area into the slab. False where there is no memory.
static bool keep_bytes(mr_instance *home, const mr_datagram *datagram, uint32_t *offset) {
  size_t bytes = datagram->length;
  if (bytes > home->slab_size - home->slab_used && !renew_slab(home, bytes)) return false;
  *offset = (uint32_t)home->slab_used;
  if (bytes > 0) memcpy(home->slab + home->slab_used, datagram->bytes, bytes);
  home->slab_used += (bytes + 7) & ~(size_t)7;
  if (home->slab_used > home->slab_size) home->slab_used = home->slab_size;
  return true;
}

// Hands a batch over: mostly in one call, in more where the slab comes to its end or something was truncated.
static void hand_out(mr_handle *handle, mr_area *area) {
  mr_instance *home = handle->home;
  mr_datagram datagram;
  uint32_t count = 0;
  replace_lost_slab(home);
  while (!handle->closing && mr_next(area, &datagram)) {
    bool fits = datagram.length <= home->slab_size - home->slab_used;
    if (count > 0 && (!fits || datagram.truncated || count == MR_BATCH_ENTRIES)) {
      give_batch(handle, count);
      count = 0;
      if (handle->closing) return;
    }
    mr_entry *entry = &home->entries[count];
    *entry = (mr_entry){.length = datagram.length, .message = datagram.message};
    if (datagram.truncated) {
      deliver(handle, MR_ON_TRUNCATED, 0);
    } else {
      if (!keep_bytes(home, &datagram, &entry->offset)) return;
      entry->peer = mr_peers_find(&handle->peers, datagram.from);
      count++;
    }
  }
  if (count > 0 && !handle->closing) give_batch(handle, count);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static int watch(mr_handle *handle) {
  if (handle->closing) return 0;
  return uv_poll_start(handle->poll, UV_READABLE | (handle->writable_wanted ? UV_WRITABLE : 0), on_poll);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  mr_handle *handle = uv_handle_get_data((uv_handle_t *)poll);
  // libuv gives up a socket that has an error (a refusal, say) and does not say which: reading does, and clears it.
  if (status < 0 || events & UV_WRITABLE) {
    bool writable = status < 0 ? handle->writable_wanted : true;
    handle->writable_wanted = false;
    watch(handle);
    if (writable) call(handle, MR_ON_WRITABLE, 0);
  }
  if (handle->closing || (status >= 0 && !(events & UV_READABLE))) return;
  mr_area *area = mr_handle_area(handle);
  int received = mr_receive(area, handle->fd);
  if (received >= 0) hand_out(handle, area);
  else if (received != -EAGAIN) call(handle, MR_ON_ERROR, (uint32_t)-received);
}

int mr_handle_start(mr_handle *handle) {
  return watch(handle);
}

int mr_handle_watch_writable(mr_handle *handle) {
  handle->writable_wanted = true;
  return watch(handle);
}

uint32_t mr_handle_flush(mr_handle *handle, bool groups) {
  mr_state *state = &handle->shared->state;
  state->failed = state->stopped = 0;
  if (state->collected == 0) return 0;
  if (groups && handle->ring.segmenting) mr_group(handle->ring.entries, state->collected);
  mr_sent sent = mr_send(&handle->ring, &handle->peers, handle->fd, state->collected);
  state->failed = sent.failed;
  state->stopped = (uint32_t)sent.stopped;
  if (sent.failed == 0 && sent.stopped == 0) state->collected = 0;
  return sent.done;
}

static void forget_references(mr_handle *handle) {
  napi_env env = handle->home->env;
  napi_handle_scope scope;
  if (handle->exiting || napi_open_handle_scope(env, &scope) != napi_ok) return;
  for (int i = 0; i < MR_CALLBACKS; i++) {
    if (handle->callbacks[i] != NULL) napi_delete_reference(env, handle->callbacks[i]);
    handle->callbacks[i] = NULL;
  }
  if (handle->shared_ref != NULL) napi_delete_reference(env, handle->shared_ref);
  handle->shared_ref = NULL;
  if (handle->context != NULL) napi_async_destroy(env, handle->context);
  handle->context = NULL;
  napi_close_handle_scope(env, scope);
}

static void on_closed(uv_handle_t *poll) {
  mr_handle *handle = uv_handle_get_data(poll);
  free(poll);
  handle->poll = NULL;
  call(handle, MR_ON_CLOSED, 0);
  forget_references(handle);
  mr_peers_free(&handle->peers);
  mr_area_free(handle->own_area);
  handle->own_area = NULL;
  handle->closed = true;
  // Last: while the environment is torn down this lets it finalize the handle, and free it.
  napi_async_cleanup_hook_handle cleanup = handle->cleanup;
  handle->cleanup = NULL;
  mr_handle_release(handle);
  if (cleanup != NULL) napi_remove_async_cleanup_hook(cleanup);
}

void mr_handle_close(mr_handle *handle) {
  if (handle->closing) return;
  handle->closing = true;
  uv_close((uv_handle_t *)handle->poll, on_closed);
  // The loop has let go of it by now.
  close(handle->fd);
  handle->fd = -1;
}

void mr_handle_release(mr_handle *handle) {
  if (handle->closed && handle->unreachable) free(handle);
}
