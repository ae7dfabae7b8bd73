// The functions that JavaScript calls, one for each system call that moves bytes or changes a socket. All but `listen` and
// `accepted` take a descriptor of the poller's first, and touch no other. Where they fail they return a negated errno.
#ifndef MILLRACE_CALLS_H
#define MILLRACE_CALLS_H

#include "poller.h"

napi_value call_listen(napi_env env, napi_callback_info info);
napi_value call_accept(napi_env env, napi_callback_info info);
napi_value call_accepted(napi_env env, napi_callback_info info);
napi_value call_local(napi_env env, napi_callback_info info);
napi_value call_watch(napi_env env, napi_callback_info info);
napi_value call_read(napi_env env, napi_callback_info info);
napi_value call_write(napi_env env, napi_callback_info info);
napi_value call_write_all(napi_env env, napi_callback_info info);
napi_value call_shutdown(napi_env env, napi_callback_info info);
napi_value call_close(napi_env env, napi_callback_info info);
napi_value call_release(napi_env env, napi_callback_info info);

#endif
