/// Nothing is called from Swift; see slow_lock.c.
