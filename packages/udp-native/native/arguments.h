// What the functions that JavaScript calls take and give.
#ifndef MILLRACE_ARGUMENTS_H
#define MILLRACE_ARGUMENTS_H

#include "handle.h"

#define MOST_ARGUMENTS 10

typedef struct {
  napi_env env;
  napi_value values[MOST_ARGUMENTS];
  mr_handle *handle;  // the first argument; NULL where it is closed or none
} arguments;

arguments read_arguments(napi_env env, napi_callback_info info);
uint32_t unsigned_at(const arguments *a, int i);
int signed_at(const arguments *a, int i);

// The text, or NULL where it is none or too long for an address. `into` holds MR_ADDRESS_TEXT bytes.
const char *text_at(const arguments *a, int i, char *into);

// Reads the address and port at `i`. Returns 0, or a negated errno.
int address_at(const arguments *a, int i, mr_address *address);

napi_value number(napi_env env, int64_t value);

// `[address, port]`, or a negated errno
napi_value address_pair(napi_env env, const mr_address *address);

#endif
