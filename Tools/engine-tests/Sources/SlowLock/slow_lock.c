// Tells the Thread Sanitizer that Synchronization.Mutex was taken.
//
// The quick way through Mutex is inlined into our code and seen by the sanitizer as an atomic
// exchange. When the lock is held by somebody else, the runtime's library takes it, in code that is
// not instrumented: whatever the lock protects would then look like a race. This stands in front of
// that function (what is linked into the program wins over the library), calls it, and says
// "acquired". Everything else is as without it.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

// _MutexHandle._lockSlow(_: UInt32)
#define NAME "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"

void __tsan_acquire(void *address);

typedef __attribute__((swiftcall)) void lock_slow(
    uint32_t state, __attribute__((swift_context)) void *handle);

lock_slow dispatcher_lock_slow __asm__(NAME);

__attribute__((swiftcall)) void dispatcher_lock_slow(
    uint32_t state, __attribute__((swift_context)) void *handle) {
  lock_slow *const real = (lock_slow *)dlsym(RTLD_NEXT, NAME);
  if (!real) abort();
  real(state, handle);
  __tsan_acquire(handle);
}

#endif
#endif
