#include "arguments.h"

#include <errno.h>

arguments read_arguments(napi_env env, napi_callback_info info) {
  arguments a = {.env = env};
  size_t count = MOST_ARGUMENTS;
  void *data = NULL;
  napi_get_cb_info(env, info, &count, a.values, NULL, NULL);
  if (napi_get_value_external(env, a.values[0], &data) == napi_ok) a.handle = data;
  if (a.handle != NULL && a.handle->closing) a.handle = NULL;
  return a;
}

uint32_t unsigned_at(const arguments *a, int i) {
  uint32_t value = 0;
  napi_get_value_uint32(a->env, a->values[i], &value);
  return value;
}

int signed_at(const arguments *a, int i) {
  int32_t value = 0;
  napi_get_value_int32(a->env, a->values[i], &value);
  return value;
}

const char *text_at(const arguments *a, int i, char *into) {
  size_t length = 0;
  if (napi_get_value_string_utf8(a->env, a->values[i], into, MR_ADDRESS_TEXT, &length) != napi_ok) return NULL;
  return length < MR_ADDRESS_TEXT - 1 ? into : NULL;
}

napi_value number(napi_env env, int64_t value) {
  napi_value result;
  return napi_create_int64(env, value, &result) == napi_ok ? result : NULL;
}

int address_at(const arguments *a, int i, mr_address *address) {
  char text[MR_ADDRESS_TEXT];
  if (a->handle == NULL) return -EBADF;
  if (text_at(a, i, text) == NULL) return -EINVAL;
  return mr_address_parse(address, a->handle->family, text, (uint16_t)unsigned_at(a, i + 1));
}

napi_value address_pair(napi_env env, const mr_address *address) {
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
