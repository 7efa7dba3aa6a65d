/* glibc's view of its heap (mallinfo2), which the Glibc module leaves out. For Tools/bench only. */
#pragma once
#include <malloc.h>
