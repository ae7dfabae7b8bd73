#include "arguments.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>

// An IPv6 address with its scope: `fe80::1%eth0`.
#define ADDRESS_TEXT 64

arguments read_arguments(napi_env env, napi_callback_info info) {
  arguments a = {.env = env, .fd = -1};
  size_t count = MOST_ARGUMENTS;
  void *data = NULL;
  napi_get_cb_info(env, info, &count, a.values, NULL, &data);
  a.poller = data;
  int fd = signed_at(&a, 0);
  if (mr_descriptors_has(&a.poller->owned, fd)) a.fd = fd;
  return a;
}

int signed_at(const arguments *a, int i) {
  int32_t value = -1;
  napi_get_value_int32(a->env, a->values[i], &value);
  return value;
}

uint32_t unsigned_at(const arguments *a, int i) {
  uint32_t value = 0;
  napi_get_value_uint32(a->env, a->values[i], &value);
  return value;
}

bool flag_at(const arguments *a, int i) {
  bool value = false;
  napi_get_value_bool(a->env, a->values[i], &value);
  return value;
}

bool bytes_of(napi_env env, napi_value value, uint8_t **bytes, size_t *length) {
  napi_typedarray_type type;
  void *data = NULL;
  if (napi_get_typedarray_info(env, value, &type, length, &data, NULL, NULL) != napi_ok || type != napi_uint8_array) return false;
  *bytes = data;
  return true;
}

napi_value number(napi_env env, int32_t value) {
  napi_value result;
  return napi_create_int32(env, value, &result) == napi_ok ? result : NULL;
}

static uint16_t port_of(const struct sockaddr_storage *address) {
  return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                              : ((const struct sockaddr_in *)address)->sin_port);
}

napi_value address_pair(napi_env env, const struct sockaddr_storage *address) {
  char text[ADDRESS_TEXT];
  socklen_t size = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  int failed = getnameinfo((const struct sockaddr *)address, size, text, sizeof text, NULL, 0, NI_NUMERICHOST);
  if (failed) return number(env, -EINVAL);
  napi_value pair, host, port;
  bool made = napi_create_array_with_length(env, 2, &pair) == napi_ok &&
              napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &host) == napi_ok &&
              napi_create_uint32(env, port_of(address), &port) == napi_ok &&
              napi_set_element(env, pair, 0, host) == napi_ok && napi_set_element(env, pair, 1, port) == napi_ok;
  return made ? pair : number(env, -ENOMEM);
}
