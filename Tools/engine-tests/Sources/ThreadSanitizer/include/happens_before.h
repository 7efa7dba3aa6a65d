/// Nothing is called from Swift; see happens_before.c.
