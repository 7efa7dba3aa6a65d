/// Every bound of the schedule, with what happens when it is reached.
package struct SchedulerLimits: Sendable, Equatable {
  /// Attempts in flight at once.
  package var worker = 64
  /// Messages held in memory, all destinations together. As it fills, what one destination may hold
  /// shrinks (see `share`); the rest stays in the store and is walked to later.
  package var window = 1_000_000
  /// Messages of one destination that may run now.
  package var fresh = 4096
  /// Messages of one destination that wait for a time. The ones due last give way.
  package var timed = 16_384
  /// What each destination may hold of either kind even when the window is full, so that a full
  /// window never silences anyone.
  package var floor = 16
  /// Messages asked for at once when walking.
  package var page = 1024
  /// Messages of a destination named for reading ahead when one of them starts.
  package var readAhead = 32
  /// Pages under way at once, all destinations together.
  package var pagesInFlight = 4
  /// Attempts that ended and are not acknowledged by the store; when reached no attempt starts.
  package var unrecorded = 65_536
  /// Messages due later than this stay in the store.
  package var horizon: Duration = .seconds(600)
  /// How long the wall clock goes unread at most while something waits for it.
  package var wallLook: Duration = .seconds(10)
  /// A call that runs longer makes its destination a suspect until it ends.
  package var slowCall: Duration = .seconds(1)
  /// How often destinations that fail, all together, get a call while the store has room for few
  /// outcomes. With 200 bytes for each, 8 MiB last for four days.
  package var spareCallEvery: Duration = .seconds(10)
  /// A destination is proven when its first 2xx is so old. Before, a proxy in front of it may be all
  /// that is there.
  package var provenAfter: Duration = .seconds(3600)
  /// A destination without messages is forgotten after this.
  package var forgetAfter: Duration = .seconds(600)
  /// When a message whose body could not be read is tried again.
  package var unreadableWait: Duration = .seconds(300)
  /// Wait before a page is asked for again after the store failed to give it, or gave nothing new.
  package var pageRetry: Duration = .seconds(1)
  /// The longest wait for a retry that is believed when it comes from the store: a smaller
  /// `retry.cap` shortens what was recorded under a larger one. nil = any.
  package var retryWait: Duration?

  /// Age of messages without a limit of their own at which they are dead, milliseconds; 0 = never.
  package var maxAgeMs: UInt64 = 0
  /// How long after its limit of time a message may still begin an attempt, milliseconds: its last
  /// one is due at that very time.
  package var expiryGraceMs: UInt64 = 250
  /// How often the messages of a destination are looked through for what has expired.
  package var expiryLook: Duration = .milliseconds(200)
  /// Messages that expire in such a time at most, all destinations together: others are to be
  /// accepted and delivered meanwhile.
  package var expiryBurst = 2048
  /// Between two pages of a walk through the store for what has expired.
  package var expiryPace: Duration = .milliseconds(5)
  /// How long the wall clock goes unread at most while messages age, milliseconds.
  package var ageLookMs: UInt64 = 60_000

  package init() {}

  /// "At most half of the slots, at least one."
  var halfOfSlots: Int { max(1, worker / 2) }
  var quarterOfSlots: Int { max(1, worker / 4) }
  var eighthOfSlots: Int { max(1, worker / 8) }

  /// What one destination may hold of a kind whose own bound is `most`, with `hot` messages in
  /// memory: a sixteenth of what is left, so that no number of destinations overruns the window by
  /// more than their floors.
  func share(of most: Int, hot: Int) -> Int {
    min(most, max(floor, (window - hot) / 16))
  }
}
