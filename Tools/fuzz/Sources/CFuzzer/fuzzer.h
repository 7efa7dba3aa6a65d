#ifndef DISPATCHER_FUZZER_H
#define DISPATCHER_FUZZER_H

#include <stddef.h>
#include <stdint.h>

/// libFuzzer as a library (LLVM's libclang_rt.fuzzer_no_main): reads its options from the arguments
/// and calls `test` until a limit is reached. Its own header comes without a module.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *bytes, size_t count));

#endif
