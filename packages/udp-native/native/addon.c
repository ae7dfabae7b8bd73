// What JavaScript gets when it loads the binary, and how a socket is opened. src/binding.ts is the only caller. What could make this
// side misbehave (a closed socket, a wrong type) is checked, and nothing else.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "calls.h"
#include "socket.h"

static void on_unreachable(napi_env env, void *data, void *hint) {
  mr_handle *handle = data;
  handle->unreachable = true;
  mr_handle_release(handle);
}

static void on_teardown(napi_async_cleanup_hook_handle hook, void *data) {
  mr_handle *handle = data;
  handle->exiting = true;
  mr_handle_close(handle);
}

// setup(entries: Uint32Array, onSlab): once.
static napi_value setup(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_instance *home;
  size_t length = 0;
  void *data = NULL;
  napi_get_instance_data(env, (void **)&home);
  napi_get_typedarray_info(env, a.values[0], NULL, &length, &data, NULL, NULL);
  if (home->entries != NULL || length * sizeof(uint32_t) < MR_BATCH_ENTRIES * sizeof(mr_entry)) return number(env, -EINVAL);
  if (napi_create_reference(env, a.values[0], 1, &home->entries_ref) != napi_ok) return number(env, -ENOMEM);
  if (napi_create_reference(env, a.values[1], 1, &home->on_slab) != napi_ok) return number(env, -ENOMEM);
  if (napi_get_uv_event_loop(env, &home->loop) != napi_ok) return number(env, -EINVAL);
  home->entries = data;
  return number(env, 0);
}

static void free_handle(mr_handle *handle) {
  mr_peers_free(&handle->peers);
  mr_area_free(handle->own_area);
  free(handle->poll);
  free(handle);
}

// The parts of a handle that need no JavaScript. Returns 0, or a negated errno.
static int fill_handle(mr_handle *handle, mr_instance *home, int fd, size_t message_bytes) {
  handle->home = home;
  handle->fd = fd;
  handle->poll = malloc(uv_handle_size(UV_POLL));
  if (handle->poll == NULL || mr_peers_init(&handle->peers) != 0) return -ENOMEM;
  if (message_bytes != MR_MESSAGE_BYTES) handle->own_area = mr_area_new(message_bytes);
  else if (home->area == NULL) home->area = mr_area_new(MR_MESSAGE_BYTES);
  return mr_handle_area(handle) == NULL ? -ENOMEM : 0;
}

static void share(mr_handle *handle, mr_shared *shared) {
  handle->shared = shared;
  handle->ring.entries = shared->entries;
  handle->ring.bytes = shared->bytes;
  handle->ring.bytes_length = sizeof shared->bytes;
  handle->ring.failures = shared->failures;
}

// open(family, flags, messageBytes, shared: ArrayBuffer, onBatch, onFlushed, onWritable, onError, onClosed,
// onTruncated): the socket, or a negated errno.
static napi_value open_socket(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_instance *home;
  napi_get_instance_data(env, (void **)&home);
  void *shared = NULL;
  size_t length = 0;
  napi_get_arraybuffer_info(env, a.values[3], &shared, &length);
  if (home->loop == NULL || length < sizeof(mr_shared)) return number(env, -EINVAL);
  int family = signed_at(&a, 0) == 6 ? AF_INET6 : AF_INET;
  int fd = mr_socket_open(family, unsigned_at(&a, 1));
  if (fd < 0) return number(env, fd);
  mr_handle *handle = calloc(1, sizeof *handle);
  int failed = handle == NULL ? -ENOMEM : fill_handle(handle, home, fd, unsigned_at(&a, 2));
  if (!failed) failed = uv_poll_init(home->loop, handle->poll, fd);
  if (failed) {
    if (handle != NULL) free_handle(handle);
    close(fd);
    return number(env, failed);
  }
  uv_handle_set_data((uv_handle_t *)handle->poll, handle);
  handle->family = family;
  handle->ring.segmenting = mr_socket_cuts_sent(fd);
  share(handle, shared);
  napi_value result, name;
  napi_create_string_utf8(env, "MILLRACE_UDP", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &handle->context);
  napi_create_reference(env, a.values[3], 1, &handle->shared_ref);
  for (int i = 0; i < MR_CALLBACKS; i++) napi_create_reference(env, a.values[4 + i], 1, &handle->callbacks[i]);
  napi_add_async_cleanup_hook(env, on_teardown, handle, &handle->cleanup);
  napi_create_external(env, handle, on_unreachable, NULL, &result);
  return result;
}

static void free_instance(napi_env env, void *data, void *hint) {
  mr_instance *home = data;
  mr_area_free(home->area);
  free(home);
}

NAPI_MODULE_INIT() {
  mr_instance *home = calloc(1, sizeof *home);
  if (home == NULL) return NULL;
  home->env = env;
  if (napi_set_instance_data(env, home, free_instance, NULL) != napi_ok) {
    free(home);
    return NULL;
  }
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"setup", setup}, {"open", open_socket}, {"bind", call_bind_socket}, {"connect", call_connect_socket},
      {"set", call_set_option}, {"multicastInterface", call_multicast_interface}, {"joinGroup", call_join_group},
      {"start", call_start}, {"local", call_local_address}, {"remote", call_remote_address}, {"sender", call_sender}, {"find", call_find},
      {"keep", call_keep}, {"forget", call_forget}, {"aim", call_aim}, {"flush", call_flush},
      {"watchWritable", call_watch_writable}, {"close", call_close_socket},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  const struct {
    const char *name;
    uint32_t value;
  } numbers[] = {
      {"batchEntries", MR_BATCH_ENTRIES}, {"ringEntries", MR_RING}, {"ringBytes", MR_RING_BYTES},
      {"sharedBytes", sizeof(mr_shared)}, {"messageBytes", MR_MESSAGE_BYTES},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    napi_set_named_property(env, exports, numbers[i].name, number(env, numbers[i].value));
  }
  return exports;
}
