#include "arguments.h"
#include "calls.h"

#include <errno.h>

#include "socket.h"

// bind(socket, address, port)
napi_value call_bind_socket(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_address address;
  int failed = address_at(&a, 1, &address);
  return number(env, failed ? failed : mr_socket_bind(a.handle->fd, &address));
}

// connect(socket, address, port)
napi_value call_connect_socket(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_address address;
  int failed = address_at(&a, 1, &address);
  return number(env, failed ? failed : mr_socket_connect(a.handle->fd, &address));
}

// set(socket, option, value)
napi_value call_set_option(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.handle == NULL) return number(env, -EBADF);
  return number(env, mr_socket_set(a.handle->fd, a.handle->family, signed_at(&a, 1), signed_at(&a, 2)));
}

// multicastInterface(socket, address)
napi_value call_multicast_interface(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  char text[MR_ADDRESS_TEXT];
  if (a.handle == NULL) return number(env, -EBADF);
  if (text_at(&a, 1, text) == NULL) return number(env, -EINVAL);
  return number(env, mr_socket_multicast_interface(a.handle->fd, a.handle->family, text));
}

// joinGroup(socket, group, source | undefined, interface | undefined)
napi_value call_join_group(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  char group[MR_ADDRESS_TEXT], source[MR_ADDRESS_TEXT], on[MR_ADDRESS_TEXT];
  if (a.handle == NULL) return number(env, -EBADF);
  if (text_at(&a, 1, group) == NULL) return number(env, -EINVAL);
  const char *from = text_at(&a, 2, source), *interface = text_at(&a, 3, on);
  return number(env, mr_socket_join_group(a.handle->fd, a.handle->family, group, from, interface));
}

// start(socket, joined): receives from now on, messages that the kernel has joined included.
napi_value call_start(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.handle == NULL) return number(env, -EBADF);
  bool join = false;
  napi_get_value_bool(env, a.values[1], &join);
  if (join) mr_socket_join_received(a.handle->fd);
  return number(env, mr_handle_start(a.handle));
}

// local(socket): [address, port], or a negated errno
napi_value call_local_address(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_address address;
  int failed = a.handle == NULL ? -EBADF : mr_socket_local(a.handle->fd, &address);
  return failed ? number(env, failed) : address_pair(env, &address);
}

// remote(socket): [address, port], or a negated errno
napi_value call_remote_address(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_address address;
  int failed = a.handle == NULL ? -EBADF : mr_socket_remote(a.handle->fd, &address);
  return failed ? number(env, failed) : address_pair(env, &address);
}

// sender(socket, message): [address, port] of a message of the batch that is being given out
napi_value call_sender(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.handle == NULL) return number(env, -EBADF);
  return address_pair(env, mr_sender(mr_handle_area(a.handle), unsigned_at(&a, 1)));
}

// find(socket, message): the number of its sender, or 0
napi_value call_find(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  const mr_address *from = a.handle == NULL ? NULL : mr_sender(mr_handle_area(a.handle), unsigned_at(&a, 1));
  return number(env, from == NULL ? 0 : mr_peers_find(&a.handle->peers, from));
}

// keep(socket, address, port): the peer's number, or a negated errno
napi_value call_keep(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_address address;
  int failed = address_at(&a, 1, &address);
  if (failed) return number(env, failed);
  uint32_t peer = mr_peers_keep(&a.handle->peers, &address);
  return number(env, peer == 0 ? -ENOMEM : (int64_t)peer);
}

// forget(socket, peer)
napi_value call_forget(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.handle != NULL) mr_peers_forget(&a.handle->peers, unsigned_at(&a, 1));
  return NULL;
}

// aim(socket, index, address, port): where an entry of the ring with MR_BY_ADDRESS goes
napi_value call_aim(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  uint32_t index = unsigned_at(&a, 1);
  mr_address address;
  int failed = index < MR_RING ? address_at(&a, 2, &address) : -EINVAL;
  if (!failed) a.handle->ring.targets[index] = address;
  return number(env, failed);
}

// flush(socket, groups): how many entries of the ring are dealt with; see mr_handle_flush
napi_value call_flush(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  bool groups = false;
  napi_get_value_bool(env, a.values[1], &groups);
  return number(env, a.handle == NULL ? 0 : mr_handle_flush(a.handle, groups));
}

// watchWritable(socket)
napi_value call_watch_writable(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  return number(env, a.handle == NULL ? -EBADF : mr_handle_watch_writable(a.handle));
}

// close(socket)
napi_value call_close_socket(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  if (a.handle != NULL) mr_handle_close(a.handle);
  return NULL;
}
