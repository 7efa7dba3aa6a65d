#ifndef DISPATCHER_HAPPENS_BEFORE_H
#define DISPATCHER_HAPPENS_BEFORE_H

/// What was done before the current task's continuation was resumed happened before this call.
void dispatcher_continuation_resumed(void);

#endif
