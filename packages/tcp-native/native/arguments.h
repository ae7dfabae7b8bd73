// What the functions that JavaScript calls take and give.
#ifndef MILLRACE_ARGUMENTS_H
#define MILLRACE_ARGUMENTS_H

#include "poller.h"

#define MOST_ARGUMENTS 4

typedef struct {
  napi_env env;
  napi_value values[MOST_ARGUMENTS];
  mr_poller *poller;
  int fd;  // the first argument; -1 where it is not one of ours
} arguments;

arguments read_arguments(napi_env env, napi_callback_info info);
int signed_at(const arguments *a, int i);
uint32_t unsigned_at(const arguments *a, int i);
bool flag_at(const arguments *a, int i);

// The bytes of a Uint8Array, which may be none. False where it is no Uint8Array. They are there until JavaScript runs again.
bool bytes_of(napi_env env, napi_value value, uint8_t **bytes, size_t *length);

napi_value number(napi_env env, int32_t value);

// `[address, port]` of an IPv4 or IPv6 address, or a negated errno
napi_value address_pair(napi_env env, const struct sockaddr_storage *address);

#endif
