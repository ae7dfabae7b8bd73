// What JavaScript gets when it loads the binary. src/binding.ts is the only caller. What could make this side misbehave (a descriptor that is
// not ours, a wrong type) is checked, and nothing else.
#include <errno.h>
#include <stdlib.h>

#include "arguments.h"
#include "calls.h"

static void on_teardown(napi_async_cleanup_hook_handle hook, void *data) {
  mr_poller_stop(data);
}

// setup(ready: Uint32Array, memory: Uint8Array, onReady): once, before all else.
static napi_value setup(napi_env env, napi_callback_info info) {
  arguments a = read_arguments(env, info);
  mr_poller *poller = a.poller;
  size_t length = 0;
  void *ready = NULL;
  uv_loop_t *loop;
  napi_get_typedarray_info(env, a.values[0], NULL, &length, &ready, NULL, NULL);
  if (poller->ready != NULL || length * sizeof(uint32_t) < MR_MOST_READY * sizeof(mr_ready)) return number(env, -EINVAL);
  poller->memory = bytes_at(&a, 1, &poller->memory_length);
  if (poller->memory == NULL) return number(env, -EINVAL);
  if (napi_create_reference(env, a.values[0], 1, &poller->ready_ref) != napi_ok) return number(env, -ENOMEM);
  if (napi_create_reference(env, a.values[1], 1, &poller->memory_ref) != napi_ok) return number(env, -ENOMEM);
  if (napi_create_reference(env, a.values[2], 1, &poller->on_ready) != napi_ok) return number(env, -ENOMEM);
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return number(env, -EINVAL);
  napi_value name;
  napi_create_string_utf8(env, "MILLRACE_TCP", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &poller->context);
  int failed = mr_poller_start(poller, loop);
  if (failed) return number(env, failed);
  poller->ready = ready;
  napi_add_async_cleanup_hook(env, on_teardown, poller, &poller->cleanup);
  return number(env, 0);
}

NAPI_MODULE_INIT() {
  mr_poller *poller = calloc(1, sizeof *poller);
  if (poller == NULL) return NULL;
  poller->env = env;
  const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"setup", setup}, {"listen", call_listen}, {"accept", call_accept}, {"accepted", call_accepted}, {"local", call_local},
      {"watch", call_watch}, {"read", call_read}, {"readInto", call_read_into}, {"write", call_write},
      {"writeAll", call_write_all}, {"shutdown", call_shutdown}, {"close", call_close},
      {"release", call_release},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, poller, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  napi_set_named_property(env, exports, "mostReady", number(env, MR_MOST_READY));
  return exports;
}
