// The functions that JavaScript calls. They return numbers, negated errnos among them; src/binding.ts has their types and is
// their only caller. They check what could make this side misbehave (a closed socket, a wrong type), and nothing else.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handle.h"
#include "socket.h"

#define MOST_ARGUMENTS 10

typedef struct {
  napi_env env;
  napi_value values[MOST_ARGUMENTS];
  mr_handle *handle;  // the first argument; NULL where it is closed or none
} arguments;

static arguments read_arguments(napi_env env, napi_callback_info info) {
  arguments a = {.env = env};
  size_t count = MOST_ARGUMENTS;
  void *data = NULL;
  napi_get_cb_info(env, info, &count, a.values, NULL, NULL);
  if (napi_get_value_external(env, a.values[0], &data) == napi_ok) a.handle = data;
  if (a.handle != NULL && a.handle->closing) a.handle = NULL;
  return a;
}

static uint32_t unsigned_at(const arguments *a, int i) {
  uint32_t value = 0;
  napi_get_value_uint32(a->env, a->values[i], &value);
  return value;
}

static int signed_at(const arguments *a, int i) {
  int32_t value = 0;
  napi_get_value_int32(a->env, a->values[i], &value);
  return value;
}

// The text, or NULL where it is none or too long for an address.
static const char *text_at(const arguments *a, int i, char *into) {
  size_t length = 0;
  if (napi_get_value_string_utf8(a->env, a->values[i], into, MR_ADDRESS_TEXT, &length) != napi_ok) return NULL;
  return length < MR_ADDRESS_TEXT - 1 ? into : NULL;
}

static napi_value number(napi_env env, int64_t value) {
  napi_value result;
  return napi_create_int64(env, value, &result) == napi_ok ? result : NULL;
}

// Reads the address and port at `i`. Returns 0, or a negated errno.
static int address_at(const arguments *a, int i, mr_address *address) {
  char text[MR_ADDRESS_TEXT];
  if (a->handle == NULL) return -EBADF;
  if (text_at(a, i, text) == NULL) return -EINVAL;
  return mr_address_parse(address, a->handle->family, text, (uint16_t)unsigned_at(a, i + 1));
}

// `[address, port]`
static napi_value address_pair(napi_env env, const mr_address *address) {
  char text[MR_ADDRESS_TEXT];
  napi_value pair, value;
  int failed = address == NULL ? -EINVAL : mr_address_format(address, text);
  if (failed) return number(env, failed);
  napi_create_array_with_length(env, 2, &pair);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  napi_set_element(env, pair, 0, value);
  napi_create_uint32(env, mr_address_port(address), &value);
  napi_set_element(env, pair, 1, value);
  return pair;
}

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

// bind(socket, address, port)
static napi_value bind_socket(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_address address;
  int failed = address_at(&a, 1, &address);
  return number(env, failed ? failed : mr_socket_bind(a.handle->fd, &address));
}

// connect(socket, address, port)
static napi_value connect_socket(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_address address;
  int failed = address_at(&a, 1, &address);
  return number(env, failed ? failed : mr_socket_connect(a.handle->fd, &address));
}

// set(socket, option, value)
static napi_value set_option(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.handle == NULL) return number(env, -EBADF);
  return number(env, mr_socket_set(a.handle->fd, a.handle->family, signed_at(&a, 1), signed_at(&a, 2)));
}

// multicastInterface(socket, address)
static napi_value multicast_interface(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  char text[MR_ADDRESS_TEXT];
  if (a.handle == NULL) return number(env, -EBADF);
  if (text_at(&a, 1, text) == NULL) return number(env, -EINVAL);
  return number(env, mr_socket_multicast_interface(a.handle->fd, a.handle->family, text));
}

// joinGroup(socket, group, source | undefined, interface | undefined)
static napi_value join_group(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  char group[MR_ADDRESS_TEXT], source[MR_ADDRESS_TEXT], on[MR_ADDRESS_TEXT];
  if (a.handle == NULL) return number(env, -EBADF);
  if (text_at(&a, 1, group) == NULL) return number(env, -EINVAL);
  const char *from = text_at(&a, 2, source), *interface = text_at(&a, 3, on);
  return number(env, mr_socket_join_group(a.handle->fd, a.handle->family, group, from, interface));
}

// start(socket, joined): receives from now on, messages that the kernel has joined included.
static napi_value start(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.handle == NULL) return number(env, -EBADF);
  bool join = false;
  napi_get_value_bool(env, a.values[1], &join);
  if (join) mr_socket_join_received(a.handle->fd);
  return number(env, mr_handle_start(a.handle));
}

// local(socket): [address, port], or a negated errno
static napi_value local_address(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_address address;
  int failed = a.handle == NULL ? -EBADF : mr_socket_local(a.handle->fd, &address);
  return failed ? number(env, failed) : address_pair(env, &address);
}

// remote(socket): [address, port], or a negated errno
static napi_value remote_address(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_address address;
  int failed = a.handle == NULL ? -EBADF : mr_socket_remote(a.handle->fd, &address);
  return failed ? number(env, failed) : address_pair(env, &address);
}

// sender(socket, message): [address, port] of a message of the batch that is being given out
static napi_value sender(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.handle == NULL) return number(env, -EBADF);
  return address_pair(env, mr_sender(mr_handle_area(a.handle), unsigned_at(&a, 1)));
}

// find(socket, message): the number of its sender, or 0
static napi_value find(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  const mr_address *from = a.handle == NULL ? NULL : mr_sender(mr_handle_area(a.handle), unsigned_at(&a, 1));
  return number(env, from == NULL ? 0 : mr_peers_find(&a.handle->peers, from));
}

// keep(socket, address, port): the peer's number, or a negated errno
static napi_value keep(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_address address;
  int failed = address_at(&a, 1, &address);
  if (failed) return number(env, failed);
  uint32_t peer = mr_peers_keep(&a.handle->peers, &address);
  return number(env, peer == 0 ? -ENOMEM : (int64_t)peer);
}

// forget(socket, peer)
static napi_value forget(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.handle != NULL) mr_peers_forget(&a.handle->peers, unsigned_at(&a, 1));
  return NULL;
}

// aim(socket, index, address, port): where an entry of the ring with MR_BY_ADDRESS goes
static napi_value aim(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  uint32_t index = unsigned_at(&a, 1);
  mr_address address;
  int failed = index < MR_RING ? address_at(&a, 2, &address) : -EINVAL;
  if (!failed) a.handle->ring.targets[index] = address;
  return number(env, failed);
}

// flush(socket): how many entries of the ring are dealt with
static napi_value flush(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  return number(env, a.handle == NULL ? 0 : mr_handle_flush(a.handle));
}

// watchWritable(socket)
static napi_value watch_writable(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  return number(env, a.handle == NULL ? -EBADF : mr_handle_watch_writable(a.handle));
}

// close(socket)
static napi_value close_socket(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.handle != NULL) mr_handle_close(a.handle);
  return NULL;
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
      {"setup", setup}, {"open", open_socket}, {"bind", bind_socket}, {"connect", connect_socket},
      {"set", set_option}, {"multicastInterface", multicast_interface}, {"joinGroup", join_group},
      {"start", start}, {"local", local_address}, {"remote", remote_address}, {"sender", sender}, {"find", find},
      {"keep", keep}, {"forget", forget}, {"aim", aim}, {"flush", flush},
      {"watchWritable", watch_writable}, {"close", close_socket},
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
